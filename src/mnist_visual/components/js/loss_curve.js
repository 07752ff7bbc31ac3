// The loss over the steps that were taken: a line that falls.

import { h, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [320, 180]
const SIDES = { left: 34, right: 10, top: 10, bottom: 24 }
const SPAN = 10 // steps that have room from the start

export class LossCurve {
  constructor() {
    this.line = svg("polyline", { class: "line" })
    this.dots = svg("g")
    this.marks = svg("g", { class: "marks" })
    const axes = `M${SIDES.left},${SIDES.top} V${HEIGHT - SIDES.bottom} H${WIDTH - SIDES.right}`
    this.element = h(
      "div",
      { class: "curve" },
      svg(
        "svg",
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "The loss after each step" },
        svg("path", { d: axes, class: "axes" }),
        this.marks,
        this.line,
        this.dots,
      ),
    )
  }

  // The losses, the newest after so many steps; null where there are none.
  show(losses, steps) {
    const values = losses ? [...losses] : []
    const first = steps - Math.max(0, values.length - 1)
    const span = Math.max(SPAN, values.length - 1)
    const top = Math.max(0.1, ...values) * 1.05
    const x = (i) => SIDES.left + (i / span) * (WIDTH - SIDES.left - SIDES.right)
    const y = (value) => HEIGHT - SIDES.bottom - (value / top) * (HEIGHT - SIDES.top - SIDES.bottom)
    this.line.setAttribute("points", values.map((value, i) => `${x(i)},${y(value)}`).join(" "))
    const shown = values.length > 60 ? [values.length - 1] : values.map((_, i) => i)
    this.dots.replaceChildren(...shown.map((i) => svg("circle", { cx: x(i), cy: y(values[i]), r: i === values.length - 1 ? 4.5 : 2.5 })))
    const text = (at, content, anchor) => svg("text", { ...at, "text-anchor": anchor }, content)
    this.marks.replaceChildren(
      text({ x: SIDES.left - 5, y: SIDES.top + 9 }, values.length ? top.toFixed(1) : "", "end"),
      text({ x: SIDES.left - 5, y: HEIGHT - SIDES.bottom + 4 }, "0", "end"),
      text({ x: SIDES.left, y: HEIGHT - 6 }, String(first), "middle"),
      text({ x: WIDTH - SIDES.right, y: HEIGHT - 6 }, `${first + span} steps`, "end"),
    )
  }
}
