// Numbers as the page holds them (see mnist_visual.in_browser.packing), and how they are unpacked.

const KINDS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array }

// Takes {arrays, data} and gives the arrays by their names.
export async function unpack({ arrays, data }) {
  return cut(arrays, await piped(bytesOf(data), new DecompressionStream("deflate-raw")))
}

// The same of what is not compressed, at once.
export const take = ({ arrays, data }) => cut(arrays, bytesOf(data))

function cut(arrays, bytes) {
  let start = 0
  return Object.fromEntries(arrays.map(([name, kind, count]) => {
    const numbers = new KINDS[kind](count)
    const own = new Uint8Array(numbers.buffer)
    const width = own.length / count
    for (let k = 0; k < width; k++, start += count) {
      for (let i = 0; i < count; i++) own[i * width + k] = bytes[start + i]
    }
    return [name, kind === "int16" ? numbers.map((number) => number - 128) : numbers]
  }))
}

function bytesOf(base64) {
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i)
  return bytes
}

// Packs bytes as a view unpacks them.
export const deflate = (bytes) => piped(bytes, new CompressionStream("deflate"))

async function piped(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer())
}

// The layers of a network: a weight is a whole number times the factor of its input. The weights
// of one input come one after the other.
export function layersOf(arrays) {
  const names = Object.keys(arrays).filter((name) => name.endsWith(".bias"))
  return Object.fromEntries(names.map((name) => {
    const layer = name.slice(0, -".bias".length)
    const [whole, factors, bias] = [arrays[`${layer}.whole`], arrays[`${layer}.factors`], arrays[name]]
    return [layer, { matrix: whole && matrixOf(whole, factors, bias.length), bias }]
  }))
}

function matrixOf(whole, factors, outputs) {
  const inputs = factors.length
  const matrix = new Float32Array(whole.length)
  for (let k = 0; k < inputs; k++) {
    for (let i = 0; i < outputs; i++) matrix[i * inputs + k] = whole[k * outputs + i] * factors[k]
  }
  return matrix
}
