// A picture of few pixels to paint on, with brushes that take ink away or add some.

import { ARROW_STEPS, h } from "./dom.js";
import { clamp } from "./numbers.js";
import { paintInk, rgb, wipe } from "./pictures.js";

const REST = 700 // milliseconds without a key until the brush's place is read out

export class PaintSquare {
  // `onBegin` hears that the picture is about to change, and `onPaint` that it has.
  constructor({ onBegin, onPaint, onUndo, onSay }) {
    Object.assign(this, { onBegin, onPaint, onUndo, onSay })
    this.shape = [28, 28]
    this.picture = null
    this.brush = { adds: false, radius: 1.5 } // in pixels of the picture
    this.spot = [14, 14] // across and down, in pixels
    this.pointer = null // that paints
    this.pressed = false // Space, which paints as well
    this.canvas = h("canvas", {
      class: "pixels",
      tabindex: 0,
      role: "application",
      "aria-label": "The digit to paint on",
      "aria-describedby": "brush-keys",
      onpointerdown: (event) => this.pointerDown(event),
      onpointermove: (event) => this.pointerMove(event),
      onpointerup: (event) => this.lift(event),
      onpointercancel: (event) => this.lift(event),
      onpointerleave: () => this.ring.classList.remove("over"),
      onkeydown: (event) => this.keyDown(event),
      onkeyup: (event) => event.key === " " && (this.pressed = false),
      onblur: () => (this.pressed = false),
    })
    this.ring = h("span", { class: "ring", "aria-hidden": "true" })
    this.hint = h("p", { class: "hint", "aria-hidden": "true" }, "Draw first.")
    const keys = "Arrow keys move the brush. Space paints. Backspace takes back the last stroke."
    this.element = h(
      "div",
      { class: "square" },
      this.canvas,
      this.ring,
      this.hint,
      h("p", { id: "brush-keys", class: "visually-hidden" }, keys),
    )
    this.place()
  }

  destroy() {
    clearTimeout(this.resting)
  }

  setBrush(brush) {
    Object.assign(this.brush, brush)
    this.ring.classList.toggle("adds", this.brush.adds)
    this.place()
  }

  // Takes a picture, or null for none.
  show(picture, shape) {
    this.picture = picture
    this.hint.hidden = picture !== null
    if (picture && String(shape) !== String(this.shape)) {
      this.shape = shape
      this.spot = [shape[1] / 2, shape[0] / 2]
    }
    this.repaint()
  }

  repaint() {
    if (this.picture) paintInk(this.canvas, this.picture, ...this.shape, rgb(this.element, "--mv-ink"))
    else wipe(this.canvas)
  }

  // Paints along a line from one spot to another.
  stroke([x1, y1], [x2, y2]) {
    const [rows, columns] = this.shape
    const { adds, radius } = this.brush
    const [dx, dy] = [x2 - x1, y2 - y1]
    const length = dx * dx + dy * dy
    const painted = Float32Array.from(this.picture)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [column + 0.5, row + 0.5]
        const along = length ? clamp(((x - x1) * dx + (y - y1) * dy) / length, 0, 1) : 0
        const away = Math.hypot(x - x1 - along * dx, y - y1 - along * dy)
        const cover = clamp(radius + 0.5 - away, 0, 1)
        const i = row * columns + column
        painted[i] = adds ? Math.max(painted[i], cover) : Math.min(painted[i], 1 - cover)
      }
    }
    this.picture = painted
    this.repaint()
    this.onPaint(painted)
  }

  spotOf(event) {
    const box = this.canvas.getBoundingClientRect()
    const [rows, columns] = this.shape
    const x = ((event.clientX - box.left) / box.width) * columns
    const y = ((event.clientY - box.top) / box.height) * rows
    return [clamp(x, 0, columns), clamp(y, 0, rows)]
  }

  pointerDown(event) {
    if (!this.picture || this.pointer !== null || !event.isPrimary || event.button !== 0) return
    this.pointer = event.pointerId
    this.canvas.setPointerCapture(event.pointerId)
    this.onBegin()
    this.go(this.spotOf(event), true)
    this.stroke(this.spot, this.spot)
  }

  pointerMove(event) {
    this.ring.classList.add("over")
    if (this.pointer === null) this.go(this.spotOf(event))
    if (event.pointerId !== this.pointer) return
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const before = this.spot
      this.go(this.spotOf(each))
      this.stroke(before, this.spot)
    }
  }

  lift(event) {
    if (event.pointerId === this.pointer) this.pointer = null
  }

  keyDown(event) {
    const { key } = event
    if (event.altKey || ((event.ctrlKey || event.metaKey) && key !== "z")) return
    if (key in ARROW_STEPS) this.move(ARROW_STEPS[key], event.shiftKey ? 4 : 1)
    else if (key === " ") event.repeat || this.press()
    else if (key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey))) this.onUndo()
    else return
    event.preventDefault()
  }

  press() {
    if (!this.picture) return
    this.pressed = true
    this.onBegin()
    this.stroke(this.spot, this.spot)
  }

  move([down, right], far) {
    const [rows, columns] = this.shape
    const before = this.spot
    this.go([clamp(before[0] + right * far, 0, columns), clamp(before[1] + down * far, 0, rows)])
    if (this.pressed && this.picture) this.stroke(before, this.spot)
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.onSay(`Brush at row ${Math.ceil(this.spot[1])}, column ${Math.ceil(this.spot[0])}.`), REST)
  }

  go(spot) {
    this.spot = spot
    this.place()
  }

  place() {
    const [rows, columns] = this.shape
    const { style } = this.ring
    style.left = `${(100 * this.spot[0]) / columns}%`
    style.top = `${(100 * this.spot[1]) / rows}%`
    style.width = `${(100 * (2 * this.brush.radius + 0.5)) / columns}%`
  }
}
