// What a network in training makes of the drawing: its answer, its filters, and their finds.

import { h } from "./dom.js";
import { areWords, bestOf, nounOf, percent } from "./numbers.js";
import { filterImages, paintInk, parts, rgb, signColours, wipe } from "./pictures.js";

export class TrainedReading {
  constructor(classNames) {
    this.names = classNames
    this.cells = []
    this.answer = h("p", { class: "verdict" })
    this.bars = classNames.map((name) => {
      const share = h("span", { class: "share" })
      const fill = h("span", { class: "fill" })
      const item = h("li", {}, h("span", { class: "name" }, name), h("span", { class: "track" }, fill), share)
      return { item, share, fill }
    })
    this.maps = h("div", { class: "maps", role: "img", "aria-label": "Filters, and what each finds in your drawing" })
    this.deeper = h("div", { class: "maps deeper", role: "img", "aria-label": "What the second layer finds" })
    this.caption = h("p", { class: "small" }, "What the second layer finds in all of these")
    this.next = [] // canvases of the second layer
    this.waiting = h("p", { class: "waiting" }, "Its filters appear here as soon as it starts.")
    this.element = h(
      "section",
      { class: "card", "aria-labelledby": "reading" },
      h("header", {}, h("h2", { id: "reading" }, "How it reads your drawing"), h("p", {}, "its first filters, and what they find")),
      h(
        "div",
        { class: areWords(classNames) ? "reading words" : "reading" },
        h("div", {}, this.answer, h("ol", { class: "bars", "aria-label": "Probability of each class" }, ...this.bars.map(({ item }) => item))),
        h("div", { class: "finds" }, this.waiting, this.maps, this.caption, this.deeper),
      ),
    )
    this.clear()
  }

  clear() {
    this.filters = null
    this.cells = []
    this.next = []
    this.maps.replaceChildren()
    this.deeper.replaceChildren()
    this.waiting.hidden = false
    this.caption.hidden = true
    this.show({ empty: true })
  }

  // Filters of the first layer come as (filters, input channels, height, width), and the number
  // of those of the second.
  setFilters(filters, second) {
    this.filters = filters
    if (this.next.length !== second) {
      this.next = Array.from({ length: second }, () => h("canvas", { class: "pixels" }))
      this.deeper.replaceChildren(...this.next.map((map) => h("div", { class: "map" }, map)))
    }
    this.caption.hidden = !second
    const [count] = filters.shape
    if (this.cells.length !== count) {
      this.cells = Array.from({ length: count }, () => ({
        kernel: h("img", { class: "pixels kernels", alt: "" }),
        map: h("canvas", { class: "pixels" }),
      }))
      this.maps.replaceChildren(...this.cells.map(({ kernel, map }) => h("div", {}, kernel, h("div", { class: "map" }, map))))
    }
    this.waiting.hidden = true
    this.paintFilters()
  }

  // Maps come as bytes (filters, height, width), of both layers.
  show({ empty, probabilities, maps }) {
    this.shown = empty ? [] : maps
    const best = empty ? -1 : bestOf(probabilities)
    this.answer.textContent = empty
      ? this.filters ? `Draw a ${nounOf(this.names)}, and it reads it.` : "Nothing to read with yet."
      : `It reads ${this.names[best]}, ${percent(probabilities[best])} sure`
    this.bars.forEach(({ item, share, fill }, i) => {
      const value = empty ? 0 : probabilities[i]
      fill.style.transform = `scaleX(${value})`
      share.textContent = empty ? "" : percent(value)
      item.classList.toggle("best", i === best)
    })
    this.paintMaps()
  }

  paintFilters() {
    const images = filterImages(this.filters, this.filters.shape[1], ...signColours(this.element))
    this.cells.forEach(({ kernel }, i) => (kernel.src = images[i]))
  }

  paintMaps() {
    const colour = rgb(this.element, "--mv-activation")
    for (const [layer, canvases] of [this.cells.map(({ map }) => map), this.next].entries()) {
      const shades = this.shown[layer]
      if (shades?.shape[0] !== canvases.length) canvases.forEach(wipe)
      else parts(shades, canvases.length).forEach((values, i) => paintInk(canvases[i], values, ...shades.shape.slice(1), colour))
    }
  }

  repaint() {
    if (this.filters) this.paintFilters()
    this.paintMaps()
  }
}
