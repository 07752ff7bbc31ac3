// The sketchpad: pointer, touch, pen and keyboard become strokes; the newest drawing is sent on.

import { ARROW_STEPS, connect, h, onResize, onTheme } from "./dom.js";
import { Messenger } from "./messenger.js";
import { context2d, paintInk, rgb } from "./pictures.js";
import { drawStroke, fitToDisplay } from "./strokes.js";

const STEP = 1 / 40 // how far an arrow key moves the pen, in sides of the square
const MAX_POINTS = 20000
const CLOSE = 1 / 400 // points closer than this to the last one add nothing

const REST = 700 // milliseconds without a key until the pen's place is read out
const SILENT = "The server does not answer. Start it again, then reload this page."
const FULL = "The sketchpad is full. Undo or clear to go on."

class Pad {
  constructor(send, { can_sample: canSample, noun }) {
    this.strokes = [] // of {points: [x, y, x, y, ...], widths: [...] or null}
    this.picture = null // 28x28 values, instead of strokes
    this.past = [] // what undo goes back to
    this.active = null // the stroke under the pen
    this.pressed = new Set() // arrow keys
    this.pen = { x: 0.5, y: 0.5 } // the keyboard's pen
    this.pointer = null // that draws; a palm or a second finger changes nothing
    this.messenger = new Messenger(send, (silent) => this.say(silent ? SILENT : ""))
    this.build(send, canSample, noun)
  }

