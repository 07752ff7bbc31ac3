// All epochs so far, to look back at, and to play again.

import { h } from "./dom.js";
import { accuracy } from "./numbers.js";
import { epochName } from "./training_keeping.js";

const BEAT = 700 // milliseconds an epoch

export class Timeline {
  constructor(onLook) {
    this.onLook = onLook
    this.points = []
    this.play = h("button", { type: "button", class: "replay", onclick: () => this.toggle() }, "Replay")
    this.range = h("input", {
      type: "range",
      min: 0,
      step: 1,
      "aria-label": "Epoch in sight",
      oninput: () => {
        this.stop()
        onLook(Number(this.range.value))
      },
    })
    this.where = h("p", { class: "where" })
    this.element = h("section", { class: "card timeline", "aria-label": "Timeline" }, this.play, this.range, this.where)
    this.show([], -1)
  }

  destroy() {
    this.stop()
  }

  describe(point) {
    if (!point?.epoch) return "Before it has learned"
    const { val_accuracy: right, val_loss: loss } = point.logs
    const result = right !== undefined ? `, ${right === 1 ? "all" : accuracy(right)} right` : loss !== undefined ? `, loss ${loss.toPrecision(3)}` : ""
    return `Epoch ${epochName(point.epoch)}${result}`
  }

  show(points, index) {
    Object.assign(this, { points, index })
    const many = points.length > 1
    this.element.hidden = !many // it would hide what one needs first
    if (!many) this.stop()
    this.range.max = Math.max(1, points.length - 1)
    this.range.value = Math.max(0, index)
    this.where.textContent = this.describe(points[index])
    this.range.setAttribute("aria-valuetext", this.where.textContent)
  }

  toggle() {
    if (this.timer) {
      this.stop()
      return
    }
    if (this.index === this.points.length - 1) this.onLook(0)
    this.play.textContent = "Hold"
    this.timer = setInterval(() => {
      const next = this.index + 1
      if (next < this.points.length) this.onLook(next)
      if (next >= this.points.length - 1) this.stop()
    }, BEAT)
  }

  stop() {
    clearInterval(this.timer)
    this.timer = null
    this.play.textContent = "Replay"
  }
}
