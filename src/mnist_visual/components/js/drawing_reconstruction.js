// What became of the drawing on the latent plane.

import { connect, explain, h, onTheme } from "./dom.js";
import { namedCard, picture } from "./latent_cards.js";
import { fixed } from "./numbers.js";
import { classColor } from "./palette.js";
import { paintInk, parts, rgb, wipe } from "./pictures.js";

class DrawingCard {
  constructor(model, { onFind, onSample }) {
    const { noun } = model
    this.noun = noun
    this.names = model.class_names
    this.drawn = picture()
    this.remembered = picture()
    this.samples = Array.from({ length: 6 }, () => picture())
    this.neighbours = Array.from({ length: 6 }, () => ({ canvas: picture(), label: h("span", {}) }))
    this.find = h("button", { type: "button", onclick: onFind }, "Find it")
    this.spread = h("p", { class: "small" })
    const figure = (canvas, caption) =>
      h("figure", {}, h("div", { class: "frame" }, canvas), h("figcaption", {}, caption))
    const strip = (caption, cells) => h("div", {}, caption, h("div", { class: "strip" }, ...cells))
    this.again = h("button", { type: "button", class: "again", onclick: onSample }, "Again")
    const guesses = h("p", { class: "small spread-out" }, "Guesses from that spread", this.again)
    this.nearest = h("p", { class: "small" })
    this.element = namedCard(
      "yours",
      "Your drawing",
      this.find,
      h("div", { class: "pair" }, figure(this.drawn, "you drew"), figure(this.remembered, "what is remembered")),
      this.spread,
      strip(
        guesses,
        this.samples.map((canvas) => h("div", { class: "frame" }, canvas)),
      ),
      strip(
        this.nearest,
        this.neighbours.map(({ canvas, label }) => h("div", { class: "real" }, h("div", { class: "frame" }, canvas), label)),
      ),
    )
    this.element.append(...explain(model))
    this.show({ mean: null })
  }

  show(state) {
    this.state = state
    this.find.disabled = this.again.disabled = !state.mean
    this.spread.textContent = state.mean
      ? `It is kept in two numbers: ${fixed(state.mean[0], 3)} ± ${fixed(state.sigma[0], 3)} across, and ${fixed(state.mean[1], 3)} ± ${fixed(state.sigma[1], 3)} up.`
      : `Draw a ${this.noun}, and it lands on the map.`
    this.repaint()
  }

  repaint() {
    const { mean, digit, reconstruction, samples, neighbours, labels } = this.state
    const named = mean && !neighbours // there are no pictures of them, or not yet
    this.nearest.textContent = `The nearest real ${this.noun}s${named ? " are" : ""}`
    const close = this.neighbours.map(({ canvas }) => canvas)
    for (const canvas of [this.drawn, this.remembered, ...this.samples, ...close]) wipe(canvas)
    for (const { label } of this.neighbours) {
      label.textContent = ""
      label.className = ""
    }
    if (!mean) return
    const ink = rgb(this.element, "--mv-ink")
    const paint = (canvas, values, [height, width]) => paintInk(canvas, values, height, width, ink)
    const paintAll = (canvases, values) =>
      parts(values, values.shape[0]).forEach((each, i) => paint(canvases[i], each, values.shape.slice(1)))
    paint(this.drawn, digit, digit.shape)
    paint(this.remembered, reconstruction, reconstruction.shape)
    paintAll(this.samples, samples)
    if (neighbours) paintAll(close, neighbours)
    labels.forEach((label, i) => {
      const { label: node } = this.neighbours[i]
      node.textContent = this.names[label]
      node.classList.toggle("alone", named)
      node.style.borderColor = named ? `rgb(${classColor(label)})` : ""
    })
  }
}

export function render({ model }) {
  const card = new DrawingCard(model, {
    onFind: () => model.send_msg({ kind: "find" }),
    onSample: () => model.send_msg({ kind: "sample" }),
  })
  const stopTheme = onTheme(() => card.repaint())
  connect(model, (message) => card.show(message), stopTheme, { element: card.element })
  return card.element
}

export default { render }
