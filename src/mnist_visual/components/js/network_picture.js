// The layers of a network from left to right, each with its maps; what is pointed at is linked
// with all that it was computed from.

import { ClassRow } from "./class_rows.js";
import { ARROW_STEPS, card, h, onceAFrame, onResize, svg } from "./dom.js";
import { kindWords } from "./layer_kinds.js";
import { clamp } from "./numbers.js";
import { fromShades, hasNegatives, paintSigned, rgb, signColours } from "./pictures.js";

const CLASSES = 100 // that have a bar each
const CLASS_ROWS = 20 // bars below each other
const UNIT_ROWS = 32 // of a dense layer
const LINKS = 24 // lines that are drawn at the most; more would hide the network

export class NetworkPicture {
  constructor(model, { onPoint, onHold, onKey, onBack }) {
    const { layers, class_names } = model
    this.classNames = class_names
    Object.assign(this, { onPoint, onHold, onKey, onBack })
    this.columns = new Map(layers.map((layer, i) => [layer.name, this.column(layer, i === layers.length - 1)]))
    this.lines = svg("g")
    this.boxes = h("div", { class: "boxes" })
    this.links = svg("svg", { class: "links", "aria-hidden": "true" }, this.lines)
    const elements = [...this.columns.values()].map(({ element }) => element)
    const answer = elements.pop() // stays in sight while the rest is scrolled
    this.scroller = h(
      "div",
      { class: "scroller", tabindex: -1, onscroll: onceAFrame(() => this.relink()) },
      h("div", { class: "flow" }, ...elements),
    )
    this.area = h("div", { class: "area" }, this.scroller, answer, this.links, this.boxes)
    this.element = card(model, this.area)
    this.stopResize = onResize(this.area, () => this.relink())
  }

  destroy() {
    this.stopResize()
  }

  // A layer as its maps, as a block of units, or, at the end, as bars.

  column(layer, last) {
    const { name, shape, what } = layer
    const isBars = last && shape.length === 1 && shape[0] <= CLASSES
    const maps = shape.length === 1 ? 1 : (shape[2] ?? 1)
    const [height, width] = shape.length > 1 ? shape : unitGrid(shape[0])
    const column = { layer, isBars, isLast: last, height, width, cursor: shape.map(() => 0) }
    column.canvases = isBars ? [] : Array.from({ length: maps }, () => h("canvas", { class: "pixels", width, height }))
    column.bars = isBars ? Array.from({ length: shape[0] }, (_, i) => this.bar(column, i)) : []
    const tiles = isBars
      ? h("ol", { class: "bars rows" }, ...column.bars.map(({ element }) => element))
      : h("div", { class: "tiles" }, ...column.canvases.map((canvas) => h("div", { class: "tile" }, canvas)))
    const { rows, across, tile } = isBars ? { rows: CLASS_ROWS } : tiling(maps)
    tiles.style.setProperty("--rows", Math.min(isBars ? shape[0] : maps, rows))
    tiles.style.setProperty("--across", across)
    tiles.style.setProperty("--tile", tile)
    tiles.style.setProperty("--unit", `${100 / width}% ${100 / height}%`)
    tiles.classList.toggle("many", isBars && shape[0] > CLASS_ROWS)
    column.canvases.forEach((canvas, map) => this.listen(column, canvas, map))
    const title = last && what !== "input" ? "The answer" : kindWords(what)
    column.stage = h(
      "div",
      {
        class: "stage",
        tabindex: 0,
        role: "application",
        "aria-label": `${title}: ${name}, ${shape.join(" × ")}`,
        onkeydown: (event) => this.keyDown(event, column),
        onfocus: () => column.stage.matches(":focus-visible") && this.onKey(name, column.cursor),
      },
      tiles,
    )
    const kind = shape.length === 1 ? (isBars ? "classes" : "units") : maps === 1 ? "single" : "stack"
    column.element = h(
      "div",
      { class: `layer ${kind}` },
      h("div", { class: "title" }, h("b", {}, title), h("span", {}, name), h("span", {}, shape.join(" × "))),
      column.stage,
    )
    return column
  }

