// The cards beside the plane, and what lies under the pointer.

import { h } from "./dom.js";
import { areWords, bestOf, fixed, percent } from "./numbers.js";
import { classColor } from "./palette.js";
import { paintInk, rgb } from "./pictures.js";

export const picture = (label = null) =>
  h("canvas", { class: "pixels", ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true }) })

// A card of the explorer: several stand in one shadow root, so each has a name of its own.
export const namedCard = (id, heading, tools, ...children) =>
  h(
    "section",
    { class: `card ${id}`, "aria-labelledby": id },
    h("header", { class: "spread-out" }, h("h2", { id }, heading), tools),
    ...children,
  )

export class PointerCard {
  constructor(classNames, onImagine) {
    this.names = classNames
    this.canvas = picture()
    this.answer = h("p", { class: "reading" })
    this.sure = h("p", { class: "sure" })
    this.where = h("p", { class: "where" })
    this.bars = classNames.map((name, label) => {
      const fill = h("span", { class: "fill" })
      fill.style.background = `rgb(${classColor(label)})`
      return { fill, item: h("li", {}, h("span", { class: "track" }, fill), h("span", { class: "name" }, name)) }
    })
    const imagine = h("button", { type: "button", onclick: onImagine }, "Imagine one")
    this.element = namedCard(
      "under",
      "At the pointer",
      imagine,
      h(
        "div",
        { class: "look" },
        h("div", { class: "frame large" }, this.canvas),
        h("div", {}, this.answer, this.sure, this.where),
      ),
      h("ol", { class: areWords(classNames) ? "chances words" : "chances", "aria-hidden": "true" }, ...this.bars.map(({ item }) => item)),
    )
  }

  show(values, probabilities, [x, y], digits) {
    this.values = values
    const best = bestOf(probabilities)
    this.answer.textContent = this.names[best]
    this.answer.classList.toggle("word", this.names[best].length > 2)
    this.sure.textContent = `${percent(probabilities[best])} sure`
    this.where.textContent = `at ${fixed(x, digits)}, ${fixed(y, digits)}`
    this.bars.forEach(({ fill }, i) => (fill.style.transform = `scaleY(${probabilities[i]})`))
    this.repaint()
  }

  // For those who do not see it.
  get sentence() {
    return this.values ? `Reads ${this.answer.textContent}, ${this.sure.textContent}, ${this.where.textContent}.` : ""
  }

  repaint() {
    if (!this.values) return
    const [height, width] = this.values.shape
    paintInk(this.canvas, this.values, height, width, rgb(this.element, "--mv-ink"))
  }
}
