// One map, what max, average and global pooling make of it, and a window of it in numbers.

import { card, connect, h, onEscape, onTheme } from "./dom.js";
import { Messenger } from "./messenger.js";
import { plain } from "./numbers.js";
import { fromShades, hasNegatives, paintSigned, signColours } from "./pictures.js";
import { PixelMap } from "./pixel_map.js";
import { Speaker } from "./speaker.js";
import { WorkedExample } from "./worked_example.js";

class PoolingView {
  constructor(model) {
    this.model = model
    this.held = false // whether a window stays while the pointer moves on
    this.pointing = new Messenger((message) => model.send_msg(message))
    const [height, width] = model.shape
    Object.assign(this, { height, width })
    this.example = new WorkedExample()
    this.speaker = new Speaker()
    this.element = card(model, this.choices(), this.picturesRow(), this.example.element, this.speaker.element)
    this.element.addEventListener("keydown", (event) => onEscape(event, this.held, () => (this.held = false)))
    this.stopTheme = onTheme(() => this.repaint())
  }

  destroy() {
    this.stopTheme()
    this.pointing.stop()
    this.speaker.stop()
  }

  // What stands on the page

  choices() {
    this.thumbs = Array.from({ length: this.model.shape[2] }, (_, map) => {
      const canvas = h("canvas", { class: "pixels", width: this.width, height: this.height })
      const attributes = { type: "button", class: "thumb", "aria-label": `map ${map + 1}`, onclick: () => this.choose({ map }) }
      return { canvas, button: h("button", attributes, canvas) }
    })
    this.sizes = this.model.sizes.map((size) => ({
      size,
      button: h("button", { type: "button", onclick: () => this.choose({ size }) }, `${size} × ${size}`),
    }))
    const group = (label, kind, buttons) =>
      h("div", { class: "choice", role: "group", "aria-label": label }, h("span", {}, label), h("div", { class: kind }, ...buttons))
    return h(
      "div",
      { class: "choices" },
      group(`Map of ${this.model.layer}`, "thumbs", this.thumbs.map(({ button }) => button)),
      group("Window", "tight", this.sizes.map(({ button }) => button)),
    )
  }

  picturesRow() {
    const picture = (label, method) =>
      new PixelMap(`${label}. Arrow keys move from window to window.`, (row, column, stay) =>
        this.point({ place: [row, column], method }, stay),
      )
    this.map = picture("The map", null)
    this.pooled = { max: picture("Max pooling", "max"), average: picture("Average pooling", "average") }
    this.dropped = [h("span", { class: "dropped" }), h("span", { class: "dropped" })]
    this.map.element.append(...this.dropped)
    this.counts = { map: h("span", {}), max: h("span", {}), average: h("span", {}) }
    this.used = h("span", { class: "badge" }, "in this network")
    const figure = (map, method, title, words) => {
      const caption = h("figcaption", {}, h("b", {}, title), ...this.badge(method), h("span", { class: "words" }, words), this.counts[method])
      return h("figure", {}, caption, map.element)
    }
    this.rest = h("p", { class: "rest" })
    return h(
      "div",
      { class: "pooled" },
      figure(this.map, "map", "The map", "what one filter found"),
      figure(this.pooled.max, "max", "Max pooling", "the largest of each window"),
      figure(this.pooled.average, "average", "Average pooling", "the average of each window"),
      this.globals(),
      this.rest,
    )
  }

  // What the network itself does says so.
  badge(method) {
    return this.model.uses?.method === method ? [this.used] : []
  }

  globals() {
    const pick = () => this.point({ place: null, method: "global" }, true)
    this.whole = Object.fromEntries(
      ["max", "average"].map((method) => [method, { canvas: h("canvas", { class: "pixels", width: 1, height: 1 }), number: h("b", {}) }]),
    )
    const one = (method, words) => {
      const { canvas, number } = this.whole[method]
      return h("div", { class: "whole" }, h("div", { class: "swatch" }, canvas), h("div", {}, number, h("span", {}, words)))
    }
    this.globalButton = h("button", { type: "button", class: "globals", onclick: pick, onpointerenter: pick }, one("max", "largest"), one("average", "average"))
    const words = h("span", { class: "words" }, "the whole map at once")
    return h("figure", {}, h("figcaption", {}, h("b", {}, "Global pooling"), ...this.badge("global"), words, h("span", {}, "1 number each")), this.globalButton)
  }

  // What somebody does

  choose(choice) {
    this.held = false
    this.model.send_msg({ kind: "choose", ...choice })
  }

