// Arrays as pictures of sharp pixels, in the colours of the theme.

// These canvases are small or change all the time: moving each to the graphics card and back
// would cost more than painting it.
export const context2d = (canvas) => canvas.getContext("2d", { willReadFrequently: true })

export function wipe(canvas) {
  context2d(canvas).clearRect(0, 0, canvas.width, canvas.height)
}

// The red, green and blue of a CSS colour as this element sees it.
export function rgb(element, property) {
  const probe = document.createElement("span")
  probe.style.color = `var(${property})`
  probe.style.forcedColorAdjust = "none" // on a canvas all colours are one's own
  element.append(probe)
  // An element that stands on no page has no style.
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [0, 0, 0]
  probe.remove()
  return numbers.slice(0, 3).map(Number)
}

// Lays a colour over the paper of a cell, in so much strength, and writes in whichever of ink
// and paper can be read better on it.
export function tint(cell, colour, strength, { ink, paper }) {
  const ground = paper.map((value, i) => Math.round(colour[i] * strength + value * (1 - strength)))
  cell.style.background = strength ? `rgb(${ground})` : ""
  cell.style.color = `rgb(${contrast(ground, ink) >= contrast(ground, paper) ? ink : paper})`
}

// As WCAG 2 defines it.
const linear = (value) => (value <= 10.3 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)

function contrast(a, b) {
  const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (bright + 0.05) / (dark + 0.05)
}

// Bokeh's arrays carry a shape, and cannot be cut; this gives parts of one as plain arrays.
export function parts(array, count) {
  const size = array.length / count
  const Plain = array.BYTES_PER_ELEMENT === 1 ? Uint8Array : Float32Array
  const start = (i) => array.byteOffset + i * size * array.BYTES_PER_ELEMENT
  return Array.from({ length: count }, (_, i) => new Plain(array.buffer, start(i), size))
}

export const hasNegatives = (values) => values.some((value) => value < 0)

// The colours of what is below zero, and above. Where nothing is below, that of activations.
export const signColours = (element, isSigned = true) =>
  ["--mv-negative", isSigned ? "--mv-positive" : "--mv-activation"].map((name) => rgb(element, name))

// Bytes of which 128 is zero, as numbers of both signs.
export const fromShades = (shades) => Int8Array.from(shades, (shade) => shade - 128)

// Paints values in [0, 1] (or bytes) as ink of one colour: 0 is the bare background.
export function paintInk(canvas, values, height, width, colour) {
  const full = values.BYTES_PER_ELEMENT === 1 ? 1 : 255
  paint(canvas, height, width, (pixels) => {
    for (let i = 0; i < height * width; i++) {
      setPixel(pixels, i, colour, values[i] * full)
    }
  })
}

// Paints numbers of both signs: the further from zero, the stronger; `largest` is full strength.
export function paintSigned(canvas, values, height, width, largest, negative, positive) {
  paint(canvas, height, width, (pixels) => {
    for (let i = 0; i < values.length; i++) {
      const strength = 255 * Math.min(1, Math.abs(values[i]) / largest)
      setPixel(pixels, i, values[i] < 0 ? negative : positive, strength)
    }
  })
}

// Gives an image of signed kernels side by side, a blank pixel between them: one colour for what
// is below zero, one for what is above, none for zero. Images cost nothing while others change.
export function signedImage(kernels, height, width, columns, largest, negative, positive) {
  const canvas = document.createElement("canvas")
  const rows = Math.ceil(kernels.length / columns)
  const full = columns * (width + 1) - 1
  paint(canvas, rows * (height + 1) - 1, full, (pixels) => {
    kernels.forEach((values, kernel) => {
      const top = Math.floor(kernel / columns) * (height + 1)
      const left = (kernel % columns) * (width + 1)
      values.forEach((value, i) => {
        const place = (top + Math.floor(i / width)) * full + left + (i % width)
        const strength = 255 * Math.min(1, Math.abs(value) / largest)
        setPixel(pixels, place, value < 0 ? negative : positive, strength)
      })
    })
  })
  return canvas.toDataURL()
}

// Gives an image of each filter (filters, channels, height, width), its kernels side by side.
export function filterImages(filters, columns, negative, positive) {
  const [count, channels, height, width] = filters.shape
  const all = parts(filters, count * channels)
  return Array.from({ length: count }, (_, i) => {
    const own = all.slice(i * channels, (i + 1) * channels)
    const largest = Math.max(1e-6, ...own.flatMap((kernel) => Array.from(kernel, Math.abs)))
    return signedImage(own, height, width, columns, largest, negative, positive)
  })
}

function setPixel(pixels, i, [red, green, blue], strength) {
  pixels[4 * i] = red
  pixels[4 * i + 1] = green
  pixels[4 * i + 2] = blue
  pixels[4 * i + 3] = strength
}

function paint(canvas, height, width, fill) {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = context2d(canvas)
  const picture = context.createImageData(width, height)
  fill(picture.data)
  context.putImageData(picture, 0, 0)
}
