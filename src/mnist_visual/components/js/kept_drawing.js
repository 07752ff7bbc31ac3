// A drawing that outlives its page, in the browser's own memory of this tab.

import { remembered } from "./dom.js";

const VERSION = 1
const LARGEST = 2e6 // letters
const SIDE = 28

// Whatever is there may be of another version, or broken: then there is no drawing.
export function recallDrawing(name, maxPoints) {
  try {
    const { version, strokes, picture } = JSON.parse(sessionStorage.getItem(keyOf(name)))
    if (version !== VERSION || !strokes.every(isStroke)) return null
    if (strokes.reduce((sum, { points }) => sum + points.length / 2, 0) > maxPoints) return null
    if (picture && !(picture.length === SIDE * SIDE && areNumbers(picture))) return null
    return { strokes, picture: picture && Float32Array.from(picture) }
  } catch {
    return null
  }
}

export function keepDrawing(name, { strokes, picture }) {
  const short = (values) => values && Array.from(values, (value) => Math.round(1e4 * value) / 1e4)
  const lines = strokes.map(({ points, widths }) => ({ points: short(points), widths: short(widths) }))
  const text = JSON.stringify({ version: VERSION, strokes: lines, picture: short(picture) })
  if (text.length <= LARGEST) remembered(() => sessionStorage.setItem(keyOf(name), text))
}

const keyOf = (name) => `mnist-visual:${name}`

const areNumbers = (values) => Array.isArray(values) && values.every((value) => Math.abs(value) <= 10)

const isStroke = ({ points, widths }) =>
  areNumbers(points) && points.length >= 2 && points.length % 2 === 0 &&
  (widths === null || (areNumbers(widths) && widths.length === points.length / 2))
