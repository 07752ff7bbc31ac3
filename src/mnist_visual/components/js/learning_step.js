// Gradient descent on one's own drawing: say what it is, take steps, and see what changes.

import { ClassRow } from "./class_rows.js";
import { card, connect, h, keepFocus, onTheme } from "./dom.js";
import { LossCurve } from "./loss_curve.js";
import { areWords, fixed, percent } from "./numbers.js";
import { paintInk, parts, rgb } from "./pictures.js";
import { Speaker } from "./speaker.js";
import { unitName } from "./unit_name.js";

const SHOWN = 12 // classes at the most
const BUTTONS = 12 // classes that have a button each; more are chosen from a list

const write = (value) => fixed(value, 3)

class Lesson {
  constructor(model) {
    this.model = model
    this.names = model.class_names
    this.curve = new LossCurve()
    this.labels = this.labelChoice()
    this.rates = model.rates.map((rate) => this.choice(String(rate), () => this.send("rate", rate)))
    const step = (text, count) => h("button", { type: "button", onclick: () => this.send("steps", count) }, text)
    this.actions = [step("One step", 1), step("Ten steps", 10)]
    this.again = h("button", { type: "button", onclick: () => this.send("again", null) }, "Start again")
    this.taken = h("p", { class: "taken" })
    this.bars = h("ol", { class: "rows", "aria-label": "Probability of each class, before and after" })
    this.rows = new Map()
    this.verdict = h("p", { class: "verdict" })
    this.losses = h("p", { class: "losses" })
    this.sum = h("div", { class: "sum" })
    this.kept = h("p", { class: "verdict" })
    this.examples = h("ol", { class: "examples" })
    this.memory = part("What else it still reads", this.kept, this.examples)
    this.memory.hidden = true
    this.speaker = new Speaker()
    this.element = card(
      model,
      h(
        "div",
        { class: "controls" },
        choices("1. What did you draw?", this.labels.element),
        choices("2. How far does a step go? (learning rate)", h("div", { class: "row" }, ...this.rates)),
        choices("3. Let it learn", h("div", { class: "row" }, ...this.actions, this.again, this.taken)),
      ),
      h(
        "div",
        { class: "outcome" },
        part("The answer", this.verdict, this.bars, legend()),
        part("How wrong it is (loss)", this.losses, this.curve.element),
        this.memory,
      ),
      this.sum,
      this.speaker.element,
    )
    this.stopTheme = onTheme(() => this.paintExamples())
  }

  destroy() {
    this.stopTheme()
    this.speaker.stop()
  }

  send(kind, value) {
    this.model.send_msg({ kind, value })
  }

  choice(text, onclick) {
    return h("button", { type: "button", "aria-pressed": "false", onclick }, text)
  }

