// How one moves about on the plane: the pointer or the arrow keys point, a drag or two fingers
// move it, the wheel or two fingers zoom.

import { ARROWS } from "./plane_marks.js";

const KEY_STEP = 1 / 60 // how far an arrow key goes, in widths of the view
const WHEEL = 1 / 400 // a notch of most wheels is 100 of these
const BUTTON_ZOOM = 1.6

export class Gestures {
  // `onPoint` hears where somebody points; `isBusy` says when hovering is to point nowhere.
  constructor(plane, area, { onPoint, isBusy, cursor }) {
    Object.assign(this, { plane, area, onPoint, isBusy, cursor })
    this.pointers = new Map() // id -> [left, top], those that are down
    this.keys = new Set()
    const listeners = {
      pointerdown: (event) => this.down(event),
      pointermove: (event) => this.move(event),
      pointerup: (event) => this.up(event),
      pointercancel: (event) => this.up(event),
      wheel: (event) => this.wheel(event),
      keydown: (event) => this.keyDown(event),
      keyup: (event) => this.keys.delete(event.key),
      blur: () => this.keys.clear(),
      contextmenu: (event) => event.preventDefault(),
    }
    for (const [name, listener] of Object.entries(listeners)) {
      area.addEventListener(name, listener, { passive: false })
    }
  }

  place(event) {
    const box = this.plane.canvas.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }

  down(event) {
    if (event.button !== 0) return
    this.area.setPointerCapture(event.pointerId)
    this.pointers.set(event.pointerId, this.place(event))
    if (this.pointers.size === 1) this.point(event)
  }

  move(event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) {
      if (event.pointerType !== "touch" && !this.isBusy()) this.point(event)
      return
    }
    const now = this.place(event)
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now)
    else if (event.pointerType === "mouse") this.pan(before, now)
    else if (this.pointers.size === 1) this.point(event)
    this.pointers.set(event.pointerId, now)
  }

  up(event) {
    this.pointers.delete(event.pointerId)
  }

  point(event) {
    this.onPoint(...this.plane.toPlane(...this.place(event)))
  }

  pan(before, now) {
    const [fromX, fromY] = this.plane.toPlane(...before)
    const [toX, toY] = this.plane.toPlane(...now)
    const { x, y, half } = this.plane.view
    this.plane.look(x + fromX - toX, y + fromY - toY, half)
  }

  pinch(id, before, now) {
    const other = [...this.pointers].find(([key]) => key !== id)[1]
    const middle = ([x, y]) => [(x + other[0]) / 2, (y + other[1]) / 2]
    const distance = ([x, y]) => Math.max(10, Math.hypot(x - other[0], y - other[1]))
    this.pan(middle(before), middle(now))
    this.plane.zoom(distance(now) / distance(before), this.plane.toPlane(...middle(now)))
  }

  // A page has to scroll past: only who has clicked on the plane, or pinches, zooms.
  wheel(event) {
    if (!event.ctrlKey && !this.area.matches(":focus")) return
    event.preventDefault()
    const lines = event.deltaMode === 1 ? 30 : 1
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 4 : 1) * WHEEL)
    this.plane.zoom(factor, this.plane.toPlane(...this.place(event)))
  }

  zoomIn() {
    this.plane.zoom(BUTTON_ZOOM, this.target())
  }

  zoomOut() {
    this.plane.zoom(1 / BUTTON_ZOOM, this.target())
  }

  // The cursor, or where it is out of sight the middle of the view.
  target() {
    const { x, y, half } = this.plane.view
    const [left, top] = this.cursor()
    return Math.max(Math.abs(left - x), Math.abs(top - y)) < half ? [left, top] : [x, y]
  }

  goHome() {
    const { x, y, half } = this.plane.home
    this.plane.look(x, y, half)
  }

  keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const { key } = event
    if (key in ARROWS) this.step(key, event.shiftKey)
    else if (key === "+" || key === "=") this.zoomIn()
    else if (key === "-") this.zoomOut()
    else if (key === "0") this.goHome()
    else return
    event.preventDefault()
  }

  step(key, far) {
    this.keys.add(key) // two arrows at once go diagonally
    const { plane } = this
    const step = 2 * plane.view.half * KEY_STEP * (far ? 4 : 1)
    let [x, y] = this.cursor()
    for (const each of this.keys) {
      x += ARROWS[each][0] * step
      y += ARROWS[each][1] * step
    }
    this.onPoint(x, y)
    this.follow(...this.cursor())
  }

  // Keeps the cursor in sight.
  follow(x, y) {
    const { view } = this.plane
    const inner = 0.95 * view.half
    const beyond = (value, middle) => Math.max(0, Math.abs(value - middle) - inner) * Math.sign(value - middle)
    const [right, up] = [beyond(x, view.x), beyond(y, view.y)]
    if (right || up) this.plane.look(view.x + right, view.y + up, view.half)
  }
}
