// Numbers as people read them.

// Nothing short of certain is called 100%.
export const percent = (p) => (p > 0.995 && p < 0.9995 ? ">99%" : `${Math.round(100 * p)}%`)

// With one decimal, and nothing short of all is called 100%.
export const accuracy = (p) => (p === 1 ? "100%" : `${Math.min(99.9, 100 * p).toFixed(1)}%`)

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

export const bestOf = (values) => values.indexOf(Math.max(...values))

// So many decimals, with a true minus sign and none before zero.
export function fixed(value, digits = 2) {
  const text = value.toFixed(digits)
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−")
}

// A number as its two decimals say it, so that what is printed adds up.
export const toHundredths = (value) => Math.round(100 * value) / 100

// Two decimals, or more where those say nothing; what is zero is 0.
export function brief(value) {
  const size = Math.abs(value)
  if (size < 5e-5) return size === 0 ? "0" : "≈ 0"
  return fixed(value, size < 0.0095 ? 4 : size < 0.995e3 ? 2 : 0)
}

// As fixed, with a plus sign, too.
export function signed(value, digits = 2) {
  const text = fixed(value, digits)
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text
}

// So many decimals at the most, and none for nothing: 0.5, not 0.500.
export function plain(value, decimals) {
  const step = 10 ** decimals
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * step + 1e-6)) / step
  const text = String(rounded === 0 ? 0 : Number(rounded.toFixed(decimals)))
  return (text.includes("e") ? rounded.toFixed(decimals) : text).replace("-", "−")
}

// What one picture shows, by the names of its classes.
export const nounOf = (names) => (names.join("") === "0123456789" ? "digit" : "picture")

// Whether the classes have names too long to stand where a digit does.
export const areWords = (names) => names.some((name) => name.length > 3)

// "a 3", "an 8", "a cat".
export const withArticle = (name) => `${/^(8|11$|18$|[aeiou])/i.test(name) ? "an" : "a"} ${name}`
