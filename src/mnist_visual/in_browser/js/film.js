// Pictures as a film, a GIF: there and back, so that it can run on and on.

const SCALE = 8
const SECONDS = 6
const SHADES = 16

// Takes bytes (count, height, width).
export function film(images) {
  const [count, height, width] = images.shape
  const order = [...Array(count).keys(), ...Array.from({ length: count - 2 }, (_, i) => count - 2 - i)]
  const out = [...text("GIF89a"), ...pair(width * SCALE), ...pair(height * SCALE), 0xf0 | 3, 0, 0]
  for (let shade = 0; shade < SHADES; shade++) out.push(...Array(3).fill(255 - 17 * shade))
  out.push(0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0)
  const delay = Math.round((100 * SECONDS) / order.length)
  for (const i of order) {
    out.push(0x21, 0xf9, 4, 0, ...pair(delay), 0, 0)
    out.push(0x2c, 0, 0, 0, 0, ...pair(width * SCALE), ...pair(height * SCALE), 0, 4)
    const picture = images.subarray(i * height * width, (i + 1) * height * width)
    const pixel = (k) => picture[Math.floor(k / width / SCALE / SCALE) * width + Math.floor((k % (width * SCALE)) / SCALE)]
    const codes = compress(Uint8Array.from({ length: height * width * SCALE ** 2 }, (_, k) => Math.round(pixel(k) / 17)))
    for (let k = 0; k < codes.length; k += 255) out.push(Math.min(255, codes.length - k), ...codes.slice(k, k + 255))
    out.push(0)
  }
  return Uint8Array.from([...out, 0x3b])
}

const text = (letters) => Array.from(letters, (letter) => letter.charCodeAt(0))
const pair = (number) => [number & 255, number >> 8]

// As GIF has it: Lempel, Ziv and Welch, from five bits up to twelve.
function compress(pixels) {
  const bytes = []
  let [bits, held] = [0, 0]
  let [size, next, table] = [5, 18, new Map()]
  const write = (code) => {
    held |= code << bits
    for (bits += size; bits >= 8; bits -= 8, held >>>= 8) bytes.push(held & 255)
  }
  const reset = () => {
    write(SHADES)
    ;[size, next, table] = [5, 18, new Map()]
  }
  reset()
  let before = pixels[0]
  for (let i = 1; i < pixels.length; i++) {
    const key = before * SHADES + pixels[i]
    const found = table.get(key)
    if (found !== undefined) {
      before = found
      continue
    }
    write(before)
    table.set(key, next++)
    if (next - 1 === 1 << size && size < 12) size++
    else if (next === 4096) reset()
    before = pixels[i]
  }
  write(before)
  write(SHADES + 1)
  if (bits) bytes.push(held & 255)
  return bytes
}
