// Numbers as people read them.

// Nothing short of certain is called 100%.
export const percent = (p) => (p > 0.995 && p < 0.9995 ? ">99%" : `${Math.round(100 * p)}%`)

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

export const bestOf = (values) => values.indexOf(Math.max(...values))

// As many digits as tell one pixel of a view from the next, with a true minus sign.
export function coordinate(value, digits = 2) {
  const text = value.toFixed(digits)
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−")
}
