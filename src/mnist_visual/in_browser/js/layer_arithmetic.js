// Layers of small networks, one picture at a time. Maps lie as (rows, columns, channels).

// Weights are {matrix, bias}: a row of inputs for each output, as mnist_visual._layers has them.
export function affine({ matrix, bias }, values, start = 0) {
  const result = Float32Array.from(bias)
  const inputs = matrix.length / bias.length
  for (let i = 0; i < result.length; i++) {
    let sum = 0
    for (let k = 0, row = i * inputs; k < inputs; k++) sum += matrix[row + k] * values[start + k]
    result[i] += sum
  }
  return result
}

// Without padding, with windows of three by three.
export function convolve(layer, { values, rows, columns, channels }) {
  const { matrix, bias } = layer
  const [height, width, filters] = [rows - 2, columns - 2, bias.length]
  const result = new Float32Array(height * width * filters)
  const line = 3 * channels // values of one row of a window, side by side in maps and kernels
  let place = 0
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let filter = 0; filter < filters; filter++) {
        let sum = bias[filter]
        for (let down = 0; down < 3; down++) {
          const from = ((row + down) * columns + column) * channels
          const weights = (3 * filter + down) * line
          for (let k = 0; k < line; k++) sum += matrix[weights + k] * values[from + k]
        }
        result[place++] = sum
      }
    }
  }
  return { values: result, rows: height, columns: width, channels: filters }
}

// The largest of each two by two values.
export function maxPool({ values, rows, columns, channels }) {
  const [height, width] = [rows >> 1, columns >> 1]
  const result = new Float32Array(height * width * channels)
  const line = columns * channels
  for (let i = 0; i < result.length; i++) {
    const channel = i % channels
    const column = ((i - channel) / channels) % width
    const row = Math.floor(i / (channels * width))
    const k = 2 * row * line + 2 * column * channels + channel
    const above = Math.max(values[k], values[k + channels])
    result[i] = Math.max(above, values[k + line], values[k + line + channels])
  }
  return { values: result, rows: height, columns: width, channels }
}

export const relu = (values) => values.map((value) => Math.max(0, value))

export const silu = (values) => values.map((value) => value / (1 + Math.exp(-value)))

export const sigmoid = (values) => values.map((value) => 1 / (1 + Math.exp(-value)))

export function softmax(logits) {
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}
