// What a network says of a picture before and now: its answer, and a bar for each class.

import { ClassRow } from "./class_rows.js";
import { h } from "./dom.js";
import { bestOf, percent, withArticle } from "./numbers.js";

export class ClassBars {
  constructor(names) {
    this.names = names
    this.was = h("span", { class: "was" })
    this.now = h("span", { class: "now" })
    this.to = h("span", { class: "to" }, "→", this.now)
    const long = names.some((name) => name.length > 2)
    this.turn = h("p", { class: long ? "turn long" : "turn", "aria-hidden": "true" }, this.was, this.to)
    this.words = h("p", { class: "words" })
    this.rows = names.map((name) => new ClassRow(name))
    this.verdict = h("div", { class: "verdict" }, this.turn, this.words)
    this.element = h(
      "div",
      { class: "answers" },
      h("ol", { class: "rows", "aria-label": "Probability of each class" }, ...this.rows.map(({ element }) => element)),
      h("p", { class: "legend" }, h("span", { class: "key outline" }, "your drawing"), h("span", { class: "key" }, "the picture now")),
    )
  }

  // Takes probabilities and verdicts, "digit" or "other", before and now; null where nothing is.
  show(before, now) {
    const empty = !before
    this.verdict.classList.toggle("empty", empty)
    const best = empty ? -1 : bestOf(now.probabilities)
    this.was.textContent = empty ? "" : this.sign(before)
    this.now.textContent = empty ? "" : this.sign(now)
    this.verdict.classList.toggle("turned", this.was.textContent !== this.now.textContent)
    const isFooled = !empty && now.verdict === "digit" && best !== bestOf(before.probabilities)
    this.verdict.classList.toggle("fooled", isFooled)
    this.words.textContent = this.sentence = empty ? "" : this.say(before, now, isFooled)
    this.rows.forEach((row, i) => {
      row.element.classList.toggle("best", i === best)
      if (empty) row.show(null)
      else row.show(now.probabilities[i], before.probabilities[i])
    })
  }

  sign({ probabilities, verdict }) {
    return verdict === "other" ? "?" : this.names[bestOf(probabilities)]
  }

  say(before, now, isFooled) {
    const best = bestOf(now.probabilities)
    const reads = `${withArticle(this.names[best])}, ${percent(now.probabilities[best])} sure`
    if (now.verdict === "other") return before.verdict === "other" ? "Not a digit, it says." : "Now it says: not a digit."
    if (isFooled) return `Fooled! Now it reads ${reads}.`
    return `It reads ${reads}.`
  }
}
