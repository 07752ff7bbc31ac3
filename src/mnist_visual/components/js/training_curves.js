// How the numbers of a training change from epoch to epoch, and what they are now.

import { h, onResize, svg, typeScale } from "./dom.js";
import { accuracy } from "./numbers.js";

const MARGIN = { left: 46, right: 14, top: 22, bottom: 44 }
const TICK = 24 // pixels that the number of an epoch takes in width
const VALUE = 14 // from the end to where a value can be written

const figure = (value) => (value === 0 ? "0" : Math.abs(value) < 1 ? value.toFixed(3) : value.toPrecision(3))

// A curve that means something only beside zero begins there; `top` is where it cannot rise above.
const CURVES = {
  classifier: [
    { name: "loss", words: "How wrong it is", term: "loss", write: figure, bottom: 0 },
    { name: "accuracy", words: "How often it is right", term: "accuracy", write: accuracy, top: 1 },
  ],
  vae: [
    { name: "reconstruction_loss", words: "How far its pictures are off", term: "reconstruction, in nats", write: figure },
    { name: "kl_loss", words: "How much a code tells", term: "KL divergence, in nats", write: figure, bottom: 0 },
  ],
}

export class CurvePair {
  constructor(onLook) {
    this.plots = [new LearningCurve(onLook), new LearningCurve(onLook)]
    this.element = h(
      "section",
      { class: "card", "aria-labelledby": "curves" },
      h(
        "header",
        {},
        h("h2", { id: "curves" }, "How it learns"),
        h("p", {}, "training: pictures it learns from; validation: pictures it never saw"),
      ),
      h("div", { class: "curves" }, ...this.plots.map(({ element }) => element)),
    )
  }

  destroy() {
    for (const plot of this.plots) plot.destroy()
  }

  setKind(kind) {
    this.plots.forEach((plot, i) => plot.setWhat(CURVES[kind][i]))
  }

  show(points, previous, progress) {
    for (const plot of this.plots) plot.show(points, previous, progress)
  }

  mark(index) {
    for (const plot of this.plots) plot.mark(index)
  }
}

class LearningCurve {
  constructor(onLook) {
    this.onLook = onLook
    this.points = []
    this.previous = []
    this.index = -1
    this.words = h("b", {})
    this.term = h("span", {})
    this.key = h("ul", { class: "lines", "aria-hidden": "true" })
    this.plot = svg("svg", { class: "plot", role: "img" })
    this.hint = h("p", { class: "hint" }, "The curve starts here.")
    this.element = h("figure", {}, h("figcaption", {}, this.words, " ", this.term), this.key, h("div", { class: "area" }, this.plot, this.hint))
    const look = (event) => event.buttons && this.lookAt(event)
    this.plot.addEventListener("pointerdown", (event) => {
      this.plot.setPointerCapture(event.pointerId)
      look(event)
    })
    this.plot.addEventListener("pointermove", look)
    this.stopResize = onResize(this.plot, () => this.draw())
  }

  destroy() {
    this.stopResize()
  }

  setWhat(what) {
    this.what = what
    this.words.textContent = what.words
    this.term.textContent = what.term
  }

  show(points, previous, progress) {
    Object.assign(this, { points, previous, progress })
    this.draw()
  }

  mark(index) {
    this.index = index
    this.draw()
  }

  lookAt(event) {
    if (!this.points.length || !this.x) return
    const left = (event.clientX - this.plot.getBoundingClientRect().left) / typeScale()
    const away = this.points.map(({ epoch }) => Math.abs(this.x(epoch) - left))
    const index = away.indexOf(Math.min(...away))
    if (index !== this.index) this.onLook(index)
  }

  // The lines, as [class, name, points [epoch, value]].
  lines() {
    const { name } = this.what
    const along = (points, key) => points.filter(({ logs }) => key in logs).map(({ epoch, logs }) => [epoch, logs[key]])
    return [
      ["before", "last time", along(this.previous, `val_${name}`)],
      ["training", "training", along(this.points, name)],
      ["validation", "validation", along(this.points, `val_${name}`)],
    ].filter(([, , points]) => points.length)
  }

  // What it is in the midst of an epoch.
  live() {
    const { state, epoch, batch, batches, logs } = this.progress ?? {}
    const value = logs?.[this.what.name]
    return ["running", "paused"].includes(state) && batch && value !== undefined ? [epoch + batch / batches, value] : null
  }

  draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight].map((pixels) => pixels / typeScale())
    if (!this.what || !width) return
    const lines = this.lines()
    const live = this.live()
    this.hint.hidden = lines.length > 0 || live !== null
    const right = width - MARGIN.right
    const all = [...lines.flatMap(([, , points]) => points), ...(live ? [live] : [])]
    const last = Math.max(this.progress?.epochs ?? 0, 1, ...all.map(([epoch]) => epoch))
    const ticks = niceTicks(all.map(([, value]) => value), this.what)
    const [low, high] = [ticks[0], ticks.at(-1)]
    const bottom = height - MARGIN.bottom
    this.x = (epoch) => MARGIN.left + (epoch / last) * (right - MARGIN.left)
    this.y = (value) => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.top)
    this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`)
    this.plot.setAttribute("aria-label", this.sentence(lines))
    this.plot.replaceChildren(
      ...this.axes(ticks, last, right, bottom),
      ...this.marker(right, bottom),
      ...lines.flatMap((line) => this.line(...line)),
      ...(live ? this.pulse(live) : []),
    )
    this.key.replaceChildren(...this.names(lines, live))
  }

  axes(ticks, last, right, bottom) {
    const most = Math.min(10, (right - MARGIN.left) / TICK)
    const step = [1, 2, 5, 10, 20, 50, 100].find((each) => last / each <= most) ?? last
    const parts = ticks.flatMap((value) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: this.y(value), y2: this.y(value) }),
      svg("text", { class: "tick end", x: MARGIN.left - 6, y: this.y(value) + 4 }, tickText(value, ticks, this.what)),
    ])
    for (let epoch = 0; epoch <= last; epoch += step) {
      parts.push(svg("text", { class: "tick middle", x: this.x(epoch), y: bottom + 18 }, String(epoch)))
    }
    parts.push(svg("text", { class: "tick middle", x: (MARGIN.left + right) / 2, y: bottom + 36 }, "epochs"))
    return parts
  }

  marker(right, bottom) {
    const point = this.points[this.index]
    if (!point) return []
    const x = this.x(point.epoch)
    const { name, write } = this.what
    const value = point.logs[`val_${name}`] ?? point.logs[name] // there is neither before it has learned
    return [
      svg("line", { class: "sight", x1: x, x2: x, y1: MARGIN.top - 4, y2: bottom }),
      svg("text", { class: "tick strong middle", x: Math.min(x, right - VALUE), y: MARGIN.top - 9 }, value === undefined ? "" : write(value)),
    ]
  }

  line(kind, name, points) {
    const path = points.map(([epoch, value]) => `${this.x(epoch)},${this.y(value)}`).join(" ")
    const dots = kind === "before" || points.length > 30 ? [] : points
    const marked = this.points[this.index]?.epoch
    return [
      svg("polyline", { class: `line ${kind}`, points: path }),
      ...dots.map(([epoch, value]) =>
        svg("circle", { class: `dot ${kind}`, cx: this.x(epoch), cy: this.y(value), r: epoch === marked ? 5 : 2.5 }),
      ),
    ]
  }

  pulse([epoch, value]) {
    const before = this.points.filter(({ logs }) => this.what.name in logs).at(-1)
    const from = before ? [before.epoch, before.logs[this.what.name]] : [epoch, value]
    const [x, y] = [this.x(epoch), this.y(value)]
    return [
      svg("line", { class: "line training soon", x1: this.x(from[0]), y1: this.y(from[1]), x2: x, y2: y }),
      svg("circle", { class: "dot training", cx: x, cy: y, r: 4 }),
    ]
  }

  // The point that somebody looks back at, if any.
  get past() {
    return this.index < this.points.length - 1 ? this.points[this.index] : undefined
  }

  // Where a line has come to, or what it was at the epoch that somebody looks back at.
  valueOf(points) {
    const { past } = this
    return past ? points.find(([epoch]) => epoch === past.epoch)?.[1] : points.at(-1)[1]
  }

  // What each line is, and its value.
  names(lines, live) {
    const begun = live && !lines.some(([kind]) => kind === "training")
    const all = begun ? [...lines, ["training", "training", [live]]] : lines
    return all.map(([kind, name, points]) => {
      const value = kind === "training" && live && !this.past ? live[1] : this.valueOf(points)
      const written = kind === "before" || value === undefined ? [] : [" ", h("b", {}, this.what.write(value))]
      return h("li", { class: kind }, name, ...written)
    })
  }

  sentence(lines) {
    const known = lines.map(([kind, name, points]) => [name, kind === "before" ? points.at(-1)[1] : this.valueOf(points)])
    const values = known.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${this.what.write(value)}`)
    return `${this.what.words} (${this.what.term}): ${values.join(", ") || "nothing yet"}`
  }
}

// Round numbers from below the lowest value to above the highest.
function niceTicks(values, { bottom, top }) {
  if (!values.length) return [0, 1]
  const low = bottom ?? Math.min(...values)
  const high = top ?? Math.max(...values)
  const range = high - low || Math.abs(high) || 1
  const power = 10 ** Math.floor(Math.log10(range / 4))
  const step = power * [1, 2, 2.5, 5, 10].find((each) => range / (each * power) <= 4.5)
  const first = Math.floor(low / step + 1e-9)
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first)
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step)
}

function tickText(value, ticks, { write }) {
  const step = ticks[1] - ticks[0]
  if (write === accuracy) return `${(100 * value).toFixed(step < 0.0099 ? 1 : 0)}%`
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (String(step).includes("25") ? 1 : 0)))
}