  point(choice, stay) {
    if (this.empty || (this.held && !stay)) return
    if (choice.place) {
      this.held ||= stay
      this.mark(choice.place)
    }
    this.wanted = choice
    this.pointing.post(() => ({ kind: "point", ...this.wanted }))
  }

  // What becomes of the map

  receive(message) {
    if (message.kind === "show") this.show(message)
    else {
      this.showExample(message)
      this.pointing.answered(message.number)
    }
  }

  show(message) {
    this.empty = message.map === null
    this.message = message
    this.setSize(message.size)
    this.repaint()
    this.thumbs.forEach(({ button }, map) => {
      button.setAttribute("aria-pressed", String(map === message.map))
      button.disabled = this.empty
    })
    if (this.empty) this.showNothing()
    else this.showExample(message)
  }

  setSize(size) {
    const { height, width } = this
    const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)]
    this.map.setSize(height, width, size)
    for (const map of Object.values(this.pooled)) map.setSize(rows, columns)
    for (const each of this.sizes) each.button.setAttribute("aria-pressed", String(each.size === size))
    const [below, beside] = this.dropped
    this.map.cover(below, rows * size, 0, height - rows * size, width)
    this.map.cover(beside, 0, columns * size, rows * size, width - columns * size)
    const numbers = (down, across) => `${down} × ${across} = ${down * across} numbers`
    this.counts.map.textContent = numbers(height, width)
    for (const method of ["max", "average"]) this.counts[method].textContent = numbers(rows, columns)
    this.leftOver = restWords(height, width, size)
    this.used.classList.toggle("shown", [size, undefined].includes(this.model.uses?.size))
  }

  showNothing() {
    this.example.clear(this.message.size)
    for (const map of [this.map, ...Object.values(this.pooled)]) map.unmark()
    for (const { number } of Object.values(this.whole)) number.textContent = "–"
    this.rest.textContent = "Draw, and the map appears here."
  }

  showExample(message) {
    this.example.show({ size: this.message.size, ...message })
    this.mark(message.place)
    this.element.dataset.method = message.method ?? ""
    const { max, total } = this.message.global
    const count = this.height * this.width
    const texts = [plain(max, message.decimals), plain(total / count, message.decimals + 2)]
    this.whole.max.number.textContent = texts[0]
    this.whole.average.number.textContent = texts[1]
    this.example.writeGlobal(count, plain(total, message.decimals), ...texts)
    const isDead = this.message.values.every((value) => value === 0)
    this.rest.textContent = `${isDead ? "This filter found nothing in your drawing. " : ""}${this.leftOver}`
    const { max: most, average } = this.example.lines
    this.speaker.say(`${most.textContent}. ${average.textContent}.`)
  }

  mark(place) {
    for (const map of [this.map, ...Object.values(this.pooled)]) map.mark(...place)
  }

  repaint() {
    const { message, empty } = this
    if (!message) return
    const { values } = message
    const shades = empty ? null : fromShades(message.shades)
    const isSigned = !empty && (hasNegatives(shades) || hasNegatives(values))
    const largest = empty ? 1 : values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    this.map.paint(empty ? null : values, largest, isSigned)
    for (const [method, map] of Object.entries(this.pooled)) map.paint(empty ? null : message[method], largest, isSigned)
    const colours = signColours(this.element, isSigned)
    for (const [method, { canvas }] of Object.entries(this.whole)) {
      paintSigned(canvas, [empty ? 0 : message.global[method]], 1, 1, Math.max(largest, 1e-6), ...colours)
    }
    const size = this.height * this.width
    this.thumbs.forEach(({ canvas }, map) => {
      paintSigned(canvas, empty ? [0] : shades.subarray(map * size, (map + 1) * size), this.height, this.width, 127, ...colours)
    })
  }
}

// What fills no window, in words.
function restWords(height, width, size) {
  const words = (length) => {
    const [windows, rest] = [Math.floor(length / size), length % size]
    if (!rest) return `${length} = ${windows} × ${size}: nothing is left over.`
    return `${length} = ${windows} × ${size} + ${rest}: the last ${rest === 1 ? "one is" : `${rest} are`} dropped.`
  }
  return height === width ? words(height) : `Down: ${words(height)} Across: ${words(width)}`
}

export function render({ model }) {
  const view = new PoolingView(model)
  connect(model, (message) => view.receive(message), () => view.destroy(), { element: view.element })
  return view.element
}

export default { render }
