// The picture with the window that slides over it, beside the new picture that comes of it.

import { ARROW_STEPS, h, svg } from "./dom.js";
import { clamp } from "./numbers.js";
import { paintInk, paintSigned, rgb, signColours } from "./pictures.js";

const FLAT = 1e-5 // values no larger than this are nothing

export class SlidingPictures {
  // `onPoint` hears where a pointer is and whether it is down; `onKey` of keys, as a place.
  constructor({ onPoint, onKey, onToggle }) {
    Object.assign(this, { onPoint, onKey, onToggle })
    this.window = svg("g", { class: "window" })
    this.cell = svg("g", { class: "window" }, ...framed(1, 1))
    this.source = this.plate("Your picture", this.window, (share) => this.placeUnder(share))
    this.target = this.plate("The new picture", this.cell, (share) => this.placeAt(share))
    this.rest = svg("path", { class: "rest" })
    this.target.overlay.prepend(this.rest)
    this.low = h("span", {})
    this.high = h("span", {})
    const legend = h("div", { class: "legend" }, this.low, h("span", { class: "ramp" }), this.high)
    this.element = h(
      "div",
      { class: "pair" },
      h("figure", {}, this.source.caption, this.source.stage, h("div", { class: "legend inks" }, "0 paper", h("span", { class: "ramp" }), "ink 1")),
      h("figure", {}, this.target.caption, this.target.stage, legend),
    )
  }

