// From one digit to another: the film strip of a path, what is read along it, and its playing.

import { h, svg } from "./dom.js";
import { namedCard, picture } from "./latent_cards.js";
import { areWords, bestOf, clamp, percent } from "./numbers.js";
import { classColor } from "./palette.js";
import { paintInk, parts, rgb } from "./pictures.js";

const FRAMES = 12 // of the strip
const SECONDS = 4 // from one end to the other
const METHODS = { linear: "straight", spherical: "round" }
const LINE = 30 // percent of the chart's height that a word takes
const FREE = "point" // an end that is no class

// Those words that can be read: of two in each other's way, the one with more room.
function apart(words) {
  const kept = []
  const meets = (a) => (b) => Math.abs(a.left - b.left) < 0.75 * (a.margin + b.margin) && Math.abs(a.top - b.top) < LINE
  for (const word of [...words].sort((a, b) => b.wide - a.wide)) if (!kept.some(meets(word))) kept.push(word)
  return kept
}

export class PathCard {
  // `onEnd` hears which class an end is to be; `onAlong` where on the path one looks.
  constructor(classNames, { onEnd, onMethod, onAlong, onSave }) {
    this.names = classNames
    this.onAlong = onAlong
    this.along = 0
    this.direction = 1
    this.path = null // {codes, images, probabilities}
    const choices = classNames.map((name, label) => h("option", { value: label }, name))
    this.selects = ["From", "To"].map((word, i) => {
      const free = h("option", { value: "", hidden: true }, FREE)
      const change = (event) => onEnd(i, Number(event.target.value))
      const options = choices.map((choice) => choice.cloneNode(true))
      return h("select", { "aria-label": word, onchange: change }, free, ...options)
    })
    this.method = h(
      "select",
      { "aria-label": "How the path goes", onchange: (event) => onMethod(event.target.value) },
      ...Object.entries(METHODS).map(([value, name]) => h("option", { value }, name)),
    )
    this.frames = Array.from({ length: FRAMES }, () => picture())
    this.now = picture()
    this.chart = svg("svg", { class: "chart", viewBox: "0 0 100 100", preserveAspectRatio: "none" })
    this.words = h("div", { class: "words" })
    this.spoken = h("p", { class: "visually-hidden" })
    this.head = h("span", { class: "head" })
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: 1000,
      value: 0,
      "aria-label": "Along the path",
      oninput: () => {
        this.pause()
        this.go(this.slider.value / 1000)
      },
    })
    this.play = h("button", { type: "button", class: "play", onclick: () => (this.playing ? this.pause() : this.start()) }, "Play")
    this.saveButton = h("button", { type: "button", "aria-label": "Save as GIF", title: "Save as GIF", onclick: onSave }, "GIF")
    this.element = namedCard(
      "path-card",
      "In between",
      h("div", { class: "tight" }, this.play, this.saveButton),
      h("div", { class: areWords(classNames) ? "ends words" : "ends" }, this.selects[0], h("span", { "aria-hidden": true }, "→"), this.selects[1], this.method),
      h("div", { class: "film", "aria-hidden": "true" }, ...this.frames.map((each) => h("div", { class: "frame" }, each))),
      h("div", { class: "frame now" }, this.now),
      h("div", { class: "along", "aria-hidden": "true" }, this.chart, this.words, this.head),
      this.slider,
      this.spoken,
    )
  }

  destroy() {
    this.pause()
  }

  // Which class each end is, or null for a point of one's own.
  setEnds(labels) {
    labels.forEach((label, i) => (this.selects[i].value = label ?? ""))
    this.ends = labels
  }

  get fileName() {
    const [from, to] = this.ends.map((label) => (label === null ? "point" : this.names[label].replace(/\W+/g, "-")))
    return `from-${from}-to-${to}.gif`
  }

  show(path) {
    this.path = path
    this.repaint()
    this.drawChart()
  }

  // The digit at the pointer, where it has to be seen from here.
  showNow(values) {
    this.values = values
    const [height, width] = values.shape
    paintInk(this.now, values, height, width, rgb(this.element, "--mv-ink"))
  }

  repaint() {
    if (this.values) this.showNow(this.values)
    if (!this.path) return
    const { images } = this.path
    const [count, height, width] = images.shape
    const ink = rgb(this.element, "--mv-ink")
    const all = parts(images, count)
    this.frames.forEach((canvas, i) => {
      const values = all[Math.round((i * (count - 1)) / (FRAMES - 1))]
      paintInk(canvas, values, height, width, ink)
    })
  }

  // The probabilities of the classes, one on top of the other: all of them make the whole.
  drawChart() {
    const { probabilities } = this.path
    const [count, classes] = probabilities.shape
    const across = (i) => (100 * i) / (count - 1)
    let below = new Float32Array(count)
    const areas = []
    const words = []
    for (let label = 0; label < classes; label++) {
      const share = below.map((_, i) => probabilities[i * classes + label])
      const above = below.map((base, i) => base + share[i])
      const best = bestOf(share)
      if (share[best] > 0.02) {
        const edge = (values) => Array.from(values, (v, i) => `${across(i)},${100 - 100 * v}`)
        const points = [...edge(below), ...edge(above).reverse()].join(" ")
        areas.push(svg("polygon", { points, fill: `rgb(${classColor(label)})` }))
      }
      if (share[best] > 0.5) {
        const wide = Array.from(share.keys()).filter((i) => share[i] > 0.5)
        const i = wide[Math.floor(wide.length / 2)]
        const margin = Math.min(50, 3 + 2.1 * this.names[label].length)
        const left = clamp(across(i), margin, 100 - margin)
        words.push({ label, left, margin, top: 100 - 100 * (below[i] + share[i] / 2), wide: wide.length })
      }
      below = above
    }
    const read = Array.from({ length: count }, (_, i) => bestOf(probabilities.subarray(i * classes, (i + 1) * classes)))
    const turns = read.filter((label, i) => i === 0 || label !== read[i - 1])
    this.spoken.textContent = `Along the path it reads ${turns.map((label) => this.names[label]).join(", then ")}.`
    this.chart.replaceChildren(...areas)
    this.words.replaceChildren(...apart(words).map(({ label, left, top }) => {
      const word = h("span", {}, this.names[label])
      Object.assign(word.style, { left: `${left}%`, top: `${top}%` })
      return word
    }))
  }

  // Looks at a point between the start, 0, and the end, 1.
  go(along) {
    this.along = along
    this.slider.value = Math.round(1000 * along)
    this.head.style.left = `${100 * along}%`
    if (!this.path) return
    const { codes } = this.path
    const place = (along * (codes.length - 2)) / 2
    const i = Math.min(Math.floor(place), codes.length / 2 - 2)
    const share = place - i
    const mix = (axis) => (1 - share) * codes[2 * i + axis] + share * codes[2 * i + 2 + axis]
    this.slider.setAttribute("aria-valuetext", `${percent(along)} of the way`)
    this.onAlong(mix(0), mix(1))
  }

  get playing() {
    return this.frame !== undefined
  }

  start() {
    let last = performance.now()
    const step = (now) => {
      let along = this.along + (this.direction * (now - last)) / (1000 * SECONDS)
      last = now
      if (along > 1 || along < 0) this.direction = -this.direction
      along = clamp(along, 0, 1)
      this.go(along)
      this.frame = requestAnimationFrame(step)
    }
    this.frame = requestAnimationFrame(step)
    this.play.textContent = "Pause"
  }

  pause() {
    if (!this.playing) return
    cancelAnimationFrame(this.frame)
    this.frame = undefined
    this.play.textContent = "Play"
  }
}
