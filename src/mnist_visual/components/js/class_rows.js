// A lying bar for each class: its name, its probability, and an outline of what that was before.

import { h } from "./dom.js";
import { percent } from "./numbers.js";

const LEAST = 0.01 // of a probability whose outline can be seen as one

export class ClassRow {
  constructor(name, handlers = {}) {
    this.fill = h("span", { class: "fill" })
    this.was = h("span", { class: "was" })
    this.share = h("span", { class: "share" })
    const track = h("span", { class: "track" }, this.fill, this.was)
    this.element = h("li", handlers, h("span", { class: "name" }, name), track, this.share)
    this.show(null)
  }

  // Takes a probability, or null for none, and the one before; the words may be others.
  show(now, before = null, words = now === null ? "" : percent(now)) {
    this.fill.style.transform = `scaleX(${now ?? 0})`
    this.was.hidden = !(before > LEAST)
    this.was.style.width = `${100 * (before ?? 0)}%`
    this.share.textContent = words
  }
}
