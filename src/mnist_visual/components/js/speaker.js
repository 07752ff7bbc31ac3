// What is said to those who do not see the page: the last of many things, once it rests.

import { h } from "./dom.js";

const QUIET = 600 // milliseconds of rest until something is said

export class Speaker {
  constructor() {
    this.element = h("p", { class: "visually-hidden", role: "status" })
  }

  say(text) {
    this.stop()
    this.waiting = setTimeout(() => {
      if (this.element.textContent !== text) this.element.textContent = text
    }, QUIET)
  }

  stop() {
    clearTimeout(this.waiting)
  }
}
