// What one may choose: the kernel, and how its window moves.

import { h } from "./dom.js";
import { signColours, signedImage } from "./pictures.js";

const OWN = "Nine numbers of your own. What do they find?"

export class KernelChoice {
  // Kernels are {name, label, what, values}.
  constructor(presets, learned, onChoose) {
    this.kernels = [...presets, ...learned]
    this.buttons = this.kernels.map((kernel) => {
      const isPreset = presets.includes(kernel)
      const image = h("img", { class: "pixels", alt: "" })
      const label = isPreset ? [kernel.label] : []
      const attributes = {
        type: "button",
        class: isPreset ? "toggle" : "toggle small-picture",
        "aria-label": isPreset ? null : `Learned filter ${kernel.label}`,
        title: kernel.what,
        onclick: () => onChoose(kernel.name),
      }
      return { kernel, image, button: h("button", attributes, image, ...label) }
    })
    const group = (name, kernels) =>
      h(
        "div",
        { class: "group", role: "group", "aria-label": name },
        h("p", { class: "caption", "aria-hidden": "true" }, name),
        ...(kernels === presets ? [h("p", { class: "signs" }, "red adds, blue takes away")] : []),
        h("div", { class: kernels === presets ? "choices" : "choices learned" }, ...this.buttons.filter(({ kernel }) => kernels.includes(kernel)).map(({ button }) => button)),
      )
    this.what = h("p", { class: "what" })
    this.element = h(
      "div",
      { class: "kernel-choice" },
      group("Well-known kernels", presets),
      ...(learned.length ? [group("What the network learned", learned)] : []),
      this.what,
    )
  }

  show(name) {
    const chosen = this.kernels.find((kernel) => kernel.name === name)
    for (const { kernel, button } of this.buttons) button.setAttribute("aria-pressed", String(kernel === chosen))
    this.what.textContent = chosen ? chosen.what : OWN
  }

  repaint() {
    const colours = signColours(this.element)
    for (const { kernel, image } of this.buttons) {
      const largest = Math.max(1e-6, ...kernel.values.map(Math.abs))
      image.src = signedImage([kernel.values], 3, 3, 1, largest, ...colours)
    }
  }
}

const ARROWS = [
  ["←", "left", [0, -1]],
  ["↑", "up", [-1, 0]],
  ["↓", "down", [1, 0]],
  ["→", "right", [0, 1]],
]

export class WindowSettings {
  // `onChange` hears what is to change: {stride: 2}, {padding: "same"}, {shift: [0, 1]} ...
  constructor(choices, onChange) {
    this.onChange = onChange
    this.shift = [0, 0]
    const { stride, padding, dilation } = choices
    const words = { valid: "none", same: "same size" }
    const numbered = (values) => values.map((value) => [value, String(value)])
    this.groups = {
      stride: this.segments("stride", "Pixels per step", "(stride)", numbered(stride)),
      padding: this.segments("padding", "Rim of zeros", "(padding)", padding.map((value) => [value, words[value]])),
      dilation: this.segments("dilation", "Cell to cell", "(dilation)", numbered(dilation)),
      relu: this.segments("relu", "Below zero", "(ReLU)", [
        [false, "keep"],
        [true, "make it 0"],
      ]),
    }
    const arrows = ARROWS.map(([sign, word, [down, right]]) => {
      const onclick = () => this.move(down, right)
      return h("button", { type: "button", "aria-label": `Move the picture ${word}`, title: `Move the picture ${word}`, onclick }, sign)
    })
    const back = h("button", { type: "button", onclick: () => this.moveBack() }, "Reset")
    // Apart from the others: it belongs beside the picture.
    this.mover = h(
      "div",
      { class: "group mover", role: "group", "aria-label": "Move the picture" },
      h("p", { class: "caption", "aria-hidden": "true" }, "Move the picture"),
      h("div", { class: "segments" }, ...arrows, back),
    )
    this.element = h("div", { class: "settings" }, ...Object.values(this.groups).map(({ element }) => element))
  }

  segments(name, words, term, choices) {
    const buttons = choices.map(([value, label]) => {
      const onclick = () => this.onChange({ [name]: value })
      return { value, button: h("button", { type: "button", class: "toggle", onclick }, label) }
    })
    const caption = h("p", { class: "caption", "aria-hidden": "true" }, `${words} `, h("span", {}, term))
    const row = h("div", { class: "segments" }, ...buttons.map(({ button }) => button))
    return { buttons, element: h("div", { class: "group", role: "group", "aria-label": `${words} ${term}` }, caption, row) }
  }

  // From where it is to be, if several presses come before an answer.
  move(down, right) {
    this.shift = [this.shift[0] + down, this.shift[1] + right]
    this.onChange({ shift: this.shift })
  }

  moveBack() {
    this.shift = [0, 0]
    this.onChange({ shift: this.shift })
  }

  show(message) {
    for (const [name, { buttons }] of Object.entries(this.groups)) {
      for (const { value, button } of buttons) button.setAttribute("aria-pressed", String(value === message[name]))
    }
    this.shift = [...message.shift]
  }
}
