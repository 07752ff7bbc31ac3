// What becomes of a network that was trained here.

import { download, h, keepFocus } from "./dom.js";

const MOST_BYTES = 18 << 20

export class Keeping {
  constructor(canSave, ask) {
    const button = (text, onclick) => h("button", { type: "button", disabled: true, onclick }, text)
    this.use = button("Use this network", () => ask({ kind: "use", own: true }))
    this.back = button("Use the shipped one", () => ask({ kind: "use", own: false }))
    this.save = button("Download the weights", () => {
      this.say("Writing the file …")
      ask({ kind: "save" })
    })
    this.picker = h("input", { type: "file", accept: ".h5", hidden: true, onchange: () => this.load(ask) })
    this.open = h("button", { type: "button", onclick: () => this.picker.click() }, "Load weights")
    this.heading = h("h2", { id: "keep" })
    this.now = h("p", { class: "now" })
    this.status = h("p", { class: "small", role: "status" })
    this.element = h(
      "section",
      { class: "card keep", "aria-labelledby": "keep" },
      h("header", {}, this.heading, this.now),
      h("div", { class: "buttons" }, this.use, this.back, ...(canSave ? [this.save] : []), this.open, this.picker, this.status),
    )
    this.chosen = { any: false, index: null }
    this.setIndex(-1)
  }

  setIndex(index, point) {
    Object.assign(this, { index, point })
    this.refresh()
  }

  setChosen({ any, index }) {
    this.chosen = { any, index }
    this.say("") // what was said of a file is of the past
    this.refresh()
  }

  refresh() {
    const { any, index } = this.chosen
    this.heading.textContent = this.point ? `The network of epoch ${epochName(this.point.epoch)}` : "Your network"
    const disable = () => {
      this.use.disabled = !this.point || index === this.index
      this.back.disabled = !any
      this.save.disabled = !this.point
    }
    keepFocus([this.use], this.back, () => keepFocus([this.back], this.use, disable))
    this.now.textContent = !any
      ? "the other pages use the shipped one"
      : index === this.index
        ? "the other pages use this one"
        : `the other pages use ${this.point ? "another" : "one"} of yours`
  }

  say(text) {
    this.status.textContent = text
  }

  // A file that was downloaded here, or one that Keras saved of the same network.
  async load(ask) {
    const [file] = this.picker.files
    this.picker.value = "" // the same one may be chosen again
    if (!file) return
    if (file.size > MOST_BYTES) {
      this.say("This file is too large to be one that was downloaded here.")
      return
    }
    this.say(`Reading ${file.name} …`)
    ask({ kind: "load", data: new Uint8Array(await file.arrayBuffer()) })
  }

  loaded({ of }) {
    this.say(`The ${of === "vae" ? "autoencoder" : "network"} of this file is in use on the other pages now.`)
  }

  download({ data, name }) {
    download(data, name)
    this.say(`${name} is saved.`)
  }
}

// Whole epochs are whole numbers, and a part of one has two digits.
export const epochName = (epoch) => String(Number(epoch.toFixed(2)))
