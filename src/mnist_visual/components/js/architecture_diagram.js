// How a network is built: its layers as blocks joined by arrows, and what each of them costs.

import { ARROW_STEPS, card, connect, explain, h, onResize, svg } from "./dom.js";
import { blockPicture, blockScale } from "./layer_blocks.js";
import { kindLesson, kindWords } from "./layer_kinds.js";
import { percent } from "./numbers.js";

const count = (number) => number.toLocaleString("en")

// "26 × 26 × 8"; where it has to break, height and width stay together.
function sizes([height, width, ...more]) {
  const area = width === undefined ? [`${height}`] : [`${height}\u00a0×\u00a0${width}`]
  return [...area, ...more.map((size) => `×\u00a0${size}`)].join(" ")
}

// A number as one would say it.
function roundly(number) {
  if (number >= 1e8) return `${Number((number / 1e9).toPrecision(2))} billion`
  if (number >= 1e5) return `${Number((number / 1e6).toPrecision(2))} million`
  if (number >= 1e3) return `${Number((number / 1e3).toPrecision(2))} thousand`
  return String(number)
}

class Diagram {
  constructor(model) {
    this.model = model
    this.layers = new Map(model.layers.map((layer) => [layer.name, layer]))
    this.ranks = ranksOf(model.layers)
    const scale = blockScale(model.layers, new Set(this.ranks.values()).size)
    this.blocks = new Map(model.layers.map((layer) => [layer.name, this.block(layer, scale)]))
    this.rows = new Map(model.layers.map((layer) => [layer.name, this.row(layer)]))
    this.arrows = svg("g")
    this.links = svg("svg", { class: "arrows", "aria-hidden": "true" }, arrowHead(), this.arrows)
    const ranks = [...new Set(this.ranks.values())].map((rank) => {
      const names = [...this.ranks].filter(([, own]) => own === rank).map(([name]) => name)
      return h("div", { class: names.length > 1 ? "rank several" : "rank" }, ...names.map((name) => this.blocks.get(name)))
    })
    this.plan = h("div", { class: this.skips() ? "plan skips" : "plan" }, this.links, ...ranks)
    this.words = h("div", { class: "words", role: "region", "aria-live": "polite", "aria-label": "What this layer does" })
    this.element = card(
      model,
      h("p", { class: "totals" }, ...this.totals()),
      h("div", { class: "scroller", onkeydown: (event) => this.keyDown(event) }, this.plan),
      h("div", { class: "costs" }, this.words, this.table()),
    )
    this.stopResize = onResize(this.plan, () => this.relink())
    this.show(null)
  }

  totals() {
    const { parameters, multiplications, known } = this.model.totals
    const least = known ? "" : "at least "
    const learned = `${roundly(parameters)} numbers learned`
    const work = ` (parameters), ${least}`
    return [h("b", {}, learned), work, h("b", {}, `${roundly(multiplications)} multiplications`), " for one picture"]
  }

  // Blocks

  block(layer, scale) {
    const { name, shape, passes } = layer
    return h(
      "button",
      {
        type: "button",
        class: passes ? "block passes" : "block",
        "data-layer": name,
        "aria-pressed": "false",
        onclick: () => this.choose(name),
      },
      blockPicture(shape, scale),
      h("span", { class: "label" }, h("b", {}, name), h("span", {}, sizes(shape)), h("small", {}, kindWords(layer.what))),
    )
  }

  skips() {
    return this.model.layers.some(({ name, sources }) => sources.some((each) => this.ranks.get(name) - this.ranks.get(each) > 1))
  }

  choose(name) {
    this.show(name === this.selected ? null : name)
    this.model.send_msg({ kind: "select", layer: this.selected })
  }

  keyDown(event) {
    const step = ARROW_STEPS[event.key]
    const block = event.target.closest(".block")
    if (!step || !block || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const all = [...this.blocks.values()]
    all[all.indexOf(block) + step[0] + step[1]]?.focus()
  }

  // Arrows between the pictures, wherever the blocks have come to stand.

  relink() {
    const home = this.plan.getBoundingClientRect()
    const sideways = getComputedStyle(this.plan).flexDirection === "row"
    const boxes = new Map()
    for (const [name, block] of this.blocks) {
      const { left, width, ...picture } = block.firstChild.getBoundingClientRect().toJSON()
      // On its way down, an arrow begins below the words where they stand under the picture.
      const isOver = !sideways && block.parentElement.classList.contains("several")
      const { top, height } = isOver ? block.getBoundingClientRect() : picture
      boxes.set(name, { left: left - home.left, top: top - home.top, width, height })
    }
    // Where a curve has to go that leaves out some ranks: beside all that stands in them.
    const edge = (source, name) => {
      const between = [...this.ranks].filter(([, rank]) => rank > this.ranks.get(source) && rank < this.ranks.get(name))
      if (!between.length) return null
      return Math.min(...between.map(([each]) => boxes.get(each)[sideways ? "top" : "left"])) - 14
    }
    const paths = this.model.layers.flatMap(({ name, sources }) =>
      sources.map((source) => arrow(boxes.get(source), boxes.get(name), { sideways, edge: edge(source, name) })),
    )
    this.arrows.replaceChildren(...paths.map((d) => svg("path", { d, "marker-end": "url(#head)" })))
  }

  // What the layers cost

  table() {
    const head = ["layer", "parameters", "operations"].map((text) => h("th", { scope: "col" }, text))
    const caption = h("caption", {}, this.concentration())
    return h("table", {}, caption, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...this.rows.values()))
  }

