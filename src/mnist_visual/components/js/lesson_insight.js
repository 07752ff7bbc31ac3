// What there was to see, once the thing is done, and the way on.

import { bringIntoSight, connect, h, renew } from "./dom.js";
import { lessonLink, setText } from "./lesson_text.js";

class Insight {
  constructor(model) {
    this.model = model
    this.heading = h("h2", { id: "insight", tabindex: -1 }, model.heading ?? "What you saw")
    this.text = h("div", { class: "text" })
    this.wait = h(
      "div",
      { class: "wait" },
      h("p", {}, "It goes on here when you have tried it."),
      h("button", { type: "button", onclick: () => this.skip() }, "Show me now"),
    )
    this.way = h("p", {})
    this.element = h("section", { class: "card insight", "aria-labelledby": "insight" }, this.heading, this.wait, this.text, this.way)
  }

  skip() {
    this.model.send_msg({ kind: "finish" })
    this.heading.focus() // the button goes
  }

  receive(message) {
    if (message.kind === "look") this.look()
    else this.show(message)
  }

  look() {
    this.heading.focus({ preventScroll: true })
    bringIntoSight(this.element)
  }

  show({ insight, finished, next }) {
    this.wait.hidden = finished
    this.text.hidden = !finished
    if (insight !== this.shown) setText(this.text, insight, this.model.katex)
    this.shown = insight
    const link = next && lessonLink(this.model, next[0], { class: finished ? "next ready" : "next" }, `Next: ${next[1]} →`)
    renew(this.way, link ?? (finished ? "That was the last lesson." : ""))
  }
}

export function render({ model }) {
  const insight = new Insight(model)
  connect(model, (message) => insight.receive(message), () => {}, { element: insight.element })
  return insight.element
}

export default { render }
