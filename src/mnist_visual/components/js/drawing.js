// A drawing: its strokes, or a picture instead of them, what undo goes back to, and its limits.

export const MAX_POINTS = 6000
const MAX_LENGTH = 100 // of all lines together, in sides of the square
const CLOSE = 1 / 400 // points closer than this to the last one add nothing
const STEPS = 500 // that can be taken back

export class Drawing {
  constructor() {
    this.strokes = [] // of {points: [x, y, x, y, ...], widths: [...] or null}
    this.picture = null // 28x28 values
    this.past = []
    this.active = null // the stroke under the pen
  }

  get isEmpty() {
    return !this.strokes.length && !this.picture
  }

  get isFull() {
    let count = 0
    let length = 0
    for (const { points } of this.strokes) {
      count += points.length / 2
      for (let i = 2; i < points.length; i += 2) length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1])
    }
    return count >= MAX_POINTS || length >= MAX_LENGTH
  }

  begin(x, y, width) {
    const stroke = { points: [x, y], widths: width === null ? null : [width] }
    this.put([...this.strokes, stroke], null)
    this.active = stroke
  }

  // Whether the stroke under the pen would be another one with this point.
  isNew(x, y) {
    const [lastX, lastY] = this.active.points.slice(-2)
    return Math.hypot(x - lastX, y - lastY) >= CLOSE
  }

  extend(x, y, width) {
    this.active.points.push(x, y)
    this.active.widths?.push(width)
  }

  put(strokes, picture) {
    this.past.push({ strokes: this.strokes, picture: this.picture })
    if (this.past.length > STEPS) this.past.shift()
    Object.assign(this, { strokes, picture })
  }

  undo() {
    Object.assign(this, this.past.pop())
  }
}
