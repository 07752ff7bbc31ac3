// What to train, and how.

import { h } from "./dom.js";

const KINDS = [
  ["classifier", "reads", "classifier"],
  ["vae", "imagines", "VAE"],
]

// What can be changed while it goes on is `live`.
const CHOICES = [
  { name: "learning_rate", label: "Step size", term: "learning rate", live: true, values: [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2] },
  { name: "batch_size", label: "Pictures a step", term: "batch size", values: [16, 32, 64, 128, 256, 512] },
  { name: "epochs", label: "Rounds", term: "epochs", values: [1, 3, 5, 10, 20, 30, 50] },
  { name: "filters", label: "Filters", term: "in layers 1 and 2", only: "classifier", values: [[2, 4], [4, 8], [8, 16], [16, 32]] },
  { name: "units", label: "Neurons", term: "dense units", only: "classifier", values: [16, 32, 64, 128, 256] },
  { name: "beta", label: "Order on the map", term: "beta, 0 for none", only: "vae", live: true, values: [0, 0.1, 0.5, 1, 2, 4, 10] },
]

const written = (value) => (Array.isArray(value) ? value.join(" and ") : String(value))

export class TrainingChoices {
  // `noun` is what one picture shows.
  constructor(noun, onChoose) {
    this.kinds = KINDS.map(([kind, does, term]) => {
      const button = h(
        "button",
        { type: "button", class: "toggle", onclick: () => onChoose("kind", kind) },
        h("b", {}, `${does} ${noun}s`),
        h("span", {}, ` ${term}`),
      )
      return [kind, button]
    })
    this.fields = CHOICES.map((choice) => {
      const select = h("select", { onchange: () => onChoose(choice.name, JSON.parse(select.value)) })
      const label = h("label", {}, h("span", {}, h("b", {}, choice.label), ` ${choice.term}`), select)
      return { ...choice, select, element: label }
    })
    this.element = h(
      "div",
      { class: "choices" },
      h("div", { class: "kinds", role: "group", "aria-label": "What the network does" }, ...this.kinds.map(([, button]) => button)),
      h("div", { class: "fields" }, ...this.fields.map(({ element }) => element)),
    )
    this.lock(false)
  }

  show(settings) {
    for (const [kind, button] of this.kinds) button.setAttribute("aria-pressed", String(kind === settings.kind))
    for (const { name, values, only, element, select } of this.fields) {
      element.hidden = only !== undefined && only !== settings.kind
      const own = JSON.stringify(settings[name])
      const all = values.some((value) => JSON.stringify(value) === own) ? values : [settings[name], ...values]
      const options = all.map((value) => h("option", { value: JSON.stringify(value) }, written(value)))
      const valuesOf = (some) => Array.from(some, ({ value }) => value).join(" ")
      if (valuesOf(select.options) !== valuesOf(options)) select.replaceChildren(...options)
      select.value = own
    }
  }

  // While a training goes on, only its steps and the weight of the KL divergence can be changed.
  lock(locked) {
    for (const [, button] of this.kinds) button.disabled = locked
    for (const { select, element, live } of this.fields) {
      select.disabled = locked && !live
      element.title = select.disabled ? "Stop the training to change this" : ""
    }
  }
}
