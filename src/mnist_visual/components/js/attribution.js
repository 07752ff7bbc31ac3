// Why the network says what it says: what pixels and hidden units add to the score of a class.

import { card, connect, h, onTheme } from "./dom.js";
import { EvidenceTable } from "./evidence_table.js";
import { fixed, percent, signed, toHundredths, withArticle } from "./numbers.js";
import { paintInk, paintSigned, rgb, signColours, wipe } from "./pictures.js";
import { Speaker } from "./speaker.js";

const CALM = "Draw, and see what speaks for the answer."
const METHODS = {
  integrated_gradients: "what each adds (integrated gradients)",
  occlusion: "missed when covered (occlusion)",
  gradient_x_input: "where each pulls (gradient × input)",
}

class Attribution {
  constructor(model) {
    this.model = model
    this.names = model.class_names
    this.chosen = null
    this.question = h("p", { class: "question" })
    this.classes = this.names.map((name, label) => {
      const share = h("small", {}, "")
      const button = h("button", { type: "button", "aria-pressed": "false", disabled: true, onclick: () => this.choose(label) }, name, share)
      return { button, share }
    })
    this.method = h(
      "select",
      { "aria-label": "How the pixels are judged", onchange: () => this.ask() },
      ...Object.entries(METHODS).map(([value, words]) => h("option", { value }, words)),
    )
    this.ink = h("canvas", { class: "pixels ink" })
    this.pixels = h("canvas", { class: "pixels" })
    this.square = h("div", { class: "square", role: "img", "aria-label": CALM }, this.ink, this.pixels)
    this.sum = h("p", { class: "sum" })
    this.table = new EvidenceTable()
    this.speaker = new Speaker()
    this.element = card(
      model,
      this.question,
      h("div", { class: this.names.some((name) => name.length > 2) ? "asked long" : "asked", role: "group", "aria-label": "The class asked about" }, ...this.classes.map(({ button }) => button)),
      h(
        "div",
        { class: "reasons" },
        h("div", {}, h("h3", {}, "The pixels, and what they say"), this.square, this.legend(), this.method, this.sum),
        h("div", {}, h("h3", {}, "The hidden units, and what each adds"), this.table.element),
      ),
      this.speaker.element,
    )
    this.element.classList.add("attribution")
    this.stopTheme = onTheme(() => this.repaint())
    this.show({ empty: true, chosen: null, method: Object.keys(METHODS)[0] })
  }

  legend() {
    const key = (kind, words) => h("span", { class: `key ${kind}` }, words)
    return h("p", { class: "legend" }, key("for", "speaks for it"), key("against", "speaks against it"))
  }

  destroy() {
    this.stopTheme()
    this.speaker.stop()
  }

  // The answer's own button leads back to whatever the answer is.
  choose(label) {
    this.chosen = label === this.shown.answer ? null : label
    this.ask()
  }

  ask() {
    this.model.send_msg({ kind: "ask", label: this.chosen, method: this.method.value })
  }

  receive(message) {
    if (message.kind === "show") this.show(message)
    else if (message.kind === "problem") this.sum.textContent = message.text
  }

  show(message) {
    this.shown = message
    this.chosen = message.chosen
    this.method.value = message.method
    this.element.classList.toggle("empty", message.empty)
    this.showClasses()
    this.question.textContent = message.empty ? CALM : this.questionWords()
    this.sum.textContent = message.empty ? "" : this.sumWords()
    this.table.show(message.empty ? null : message.evidence, this.asked)
    this.square.setAttribute("aria-label", message.empty ? CALM : `The drawing, and which pixels speak for ${this.asked} and against it`)
    this.repaint()
    this.speaker.say(message.empty ? "" : this.sentence)
  }

  get asked() {
    return this.shown.empty ? "" : withArticle(this.names[this.shown.label])
  }

  get sentence() {
    return `${this.question.textContent} ${this.table.sentence}`
  }

  showClasses() {
    const { empty, label, answer, probabilities } = this.shown
    this.classes.forEach(({ button, share }, i) => {
      button.disabled = empty
      button.setAttribute("aria-pressed", String(!empty && i === label))
      button.classList.toggle("answer-class", !empty && i === answer)
      share.textContent = empty ? "" : percent(probabilities[i])
    })
  }

  questionWords() {
    const { label, answer } = this.shown
    return label === answer ? `Why ${this.asked}?` : `Why not ${this.asked}?`
  }

  // Integrated gradients add up to the score, and so it can be said. What is printed adds up, too.
  sumWords() {
    const { method, baseline, logit } = this.shown
    if (method !== "integrated_gradients") return `Score of ${this.asked}: ${fixed(logit)}.`
    const total = toHundredths(logit) - toHundredths(baseline)
    return `Empty paper ${fixed(baseline)}, all pixels ${signed(total)}: together the score ${fixed(logit)}.`
  }

  repaint() {
    const { empty, digit, values, shape } = this.shown
    if (empty) {
      wipe(this.ink)
      wipe(this.pixels)
      return
    }
    const colours = signColours(this.element)
    // A few pixels would outshine all others: the strongest five share the full colour.
    const sizes = Array.from(values, Math.abs).sort((a, b) => b - a)
    const largest = Math.max(1e-6, sizes[Math.min(4, sizes.length - 1)])
    paintInk(this.ink, digit, ...shape, rgb(this.element, "--mv-ink"))
    paintSigned(this.pixels, values, ...shape, largest, ...colours)
  }
}

export function render({ model }) {
  const why = new Attribution(model)
  connect(model, (message) => why.receive(message), () => why.destroy(), { element: why.element })
  return why.element
}

export default { render }