  labelChoice() {
    if (this.names.length > BUTTONS) {
      const options = this.names.map((name, i) => h("option", { value: i }, name))
      const nothing = h("option", { value: "" }, "choose …")
      const element = h("select", { "aria-label": "What you drew", onchange: () => this.send("label", element.value === "" ? null : Number(element.value)) }, nothing, ...options)
      return { element, show: (label) => (element.value = label ?? "") }
    }
    const buttons = this.names.map((name, i) => this.choice(name, () => this.send("label", i)))
    const press = (label) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === label)))
    return { element: h("div", { class: areWords(this.names) ? "row names words" : "row names" }, ...buttons), show: press }
  }

  receive(message) {
    if (message.kind === "examples") this.setExamples(message)
    else this.show(message)
  }

  show(state) {
    const { label, steps, rate, before } = state
    this.labels.show(label)
    this.rates.forEach((button, i) => button.setAttribute("aria-pressed", String(this.model.rates[i] === rate)))
    const isReady = Boolean(before) && label !== null
    for (const button of this.actions) button.disabled = !isReady
    keepFocus([this.again], this.actions[0], () => (this.again.disabled = !steps))
    this.taken.textContent = this.invitation(state)
    this.showAnswer(state)
    this.showLoss(isReady ? state : null)
    this.showSum(isReady ? state : null)
    this.showMemory(state)
    const sentences = [this.verdict, this.losses, this.kept].map((each) => each.textContent)
    this.speaker.say(steps ? sentences.join(" ") : "")
  }

  invitation({ before, label, steps }) {
    if (!before) return "Draw first."
    if (label === null) return "Say what you drew."
    return steps ? `${steps} ${steps === 1 ? "step" : "steps"} taken` : "No step taken yet"
  }

  // The probabilities: an outline for those before, a full bar for those now.

  showAnswer({ before, after, label, steps }) {
    const classes = this.shownClasses(before, after, label)
    if (String(classes) !== String([...this.rows.keys()])) {
      this.rows = new Map(classes.map((i) => [i, new ClassRow(this.names[i])]))
      this.bars.replaceChildren(...[...this.rows.values()].map(({ element }) => element))
    }
    for (const [i, row] of this.rows) {
      if (!before) row.show(null)
      else row.show(after[i], before[i], steps ? `${percent(before[i])} → ${percent(after[i])}` : percent(after[i]))
      row.element.classList.toggle("right", i === label)
    }
    this.verdict.textContent = !before || label === null ? "" : this.sureness(before[label], after[label], label, steps)
  }

  sureness(before, after, label, steps) {
    const name = this.names[label]
    return steps ? `For “${name}” it was ${sure(before)} sure, now ${sure(after)}.` : `For “${name}” it is ${sure(after)} sure.`
  }

  shownClasses(before, after, label) {
    const all = this.names.map((_, i) => i)
    if (all.length <= SHOWN) return all
    const size = (i) => (i === label ? 2 : Math.max(before?.[i] ?? 0, after?.[i] ?? 0))
    return all.sort((a, b) => size(b) - size(a)).slice(0, SHOWN - 2).sort((a, b) => a - b)
  }

  showLoss(state) {
    this.curve.show(state && state.curve, state ? state.steps : 0)
    if (!state) this.losses.textContent = ""
    else {
      const [before, now] = state.losses
      this.losses.replaceChildren(h("b", {}, write(before)), " before → ", h("b", {}, write(now)), " now")
    }
  }

  // What changed most in the sum of the right class

  showSum(state) {
    if (!state) {
      this.sum.replaceChildren(h("p", { class: "calm" }, "The weights that learn appear here."))
      return
    }
    const { source, units, values, before, after, scores } = state.sum
    const name = this.names[state.label]
    const head = ["it reads", "value", "× weight: before → now", "= product: before → now"]
    const arrow = (was, now) => `${write(was)} → ${write(now)}`
    const rows = units.map((unit, i) =>
      row(unitName(source, [unit]), [write(values[i]), arrow(before[i], after[i]), arrow(values[i] * before[i], values[i] * after[i])]),
    )
    const total = h("tr", {}, h("th", { scope: "row", colspan: 3 }, "all products and the bias: the score (logit)"), h("td", {}, h("b", {}, arrow(...scores))))
    this.sum.replaceChildren(
      h("h3", {}, `The sum behind “${name}”: the weights that ${state.steps ? "changed" : "will change"} most`),
      h("table", {}, h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...rows), h("tfoot", {}, total)),
    )
  }

  // What it forgets

  setExamples({ pictures, labels, read }) {
    this.known = { pictures, labels: [...labels], read }
    this.memory.hidden = false
    this.cells = this.known.labels.map((label) => {
      const canvas = h("canvas", { class: "pixels", role: "img", "aria-label": `a ${this.names[label]}` })
      const answer = h("span", {})
      return { canvas, answer, item: h("li", {}, h("div", { class: "frame" }, canvas), answer) }
    })
    this.examples.replaceChildren(...this.cells.map(({ item }) => item))
    this.paintExamples()
  }

  paintExamples() {
    if (!this.known) return
    const [count, height, width] = this.known.pictures.shape
    const colour = rgb(this.element, "--mv-ink")
    parts(this.known.pictures, count).forEach((values, i) => paintInk(this.cells[i].canvas, values, height, width, colour))
  }

  showMemory({ answers, steps }) {
    if (!this.known) return
    const { labels, read } = this.known
    const right = labels.filter((label, i) => answers[i] === label).length
    this.cells.forEach(({ item, answer }, i) => {
      const isRight = answers[i] === labels[i]
      item.classList.toggle("wrong", !isRight)
      answer.textContent = isRight ? `${this.names[labels[i]]} ✓` : `→ ${this.names[answers[i]]}`
    })
    this.kept.textContent = steps ? `It still reads ${right} of these ${labels.length}. ${consequence(right, read)}` : `It reads ${right} of these ${labels.length}.`
  }
}

function consequence(right, read) {
  if (right >= read) return "Nothing is forgotten so far."
  if (right > 0.7 * read) return "It forgets others: one picture is not enough."
  return "That was too far: it forgets what it knew."
}

const sure = (p) => (p < 0.005 ? "under 1%" : percent(p))

const choices = (title, ...children) => h("fieldset", {}, h("legend", {}, title), ...children)

const part = (title, ...children) => h("section", {}, h("h3", {}, title), ...children)

const legend = () =>
  h("p", { class: "legend" }, h("span", { class: "key outline" }, "before"), h("span", { class: "key" }, "now"))

const row = (name, numbers) => h("tr", {}, h("th", { scope: "row" }, name), ...numbers.map((text) => h("td", {}, text)))


export function render({ model }) {
  const lesson = new Lesson(model)
  connect(model, (message) => lesson.receive(message), () => lesson.destroy(), { element: lesson.element })
  return lesson.element
}

export default { render }