  bar(column, i) {
    const tell = (action) => () => action(column.layer.name, [i])
    return new ClassRow(this.classNames[i], { onpointerenter: tell(this.onPoint), onclick: tell(this.onHold) })
  }

  listen(column, canvas, map) {
    const unit = (event) => {
      const box = canvas.getBoundingClientRect()
      const at = (share, count) => clamp(Math.floor(share * count), 0, count - 1)
      const row = at((event.clientY - box.top) / box.height, column.height)
      const place = at((event.clientX - box.left) / box.width, column.width)
      const { shape } = column.layer
      if (shape.length === 1) {
        const index = place * column.height + row
        return index < shape[0] ? [index] : null
      }
      return shape.length === 2 ? [row, place] : [row, place, map]
    }
    const tell = (action) => (event) => {
      const where = unit(event)
      if (where) action(column.layer.name, where)
    }
    canvas.addEventListener("pointermove", tell(this.onPoint))
    canvas.addEventListener("click", tell(this.onHold))
  }

  keyDown(event, column) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const { shape } = column.layer
    let next = [...column.cursor]
    if (event.key in ARROW_STEPS) {
      const [down, right] = ARROW_STEPS[event.key]
      if (shape.length === 1) next = [next[0] + down + right * (column.isBars ? 1 : column.height)]
      else next = [next[0] + down, next[1] + right, ...next.slice(2)]
    } else if (shape.length === 3 && (event.key === "," || event.key === ".")) {
      next[2] += event.key === "," ? -1 : 1
    } else if (event.key === "Enter") {
      event.preventDefault()
      this.onBack()
      return
    } else return
    event.preventDefault()
    this.onKey(column.layer.name, next.map((value, axis) => clamp(value, 0, shape[axis] - 1)))
  }

  focus(name) {
    const column = this.columns.get(name)
    if (!column) return
    column.stage.focus({ preventScroll: true })
    if (column.isLast) return
    // Sideways only: the page itself stays where it is.
    const [own, window] = [column.element, this.scroller].map((each) => each.getBoundingClientRect())
    if (own.left < window.left) this.scroller.scrollLeft += own.left - window.left
    else if (own.right > window.right) this.scroller.scrollLeft += own.right - window.right
  }

  // What is shown

  show(maps, probabilities, empty) {
    Object.assign(this, { maps, probabilities, empty })
    this.repaint()
  }

  repaint() {
    if (!this.maps) return
    const colours = [false, true].map((isSigned) => signColours(this.element, isSigned))
    const ink = [colours[0][0], rgb(this.element, "--mv-ink")]
    for (const [name, column] of this.columns) {
      if (column.isBars) this.paintBars(column)
      else {
        const values = fromShades(this.maps[name])
        paintColumn(column, values, column.layer.what === "input" ? ink : colours[Number(hasNegatives(values))])
      }
    }
  }

  paintBars(column) {
    const best = Math.max(...this.probabilities)
    column.bars.forEach((row, i) => {
      row.show(this.empty ? null : this.probabilities[i])
      row.element.classList.toggle("best", !this.empty && this.probabilities[i] === best)
    })
  }

  // The value that is pointed at, and lines from it to what it was computed from.

  mark(name, unit) {
    const column = this.columns.get(name)
    if (column) column.cursor = [...unit]
    this.marked = { name, unit }
    this.relink()
  }

  unmark() {
    this.marked = null
    this.relink()
  }

  link(trace) {
    this.marked = { name: trace.layer, unit: trace.unit, trace }
    this.relink()
  }

  relink() {
    this.boxes.replaceChildren()
    this.lines.replaceChildren()
    if (!this.marked) return
    const { name, unit, trace } = this.marked
    const own = this.boxOf(name, [unit])
    if (!own || !this.isInSight(name, own)) return
    this.boxes.append(frame(own, "own"))
    if (!trace) return
    for (const { box, weight } of this.patches(trace)) {
      this.boxes.append(frame(box, weight < 0 ? "patch against" : "patch"))
      const [x1, y1] = [box.left + box.width, box.top + box.height / 2]
      const [x2, y2] = [own.left, own.top + own.height / 2]
      const bend = (x2 - x1) / 2
      const d = `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`
      this.lines.append(svg("path", { d, class: weight < 0 ? "against" : "for" }))
    }
  }

  // The places that a value was computed from: one for each map, or the weightiest units.
  patches(trace) {
    const groups = new Map()
    const isFlat = trace.shape.length === 1 // of flattened maps, the single values
    trace.origins.forEach((origin, i) => {
      if (!origin) return
      const [name, unit] = origin
      const key = `${name} ${isFlat ? unit : unit.length === 3 ? unit[2] : ""}`
      const group = groups.get(key) ?? { name, units: [], weight: 0 }
      group.units.push(unit)
      group.weight += trace.products ? trace.products[i] : i === trace.winner ? 1 : 0
      groups.set(key, group)
    })
    const all = [...groups.values()]
    // What adds nothing is no source, unless nothing does.
    const counted = all.some(({ weight }) => weight) && all.length > LINKS ? all.filter(({ weight }) => weight) : all
    const heaviest = counted.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    return heaviest.slice(0, LINKS).flatMap(({ name, units, weight }) => {
      const box = this.boxOf(name, units)
      return box && this.isInSight(name, box) ? [{ box, weight }] : []
    })
  }

  // Whether a box is not scrolled away.
  isInSight(name, { left, width }) {
    if (this.columns.get(name).isLast) return true
    const window = this.scroller.getBoundingClientRect()
    const middle = left + width / 2 + this.area.getBoundingClientRect().left
    return middle > window.left && middle < window.right
  }

  // The rectangle of some units of one map, in pixels of the area.
  boxOf(name, units) {
    const column = this.columns.get(name)
    if (!column) return null
    const home = this.area.getBoundingClientRect()
    const inside = (box, left, top, width, height) => ({
      left: box.left - home.left + left * box.width,
      top: box.top - home.top + top * box.height,
      width: width * box.width,
      height: height * box.height,
    })
    if (column.isBars) return inside(column.bars[units[0][0]].element.getBoundingClientRect(), 0, 0, 1, 1)
    const canvas = column.canvases[units[0][2] ?? 0]
    const { height, width } = column
    const places = units.map((unit) =>
      unit.length === 1 ? [unit[0] % height, Math.floor(unit[0] / height)] : unit,
    )
    const [top, left] = [0, 1].map((axis) => Math.min(...places.map((place) => place[axis])))
    const [bottom, right] = [0, 1].map((axis) => Math.max(...places.map((place) => place[axis])) + 1)
    const box = canvas.getBoundingClientRect()
    return inside(box, left / width, top / height, (right - left) / width, (bottom - top) / height)
  }
}

// How maps are laid out: the more there are, the smaller; `across` is for a narrow page.
function tiling(maps) {
  if (maps <= 32) return { rows: 8, across: 8, tile: "3.25rem" }
  return maps <= 72 ? { rows: 12, across: 8, tile: "2.0625rem" } : { rows: 16, across: 12, tile: "1.5rem" }
}

// How many rows and columns the units of a dense layer are drawn in, column by column.
const unitGrid = (count) => [Math.min(count, UNIT_ROWS), Math.ceil(count / UNIT_ROWS)]

function frame({ left, top, width, height }, kind) {
  const box = h("span", { class: kind })
  Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` })
  return box
}

function paintColumn({ canvases, height, width, layer }, values, colours) {
  const size = height * width
  // Units stand below each other, column by column; the last column may be shorter.
  const byColumns = (_, i) => values[(i % width) * height + Math.floor(i / width)] ?? 0
  const shown = layer.shape.length === 1 ? Int8Array.from({ length: size }, byColumns) : values
  canvases.forEach((canvas, map) => {
    paintSigned(canvas, shown.subarray(map * size, (map + 1) * size), height, width, 127, ...colours)
  })
}
