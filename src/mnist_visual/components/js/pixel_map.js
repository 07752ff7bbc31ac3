// A picture of numbers, any cell of which can be pointed at: with mouse, finger or arrow keys.

import { ARROW_STEPS, h } from "./dom.js";
import { clamp } from "./numbers.js";
import { hasNegatives, paintSigned, signColours, wipe } from "./pictures.js";

export class PixelMap {
  // `onPoint` hears the row and the column of a cell, and whether it is to stay so while the
  // pointer moves on.
  constructor(label, onPoint) {
    Object.assign(this, { onPoint, cursor: [0, 0] })
    this.canvas = h("canvas", { class: "pixels" })
    this.frame = h("span", { class: "frame", hidden: true })
    this.element = h(
      "div",
      {
        class: "pixel-map",
        tabindex: 0,
        role: "application",
        "aria-label": label,
        onpointermove: (event) => this.tell(event, false),
        onclick: (event) => this.tell(event, true),
        onkeydown: (event) => this.keyDown(event),
      },
      this.canvas,
      this.frame,
    )
    this.setSize(1, 1)
  }

  // Pixels, and how many of them a cell has along each side; what fills no cell is no cell.
  setSize(height, width, cell = 1) {
    Object.assign(this, { height, width, cell })
    this.rows = Math.floor(height / cell)
    this.columns = Math.floor(width / cell)
    // Within a square, so that nothing beside it moves when a map has another form.
    Object.assign(this.element.style, { aspectRatio: `${width} / ${height}`, width: `${100 * Math.min(1, width / height)}%` })
  }

  // Without values it is empty.
  paint(values, largest, isSigned = values && hasNegatives(values)) {
    Object.assign(this, { values, largest, isSigned })
    this.repaint()
  }

  repaint() {
    if (!this.values) {
      wipe(this.canvas)
      return
    }
    const colours = signColours(this.element, this.isSigned)
    paintSigned(this.canvas, this.values, this.height, this.width, Math.max(this.largest, 1e-6), ...colours)
  }

  mark(row, column) {
    this.cursor = [row, column]
    this.frame.hidden = false
    this.cover(this.frame, row * this.cell, column * this.cell, this.cell, this.cell)
  }

  unmark() {
    this.frame.hidden = true
  }

  // Lays an element over some pixels.
  cover(element, top, left, rows, columns) {
    const share = (pixels, all) => `${(100 * pixels) / all}%`
    Object.assign(element.style, {
      top: share(top, this.height),
      left: share(left, this.width),
      height: share(rows, this.height),
      width: share(columns, this.width),
    })
  }

  tell(event, stay) {
    const box = this.canvas.getBoundingClientRect()
    const at = (share, pixels) => Math.floor(clamp(Math.floor(share * pixels), 0, pixels - 1) / this.cell)
    const row = at((event.clientY - box.top) / box.height, this.height)
    const column = at((event.clientX - box.left) / box.width, this.width)
    if (row < this.rows && column < this.columns) this.onPoint(row, column, stay)
  }

  keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in ARROW_STEPS)) return
    event.preventDefault()
    const [down, right] = ARROW_STEPS[event.key]
    const [row, column] = this.cursor
    this.onPoint(clamp(row + down, 0, this.rows - 1), clamp(column + right, 0, this.columns - 1), true)
  }
}
