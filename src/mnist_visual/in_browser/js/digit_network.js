// The classifier, as mnist_visual.inference has it: what every layer makes of one digit.

import { affine, convolve, maxPool, relu, softmax } from "./layer_arithmetic.js";

// A drawing is a digit where the two likeliest classes have so much of the probability together,
// as in mnist_visual.outliers.
const LEAST_TOP_TWO = 0.6

export class DigitNetwork {
  // Of conv1, conv2, dense and probabilities, each {matrix, bias}.
  constructor(layers) {
    this.layers = layers
  }

  // Gives each layer's {values, rows, columns, channels}; a layer without maps has values alone.
  maps(digit) {
    const { layers } = this
    const image = { values: digit, rows: 28, columns: 28, channels: 1 }
    const rectified = (maps) => ({ ...maps, values: relu(maps.values) })
    const conv1 = rectified(convolve(layers.conv1, image))
    const pool1 = maxPool(conv1)
    const conv2 = rectified(convolve(layers.conv2, pool1))
    const pool2 = maxPool(conv2)
    const dense = { values: relu(affine(layers.dense, pool2.values)) }
    const logits = affine(layers.probabilities, dense.values)
    return { image, conv1, pool1, conv2, pool2, dense, logits, probabilities: { values: softmax(logits) } }
  }

  read(digit) {
    return this.maps(digit).probabilities.values
  }
}

export function looksLikeDigit(probabilities) {
  const [first, second] = [...probabilities].sort((a, b) => b - a)
  return first + second >= LEAST_TOP_TWO
}