  build(send, canSample, noun) {
    this.canvas = h("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": "Drawing area",
      "aria-describedby": "keys",
      onpointerdown: (event) => this.pointerDown(event),
      onpointermove: (event) => this.pointerMove(event),
      onpointerup: (event) => this.pointerUp(event),
      onpointercancel: (event) => this.pointerCancel(event),
      onkeydown: (event) => this.keyDown(event),
      onkeyup: (event) => this.pressed.delete(event.key),
      onblur: () => this.pressed.clear(),
      oncontextmenu: (event) => event.preventDefault(),
    })
    this.cursor = h("span", { class: "cursor", "aria-hidden": "true" })
    this.hint = h(
      "p",
      { class: "hint", "aria-hidden": "true" },
      `Draw a ${noun} here`,
      h("span", { class: "keys" }, "Arrow keys move the pen, Space puts it down"),
    )
    this.undoButton = h("button", { type: "button", onclick: () => this.undo() }, "Undo")
    this.clearButton = h("button", { type: "button", onclick: () => this.clear() }, "Clear")
    const fetchSample = () => {
      this.say(`Fetching a ${noun} …`)
      send({ kind: "sample" })
    }
    const sample = h("button", { type: "button", onclick: fetchSample }, "Surprise me")
    this.status = h("p", { class: "status", role: "status" })
    this.element = h(
      "section",
      { class: "card pad", "aria-labelledby": "heading" },
      h("h2", { id: "heading" }, `Draw a ${noun}`),
      h("div", { class: "square" }, this.canvas, this.hint, this.cursor),
      h(
        "div",
        { class: "buttons" },
        this.undoButton,
        this.clearButton,
        ...(canSample ? [sample] : []),
      ),
      this.status,
      h(
        "p",
        { id: "keys", class: "visually-hidden" },
        "Arrow keys move the pen. Space puts it down and lifts it. ",
        "Backspace takes back the last stroke. Delete clears.",
      ),
    )
    this.stopResize = onResize(this.canvas, () => this.redraw())
    this.stopTheme = onTheme(() => this.redraw())
    this.refresh()
  }

  destroy() {
    this.stopResize()
    this.stopTheme()
    this.messenger.stop()
  }

  // Strokes

  begin(x, y, width) {
    if (this.pointCount() >= MAX_POINTS) {
      this.say(FULL)
      return
    }
    this.remember()
    this.picture = null
    this.active = { points: [x, y], widths: width === null ? null : [width] }
    this.strokes = [...this.strokes, this.active]
    this.changed()
  }

  extend(x, y, width) {
    const { points, widths } = this.active
    const [lastX, lastY] = points.slice(-2)
    if (Math.hypot(x - lastX, y - lastY) < CLOSE) return
    if (this.pointCount() >= MAX_POINTS) {
      this.say(FULL)
      return
    }
    points.push(x, y)
    if (widths) widths.push(width)
    const context = context2d(this.canvas)
    drawStroke(context, this.canvas.width, points, widths, points.length / 2 - 2)
    this.post()
  }

  pointCount() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.points.length / 2, 0)
  }

  remember() {
    this.past.push({ strokes: this.strokes, picture: this.picture })
    if (this.past.length > 500) this.past.shift()
  }

  undo() {
    if (!this.past.length) return
    Object.assign(this, this.past.pop())
    this.lift()
    this.changed()
  }

  clear() {
    if (this.isEmpty()) return
    this.remember()
    this.strokes = []
    this.picture = null
    this.lift()
    this.changed()
    this.canvas.focus({ preventScroll: true }) // the button that was pressed is off now
    this.say("Cleared.")
  }

  isEmpty() {
    return !this.strokes.length && !this.picture
  }

  // What the page has put on the sketchpad; whatever waits to be sent is of the past.
  show({ strokes, picture }) {
    this.messenger.drop()
    this.remember()
    this.strokes = strokes.map((points) => ({ points: Array.from(points), widths: null }))
    this.picture = picture && Float32Array.from(picture)
    this.lift()
    this.refresh()
  }

  lift() {
    this.active = null
    this.pointer = null
    this.cursor.classList.remove("down")
  }

  // Pointer

  position(event) {
    const box = this.canvas.getBoundingClientRect()
    const x = (event.clientX - box.left) / box.width
    const y = (event.clientY - box.top) / box.height
    // Only pens measure pressure; a mouse or a finger reports a constant.
    const width = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : null
    return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y)), width]
  }

  pointerDown(event) {
    if (this.pointer !== null || !event.isPrimary || event.button !== 0) return
    this.lift() // of the keyboard's pen
    this.pointer = event.pointerId
    this.canvas.setPointerCapture(event.pointerId)
    this.cursor.hidden = true
    this.begin(...this.position(event))
  }

  pointerMove(event) {
    if (!this.active || event.pointerId !== this.pointer) return
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y, width] = this.position(each)
      this.extend(x, y, width ?? 1)
    }
  }

  pointerUp(event) {
    if (event.pointerId !== this.pointer) return
    this.lift()
    this.post() // that the pen is up
  }

  pointerCancel(event) {
    if (event.pointerId !== this.pointer) return
    if (this.active) this.undo()
    this.lift()
  }

  // Keyboard

  keyDown(event) {
    const { key } = event
    if (event.altKey || ((event.ctrlKey || event.metaKey) && key !== "z")) return
    if (key in ARROW_STEPS) this.movePen(key, event.shiftKey)
    else if (key === " ") event.repeat || this.togglePen()
    else if (key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey))) this.undo()
    else if (key === "Delete") this.clear()
    else return
    event.preventDefault()
  }

  movePen(key, far) {
    this.pressed.add(key) // two arrows at once move it diagonally
    for (const each of this.pressed) {
      const [down, right] = ARROW_STEPS[each]
      const step = STEP * (far ? 4 : 1)
      this.pen.x = Math.min(1, Math.max(0, this.pen.x + right * step))
      this.pen.y = Math.min(1, Math.max(0, this.pen.y + down * step))
    }
    if (this.active && this.pointer === null) this.extend(this.pen.x, this.pen.y, 1)
    this.placeCursor()
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.say(this.place()), REST)
  }

  togglePen() {
    if (this.pointer !== null) return
    if (this.active) {
      this.lift()
      this.post()
      this.say(`Pen up, ${this.place()}.`)
    } else {
      this.begin(this.pen.x, this.pen.y, null)
      if (!this.active) return
      this.cursor.classList.add("down")
      this.say(`Pen down, ${this.place()}.`)
    }
    this.placeCursor()
  }

  // Where the keyboard's pen is, for those who do not see it.
  place() {
    return `${Math.round(100 * this.pen.x)} across, ${Math.round(100 * this.pen.y)} down`
  }

  placeCursor() {
    this.cursor.hidden = false
    this.cursor.style.left = `${100 * this.pen.x}%`
    this.cursor.style.top = `${100 * this.pen.y}%`
  }

  // Screen and server

  changed() {
    this.refresh()
    this.post()
  }

  refresh() {
    this.undoButton.disabled = !this.past.length
    this.clearButton.disabled = this.isEmpty()
    this.hint.hidden = !this.isEmpty()
    this.say("")
    this.redraw()
  }

  redraw() {
    if (!this.canvas.clientWidth) return
    const side = fitToDisplay(this.canvas)
    const context = context2d(this.canvas)
    context.clearRect(0, 0, side, side)
    const ink = rgb(this.element, "--mv-ink")
    if (this.picture) {
      const small = document.createElement("canvas")
      paintInk(small, this.picture, 28, 28, ink)
      context.imageSmoothingEnabled = false
      context.drawImage(small, 0, 0, side, side)
    }
    context.strokeStyle = `rgb(${ink})`
    for (const { points, widths } of this.strokes) drawStroke(context, side, points, widths)
  }

  post() {
    this.messenger.post(() => ({
      kind: "draw",
      points: Float32Array.from(this.strokes.flatMap((stroke) => stroke.points)),
      lengths: Int32Array.from(this.strokes, (stroke) => stroke.points.length / 2),
      picture: this.picture,
      drawing: Boolean(this.active),
    }))
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text
  }

  receive(message) {
    if (message.kind === "done") this.messenger.answered(message.number)
    else if (message.kind === "show") this.show(message)
    else if (message.kind === "sample") this.takeSample(message.picture)
    else if (message.kind === "problem") this.say(message.text)
  }

  takeSample(picture) {
    this.show({ strokes: [], picture })
    this.post()
  }
}

export function render({ model }) {
  const pad = new Pad((message) => model.send_msg(message), model)
  connect(model, (message) => pad.receive(message), () => pad.destroy())
  return pad.element
}

export default { render }
