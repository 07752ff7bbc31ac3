// The smallest change that turns the answer: what it is, how large, and how much of it is made.

import { h } from "./dom.js";
import { clamp, fixed, percent, withArticle } from "./numbers.js";
import { paintSigned, signColours, wipe } from "./pictures.js";

const CALM = "The least change of the pixels that makes it say something else."

export class ChangeCard {
  constructor(names, { onChange, onSlide }) {
    this.names = names
    this.change = null
    this.target = h(
      "select",
      { "aria-label": "Towards which answer", onchange: () => this.change && this.ask() },
      h("option", { value: "" }, "to the nearest other answer"),
      ...names.map((name, label) => h("option", { value: label }, `to ${withArticle(name)}`)),
    )
    this.onChange = onChange
    this.button = h("button", { type: "button", class: "main", onclick: () => this.ask() }, "Smallest change")
    this.picture = h("canvas", { class: "pixels" })
    this.words = h("p", { class: "change-words", role: "status" })
    this.slider = h("input", { type: "range", min: 0, max: 100, value: 0, "aria-label": "How much of the change", oninput: () => onSlide(Number(this.slider.value)) })
    this.mark = h("span", { class: "mark", "aria-hidden": "true" }, h("span", {}, "it turns here"))
    const tick = (share, words) => h("span", {}, h("b", {}, share), ` ${words}`)
    this.slide = h(
      "div",
      { class: "slide" },
      this.mark,
      this.slider,
      h("p", { class: "ticks", "aria-hidden": "true" }, tick("0%", "the drawing"), tick("100%", "all of it"), tick("200%", "twice")),
    )
    this.element = h(
      "div",
      { class: "change" },
      h("div", { class: "ask" }, this.button, this.target),
      h(
        "div",
        { class: "found" },
        h("div", { class: "small-square", role: "img", "aria-label": "What the change adds and takes away" }, this.picture),
        this.words,
        h("p", { class: "legend" }, h("span", { class: "key for" }, "more ink"), h("span", { class: "key against" }, "less ink")),
      ),
      this.slide,
    )
    this.show(null, 0)
  }

  ask() {
    this.words.textContent = "Looking for it …"
    this.onChange(this.target.value === "" ? null : Number(this.target.value))
  }

  // Nothing can be asked of an empty sketchpad, nor for the answer that is given already.
  setAnswer(label) {
    this.button.disabled = this.target.disabled = label === null
    Array.from(this.target.options).forEach((option) => (option.disabled = option.value !== "" && Number(option.value) === label))
    if (this.target.selectedOptions[0]?.disabled) this.target.value = ""
  }

  // Takes a change, or null for none.
  show(change, share, shape) {
    this.change = change
    this.shape = shape
    this.element.classList.toggle("none", !change)
    this.slider.disabled = !change
    this.words.textContent = change ? this.say() : CALM
    const places = change ? change.shares.length - 1 : 100
    this.most = change ? change.shares[places] : 2
    this.slider.max = places
    if (change) this.mark.style.setProperty("--at", change.turn / this.most)
    this.setShare(share)
    this.repaint()
  }

  setShare(share) {
    this.slider.value = Math.round((share / this.most) * Number(this.slider.max))
    this.slider.setAttribute("aria-valuetext", `${percent(share)} of the change`)
  }

  // What could not be found is said.
  fail(target) {
    const wanted = target === null ? "anything else" : withArticle(this.names[target])
    this.words.textContent = `No change was found that makes it say ${wanted}.`
  }

  say() {
    const { ink, largest, distance, answer, label, shares, verdicts } = this.change
    const called = (best, share) => {
      const name = withArticle(this.names[best])
      return verdicts[shares.indexOf(share)] === "other" ? `no digit (at best ${name})` : name
    }
    const turned = `From ${called(label, 0)} to ${called(answer, 1)}: `
    const size = ink < 0.01 ? "less than 1%" : percent(ink)
    return `${turned}the pixels change by ${size} of the ink, none by more than ${percent(clamp(largest, 0, 1))}. Length of the change (L2 norm): ${fixed(distance)}.`
  }

  repaint() {
    if (!this.change) {
      wipe(this.picture)
      return
    }
    const colours = signColours(this.element)
    const { difference, largest } = this.change
    paintSigned(this.picture, difference, ...this.shape, Math.max(largest, 1e-6), ...colours)
  }
}
