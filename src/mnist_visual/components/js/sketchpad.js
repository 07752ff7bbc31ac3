// The sketchpad: pointer, touch, pen and keyboard become strokes; the newest drawing is sent on.

import { h, onTheme } from "./dom.js";
import { context2d, paintInk, rgb } from "./pictures.js";
import { drawStroke, fitToDisplay } from "./strokes.js";

const STEP = 1 / 40 // how far an arrow key moves the pen, in sides of the square
const MAX_POINTS = 20000
const CLOSE = 1 / 400 // points closer than this to the last one add nothing
const LOST = 1000 // milliseconds after which an answer is given up

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

// Sends the newest drawing whenever the last one is answered, so that nothing piles up.
class Messenger {
  constructor(send) {
    this.send = send
    this.waiting = false
    this.newest = null
  }

  post(message) {
    this.newest = message
    if (!this.waiting) this.next()
  }

  next() {
    clearTimeout(this.timer)
    this.waiting = this.newest !== null
    if (!this.waiting) return
    const message = this.newest()
    this.newest = null
    this.timer = setTimeout(() => this.next(), LOST)
    this.send(message)
  }
}

class Pad {
  constructor(send, canSample) {
    this.strokes = [] // of {points: [x, y, x, y, ...], widths: [...] or null}
    this.picture = null // 28x28 values, instead of strokes
    this.past = [] // what undo goes back to
    this.active = null // the stroke under the pen
    this.pressed = new Set() // arrow keys
    this.pen = { x: 0.5, y: 0.5 } // the keyboard's pen
    this.messenger = new Messenger(send)
    this.build(send, canSample)
  }

  build(send, canSample) {
    this.canvas = h("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": "Drawing area",
      "aria-describedby": "keys",
      onpointerdown: (event) => this.pointerDown(event),
      onpointermove: (event) => this.pointerMove(event),
      onpointerup: (event) => this.pointerUp(event),
      onpointercancel: () => this.dropStroke(),
      onkeydown: (event) => this.keyDown(event),
      onkeyup: (event) => this.pressed.delete(event.key),
      onblur: () => this.pressed.clear(),
      oncontextmenu: (event) => event.preventDefault(),
    })
    this.cursor = h("span", { class: "cursor", "aria-hidden": "true" })
    this.hint = h("p", { class: "hint", "aria-hidden": "true" }, "Draw a digit here")
    this.undoButton = h("button", { type: "button", onclick: () => this.undo() }, "Undo")
    this.clearButton = h("button", { type: "button", onclick: () => this.clear() }, "Clear")
    const fetchSample = () => {
      this.say("Fetching a digit …")
      send({ kind: "sample" })
    }
    const sample = h("button", { type: "button", onclick: fetchSample }, "Surprise me")
    this.status = h("p", { class: "status", role: "status" })
    this.element = h(
      "section",
      { class: "card pad", "aria-labelledby": "heading" },
      h("h2", { id: "heading" }, "Draw a digit"),
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
    this.resized = new ResizeObserver(() => this.redraw())
    this.resized.observe(this.canvas)
    this.stopTheme = onTheme(() => this.redraw())
    this.refresh()
  }

  destroy() {
    this.resized.disconnect()
    this.stopTheme()
  }

  // Strokes

  begin(x, y, width) {
    if (this.pointCount() >= MAX_POINTS) return
    this.remember()
    this.picture = null
    this.active = { points: [x, y], widths: width === null ? null : [width] }
    this.strokes = [...this.strokes, this.active]
    this.changed()
  }

  extend(x, y, width) {
    const { points, widths } = this.active
    const [lastX, lastY] = points.slice(-2)
    if (Math.hypot(x - lastX, y - lastY) < CLOSE || this.pointCount() >= MAX_POINTS) return
    points.push(x, y)
    if (widths) widths.push(width)
    const context = context2d(this.canvas)
    drawStroke(context, this.canvas.width, points, widths, points.length / 2 - 2)
    this.post()
  }

  dropStroke() {
    if (this.active) this.undo()
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
    this.say("Cleared.")
  }

  isEmpty() {
    return !this.strokes.length && !this.picture
  }

  // What came from elsewhere: a picture or strokes set by the page.
  show({ strokes, picture }) {
    if (!strokes.length && !picture && this.isEmpty()) return
    this.remember()
    this.strokes = strokes.map((points) => ({ points: Array.from(points), widths: null }))
    this.picture = picture
    this.lift()
    this.refresh()
  }

  lift() {
    this.active = null
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
    if (!event.isPrimary || event.button !== 0) return
    this.canvas.setPointerCapture(event.pointerId)
    this.cursor.hidden = true
    this.begin(...this.position(event))
  }

  pointerMove(event) {
    if (!this.active || !event.isPrimary || !this.canvas.hasPointerCapture(event.pointerId)) return
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y, width] = this.position(each)
      this.extend(x, y, width ?? 1)
    }
  }

  pointerUp(event) {
    if (event.isPrimary && this.canvas.hasPointerCapture(event.pointerId)) this.lift()
  }

  // Keyboard

  keyDown(event) {
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return
    const { key } = event
    if (key in ARROWS) this.movePen(key, event.shiftKey)
    else if (key === " " || key === "Enter") this.togglePen()
    else if (key === "Backspace" || key === "z") this.undo()
    else if (key === "Delete" || key === "Escape") this.clear()
    else return
    event.preventDefault()
  }

  movePen(key, far) {
    this.pressed.add(key) // two arrows at once move it diagonally
    for (const each of this.pressed) {
      const [right, down] = ARROWS[each]
      const step = STEP * (far ? 4 : 1)
      this.pen.x = Math.min(1, Math.max(0, this.pen.x + right * step))
      this.pen.y = Math.min(1, Math.max(0, this.pen.y + down * step))
    }
    if (this.active) this.extend(this.pen.x, this.pen.y, 1)
    this.placeCursor()
  }

  togglePen() {
    if (this.active) {
      this.lift()
      this.say("Pen up.")
    } else {
      this.begin(this.pen.x, this.pen.y, null)
      this.cursor.classList.add("down")
      this.say("Pen down.")
    }
    this.placeCursor()
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
    }))
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text
  }

  receive(message) {
    if (message.kind === "done") this.messenger.next()
    else if (message.kind === "show") this.show(message)
    else if (message.kind === "problem") this.say(message.text)
  }
}

export function render({ model }) {
  const pad = new Pad((message) => model.send_msg(message), model.can_sample)
  model.on("msg:custom", (message) => pad.receive(message))
  model.on("remove", () => pad.destroy())
  model.send_msg({ kind: "ready" })
  return pad.element
}

export default { render }
