// Numbers as the page holds them (see mnist_visual.in_browser.packing), and how they are unpacked.

const KINDS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array }

// Takes {name: {kind, planes}} and gives the arrays by their names.
export async function unpack(packed) {
  const entries = Object.entries(packed).map(async ([name, { kind, planes }]) => {
    const unpacked = await Promise.all(planes.map((text) => inflate(bytesOf(text))))
    const bytes = new Uint8Array(unpacked.length * unpacked[0].length)
    unpacked.forEach((plane, k) => plane.forEach((byte, i) => (bytes[i * unpacked.length + k] = byte)))
    const numbers = new KINDS[kind](bytes.buffer)
    return [name, kind === "int16" ? numbers.map((number) => number - 128) : numbers]
  })
  return Object.fromEntries(await Promise.all(entries))
}

function bytesOf(base64) {
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i)
  return bytes
}

export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

export async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
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
