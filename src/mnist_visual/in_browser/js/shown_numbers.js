// Numbers in the form in which views get them: with a shape, and bytes where they are shades.

export function shaped(values, shape) {
  values.shape = shape
  return values
}

// Rounds halves to even, as NumPy does.
function rint(value) {
  const whole = Math.round(value)
  return whole - value === 0.5 && whole % 2 ? whole - 1 : whole
}

// Values from 0 to the largest as bytes.
export function toBytes(values, shape, largest = 1) {
  const shade = (value) => rint(255 * Math.min(1, Math.max(0, value / largest)))
  return shaped(Uint8Array.from(values, shade), shape)
}

// Values of both signs as bytes, of which 128 is zero.
export function toShades(values, shape) {
  const largest = values.reduce((size, value) => Math.max(size, Math.abs(value)), 1e-6)
  return shaped(Uint8Array.from(values, (value) => rint(128 + value * (127 / largest))), shape)
}
