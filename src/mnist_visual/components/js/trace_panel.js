// The computation behind one value, with all its numbers; each can be followed back.

import { explain, h, keepFocus, renew } from "./dom.js";
import { kindLesson } from "./layer_kinds.js";
import { bestOf, fixed } from "./numbers.js";
import { hasNegatives, rgb, tint } from "./pictures.js";
import { softmaxTable } from "./softmax_table.js";
import { unitName } from "./unit_name.js";

const TERMS = 8 // of a dense unit that are shown one by one
const CELLS_SHOWN = 81 // of a window; of a larger one, only what counts most
const ALL = 6 // decimals, for those who calculate

export class TracePanel {
  constructor(model, { onFollow, onRelease }) {
    this.model = model
    this.layers = model.layers
    this.classNames = model.class_names
    this.onFollow = onFollow
    this.trail = []
    this.heading = h("h2", { id: "trace" }, "Where a value comes from")
    this.where = h("p", {})
    this.lesson = h("p", { class: "lesson" })
    this.back = h("button", { type: "button", onclick: () => this.goBack(), disabled: true }, "Back")
    this.exact = false
    this.digits = h(
      "button",
      { type: "button", "aria-pressed": "false", title: "Write six decimals, and every term", onclick: () => this.toggleDigits() },
      "More decimals",
    )
    this.free = h("button", { type: "button", onclick: onRelease, disabled: true }, "Let go")
    this.body = h("div", { class: "computation" })
    this.hint = h("p", { class: "small" }, "Numbers are rounded. Click a value to hold it. Click a number to follow it back. Red adds, blue takes away.")
    this.element = h(
      "section",
      { class: "card trace", "aria-labelledby": "trace", "data-tour": "trace" },
      h("header", {}, this.heading, this.where, h("div", { class: "tight" }, this.lesson, this.digits, this.back, this.free)),
      this.body,
      this.hint,
    )
  }

  toggleDigits() {
    this.exact = !this.exact
    this.digits.setAttribute("aria-pressed", String(this.exact))
    this.element.classList.toggle("exact", this.exact)
    this.repaint()
  }

  write(value, digits = 3) {
    return fixed(value, this.exact ? ALL : digits)
  }

  setHeld(held) {
    if (!held) this.trail = []
    keepFocus([this.free, this.back], this.digits, () => {
      this.free.disabled = !held
      this.back.disabled = !this.trail.length
    })
  }

  follow(layer, unit) {
    this.trail.push([this.trace.layer, this.trace.unit])
    this.back.disabled = false
    this.onFollow(layer, unit)
  }

  goBack() {
    const before = this.trail.pop()
    this.back.disabled = !this.trail.length
    if (before) this.onFollow(...before)
  }

  // To the input that counted most.
  followLargest() {
    const { trace } = this
    if (!trace) return
    const sizes = trace.products ? Array.from(trace.products, Math.abs) : [...trace.inputs]
    const origin = trace.origins[trace.winner ?? bestOf(sizes)]
    if (origin) this.follow(...origin)
  }

  clear() {
    this.trace = null
    this.where.textContent = ""
    this.linkLesson("neural-networks")
    this.body.replaceChildren(h("p", {}, "Draw, and see where the answer comes from. Until then, the maps show what the network makes of an empty sheet."))
  }

  show(trace) {
    const changed = !this.trace || String([trace.layer, trace.unit]) !== String([this.trace.layer, this.trace.unit])
    if (changed) this.channel = null
    this.trace = trace
    this.repaint()
  }

  // For those who do not see it.
  get sentence() {
    return this.trace ? `${this.name(this.trace.layer, this.trace.unit)} is ${fixed(this.trace.value, 3)}.` : ""
  }

  name(layer, unit) {
    const isClass = unit.length === 1 && layer === this.layers.at(-1).name
    return isClass ? `${layer}, ${this.classNames[unit[0]]}` : unitName(layer, unit)
  }

