// Layers of small networks, one picture at a time. Maps lie as (rows, columns, channels).

// Weights are {matrix, bias}: a row of inputs for each output, as mnist_visual._layers has them.
export function affine(layer, values) {
  const result = new Float32Array(layer.bias.length)
  multiply(layer, values, 0, result, 0)
  return result
}

// Reads values from a place on, and writes the results to a place. Four rows at once: none of the
// sums waits for the one before, and each value is read once for all four.
export function multiply({ matrix, bias }, values, start, result, place) {
  const outputs = bias.length
  const inputs = matrix.length / outputs
  let i = 0
  for (; i + 3 < outputs; i += 4) {
    let a = bias[i]
    let b = bias[i + 1]
    let c = bias[i + 2]
    let d = bias[i + 3]
    const first = i * inputs
    const second = first + inputs
    const third = second + inputs
    const fourth = third + inputs
    for (let k = 0; k < inputs; k++) {
      const value = values[start + k]
      a += matrix[first + k] * value
      b += matrix[second + k] * value
      c += matrix[third + k] * value
      d += matrix[fourth + k] * value
    }
    result[place + i] = a
    result[place + i + 1] = b
    result[place + i + 2] = c
    result[place + i + 3] = d
  }
  for (; i < outputs; i++) {
    let sum = bias[i]
    for (let k = 0; k < inputs; k++) sum += matrix[i * inputs + k] * values[start + k]
    result[place + i] = sum
  }
}

// Without padding, with windows of three by three.
export function convolve(layer, { values, rows, columns, channels }) {
  const height = rows - 2
  const width = columns - 2
  const filters = layer.bias.length
  const result = new Float32Array(height * width * filters)
  const line = 3 * channels // values of one row of a window, side by side in maps and kernels
  const window = new Float32Array(3 * line)
  for (let i = 0; i < height * width; i++) {
    const corner = (Math.floor(i / width) * columns + (i % width)) * channels
    for (let down = 0; down < 3; down++) {
      const from = corner + down * columns * channels
      for (let k = 0; k < line; k++) window[down * line + k] = values[from + k]
    }
    multiply(layer, window, 0, result, i * filters)
  }
  return { values: result, rows: height, columns: width, channels: filters }
}

// The largest of each two by two values.
export function maxPool({ values, rows, columns, channels }) {
  const [height, width] = [rows >> 1, columns >> 1]
  const result = new Float32Array(height * width * channels)
  const line = columns * channels
  let place = 0
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const corner = 2 * row * line + 2 * column * channels
      for (let k = corner; k < corner + channels; k++) {
        const above = Math.max(values[k], values[k + channels])
        result[place++] = Math.max(above, values[k + line], values[k + line + channels])
      }
    }
  }
  return { values: result, rows: height, columns: width, channels }
}

// These three change values in place.

export function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0
  return values
}

export function silu(values) {
  for (let i = 0; i < values.length; i++) values[i] /= 1 + Math.exp(-values[i])
  return values
}

export function sigmoid(values) {
  for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]))
  return values
}

export function softmax(logits) {
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}
