// Patch × kernel = products → their sum, with nine numbers that can be changed.

import { h } from "./dom.js";
import { plain } from "./numbers.js";
import { rgb, tint } from "./pictures.js";

const REST = 900 // milliseconds until half a number is taken for all of it
const STEP = 0.1 // of an arrow key
const DIGITS = 4 // after the point, at most

export class KernelEquation {
  // `onEdit` hears nine numbers, null for each that cannot be read.
  constructor({ onEdit }) {
    this.onEdit = onEdit
    const cells = (make) => Array.from({ length: 9 }, (_, i) => make(i))
    this.patch = cells(() => h("span", {}))
    this.inputs = cells((i) => this.input(i))
    this.products = cells(() => h("span", {}))
    this.sum = h("div", { class: "result" })
    this.rectified = h("div", { class: "result final" })
    this.verdict = h("figcaption", {}, "ReLU")
    const grid = (caption, nine, kind) =>
      h("figure", { class: kind }, h("div", { class: "nine" }, ...nine), h("figcaption", {}, caption))
    const sign = (text) => h("span", { class: "sign", "aria-hidden": "true" }, text)
    this.after = h("div", { class: "after" }, sign("→"), h("figure", {}, this.rectified, this.verdict))
    this.place = h("b", {})
    const lead = h("p", { class: "lead" }, this.place, " Multiply each pixel by the number on it, and add up. Change any number of the kernel.")
    this.element = h(
      "div",
      { class: "equation" },
      lead,
      grid("nine pixels", this.patch, "patch"),
      sign("×"),
      grid("nine numbers (kernel)", this.inputs, "kernel"),
      h(
        "div",
        { class: "outcome" },
        sign("="),
        grid("nine products", this.products, "products"),
        sign("→"),
        h("div", { class: "ends" }, h("figure", {}, this.sum, h("figcaption", {}, "their sum")), this.after),
      ),
    )
    for (const all of [this.patch, this.inputs, this.products]) {
      all.forEach((cell, i) => {
        cell.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.link(i))
        cell.addEventListener("pointerleave", () => this.link(null))
      })
    }
  }

  input(i) {
    const label = `Kernel, row ${Math.floor(i / 3) + 1}, column ${(i % 3) + 1}`
    return h("input", {
      type: "number",
      step: "any",
      "aria-label": label,
      oninput: () => this.typed(),
      onchange: () => this.send(),
      onfocus: (event) => {
        event.target.select()
        this.link(i)
      },
      onblur: () => this.link(null),
      onkeydown: (event) => this.nudge(event, i),
    })
  }

  // A cell of the kernel, the pixel under it and their product belong together.
  link(i) {
    for (const all of [this.patch, this.inputs, this.products]) {
      all.forEach((cell, k) => cell.classList.toggle("linked", k === i))
    }
  }

  nudge(event, i) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return
    event.preventDefault()
    const by = (event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 1 : STEP)
    this.inputs[i].value = Number(((this.inputs[i].valueAsNumber || 0) + by).toFixed(4))
    this.typed()
  }

  get numbers() {
    return this.inputs.map(({ valueAsNumber }) => (Number.isFinite(valueAsNumber) ? valueAsNumber : null))
  }

  // Half a number, such as a minus alone, gets some time.
  typed() {
    clearTimeout(this.waiting)
    if (this.numbers.includes(null)) this.waiting = setTimeout(() => this.send(), REST)
    else this.send()
  }

  send() {
    clearTimeout(this.waiting)
    this.onEdit(this.numbers)
  }

  destroy() {
    clearTimeout(this.waiting)
  }

  // What was typed stays until there is another kernel.
  setKernel(kernel, afresh) {
    const same = this.kernel && this.kernel.every((value, i) => value === kernel[i])
    this.kernel = Float32Array.from(kernel)
    if (same && !afresh) return
    this.inputs.forEach((input, i) => {
      if (afresh || Math.fround(input.valueAsNumber) !== kernel[i]) input.value = plain(kernel[i], DIGITS).replace("−", "-")
    })
    this.refuse(false)
  }

  // Marks what was typed as taken or not.
  refuse(refused) {
    this.inputs.forEach((input, i) => {
      const differs = refused && Math.fround(input.valueAsNumber) !== this.kernel[i]
      if (differs) input.setAttribute("aria-invalid", "true")
      else input.removeAttribute("aria-invalid")
    })
  }

  recolour() {
    this.colours = Object.fromEntries(["ink", "paper", "positive", "negative"].map((name) => [name, rgb(this.element, `--mv-${name}`)]))
    if (this.shown) this.show(this.shown)
  }

  // The place is of the new picture; `largest` is that of the whole new picture, so that the sum has the colour that it has there.
  show(shown) {
    const { place, patch, sum, relu, largest } = shown
    this.shown = shown
    this.place.textContent = `Row ${place[0] + 1}, column ${place[1] + 1}`
    const products = patch.map(({ value }, i) => value * this.kernel[i])
    const most = (values) => Math.max(1e-6, ...Array.from(values, Math.abs))
    const [heaviest, weightiest] = [most(this.kernel), most(products)]
    patch.forEach(({ value, beyond }, i) => {
      write(this.patch[i], plain(value, DIGITS))
      this.patch[i].classList.toggle("beyond", beyond)
      this.tint(this.patch[i], value, true)
    })
    this.inputs.forEach((input, i) => this.tint(input, this.kernel[i] / heaviest))
    products.forEach((value, i) => {
      write(this.products[i], plain(value, DIGITS))
      this.tint(this.products[i], value / weightiest)
    })
    write(this.sum, plain(sum, DIGITS))
    this.tint(this.sum, sum / largest)
    this.after.hidden = !relu
    this.sum.classList.toggle("final", !relu)
    const kept = Math.max(0, sum)
    write(this.rectified, plain(kept, DIGITS))
    this.tint(this.rectified, kept / largest)
    this.verdict.textContent = sum > 0 ? "ReLU keeps it" : "ReLU makes it 0"
  }

  // Strong or faint, but never so that neither ink nor paper can be read on it.
  tint(cell, share, isInk = false) {
    const { ink, positive, negative } = this.colours
    const size = Math.min(1, Math.abs(share))
    const strong = isInk ? 0.3 + 0.7 * size : 0.75
    const strength = size < 0.5 ? 0.7 * size : strong
    tint(cell, isInk ? ink : share < 0 ? negative : positive, strength, this.colours)
  }
}

function write(cell, text) {
  if (cell.textContent === text) return
  cell.textContent = text
  cell.classList.toggle("long", text.length > 5)
}