  plate(title, frame, toPlace) {
    const canvas = h("canvas", { class: "pixels" })
    const overlay = svg("svg", { class: "overlay", "aria-hidden": "true" }, frame)
    const size = h("span", {})
    const tell = (event, down) => {
      const box = overlay.getBoundingClientRect()
      const share = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width]
      if (this.shape) this.onPoint(toPlace(share), down)
    }
    const down = (event) => {
      if (event.button !== 0) return
      stage.setPointerCapture(event.pointerId)
      tell(event, "press")
    }
    const stage = h(
      "div",
      {
        class: "stage",
        tabindex: 0,
        role: "application",
        "aria-label": `${title}. Arrow keys move the window, Space plays and pauses.`,
        onpointerdown: down,
        onpointermove: (event) => tell(event, stage.hasPointerCapture(event.pointerId) ? "drag" : "hover"),
        onkeydown: (event) => this.keyDown(event),
      },
      canvas,
      overlay,
    )
    return { stage, canvas, overlay, size, caption: h("figcaption", {}, h("b", {}, title), size) }
  }

  // The place whose window has a point of the picture in its middle.
  placeUnder(share) {
    const { padded, stride, dilation } = this.shown
    return this.inside(share.map((part, axis) => Math.round((part * padded[axis] - dilation - 0.5) / stride)))
  }

  placeAt(share) {
    return this.inside(share.map((part, axis) => Math.floor(part * this.shape[axis])))
  }

  inside(place) {
    return place.map((at, axis) => clamp(at, 0, this.shape[axis] - 1))
  }

  keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.place) return
    const last = this.shape.map((length) => length - 1)
    const { key } = event
    if (key in ARROW_STEPS) this.onKey(this.inside(this.place.map((at, axis) => at + ARROW_STEPS[key][axis])))
    else if (key === "Home" || key === "End") this.onKey(key === "Home" ? [0, 0] : last)
    else if (key === " ") event.repeat || this.onToggle()
    else return
    event.preventDefault()
  }

  // What Python computed: see `show` in the component's messages.
  show(message) {
    this.shown = message
    this.shape = [...message.sums.shape]
    const { padded, before, picture } = message
    const [rows, columns] = padded
    const parts = [before[1] / columns, before[0] / rows, picture.shape[1] / columns, picture.shape[0] / rows]
    const sides = ["left", "top", "width", "height"]
    sides.forEach((side, i) => (this.source.canvas.style[side] = `${100 * parts[i]}%`))
    this.layOut(this.source, padded)
    this.layOut(this.target, this.shape)
    const rim = rows > picture.shape[0] || columns > picture.shape[1]
    this.source.size.textContent = `${times(picture.shape)}${rim ? " with a rim" : ""}`
    this.target.size.textContent = `(feature map) ${times(this.shape)}`
    this.setReach(message.dilation)
    this.repaint()
  }

  setReach(dilation) {
    if (dilation === this.dilation) return
    this.dilation = dilation
    const apart = dilation > 1 ? "spot apart" : "spot"
    const cells = Array.from({ length: 9 }, (_, i) =>
      svg("rect", { class: apart, x: dilation * (i % 3), y: dilation * Math.floor(i / 3), width: 1, height: 1 }),
    )
    this.window.replaceChildren(...cells, ...framed(2 * dilation + 1, 2 * dilation + 1))
  }

  layOut({ stage, overlay }, [rows, columns]) {
    overlay.setAttribute("viewBox", `0 0 ${columns} ${rows}`)
    stage.style.aspectRatio = `${columns} / ${rows}`
  }

  get values() {
    const { sums, relu } = this.shown
    return relu ? sums.map((value) => Math.max(0, value)) : sums
  }

  get largest() {
    return Math.max(FLAT, this.shown.sums.reduce((most, value) => Math.max(most, Math.abs(value)), 0))
  }

  repaint() {
    if (!this.shown) return
    this.colours = signColours(this.element)
    const { picture } = this.shown
    paintInk(this.source.canvas, picture, ...picture.shape, rgb(this.element, "--mv-ink"))
    const isFlat = this.largest === FLAT
    this.low.textContent = isFlat ? "0" : `−${this.largest.toFixed(1)}`
    this.high.textContent = isFlat ? "0" : this.largest.toFixed(1)
    this.repaintMap()
  }

  repaintMap() {
    const shown = Float32Array.from(this.values)
    const [rows, columns] = this.shape
    const until = this.until ?? shown.length
    shown.fill(0, until)
    paintSigned(this.target.canvas, shown, rows, columns, this.largest, ...this.colours)
    const [row, column] = [Math.floor(until / columns), until % columns]
    this.rest.setAttribute("d", `M${column},${row} H${columns} V${rows} H0 V${row + 1} H${column} Z`)
    this.rest.style.display = until < shown.length ? "" : "none"
  }

  // How many places of the new picture are there already; all of them for null.
  fill(until) {
    if (until === this.until) return
    this.until = until
    if (this.shown) this.repaintMap()
  }

  // Moves the window, in so many milliseconds.
  go(place, glide = 0) {
    const sameRow = this.place && this.place[0] === place[0]
    this.place = place
    const { stride } = this.shown
    const move = (frame, [row, column]) => {
      frame.style.transition = glide && sameRow ? `transform ${glide}ms linear` : "none"
      frame.style.transform = `translate(${column}px, ${row}px)`
    }
    move(this.window, place.map((at) => at * stride))
    move(this.cell, place)
  }

  // The nine pixels under the window, and whether each lies beyond the picture.
  patch() {
    const { picture, before, stride, dilation } = this.shown
    const [height, width] = picture.shape
    return Array.from({ length: 9 }, (_, i) => {
      const row = this.place[0] * stride - before[0] + dilation * Math.floor(i / 3)
      const column = this.place[1] * stride - before[1] + dilation * (i % 3)
      const beyond = row < 0 || column < 0 || row >= height || column >= width
      return { value: beyond ? 0 : picture[row * width + column], beyond }
    })
  }

  sum() {
    return this.shown.sums[this.place[0] * this.shape[1] + this.place[1]]
  }

  // Where the kernel finds most; the middle, where there is nothing.
  strongest() {
    const { sums } = this.shown
    const largest = Math.max(...sums)
    const i = largest > FLAT ? sums.indexOf(largest) : Math.floor((sums.length + this.shape[1]) / 2)
    return [Math.floor(i / this.shape[1]), i % this.shape[1]]
  }
}

const times = ([rows, columns]) => `${rows} × ${columns}`

const framed = (width, height) =>
  ["halo", "edge"].map((name) => svg("rect", { class: name, width, height }))
