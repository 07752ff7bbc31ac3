// The sketchpad: pointer, touch, pen and keyboard become strokes; the newest drawing is sent on.

import { connect, h, keepFocus, onResize, onTheme } from "./dom.js";
import { Drawing, MAX_POINTS } from "./drawing.js";
import { keepDrawing, recallDrawing } from "./kept_drawing.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { Messenger, SILENT } from "./messenger.js";
import { clamp } from "./numbers.js";
import { context2d, paintInk, rgb } from "./pictures.js";
import { drawStroke, fitToDisplay } from "./strokes.js";

const FULL = "The sketchpad is full. Undo or clear to go on."

class Pad {
  constructor(send, { can_sample: canSample, sample_label: label, noun, kept_as: name }) {
    this.drawing = new Drawing()
    this.shown = 0 // the number of what the page last put here
    this.pointer = null // that draws; a palm or a second finger changes nothing
    this.messenger = new Messenger(send, (silent) => this.say(silent ? SILENT : ""))
    this.pen = new KeyboardPen(this)
    this.build(send, canSample && label, noun)
    this.name = name
    this.keep = () => name && keepDrawing(name, this.drawing)
    addEventListener("pagehide", this.keep)
    this.knows = this.recall()
  }

  // Whether there was a drawing before the page, or one that was cleared.
  recall() {
    const kept = this.name && recallDrawing(this.name, MAX_POINTS)
    if (!kept) return false
    const { strokes, picture } = kept
    if (picture) this.drawing.put([], picture)
    else strokes.forEach((_, i) => this.drawing.put(strokes.slice(0, i + 1), null)) // so that each can be undone
    this.changed()
    return true
  }

