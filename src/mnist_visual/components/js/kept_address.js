// Keeps the page's address as its views are set, so that whoever is sent it sees the same.

import { readPart, writePart } from "./address.js";
import { connect, h } from "./dom.js";

const REST = 500 // milliseconds without a touch until the address is brought up to date
const TOUCHES = ["pointerup", "pointermove", "keyup", "wheel", "change", "click"]

class KeptAddress {
  constructor(model) {
    this.model = model
    this.turn = 0 // how often somebody went elsewhere
    this.element = h("div", { hidden: true })
    this.touch = () => this.restLater()
    this.travel = () => this.went()
    for (const name of TOUCHES) addEventListener(name, this.touch, { capture: true, passive: true })
    addEventListener("popstate", this.travel)
  }

  destroy() {
    clearTimeout(this.resting)
    for (const name of TOUCHES) removeEventListener(name, this.touch, { capture: true })
    removeEventListener("popstate", this.travel)
  }

  restLater() {
    if (!this.isNeeded) return
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.model.send_msg({ kind: "rest" }), REST)
  }

  went() {
    this.turn += 1
    const parts = Object.fromEntries(new URL(location.href).searchParams)
    this.model.send_msg({ kind: "went", parts, turn: this.turn })
  }

  // What was said of another step of the way is of no use here.
  receive({ parts, turn }) {
    this.isNeeded = true
    if (turn !== this.turn) return
    const url = new URL(location.href)
    for (const [name, text] of Object.entries(parts)) {
      if (readPart(name, url) !== text) writePart(url, name, text)
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url)
  }
}

export function render({ model }) {
  const address = new KeptAddress(model)
  connect(model, (message) => address.receive(message), () => address.destroy())
  return address.element
}

export default { render }
