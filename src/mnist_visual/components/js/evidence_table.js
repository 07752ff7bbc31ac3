// What the strongest hidden units add to a score, and that it adds up.

import { h } from "./dom.js";
import { fixed, signed, toHundredths } from "./numbers.js";

const ROWS = 10 // whose places are kept from the start
const NONE = "This network does not end in a sum over hidden units."

export class EvidenceTable {
  constructor() {
    this.rows = Array.from({ length: ROWS }, () => this.row())
    this.rest = this.row()
    this.bias = this.row()
    this.total = this.row()
    this.total.item.classList.add("total")
    this.lead = h("p", { class: "lead" })
    this.list = h("ul", { class: "evidence" }, ...[...this.rows, this.rest, this.bias, this.total].map(({ item }) => item))
    this.element = h("div", {}, this.list, this.lead)
  }

  row() {
    const [name, bar, number] = [h("span", { class: "unit" }), h("span", { class: "bar" }), h("span", { class: "number" })]
    return { item: h("li", {}, name, h("span", { class: "axis" }, bar), number), name, bar, number }
  }

  get sentence() {
    return this.lead.textContent
  }

  // Takes what the units add, or null, and what the class is called.
  show(evidence, asked) {
    this.list.classList.toggle("off", !evidence)
    this.lead.textContent = ""
    if (!evidence) {
      if (asked) this.lead.textContent = NONE
      return
    }
    const { names, values, others, rest, bias, logit } = evidence
    const largest = [...values, rest, bias].reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
    this.rows.forEach((row, i) => {
      row.item.hidden = i >= names.length
      if (i < names.length) this.fill(row, names[i], values[i], largest)
    })
    // What is printed adds up, too: the rest takes what the rounding leaves.
    const left = toHundredths(logit) - toHundredths(bias) - values.reduce((sum, value) => sum + toHundredths(value), 0)
    this.rest.item.hidden = others === 0
    this.fill(this.rest, `the other ${others} together`, others ? left : 0, largest)
    this.fill(this.bias, "bias (always there)", bias, largest)
    this.fill(this.total, `score of ${asked} (logit)`, logit, largest)
    this.total.number.textContent = fixed(logit)
    this.lead.textContent = this.leadWords(evidence, asked)
  }

  leadWords({ names, values }, asked) {
    const strongest = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0)
    const value = values[strongest]
    if (!value) return `Nothing speaks for ${asked}, and nothing against it.`
    const name = names[strongest][0].toUpperCase() + names[strongest].slice(1)
    const size = fixed(Math.abs(value))
    return value > 0 ? `${name} adds ${size} for ${asked}.` : `${name} takes away ${size}: it speaks against ${asked}.`
  }

  fill({ item, name, bar, number }, words, value, largest) {
    name.textContent = words
    number.textContent = signed(value)
    item.classList.toggle("against", value < 0)
    bar.style.width = `${Math.min(50, (50 * Math.abs(value)) / largest)}%`
  }
}
