// A map before and after its activation, and one of its values on three curves.

import { card, connect, h, onEscape, onTheme } from "./dom.js";
import { CurvePlot } from "./curve_plot.js";
import { Messenger } from "./messenger.js";
import { brief, clamp } from "./numbers.js";
import { PixelMap } from "./pixel_map.js";
import { Speaker } from "./speaker.js";
import { unitName } from "./unit_name.js";

const FUNCTIONS = {
  relu: { name: "ReLU", words: "below zero becomes 0, the rest stays" },
  sigmoid: { name: "Sigmoid", words: "squeezes all numbers into 0 to 1" },
  tanh: { name: "Tanh", words: "squeezes all numbers into −1 to 1" },
}

class ActivationView {
  constructor(model) {
    this.model = model
    this.held = false // whether a value stays while the pointer moves on
    this.pointing = new Messenger((message) => model.send_msg(message))
    this.trying = new Messenger((message) => model.send_msg(message))
    this.speaker = new Speaker()
    this.element = card(model, this.mapsRow(), this.curvesRow(), this.slider(), this.speaker.element)
    this.element.addEventListener("keydown", (event) => this.keyDown(event))
    this.stopTheme = onTheme(() => this.maps.forEach((map) => map.repaint()))
  }

  destroy() {
    this.stopTheme()
    this.pointing.stop()
    this.trying.stop()
    this.curves.forEach((curve) => curve.destroy())
    this.speaker.stop()
  }

  // What stands on the page

  mapsRow() {
    const onPoint = (row, column, stay) => this.point(row * this.size[1] + column, stay)
    const keys = "Arrow keys move, comma and full stop change the map."
    this.before = new PixelMap(`The map before its activation. ${keys}`, onPoint)
    this.after = new PixelMap(`The map after its activation. ${keys}`, onPoint)
    this.maps = [this.before, this.after]
    this.arrow = h("span", { class: "arrow" })
    this.where = h("p", { class: "where" })
    this.said = h("p", { class: "said" })
    this.count = h("p", { class: "count" })
    this.mapName = h("span", {})
    this.steps = [-1, 1].map((step) =>
      h("button", { type: "button", "aria-label": step < 0 ? "Map before" : "Next map", onclick: () => this.turn(step) }, step < 0 ? "‹" : "›"),
    )
    const [back, on] = this.steps
    return h(
      "div",
      { class: "before-after" },
      h("figure", {}, h("div", { class: "square" }, this.before.element), h("figcaption", {}, h("b", {}, "before"), h("span", {}, "red above zero, blue below"))),
      this.arrow,
      h("figure", {}, h("div", { class: "square" }, this.after.element), h("figcaption", {}, h("b", {}, "after"), h("span", {}, "what is left goes on"))),
      h("div", { class: "unit" }, this.where, this.count, h("div", { class: "turn" }, back, this.mapName, on), this.said),
    )
  }

  curvesRow() {
    const onTry = (value) => {
      this.range.value = value
      this.try(value)
    }
    const actions = { onTry, onRelease: () => this.try(null) }
    this.curves = Object.values(FUNCTIONS).map((words) => new CurvePlot(words, actions))
    return h("div", { class: "curves" }, ...this.curves.map(({ element }) => element))
  }

  slider() {
    let pressed = false
    const letGo = () => {
      if (pressed) this.try(null)
      pressed = false
    }
    this.range = h("input", {
      type: "range",
      min: -4,
      max: 4,
      step: 0.05,
      "aria-label": "What if another number went in?",
      oninput: () => this.try(Number(this.range.value)),
      onpointerdown: () => (pressed = true),
      onpointerup: letGo,
      onpointercancel: letGo,
      onchange: letGo,
      onblur: () => this.try(null),
    })
    this.trial = h("span", { class: "small" })
    return h("div", { class: "what-if" }, h("b", { "aria-hidden": "true" }, "What if another number went in?"), this.range, this.trial)
  }

  // What somebody does

  point(place, stay) {
    if (this.empty || (this.held && !stay)) return
    this.held ||= stay
    this.mark(place)
    this.wanted = place
    this.pointing.post(() => ({ kind: "point", map: this.map, place: this.wanted }))
  }

  turn(step) {
    if (this.empty || this.map === null) return
    const next = (this.map + step + this.mapCount) % this.mapCount
    this.model.send_msg({ kind: "map", map: next })
  }

  try(value) {
    if (value === null && !this.isTrying) return
    this.isTrying = value !== null
    this.wish = value
    this.trying.post(() => ({ kind: "try", value: this.wish }))
  }

