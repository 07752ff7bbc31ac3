// The answers to the views of the latent plane: pictures at its points, and where a drawing lies.

import { deflate } from "./packed_numbers.js";
import { regionsOf } from "./class_regions.js";
import { film } from "./film.js";
import { pathCodes } from "./latent_paths.js";
import { shaped, toBytes } from "./shown_numbers.js";
import { inSlices } from "./slices.js";

const PATH_STEPS = 24
const FILM_STEPS = 48
const SAMPLES = 6
const NEIGHBOURS = 6
const KEPT = 12 // extents whose regions are kept

export class LatentPlane {
  // Of networks, and {codes, labels, modes, extent} of real pictures.
  constructor(autoencoder, network, places) {
    Object.assign(this, { autoencoder, network, ...places })
    this.kept = new Map() // of extents, the one that was asked for last at the end
  }

  look(point) {
    const picture = this.autoencoder.decode(point)
    return [picture, this.network.read(picture)]
  }

  // What is decoded where some real digit lies.
  imagine() {
    const i = Math.floor(Math.random() * this.labels.length)
    return this.autoencoder.decode(this.codes.subarray(2 * i, 2 * i + 2))
  }

  path(start, end, method, steps) {
    const codes = pathCodes(start, end, method, steps)
    const seen = codes.map((code) => this.look(code))
    const images = toBytes(concatenated(seen.map(([picture]) => picture)), [steps, 28, 28])
    const probabilities = concatenated(seen.map(([, read]) => read))
    return { codes: Float32Array.from(codes.flat()), images, probabilities: shaped(probabilities, [steps, seen[0][1].length]) }
  }

  // Regions are kept: whoever comes back to a view finds them.
  regions(extent, onDraft) {
    const key = String(extent)
    const found = this.kept.get(key) ?? regionsOf((point) => this.look(point)[1], extent, onDraft)
    this.kept.delete(key)
    this.kept.set(key, found)
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value)
    return found
  }

  async grid([left, right, bottom, top], n) {
    const images = new Uint8Array(n * n * 784)
    await inSlices(n * n, (i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      const point = [left + ((column + 0.5) * (right - left)) / n, top - ((row + 0.5) * (top - bottom)) / n]
      images.set(toBytes(this.autoencoder.decode(point)), 784 * i)
    })
    return images
  }

  nearest([x, y]) {
    const { codes, labels } = this
    const distances = Float64Array.from(labels, (_, i) => (codes[2 * i] - x) ** 2 + (codes[2 * i + 1] - y) ** 2)
    const near = []
    for (let k = 0; k < NEIGHBOURS; k++) {
      let best = -1
      for (let i = 0; i < labels.length; i++) {
        if (!near.includes(i) && (best < 0 || distances[i] < distances[best])) best = i
      }
      near.push(best)
    }
    return near
  }
}

export function explorerAnswers(plane, placed) {
  const answers = {
    decode({ point }) {
      const [picture, probabilities] = plane.look(point)
      return { kind: "decoded", point, picture: toBytes(picture, [28, 28]), probabilities }
    },
    path: ({ start, end, method }) => ({ kind: "path", ...plane.path(start, end, method, PATH_STEPS) }),
    sample: () => ({ kind: "sampled", point: [normal(), normal()] }),
    async film({ start, end, method }) {
      return { kind: "film", data: film(plane.path(start, end, method, FILM_STEPS).images) }
    },
    async regions({ extent }, tell) {
      const pack = async ({ side, layers }) => ({ kind: "regions", extent, side, data: await deflate(layers) })
      return pack(await plane.regions(extent, async (draft) => tell(await pack(draft))))
    },
    async grid({ extent, n }) {
      return { kind: "grid", extent, n, height: 28, width: 28, data: await deflate(await plane.grid(extent, n)) }
    },
  }
  let isTold = false
  return {
    welcome(model) {
      if (!isTold) {
        const { codes, labels, modes, extent } = plane
        const [start, end] = [modes[0].slice(1), modes.at(-1).slice(1)]
        const [x, y] = modes[1 % modes.length].slice(1)
        const cursor = [x, y + (extent[1] - extent[0]) / 15] // so that the name there can be read
        model.say({ kind: "show", cursor, start, end, extent, codes, labels, modes })
      }
      isTold = true
    },
    state: () => placed.spread(),
    async hear(message, model) {
      if (message.kind === "method") model.method = message.method
      if (message.kind === "switch") model[message.name] = message.on
      const tell = (answer) => model.say({ ...answer, view: message.view })
      const answer = answers[message.kind]?.(message, tell)
      if (!answer) return
      const found = answer instanceof Promise ? await answer : answer
      tell({ ...found, of: message.kind, number: message.number })
    },
  }
}

// The drawing on the plane; found when somebody asks, and once for all.
export class PlacedDrawing {
  constructor(plane, reading) {
    Object.assign(this, { plane, reading, found: null })
    this.noise = Array.from({ length: SAMPLES }, () => [normal(), normal()])
    reading.follow(() => (this.found = null))
  }

  sampleAgain() {
    this.noise = this.noise.map(() => [normal(), normal()])
    this.found = null
  }

  get place() {
    if (this.reading.isEmpty) return null
    if (!this.found) {
      const { mean, sigma } = this.plane.autoencoder.encode(this.reading.steps.digit)
      const samples = this.noise.map((noise) => mean.map((middle, axis) => middle + sigma[axis] * noise[axis]))
      this.found = { mean, sigma, samples, near: this.plane.nearest(mean) }
    }
    return this.found
  }

  spread() {
    const { place, plane } = this
    if (!place) return { kind: "spread", mean: null }
    const neighbours = place.near.flatMap((i) => [plane.codes[2 * i], plane.codes[2 * i + 1]])
    return { kind: "spread", mean: place.mean, sigma: place.sigma, samples: place.samples.flat(), neighbours }
  }

  memory() {
    const { place, plane, reading } = this
    if (!place) return { kind: "memory", mean: null }
    const { mean, sigma, samples, near } = place
    const decode = (point) => plane.autoencoder.decode(point)
    return {
      kind: "memory",
      mean,
      sigma,
      digit: toBytes(reading.steps.digit, [28, 28]),
      reconstruction: toBytes(decode(mean), [28, 28]),
      samples: toBytes(concatenated(samples.map(decode)), [samples.length, 28, 28]),
      labels: near.map((i) => plane.labels[i]),
      neighbours: null,
    }
  }
}

function concatenated(arrays) {
  const all = new Float32Array(arrays.length * arrays[0].length)
  arrays.forEach((array, i) => all.set(array, i * array.length))
  return all
}

// A number of the standard normal distribution, by Box and Muller.
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
}