  row({ name, parameters, operations, step, what }) {
    const share = parameters / Math.max(1, this.model.totals.parameters)
    const bar = h("span", { class: "bar" })
    bar.style.width = `${100 * share}%`
    const steps = what === "unknown" ? "?" : operations ? count(operations) : "0"
    return h(
      "tr",
      { onclick: () => this.choose(name) },
      h("th", { scope: "row" }, name),
      h("td", { class: "weights" }, h("span", { class: "track" }, bar), h("span", { class: "count" }, count(parameters))),
      h("td", {}, steps, h("small", {}, step ? ` ${step}s` : "")),
    )
  }

  concentration() {
    const largest = [...this.layers.values()].reduce((a, b) => (b.parameters > a.parameters ? b : a))
    const { parameters } = this.model.totals
    if (!parameters) return "It has learned nothing: it has no parameters."
    return `Where the parameters are: ${percent(largest.parameters / parameters)} of them in ${largest.name}`
  }

  // What a layer does

  show(name) {
    this.selected = name
    for (const [each, block] of this.blocks) block.setAttribute("aria-pressed", String(each === name))
    for (const [each, row] of this.rows) row.classList.toggle("own", each === name)
    this.words.replaceChildren(...(name ? this.sentences(this.layers.get(name)) : [h("p", { class: "calm" }, "Choose a layer above.")]))
  }

  sentences({ name, what, words }) {
    const line = (label, text) => [h("dt", {}, label), h("dd", {}, text)]
    return [
      h("header", {}, h("h3", {}, kindWords(what)), h("p", {}, name), ...explain(this.model, kindLesson(what))),
      ...words.what.map((sentence) => h("p", {}, sentence)),
      h("dl", {}, ...line("Numbers learned (parameters)", words.parameters), ...line("Steps for one picture (operations)", words.operations)),
    ]
  }
}

// How many layers lie between each and the picture, at the most.
function ranksOf(layers) {
  const ranks = new Map()
  for (const { name, sources } of layers) ranks.set(name, Math.max(-1, ...sources.map((each) => ranks.get(each))) + 1)
  return ranks
}

// From one box to the next, to the right or down; around what stands between where it skips some.
function arrow(from, to, { sideways, edge }) {
  const along = sideways ? (x, y) => `${x},${y}` : (x, y) => `${y},${x}`
  const [a, b] = [from, to].map(({ left, top, width, height }) =>
    sideways ? { start: left, size: width, middle: top + height / 2, near: top } : { start: top, size: height, middle: left + width / 2, near: left },
  )
  if (edge !== null && Math.abs(a.middle - b.middle) < 20) {
    const [x1, x2] = [a.start + a.size / 2, b.start + b.size / 2 - 6]
    const over = b.near - (b.near - edge) / 0.75 // a curve comes three quarters of the way
    return `M${along(x1, a.near - 3)} C${along(x1, over)} ${along(x2, over)} ${along(x2, b.near - 7)}`
  }
  const [x1, x2] = [a.start + a.size + 4, b.start - 12]
  const bend = edge === null ? Math.max(4, (x2 - x1) / 2) : 24
  const first = edge === null ? x1 + bend : x2 - bend
  return `M${along(x1, a.middle)} C${along(first, a.middle)} ${along(x2 - bend, b.middle)} ${along(x2, b.middle)}`
}

const arrowHead = () =>
  svg(
    "defs",
    {},
    svg(
      "marker",
      { id: "head", viewBox: "0 0 8 8", refX: 3, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
      svg("path", { d: "M0,0 L8,4 L0,8 z" }),
    ),
  )

export function render({ model }) {
  const diagram = new Diagram(model)
  connect(model, (message) => diagram.show(message.selected), () => diagram.stopResize(), { element: diagram.element })
  return diagram.element
}

export default { render }
