// The answers to the view of the whole network: all maps, and the numbers behind one value.

import { byChannel } from "./reading_answers.js";
import { shaped, toShades } from "./shown_numbers.js";

const SOURCES = { conv1: "image", pool1: "conv1", conv2: "pool1", pool2: "conv2", dense: "pool2", probabilities: "dense" }

export function networkAnswers(reading, layers) {
  let selected = null
  const shades = ({ name, shape }) => {
    const { values, channels = 1 } = reading.maps[name]
    const laid = channels > 1 ? byChannel(values, channels) : values
    return [name, toShades(laid, shape.length === 3 ? [channels, shape[0], shape[1]] : shape)]
  }
  return {
    state: () => ({
      kind: "show",
      empty: reading.isEmpty,
      maps: Object.fromEntries(layers.map(shades)),
      probabilities: reading.maps.probabilities.values,
      trace: selected && traceUnit(reading.network, reading.maps, ...selected),
    }),
    hear({ kind, layer, unit, chosen, number }, model) {
      if (kind !== "trace") return
      if (chosen !== false) selected = [layer, unit]
      model.say({ kind: "traced", number, trace: traceUnit(reading.network, reading.maps, layer, unit) })
    },
  }
}

// What one value was computed from, as mnist_visual.trace_unit gives it.
export function traceUnit(network, maps, layer, unit) {
  const trace = { layer, unit, weights: null, products: null, winner: null, activation: null, softmax: null }
  if (layer === "image") {
    const value = maps.image.values[28 * unit[0] + unit[1]]
    return { ...trace, what: "input", shape: [1], inputs: [value], origins: [null], value }
  }
  const source = SOURCES[layer]
  if (layer.startsWith("pool")) return { ...trace, ...maximum(maps, source, unit) }
  const isPatch = layer.startsWith("conv")
  const { matrix, bias } = network.layers[layer]
  const read = isPatch ? patch(maps, source, unit) : everything(maps, source)
  const row = unit.at(-1)
  const size = read.inputs.length
  const weights = matrix.slice(row * size, (row + 1) * size)
  const products = weights.map((weight, i) => weight * read.inputs[i])
  const total = products.reduce((sum, product) => sum + product, 0)
  const before = total + bias[row]
  const sum = { ...trace, ...read, what: isPatch ? "convolution" : "dense", weights, products, total, bias: bias[row], before }
  if (layer !== "probabilities") return { ...sum, activation: "relu", value: Math.max(0, before) }
  const softmax = shares(maps.logits, row)
  return { ...sum, activation: "softmax", softmax, value: softmax.shares[row] }
}

function patch(maps, source, [top, left]) {
  const { values, columns, channels } = maps[source]
  const inputs = []
  const origins = []
  for (let place = 0; place < 9; place++) {
    const [row, column] = [top + Math.floor(place / 3), left + (place % 3)]
    for (let channel = 0; channel < channels; channel++) {
      inputs.push(values[(row * columns + column) * channels + channel])
      origins.push([source, source === "image" ? [row, column] : [row, column, channel]])
    }
  }
  return { inputs: shaped(Float32Array.from(inputs), [inputs.length]), origins, shape: [3, 3, channels] }
}

function everything(maps, source) {
  const { values, columns, channels } = maps[source]
  const unitOf = (i) => [Math.floor(i / (columns * channels)), Math.floor(i / channels) % columns, i % channels]
  const origins = Array.from(values, (_, i) => [source, channels ? unitOf(i) : [i]])
  return { inputs: values, origins, shape: [values.length] }
}

function maximum(maps, source, [row, column, channel]) {
  const { values, columns, channels } = maps[source]
  const units = [0, 1, 2, 3].map((i) => [2 * row + (i >> 1), 2 * column + (i & 1), channel])
  const inputs = Float32Array.from(units, ([y, x]) => values[(y * columns + x) * channels + channel])
  const winner = inputs.indexOf(Math.max(...inputs))
  const origins = units.map((unit) => [source, unit])
  return { what: "max pooling", shape: [2, 2], inputs, origins, winner, value: inputs[winner] }
}

function shares(logits, index) {
  const largest = Math.max(...logits)
  const exponentials = logits.map((logit) => Math.exp(logit - largest))
  const normaliser = exponentials.reduce((sum, power) => sum + power, 0)
  return { logits, exponentials, shares: exponentials.map((power) => power / normaliser), largest, normaliser, index }
}