  repaint() {
    const { trace } = this
    if (!trace) return
    this.where.textContent = this.name(trace.layer, trace.unit)
    this.linkLesson(kindLesson(trace.what))
    this.colours = Object.fromEntries(
      ["ink", "activation", "positive", "negative", "paper"].map((name) => [name, rgb(this.element, `--mv-${name}`)]),
    )
    const write = (value, digits) => this.write(value, digits)
    const table = trace.softmax && softmaxTable(trace.softmax, (i) => this.className(i), write)
    const steps = trace.products ? this.sumSteps() : trace.softmax ? [] : this.pickSteps()
    renew(this.body, ...(steps.length ? [h("div", { class: "sum" }, ...steps)] : []), ...(table ? [table] : []))
  }

  // One link whose address changes: somebody may be on it.
  linkLesson(topic) {
    const [link] = explain(this.model, topic)
    const shown = this.lesson.firstChild
    if (link && shown) shown.setAttribute("href", link.getAttribute("href"))
    else this.lesson.replaceChildren(...(link ? [link] : []))
  }

  // Sums

  sumSteps() {
    const { trace } = this
    const [rows, columns] = trace.shape
    const isPatch = trace.shape.length > 1 && rows * columns <= CELLS_SHOWN
    return [isPatch ? this.patchSteps() : this.termSteps(), this.sumLine()]
  }

  patchSteps() {
    const { trace } = this
    const [rows, columns, channels = 1] = trace.shape
    const take = (values, channel) => Array.from({ length: rows * columns }, (_, i) => values[i * channels + channel])
    const sums = Array.from({ length: channels }, (_, channel) => take(trace.products, channel).reduce((a, b) => a + b, 0))
    this.channel ??= bestOf(sums.map(Math.abs))
    const { channel } = this
    const origins = take(trace.origins, channel)
    const sign = (text) => h("span", { class: "sign" }, text)
    const isSigned = hasNegatives(trace.inputs)
    const isMean = trace.what === "average pooling"
    const patch = channels > 1 ? `patch of map ${channel + 1}` : "patch"
    const numbers = h(
      "div",
      { class: "steps-line" },
      this.grid(isMean ? "its window" : patch, take(trace.inputs, channel), columns, isSigned, origins),
      sign("×"),
      this.grid(isMean ? "its share of the mean" : "kernel", take(trace.weights, channel), columns, true),
      sign("="),
      this.grid("products", take(trace.products, channel), columns, true),
      sign("→"),
      h("figure", {}, h("div", { class: "result" }, this.write(sums[channel])), h("figcaption", {}, "their sum")),
    )
    if (channels === 1) return numbers
    const pick = (i) => () => {
      this.channel = i
      this.repaint()
    }
    const buttons = sums.map((sum, i) => {
      const pressed = { type: "button", "aria-pressed": String(i === channel), onclick: pick(i) }
      return h("button", pressed, h("small", {}, `map ${i + 1}`), this.write(sum, 2))
    })
    return h("div", {}, numbers, h("p", { class: "small" }, "The same for every map that it reads:"), h("div", { class: "channels" }, ...buttons))
  }

  grid(caption, values, columns, isSigned, origins) {
    const largest = Math.max(1e-6, ...values.map(Math.abs))
    const cells = values.map((value, i) => {
      const origin = origins && origins[i]
      const cell = origin
        ? h("button", { type: "button", title: `Follow it back to ${this.name(...origin)}`, onclick: () => this.follow(...origin) }, this.write(value, 2))
        : h("span", {}, this.write(value, 2))
      const { activation, positive, negative } = this.colours
      const colour = isSigned ? (value < 0 ? negative : positive) : activation
      tint(cell, colour, (0.85 * Math.abs(value)) / largest, this.colours)
      return cell
    })
    const body = h("div", { class: "numbers" }, ...cells)
    body.style.setProperty("--columns", columns)
    return h("figure", {}, body, h("figcaption", {}, caption))
  }