  keyDown(event) {
    onEscape(event, this.held || this.isTrying, () => {
      this.held = false
      this.try(null)
    })
    if ((event.key === "," || event.key === ".") && event.target.closest(".pixel-map")) {
      this.turn(event.key === "," ? -1 : 1)
    }
  }

  // What the network says

  receive(message) {
    if (message.kind === "curves") this.setCurves(message)
    else if (message.kind === "show") this.show(message)
    else {
      this.showPoint(message)
      const messenger = message.kind === "tried" ? this.trying : this.pointing
      messenger.answered(message.number)
    }
  }

  setCurves({ names, inputs, outputs }) {
    this.names = names
    const ends = [inputs[0], inputs[inputs.length - 1]]
    Object.assign(this.range, { min: ends[0], max: ends[1] })
    this.curves.forEach((curve, i) => {
      curve.setCurve(inputs, Array.from(inputs, (_, k) => outputs[i * inputs.length + k]))
    })
  }

  show(message) {
    const { empty, activation, maps, size, before, after, zeros } = message
    Object.assign(this, { empty, activation, size, mapCount: maps })
    const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (const map of this.maps) map.setSize(...size)
    this.before.paint(empty ? null : before, largest(before), true)
    this.after.paint(empty ? null : after, largest(after))
    const name = FUNCTIONS[activation]?.name ?? activation
    this.arrow.replaceChildren(h("span", {}, name), "→")
    const verb = activation === "relu" ? "makes" : "would make"
    const counted = h("b", {}, `${zeros} of ${before.length}`)
    this.count.replaceChildren(...(empty ? ["ReLU: below zero becomes 0."] : [`ReLU ${verb} `, counted, " zero."]))
    this.showPoint(message)
  }

  showPoint(message) {
    const { layer, map, place, point, tried, unsuited } = message
    Object.assign(this, { map, tried, shownOwn: point?.own })
    this.mark(place)
    const [row, column] = this.cell(place)
    this.name = unitName(layer, map === null ? [place] : [row, column, map])
    this.where.textContent = this.empty ? "Nothing is drawn yet" : this.name
    this.said.textContent = this.empty ? "Draw, then point at a pixel of the map." : this.sentence(layer, unsuited)
    this.mapName.textContent = map === null ? "all units" : `map ${map + 1} of ${this.mapCount}`
    for (const button of this.steps) button.disabled = this.empty || map === null
    const shown = tried ?? point
    const on = (each, i) => each && { value: each.value, output: each.outputs[i] }
    this.curves.forEach((curve, i) => {
      const isUsed = !this.empty && this.names[i] === this.activation
      curve.show(on(shown, i), tried && point ? on(point, i) : null, isUsed)
    })
    if (!this.isTrying) this.range.value = clamp(point?.value ?? 0, Number(this.range.min), Number(this.range.max))
    this.trial.textContent = tried ? `You try ${brief(tried.value)}. Let go, and the unit’s own value is back.` : "Drag here, or on a curve."
    this.speak(shown)
  }

  sentence(layer, unsuited) {
    if (unsuited) return `${unsuitedWords(unsuited)} Here is a unit of ${layer} instead.`
    if (FUNCTIONS[this.activation]) return "Point at a square of either picture. A click holds it."
    return `This network uses ${this.activation} here: ${brief(this.shownOwn)} comes out.`
  }

  mark(place) {
    for (const map of this.maps) {
      if (this.empty) map.unmark()
      else map.mark(...this.cell(place))
    }
  }

  cell(place) {
    return [Math.floor(place / this.size[1]), place % this.size[1]]
  }

  speak(shown) {
    const outputs = this.curves.map((curve, i) => `${curve.name} gives ${shown && brief(shown.outputs[i])}`).join(", ")
    const lead = this.tried ? "You try" : `${this.name}:`
    this.speaker.say(shown ? `${lead} ${brief(shown.value)} goes in. ${outputs}.` : "")
  }
}

function unsuitedWords({ layer, what, softmax }) {
  if (softmax) return `“${layer}” uses softmax, which compares all scores at once.`
  if (what === "input") return "A pixel of the drawing goes in as it is."
  return `“${layer}” has no activation function: its values go on as they are.`
}


export function render({ model }) {
  const view = new ActivationView(model)
  connect(model, (message) => view.receive(message), () => view.destroy(), { element: view.element, inert: true })
  return view.element
}

export default { render }
