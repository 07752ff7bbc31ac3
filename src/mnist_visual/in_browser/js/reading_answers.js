// What a visitor has drawn, what the network makes of it, and the answers to the views of both.

import { looksLikeDigit } from "./digit_network.js";
import { pictureSteps, strokeSteps } from "./stroke_normalization.js";
import { shaped, toBytes } from "./shown_numbers.js";

export class Reading {
  constructor(network) {
    this.network = network
    this.strokes = []
    this.followers = []
    this.read(strokeSteps([]))
  }

  // Calls back when something else is drawn.
  follow(callback) {
    this.followers.push(callback)
  }

  get isEmpty() {
    return this.steps.box === null
  }

  // Strokes, or a picture instead of them.
  draw(strokes, picture = null) {
    this.strokes = strokes
    this.read(picture ? pictureSteps(picture) : strokeSteps(strokes))
    for (const callback of this.followers) callback()
  }

  read(steps) {
    this.steps = steps
    this.maps = this.network.maps(this.steps.digit)
  }
}

// `imagine` gives a picture of a digit, in the end.
export const sketchpadAnswers = (reading, imagine) => ({
  state: () => null,
  async hear(message, model) {
    if (message.kind === "sample") model.say({ kind: "sample", picture: await imagine() })
    if (message.kind !== "draw") return
    let start = 0
    const strokes = Array.from(message.lengths, (length) => {
      start += 2 * length
      return message.points.subarray(start - 2 * length, start)
    })
    reading.draw(strokes, message.picture)
    model.say({ kind: "done", number: message.number })
  },
})

export const predictionAnswers = (reading, areDigits) => ({
  state() {
    if (reading.isEmpty) return { kind: "show", verdict: "empty", probabilities: null }
    const probabilities = reading.maps.probabilities.values
    const isKnown = !areDigits || looksLikeDigit(probabilities)
    return { kind: "show", verdict: isKnown ? "digit" : "other", probabilities }
  },
})

export const stepsAnswers = (reading) => ({
  state: () => ({ kind: "show", ...reading.steps, strokes: reading.strokes }),
})

export const mapsAnswers = (reading, layer) => ({
  welcome: (model) => model.say({ kind: "filters", filters: kernels(reading.network.layers[layer]) }),
  state() {
    if (reading.isEmpty) return { kind: "show", maps: null }
    const { values, rows, columns, channels } = reading.maps[layer]
    const largest = Math.max(1e-6, values.reduce((a, b) => Math.max(a, b), 0))
    return { kind: "show", maps: toBytes(byChannel(values, channels), [channels, rows, columns], largest) }
  },
})

// Maps of (rows, columns, channels) as (channels, rows, columns).
export function byChannel(values, channels) {
  const size = values.length / channels
  return Float32Array.from(values, (_, i) => values[(i % size) * channels + Math.floor(i / size)])
}

// A convolution's weights as (filters, input channels, 3, 3).
function kernels({ matrix, bias }) {
  const [filters, channels] = [bias.length, matrix.length / bias.length / 9]
  const values = new Float32Array(matrix.length)
  for (let i = 0; i < values.length; i++) {
    const [filter, channel, place] = [Math.floor(i / (9 * channels)), Math.floor(i / 9) % channels, i % 9]
    values[i] = matrix[(filter * 9 + place) * channels + channel]
  }
  return shaped(values, [filters, channels, 3, 3])
}