  build(send, label, noun) {
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
      onkeyup: (event) => this.pen.release(event.key),
      onblur: () => this.pen.release(),
      oncontextmenu: (event) => event.preventDefault(),
    })
    this.hint = h(
      "p",
      { class: "hint", "aria-hidden": "true" },
      `Draw a ${noun} here`,
      h("span", { class: "keys" }, "Arrow keys move the pen, Space puts it down"),
    )
    this.undoButton = h("button", { type: "button", onclick: () => this.undo() }, "Undo")
    this.clearButton = h("button", { type: "button", onclick: () => this.clear() }, "Clear")
    const fetchSample = () => {
      this.say("One moment …")
      send({ kind: "sample" })
    }
    const sample = label && h("button", { type: "button", onclick: fetchSample }, label)
    this.status = h("p", { class: "status", role: "status" })
    this.element = h(
      "section",
      { class: "card pad", "aria-labelledby": "heading" },
      h("h2", { id: "heading" }, `Draw a ${noun}`),
      h("div", { class: "square" }, this.canvas, this.hint, this.pen.cursor),
      h(
        "div",
        { class: "buttons" },
        this.undoButton,
        this.clearButton,
        ...(sample ? [sample] : []),
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
    removeEventListener("pagehide", this.keep)
    this.keep()
    this.messenger.stop()
    this.pen.stop()
  }

  // Strokes

  begin(x, y, width) {
    if (this.drawing.isFull) {
      this.say(FULL)
      return
    }
    this.drawing.begin(x, y, width)
    this.changed()
  }

  extend(x, y, width) {
    const { drawing } = this
    if (!drawing.isNew(x, y)) return
    if (drawing.isFull) {
      this.say(FULL)
      return
    }
    drawing.extend(x, y, width)
    const { points, widths } = drawing.active
    const context = context2d(this.canvas)
    drawStroke(context, this.canvas.width, points, widths, points.length / 2 - 2)
    this.post()
  }

  undo() {
    if (!this.drawing.past.length) return
    this.drawing.undo()
    this.lift()
    this.changed()
  }

  clear() {
    if (this.drawing.isEmpty) return
    this.drawing.put([], null)
    this.lift()
    this.changed()
    this.say("Cleared.")
  }

  forget() {
    this.drawing.past = []
    this.refresh()
  }

  // What the page has put on the sketchpad; whatever waits to be sent is of the past.
  show({ strokes, picture, shown = this.shown }) {
    this.messenger.drop()
    this.shown = shown
    const lines = strokes.map((points) => ({ points: Array.from(points), widths: null }))
    this.drawing.put(lines, picture && Float32Array.from(picture))
    this.lift()
    this.refresh()
    this.keep()
  }

  lift() {
    this.drawing.active = null
    this.pointer = null
    this.pen.lifted()
  }

  // Pointer

  position(event) {
    const box = this.canvas.getBoundingClientRect()
    const x = (event.clientX - box.left) / box.width
    const y = (event.clientY - box.top) / box.height
    // Only pens measure pressure; a mouse or a finger reports a constant.
    const width = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : null
    return [clamp(x, 0, 1), clamp(y, 0, 1), width]
  }

  pointerDown(event) {
    if (this.pointer !== null || !event.isPrimary || event.button !== 0) return
    this.lift() // of the keyboard's pen
    this.pointer = event.pointerId
    this.canvas.setPointerCapture(event.pointerId)
    this.pen.hide()
    this.begin(...this.position(event))
  }

  pointerMove(event) {
    if (!this.drawing.active || event.pointerId !== this.pointer) return
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
    if (this.drawing.active) this.undo()
    this.lift()
  }

  keyDown(event) {
    const { key } = event
    if (event.altKey || ((event.ctrlKey || event.metaKey) && key !== "z")) return
    if (this.pen.takes(event)) this.pen.act(event)
    else if (key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey))) this.undo()
    else if (key === "Delete") this.clear()
    else return
    event.preventDefault()
  }

  // Screen and server

  changed() {
    this.refresh()
    this.post()
  }

  refresh() {
    keepFocus([this.undoButton, this.clearButton], this.canvas, () => {
      this.undoButton.disabled = !this.drawing.past.length
      this.clearButton.disabled = this.drawing.isEmpty
    })
    this.hint.hidden = !this.drawing.isEmpty
    this.say("")
    this.redraw()
  }

  redraw() {
    if (!this.canvas.clientWidth) return
    const side = fitToDisplay(this.canvas)
    const context = context2d(this.canvas)
    context.clearRect(0, 0, side, side)
    const ink = rgb(this.element, "--mv-ink")
    const { strokes, picture } = this.drawing
    if (picture) {
      const small = document.createElement("canvas")
      paintInk(small, picture, 28, 28, ink)
      context.imageSmoothingEnabled = false
      context.drawImage(small, 0, 0, side, side)
    }
    context.strokeStyle = `rgb(${ink})`
    for (const { points, widths } of strokes) drawStroke(context, side, points, widths)
  }

  post() {
    const { drawing } = this
    if (!drawing.active) this.keep()
    this.messenger.post(() => ({
      kind: "draw",
      points: Float32Array.from(drawing.strokes.flatMap((stroke) => stroke.points)),
      lengths: Int32Array.from(drawing.strokes, (stroke) => stroke.points.length / 2),
      picture: drawing.picture,
      drawing: Boolean(drawing.active),
      after: this.shown,
    }))
    this.showWaiting()
  }

  // For whoever works with the page by a script: what is drawn is not all read yet.
  showWaiting() {
    this.canvas.toggleAttribute("data-waiting", this.messenger.isWaiting)
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text
  }

  receive(message) {
    if (message.kind === "done") {
      this.messenger.answered(message.number)
      this.showWaiting()
    } else if (message.kind === "show") this.show(message)
    else if (message.kind === "shown") this.follow(message.number)
    else if (message.kind === "forget") this.forget()
    else if (message.kind === "sample") this.takeSample(message.picture)
    else if (message.kind === "problem") this.say(message.text)
  }

  // The page put something here before this script came; it counts what has left since then.
  follow(number) {
    if (number === this.shown) return
    this.shown = number
    this.post()
  }

  takeSample(picture) {
    this.show({ strokes: [], picture })
    this.post()
  }
}

export function render({ model }) {
  const pad = new Pad((message) => model.send_msg(message), model)
  connect(model, (message) => pad.receive(message), () => pad.destroy(), { knows: pad.knows })
  return pad.element
}

export default { render }
