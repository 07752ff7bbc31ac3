// Which class is taken for which, and the very pictures.

import { ARROW_STEPS, bringIntoSight, h, renew } from "./dom.js";
import { areWords, clamp } from "./numbers.js";
import { paintInk, parts, rgb } from "./pictures.js";

const MAX_SHOTS = 24
const howOften = (count) => ["never", "once"][count] ?? `${count} times`

export class ConfusionMatrix {
  // `onOpen` hears of a cell [true class, read class], `onPick` of a picture.
  constructor(classNames, { onOpen, onPick }) {
    Object.assign(this, { names: classNames, onOpen, onPick })
    const look = areWords(classNames) ? "words" : ""
    this.cells = classNames.map((_, row) => classNames.map((_, column) => this.cell(row, column)))
    const head = (name) => h("th", { scope: "col" }, h("span", {}, name))
    const rows = this.cells.map((cells, row) =>
      h("tr", {}, h("th", { scope: "row" }, classNames[row]), ...cells.map((node) => h("td", {}, node))),
    )
    this.table = h(
      "table",
      { class: look, "aria-label": "Rows: what it was. Columns: what was read.", onkeydown: (event) => this.keyDown(event) },
      h("thead", {}, h("tr", {}, h("td", {}), ...classNames.map(head))),
      h("tbody", {}, ...rows),
    )
    this.total = h("p", {})
    this.title = h("h3", {})
    this.note = h("p", { class: "small" })
    this.shots = h("div", { class: "shots" })
    this.mixed = h("div", { class: "mixed" }, this.title, this.note, this.shots)
    this.element = h(
      "section",
      { class: "card", "aria-labelledby": "matrix" },
      h("header", {}, h("h2", { id: "matrix" }, "What it mixes up"), this.total),
      h(
        "div",
        { class: "matrix" },
        h(
          "div",
          { class: "table" },
          h("p", { class: "small across", "aria-hidden": "true" }, "what was read →"),
          h("p", { class: "small down", "aria-hidden": "true" }, "← what it was"),
          this.table,
        ),
        this.mixed,
      ),
    )
    this.focusCell(0, 1)
    this.clear()
  }

  cell(row, column) {
    if (row === column) return h("span", { class: "cell right" })
    return h("button", { type: "button", class: "cell", tabindex: -1, onclick: () => this.open(row, column) })
  }

  label(node, row, column, words) {
    node.setAttribute("aria-label", `${this.names[row]} read as ${this.names[column]}: ${words}`)
  }

  clear() {
    this.cells.forEach((cells, row) =>
      cells.forEach((node, column) => {
        node.textContent = ""
        node.style.background = ""
        if (row !== column) this.label(node, row, column, "not counted yet")
      }),
    )
    this.total.textContent = "confusion matrix"
    this.close()
  }

  close() {
    this.opened = null
    this.misread = null
    this.title.textContent = "Click a coloured number"
    this.note.textContent = "The pictures that were mixed up appear here."
    this.shots.replaceChildren()
    this.markOpen()
  }

  // Counts come row by row; null where nobody has counted.
  show(counts) {
    if (!counts) {
      this.clear()
      return
    }
    const n = this.names.length
    const at = (row, column) => counts[row * n + column]
    const sums = this.names.map((_, row) => this.names.reduce((sum, _, column) => sum + at(row, column), 0))
    const wrong = (row, column) => (row === column || !sums[row] ? 0 : at(row, column) / sums[row])
    const largest = Math.max(1e-9, ...this.names.flatMap((_, row) => this.names.map((_, column) => wrong(row, column))))
    let missed = 0
    this.cells.forEach((cells, row) =>
      cells.forEach((node, column) => {
        const count = at(row, column)
        node.textContent = count || ""
        if (row === column) return
        missed += count
        this.label(node, row, column, howOften(count))
        // By the root, so that single mistakes can be seen beside many.
        const strength = count ? 8 + 42 * Math.sqrt(wrong(row, column) / largest) : 0
        node.style.background = count ? `color-mix(in srgb, var(--mv-positive) ${strength.toFixed(1)}%, transparent)` : ""
      }),
    )
    const all = sums.reduce((sum, each) => sum + each, 0)
    this.total.textContent = `confusion matrix: ${missed.toLocaleString("en")} of ${all.toLocaleString("en")} misread`
  }

  open(row, column) {
    this.focusCell(row, column)
    const isOpen = String(this.opened) === String([row, column])
    if (isOpen) this.close()
    this.isAsked = !isOpen
    this.onOpen(isOpen ? null : [row, column])
  }

  focusCell(row, column) {
    if (this.focused) this.focused.tabIndex = -1
    this.focused = this.cells[row][column]
    this.focused.tabIndex = 0
    this.place = [row, column]
  }

  // Arrow keys walk over the cells, but for those of the diagonal.
  keyDown(event) {
    const step = ARROW_STEPS[event.key]
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const last = this.names.length - 1
    const walk = ([row, column]) => [clamp(row + step[0], 0, last), clamp(column + step[1], 0, last)]
    let next = walk(this.place)
    if (next[0] === next[1]) next = walk(next)
    if (next[0] === next[1]) return
    this.focusCell(...next)
    this.focused.focus()
  }

  showMisread({ cell, count, indices, pictures }) {
    this.opened = cell
    this.markOpen()
    this.misread = pictures
    const [truth, read] = cell.map((label) => this.names[label])
    this.title.textContent = `${truth} read as ${read}: ${howOften(count)}`
    const rest = count - indices.length
    const some = rest > 0 ? `The first ${MAX_SHOTS} of them. ` : ""
    this.note.textContent = count ? `${some}Click one to put it on the sketchpad.` : "At this epoch there is none."
    renew(
      this.shots,
      ...indices.map((index) =>
        h(
          "button",
          { type: "button", class: "shot", "aria-label": `Put this ${truth} on the sketchpad`, onclick: () => this.onPick(index) },
          h("canvas", { class: "pixels" }),
        ),
      ),
    )
    this.paintShots()
    // Not when another epoch changes them: whoever looks at the matrix goes on looking at it.
    if (this.isAsked) bringIntoSight(this.mixed)
    this.isAsked = false
  }

  markOpen() {
    this.cells.forEach((cells, row) =>
      cells.forEach((node, column) => {
        if (row !== column) node.setAttribute("aria-pressed", String(String(this.opened) === String([row, column])))
      }),
    )
  }

  paintShots() {
    if (!this.misread?.length) return
    const [count, height, width] = this.misread.shape
    const ink = rgb(this.element, "--mv-ink")
    const canvases = this.shots.querySelectorAll("canvas")
    parts(this.misread, count).forEach((values, i) => paintInk(canvases[i], values, height, width, ink))
  }

  repaint() {
    this.paintShots()
  }
}
