// Where a VAE in training puts real pictures, and what it remembers of the drawing.

import { h, onResize } from "./dom.js";
import { clamp, fixed, nounOf } from "./numbers.js";
import { classColor } from "./palette.js";
import { paintInk, rgb, wipe } from "./pictures.js";

const MOVE = 450 // milliseconds from one epoch to the next
const CLOSE = 24 // pixels from one name down to the next, or only one is written
const MANY = 1000 // dots, from which each is drawn smaller

export class CodesView {
  constructor(classNames) {
    this.names = classNames
    this.canvas = h("canvas", { role: "img", "aria-label": "Each dot is a real picture, where the network puts it" })
    this.hint = h("p", { class: "hint" }, "The map appears as soon as it starts.")
    this.drawn = h("canvas", { class: "pixels", "aria-hidden": "true" })
    this.remembered = h("canvas", { class: "pixels", role: "img", "aria-label": "What it remembers of your drawing" })
    this.place = h("p", { class: "small" })
    this.share = 1 // of the way from where the points were
    const figure = (canvas, caption) => h("figure", {}, h("div", { class: "frame" }, canvas), h("figcaption", {}, caption))
    const header = (id, heading, note) => h("header", {}, h("h2", { id }, heading), h("p", {}, note))
    this.element = h(
      "div",
      { class: "codes" },
      h(
        "section",
        { class: "card", "aria-labelledby": "codes" },
        header("codes", "Where it puts real pictures", "each dot is one, by the colour of its class"),
        h("div", { class: "plane" }, this.canvas, this.hint),
      ),
      h(
        "section",
        { class: "card", "aria-labelledby": "memory" },
        header("memory", "Your drawing", "through the network and back"),
        h("div", { class: "pair" }, figure(this.drawn, "you drew"), figure(this.remembered, "it remembers")),
        this.place,
      ),
    )
    this.stopResize = onResize(this.canvas, () => this.paint())
    this.clear()
  }

  destroy() {
    this.stopResize()
    cancelAnimationFrame(this.frame)
  }

  clear() {
    this.arrive()
    this.state = null
    this.hint.hidden = false
    this.showMemory({ empty: true })
    this.paint()
  }

  showCodes({ codes, labels, centres, half }) {
    if (!codes) {
      this.clear()
      return
    }
    const before = this.state
    const same = before && before.codes.length === codes.length
    this.state = { codes: Float32Array.from(codes), labels, centres, half }
    this.hint.hidden = true
    this.from = same ? this.now : this.state.codes
    this.now = this.from
    const still = !same || matchMedia("(prefers-reduced-motion: reduce)").matches
    this.arrive()
    if (still) this.paint()
    else this.move()
  }

  // The points are where they belong, and move no more.
  arrive() {
    cancelAnimationFrame(this.frame)
    this.share = 1
  }

  // From where the points are to where they belong.
  move() {
    const start = performance.now()
    const step = (time) => {
      const t = clamp((time - start) / MOVE, 0, 1)
      this.share = t * t * (3 - 2 * t)
      this.paint()
      if (t < 1) this.frame = requestAnimationFrame(step)
    }
    this.share = 0
    this.frame = requestAnimationFrame(step)
  }

  paint() {
    const side = this.canvas.clientWidth
    if (!side) return
    const scale = devicePixelRatio
    this.canvas.width = this.canvas.height = Math.round(side * scale)
    const context = this.canvas.getContext("2d")
    context.scale(scale, scale)
    if (!this.state) return
    const { codes, labels, centres, half } = this.state
    const at = (x, y) => [((x + half) / (2 * half)) * side, ((half - y) / (2 * half)) * side]
    this.paintAxes(context, side, at)
    const t = this.share
    const now = (this.now = t === 1 ? codes : codes.map((value, i) => this.from[i] + t * (value - this.from[i])))
    context.globalAlpha = 0.8
    const dot = labels.length > MANY ? 3 : 5
    for (let i = 0; i < labels.length; i++) {
      const [x, y] = at(now[2 * i], now[2 * i + 1])
      context.fillStyle = `rgb(${classColor(labels[i])})`
      context.fillRect(x - dot / 2, y - dot / 2, dot, dot)
    }
    context.globalAlpha = 1
    if (t === 1) this.paintNames(context, centres, at)
    this.paintDrawing(context, at)
  }

  paintAxes(context, side, at) {
    const [x, y] = at(0, 0)
    context.strokeStyle = `rgb(${rgb(this.element, "--mv-line")})`
    context.beginPath()
    context.moveTo(x, 0)
    context.lineTo(x, side)
    context.moveTo(0, y)
    context.lineTo(side, y)
    context.stroke()
  }

  paintNames(context, centres, at) {
    const paper = `rgb(${rgb(this.element, "--mv-paper")})`
    const ink = `rgb(${rgb(this.element, "--mv-ink")})`
    const taken = []
    context.font = "700 15px system-ui, sans-serif"
    context.textAlign = "center"
    context.textBaseline = "middle"
    context.lineWidth = 3
    for (const [label, ...centre] of centres) {
      const [x, y] = at(...centre)
      const name = this.names[label]
      const wide = Math.max(12, context.measureText(name).width / 2 + 6)
      if (taken.some(([left, top, half]) => Math.abs(left - x) < half + wide && Math.abs(top - y) < CLOSE)) continue
      taken.push([x, y, wide])
      context.beginPath()
      context.roundRect(x - wide, y - 12, 2 * wide, 24, 12)
      context.fillStyle = paper
      context.fill()
      context.strokeStyle = `rgb(${classColor(label)})`
      context.stroke()
      context.fillStyle = ink
      context.fillText(name, x, y + 1)
    }
  }

  paintDrawing(context, at) {
    if (!this.memory?.mean) return
    const [x, y] = at(...this.memory.mean)
    context.beginPath()
    context.arc(x, y, 7, 0, 2 * Math.PI)
    context.fillStyle = `rgb(${rgb(this.element, "--mv-ink")})`
    context.fill()
    context.lineWidth = 2
    context.strokeStyle = `rgb(${rgb(this.element, "--mv-paper")})`
    context.stroke()
  }

  showMemory(message) {
    this.memory = message.empty ? null : message
    this.place.textContent = this.memory
      ? `On the map it is the large disc, at ${fixed(message.mean[0])}, ${fixed(message.mean[1])}.`
      : `Draw a ${nounOf(this.names)}, and see what is left of it.`
    this.paintMemory()
    if (this.state) this.paint()
  }

  paintMemory() {
    if (!this.memory) {
      wipe(this.drawn)
      wipe(this.remembered)
      return
    }
    const ink = rgb(this.element, "--mv-ink")
    const { digit, reconstruction } = this.memory
    paintInk(this.drawn, digit, ...digit.shape, ink)
    paintInk(this.remembered, reconstruction, ...reconstruction.shape, ink)
  }

  repaint() {
    this.paintMemory()
    this.paint()
  }
}