  termSteps() {
    const { trace } = this
    const order = Array.from(trace.products.keys()).sort((a, b) => Math.abs(trace.products[b]) - Math.abs(trace.products[a]))
    const count = this.exact ? order.length : TERMS
    const shown = order.slice(0, count)
    const rest = order.slice(count)
    const sum = (indices) => indices.reduce((total, i) => total + trace.products[i], 0)
    const largest = Math.max(1e-6, Math.abs(trace.products[order[0]]), Math.abs(sum(rest)))
    const row = (cells, value) => {
      const bar = h("span", { class: value < 0 ? "against" : "for" })
      bar.style.width = `${Math.min(100, (100 * Math.abs(value)) / largest)}%`
      return h("tr", {}, ...cells, h("td", { class: "bar" }, bar))
    }
    const rows = shown.map((i) => {
      const origin = trace.origins[i]
      const name = origin
        ? h("button", { type: "button", class: "link", onclick: () => this.follow(...origin) }, this.name(...origin))
        : "padding"
      const value = trace.products[i]
      return row(
        [
          h("th", { scope: "row" }, name),
          h("td", {}, this.write(trace.inputs[i])),
          h("td", {}, this.write(trace.weights[i])),
          h("td", {}, this.write(value)),
        ],
        value,
      )
    })
    if (rest.length) {
      const total = sum(rest)
      rows.push(
        row(
          [h("th", { scope: "row" }, `the other ${rest.length} together`), h("td"), h("td"), h("td", {}, this.write(total))],
          total,
        ),
      )
    }
    const head = ["it comes from", "value", "× weight", "= product"].map((text) => h("th", { scope: "col" }, text))
    return h("table", { class: "terms" }, h("thead", {}, h("tr", {}, ...head, h("td"))), h("tbody", {}, ...rows))
  }

  sumLine() {
    const { total, bias, before, activation, value, softmax } = this.trace
    const step = (text, caption) => h("figure", {}, h("div", { class: "result" }, text), h("figcaption", {}, caption))
    const sign = (text) => h("span", { class: "sign" }, text)
    const steps = [step(this.write(total, 4), "sum of all products")]
    if (bias !== null) steps.push(sign("+"), step(this.write(bias, 4), "bias"), sign("="), step(this.write(before, 4), "before the activation"))
    if (!softmax && activation !== "linear") steps.push(sign("→"), step(this.write(value, 4), this.activationWords()))
    return h("div", { class: "steps-line" }, ...steps)
  }

  activationWords() {
    const { activation, before } = this.trace
    if (activation !== "relu") return activation
    return before > 0 ? "ReLU keeps it" : "ReLU makes it 0"
  }

  pickWords() {
    const { winner, activation } = this.trace
    if (winner !== null) return "the largest"
    return activation ? this.activationWords() : "handed on as it is"
  }

  // A softmax between the layers has filters or units, no classes.
  className(i) {
    return this.trace.layer === this.layers.at(-1).name ? this.classNames[i] : String(i + 1)
  }

  // Pooling, activations, and what only comes from elsewhere

  pickSteps() {
    const { trace } = this
    if (trace.what === "unknown") return [h("p", {}, `It is ${this.write(trace.value, 4)}. How this layer computes it is not known here.`)]
    if (!trace.origins.some(Boolean)) {
      return [h("p", {}, `It is a pixel of the picture: ${this.write(trace.value)}, from 0 for paper to 1 for ink.`)]
    }
    // Of a whole map, the winner alone.
    const isLarge = trace.winner !== null && trace.inputs.length > CELLS_SHOWN
    const shown = isLarge ? [trace.winner] : [...trace.inputs.keys()]
    const window = isLarge ? `the largest of ${trace.inputs.length}` : "its window"
    const caption = { "max pooling": window, activation: "before" }[trace.what] ?? trace.what
    const [values, origins] = [trace.inputs, trace.origins].map((all) => shown.map((i) => all[i]))
    const figure = this.grid(caption, values, isLarge ? 1 : trace.shape.at(-1), hasNegatives(trace.inputs), origins)
    if (trace.winner !== null) figure.querySelectorAll(".numbers > *")[isLarge ? 0 : trace.winner].classList.add("winner")
    const result = h("figure", {}, h("div", { class: "result" }, this.write(trace.value, 4)), h("figcaption", {}, this.pickWords()))
    return [h("div", { class: "steps-line" }, figure, h("span", { class: "sign" }, "→"), result)]
  }
}
