// The autoencoder, as mnist_visual.digit_vae has it.

import { affine, multiply, sigmoid, silu } from "./layer_arithmetic.js";

const LOG_VAR_LIMIT = 10
const PATCHES = 7 // along each side, of four by four pixels

export class DigitAutoencoder {
  // Of each part the layers, {matrix, bias}; the decoder's `pixel` has the bias of its pictures.
  constructor(encoder, decoder) {
    Object.assign(this, { encoder, decoder })
  }

  // Gives the middle of a picture's code, and its standard deviation along both axes.
  encode(picture) {
    const { encoder } = this
    let values = new Float32Array(PATCHES * PATCHES * encoder.conv.bias.length)
    const patch = new Float32Array(16)
    for (let i = 0; i < PATCHES * PATCHES; i++) {
      const corner = 4 * Math.floor(i / PATCHES) * 28 + 4 * (i % PATCHES)
      for (let k = 0; k < 16; k++) patch[k] = picture[corner + (k >> 2) * 28 + (k & 3)]
      values.set(silu(affine(encoder.conv, patch)), i * encoder.conv.bias.length)
    }
    for (const name of ["dense1", "dense2", "dense3"]) values = silu(affine(encoder[name], values))
    const logVar = affine(encoder.z_log_var, values)
    const sigma = Array.from(logVar, (v) => Math.exp((LOG_VAR_LIMIT * Math.tanh(v / LOG_VAR_LIMIT)) / 2))
    return { mean: Array.from(affine(encoder.z_mean, values)), sigma }
  }

  decode(point) {
    const { decoder } = this
    let values = Float32Array.from(point)
    for (const name of ["dense1", "dense2", "seed"]) values = silu(affine(decoder[name], values))
    // Each of 7 by 7 pixels becomes a square of 6 by 6, four pixels apart; where they overlap they
    // are added. They reach one pixel beyond the picture on every side.
    const picture = new Float32Array(28 * 28).fill(decoder.pixel.bias[0])
    const [block, square] = [new Float32Array(64), new Float32Array(36)]
    for (let i = 0; i < PATCHES * PATCHES; i++) {
      multiply(decoder.conv1, values, 32 * i, block, 0)
      multiply(decoder.conv2, silu(block), 0, square, 0)
      const [top, left] = [4 * Math.floor(i / PATCHES) - 1, 4 * (i % PATCHES) - 1]
      for (let k = 0; k < 36; k++) {
        const [row, column] = [top + Math.floor(k / 6), left + (k % 6)]
        if (row >= 0 && row < 28 && column >= 0 && column < 28) picture[28 * row + column] += square[k]
      }
    }
    return sigmoid(picture)
  }
}
