// The answer: the digit in large, and a bar for each class.

import { connect, explain, h } from "./dom.js";
import { areWords, bestOf, nounOf, percent, withArticle } from "./numbers.js";
import { Speaker } from "./speaker.js";

class Answer {
  constructor(model) {
    this.digit = h("p", { class: "digit", "aria-hidden": "true" })
    this.sentence = h("h2", { id: "heading" })
    this.sure = h("p", {})
    this.names = model.class_names
    const areDigits = nounOf(this.names) === "digit"
    const words = areWords(this.names) // whose bars lie
    this.scale = words ? "scaleX" : "scaleY"
    this.noun = areDigits ? "digit" : "drawing"
    this.bars = this.names.map((name) => {
      const share = h("span", { class: "share" })
      const fill = h("span", { class: "fill" })
      const track = h("span", { class: "track" }, fill)
      const item = h("li", {}, h("span", { class: "name" }, name), share, track)
      return { item, share, fill }
    })
    const items = this.bars.map(({ item }) => item)
    const label = `Probability of each ${areDigits ? "digit" : "class"}`
    const columns = `grid-template-columns: repeat(${items.length}, minmax(0, 1fr))`
    const look = words ? { class: "rows" } : { style: columns }
    this.speaker = new Speaker()
    this.element = h(
      "section",
      { class: words ? "card answer words" : "card answer", "aria-labelledby": "heading" },
      this.digit,
      h(
        "div",
        {},
        h("header", {}, this.sentence, this.sure, ...explain(model)),
        h("ol", { "aria-label": label, ...look }, ...items),
      ),
      this.speaker.element,
    )
    this.show({ verdict: "empty", probabilities: null })
  }

  show({ verdict, probabilities }) {
    const values = probabilities ?? new Float32Array(this.names.length)
    const best = bestOf(values)
    const name = this.names[best]
    this.element.dataset.verdict = verdict
    const [digit, sentence, sure] = {
      empty: ["", `Waiting for a ${this.noun}`, "draw, and watch"],
      other: ["?", "Not a digit", "unlike all it learned"],
      digit: [name.length > 2 ? "" : name, `It reads ${withArticle(name)}`, `${percent(values[best])} sure`],
    }[verdict]
    this.digit.textContent = digit
    this.sentence.textContent = sentence
    this.sure.textContent = sure
    this.bars.forEach(({ item, share, fill }, i) => {
      item.classList.toggle("best", verdict === "digit" && i === best)
      share.textContent = verdict === "empty" ? "" : percent(values[i])
      fill.style.transform = `${this.scale}(${values[i]})`
    })
    this.speaker.say(verdict === "empty" ? "" : `${sentence}, ${sure}.`)
  }
}

export function render({ model }) {
  const answer = new Answer(model)
  connect(model, (message) => answer.show(message), () => answer.speaker.stop(), { element: answer.element })
  return answer.element
}

export default { render }
