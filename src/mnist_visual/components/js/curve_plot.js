// One activation function as a curve, and a point on it: what goes in, what comes out.

import { h, onResize, svg, typeScale } from "./dom.js";
import { brief, clamp, plain } from "./numbers.js";

const [LOWEST, HIGHEST] = [-1.25, 3] // of the axis of what comes out, the same for all curves
const EDGE = { left: 30, right: 14, top: 12, bottom: 38 } // pixels for ticks and titles
const TICK = 2
const ROOMY = 200 // pixels from which the title of the upright axis hides no curve

export class CurvePlot {
  constructor({ name, words }, { onTry, onRelease }) {
    Object.assign(this, { name, onTry, onRelease })
    this.badge = h("span", { class: "badge" }, `this network uses ${name}`)
    this.plot = svg("svg", { class: "plot", "aria-hidden": "true" })
    this.into = h("b", { class: "in" })
    this.out = h("b", { class: "out" })
    this.element = h(
      "figure",
      { class: "curve" },
      h("figcaption", {}, h("b", {}, name), this.badge, h("span", { class: "words" }, words)),
      this.plot,
      h("div", { class: "in-out" }, h("span", {}, "goes in", this.into), h("span", {}, "comes out", this.out)),
    )
    for (const [kind, action] of Object.entries({
      pointerdown: (event) => this.grab(event),
      pointermove: (event) => this.held && this.tryAt(event),
      pointerup: () => this.letGo(),
      pointercancel: () => this.letGo(),
    })) {
      this.plot.addEventListener(kind, action)
    }
    this.stopResize = onResize(this.plot, () => this.draw())
  }

  destroy() {
    this.stopResize()
  }

  setCurve(inputs, outputs) {
    Object.assign(this, { inputs, outputs })
    this.draw()
  }

  // A point has a `value` that goes in and an `output`; `own` is where the unit's own stays.
  show(point, own, isUsed) {
    Object.assign(this, { point, own })
    this.element.classList.toggle("used", isUsed)
    this.into.textContent = point ? brief(point.value) : "–"
    this.out.textContent = point ? brief(point.output) : "–"
    this.draw()
  }

  grab(event) {
    this.held = true
    this.plot.setPointerCapture(event.pointerId)
    this.tryAt(event)
  }

  letGo() {
    if (!this.held) return
    this.held = false
    this.onRelease()
  }

  tryAt(event) {
    const share = ((event.clientX - this.plot.getBoundingClientRect().left) / typeScale() - EDGE.left) / this.inner
    const [low, high] = this.ends
    this.onTry(clamp(low + share * (high - low), low, high))
  }

  get ends() {
    return [this.inputs[0], this.inputs[this.inputs.length - 1]]
  }

  // Pixels

  x(value) {
    const [low, high] = this.ends
    return EDGE.left + ((clamp(value, low, high) - low) / (high - low)) * this.inner
  }

  y(value) {
    return this.bottom - ((clamp(value, LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)) * (this.bottom - EDGE.top)
  }

  draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight].map((pixels) => pixels / typeScale())
    if (!this.inputs || width < EDGE.left + EDGE.right) return
    this.inner = width - EDGE.left - EDGE.right
    this.bottom = height - EDGE.bottom
    this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`)
    this.plot.replaceChildren(...this.axes(), this.line(), ...this.ghost(), ...this.pointer())
  }

  axes() {
    const [low, high] = this.ends
    const parts = []
    for (let x = low; x <= high; x += TICK) {
      parts.push(line("grid", this.x(x), EDGE.top, this.x(x), this.bottom), label("tick", this.x(x), this.bottom + 16, plain(x, 1)))
    }
    for (let y = Math.ceil(LOWEST); y <= HIGHEST; y += 1) {
      parts.push(line("grid", EDGE.left, this.y(y), EDGE.left + this.inner, this.y(y)))
      parts.push(label("tick left", EDGE.left - 6, this.y(y) + 4, plain(y, 1)))
    }
    parts.push(line("axis", EDGE.left, this.y(0), EDGE.left + this.inner, this.y(0)), line("axis", this.x(0), EDGE.top, this.x(0), this.bottom))
    parts.push(label("title", this.x(0), this.bottom + 33, "what goes in"))
    if (this.inner > ROOMY) parts.push(label("title start", EDGE.left + 4, EDGE.top + 12, "what comes out"))
    return parts
  }

  line() {
    let points = Array.from(this.inputs, (x, i) => [x, this.outputs[i]])
    points = points.filter(([, y]) => y <= HIGHEST)
    return svg("polyline", { class: "function", points: points.map(([x, y]) => `${this.x(x)},${this.y(y)}`).join(" ") })
  }

  ghost() {
    if (!this.own) return []
    return [svg("circle", { class: "own", cx: this.x(this.own.value), cy: this.y(this.own.output), r: 6 })]
  }

  // Up from what goes in to the curve, and over to what comes out.
  pointer() {
    if (!this.point) return []
    const { value, output } = this.point
    const [x, y] = [this.x(value), this.y(output)]
    const sign = value < 0 ? "below" : "above"
    return [
      line("lead", x, this.y(0), x, y),
      line("lead", x, y, this.x(0), y),
      svg("circle", { class: `into ${sign}`, cx: x, cy: this.y(0), r: 5 }),
      svg("circle", { class: "outof", cx: this.x(0), cy: y, r: 5 }),
      svg("circle", { class: "point", cx: x, cy: y, r: 8 }),
      ...this.beyond(value, output, x, y),
    ]
  }

  // What lies further out than the axes go is shown at their ends, with its number.
  beyond(value, output, x, y) {
    const [low, high] = this.ends
    const marks = []
    if (value < low) marks.push(label("far start", x, this.y(0) + 22, `← ${brief(value)}`))
    if (value > high) marks.push(label("far end", x, this.y(0) + 22, `${brief(value)} →`))
    if (output > HIGHEST) marks.push(label("far start", this.x(0) + 10, y + 20, `↑ ${brief(output)}`))
    return marks
  }
}

const line = (kind, x1, y1, x2, y2) => svg("line", { class: kind, x1, y1, x2, y2 })

const label = (kind, x, y, text) => svg("text", { class: kind, x, y }, text)
