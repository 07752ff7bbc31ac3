// A pen that the keyboard moves over a sketchpad: arrow keys, and Space to put it down.

import { ARROW_STEPS, h } from "./dom.js";
import { clamp } from "./numbers.js";

const STEP = 1 / 40 // how far an arrow key moves it, in sides of the square
const REST = 700 // milliseconds without a key until its place is read out

export class KeyboardPen {
  constructor(pad) {
    this.pad = pad
    this.x = 0.5
    this.y = 0.5
    this.pressed = new Set() // arrow keys
    this.cursor = h("span", { class: "cursor", "aria-hidden": "true" })
  }

  takes({ key }) {
    return key in ARROW_STEPS || key === " "
  }

  act({ key, shiftKey, repeat }) {
    if (key in ARROW_STEPS) this.move(key, shiftKey)
    else if (!repeat) this.toggle()
  }

  // An arrow key, or all of them.
  release(key) {
    if (key) this.pressed.delete(key)
    else this.pressed.clear()
  }

  move(key, far) {
    const { pad } = this
    this.pressed.add(key) // two arrows at once move it diagonally
    for (const each of this.pressed) {
      const [down, right] = ARROW_STEPS[each]
      const step = STEP * (far ? 4 : 1)
      this.x = clamp(this.x + right * step, 0, 1)
      this.y = clamp(this.y + down * step, 0, 1)
    }
    if (pad.drawing.active && pad.pointer === null) pad.extend(this.x, this.y, 1)
    this.show()
    this.stop()
    this.resting = setTimeout(() => this.rest(), REST)
  }

  // Where it draws no more, the sketchpad has said why.
  rest() {
    const { pad } = this
    if (!pad.drawing.active || !pad.drawing.isFull) pad.say(this.place)
  }

  // Reads nothing out any more.
  stop() {
    clearTimeout(this.resting)
  }

  toggle() {
    const { pad } = this
    if (pad.pointer !== null) return
    this.stop()
    if (pad.drawing.active) {
      pad.lift()
      pad.post()
      pad.say(`Pen up, ${this.place}.`)
    } else {
      pad.begin(this.x, this.y, null)
      if (!pad.drawing.active) return
      this.cursor.classList.add("down")
      pad.say(`Pen down, ${this.place}.`)
    }
    this.show()
  }

  lifted() {
    this.stop()
    this.cursor.classList.remove("down")
  }

  // Where it is, for those who do not see it.
  get place() {
    return `${Math.round(100 * this.x)} across, ${Math.round(100 * this.y)} down`
  }

  show() {
    this.cursor.hidden = false
    this.cursor.style.left = `${100 * this.x}%`
    this.cursor.style.top = `${100 * this.y}%`
  }

  hide() {
    this.cursor.hidden = true
  }
}
