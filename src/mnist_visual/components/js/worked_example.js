// A piece of a map in numbers: up to four windows, and what max and average make of each.

import { h } from "./dom.js";
import { plain } from "./numbers.js";

const TIMES = " × "

export class WorkedExample {
  constructor() {
    this.title = h("h3", {})
    this.piece = h("div", { class: "piece" })
    this.results = { max: h("div", { class: "small-map" }), average: h("div", { class: "small-map" }) }
    this.lines = { max: h("p", { class: "max" }), average: h("p", { class: "average" }), global: h("p", { class: "global" }) }
    const result = (method, caption) => h("figure", {}, this.results[method], h("figcaption", {}, caption))
    this.element = h(
      "div",
      { class: "example" },
      this.title,
      h(
        "div",
        { class: "example-row" },
        h("figure", {}, this.piece, h("figcaption", {}, "a piece of the map, rounded")),
        h("span", { class: "arrow", "aria-hidden": "true" }, "→"),
        result("max", "largest of each"),
        result("average", "average of each"),
      ),
      h("div", { class: "sums" }, ...Object.values(this.lines)),
    )
  }

  // Keeps its place where there is nothing to show.
  clear(size) {
    const zeros = (side) => Array.from({ length: side }, () => Array(side).fill(null))
    this.show({ size, piece: zeros(2 * size), largest: zeros(2), means: zeros(2), place: null, first: [0, 0], decimals: 2 })
  }

  show({ size, piece, largest, means, place, first, decimals }) {
    Object.assign(this, { size, decimals })
    this.marked = place && [place[0] - first[0], place[1] - first[1]]
    this.title.textContent = `A worked example: ${piece.length}${TIMES}${piece[0].length} numbers, in windows of ${size}${TIMES}${size}`
    this.paintPiece(piece, largest)
    this.element.style.setProperty("--size", size)
    this.element.dataset.size = size
    this.paintResult(this.results.max, largest, decimals)
    this.paintResult(this.results.average, means, decimals + 2)
    if (place) this.write(piece, largest, means)
    else for (const line of Object.values(this.lines)) line.textContent = ""
  }

  paintPiece(piece, largest) {
    const { size } = this
    const windows = largest.flatMap((row, r) => row.map((most, c) => this.window(piece, most, r, c)))
    this.piece.replaceChildren(...windows)
    this.piece.style.setProperty("--windows", largest[0].length)
  }

  window(piece, most, row, column) {
    let found = most === null // the first of equal ones wins, as in the network
    const cells = this.numbers(piece, row, column).map((value) => {
      const wins = !found && value === most
      found ||= wins
      return h("span", { class: wins ? "winner" : "" }, this.text(value, this.decimals))
    })
    return h("div", { class: this.kind("window", row, column) }, ...cells)
  }

  numbers(piece, row, column) {
    const { size } = this
    return piece.slice(row * size, (row + 1) * size).flatMap((line) => line.slice(column * size, (column + 1) * size))
  }

  paintResult(element, table, decimals) {
    element.style.setProperty("--windows", table[0].length)
    element.replaceChildren(
      ...table.flatMap((row, r) =>
        row.map((value, c) => h("span", { class: this.kind("cell", r, c) }, this.text(value, decimals))),
      ),
    )
  }

  // Each window has its tint, and what becomes of it has the same.
  kind(name, row, column) {
    const isMarked = this.marked && row === this.marked[0] && column === this.marked[1]
    return `${name} tint-${2 * row + column}${isMarked ? " marked" : ""}`
  }

  text(value, decimals) {
    return value === null ? "" : plain(value, decimals)
  }

  // The arithmetic of the marked window, such that a calculator finds the same.
  write(piece, largest, means) {
    const [row, column] = this.marked
    const values = this.numbers(piece, row, column)
    const texts = values.map((value) => plain(value, this.decimals))
    const digits = this.decimals + 2
    const mean = (values.reduce((sum, value) => sum + value, 0) / values.length) * 10 ** digits
    const sign = Math.abs(mean - Math.round(mean)) < 1e-4 ? "=" : "≈"
    const terms = texts.reduce((sum, text) => sum + (text.startsWith("−") ? ` − ${text.slice(1)}` : ` + ${text}`))
    this.line("max", "Max", `largest of ${texts.join(", ")}`, "=", plain(largest[row][column], this.decimals))
    this.line("average", "Average", `(${terms}) / ${values.length}`, sign, plain(means[row][column], digits))
  }

  writeGlobal(count, total, largest, mean) {
    this.line("global", "Global", `largest of all ${count} = ${largest}; their sum ${total} / ${count}`, "≈", mean)
  }

  line(method, name, computation, sign, result) {
    const end = h("span", { class: "result" }, `${sign} `, h("b", {}, result))
    this.lines[method].replaceChildren(h("b", {}, `${name}: `), `${computation} `, end)
  }
}
