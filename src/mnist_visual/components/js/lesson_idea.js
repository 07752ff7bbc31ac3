// The idea of the open lesson, and the thing to do.

import { connect, h } from "./dom.js";
import { setText } from "./lesson_text.js";

class Idea {
  constructor(model) {
    this.model = model
    this.count = h("p", { class: "count" })
    this.title = h("h2", { id: "title", tabindex: -1 })
    this.idea = h("div", { class: "text" })
    this.task = h("div", { class: "text" })
    this.state = h("p", { class: "state", role: "status" })
    this.down = h("button", { type: "button", onclick: () => model.send_msg({ kind: "look" }) }, "What you saw ↓")
    this.tryIt = h("section", { class: "task", "aria-labelledby": "task" }, h("h3", { id: "task" }, "Try it"), this.task, this.state, this.down)
    this.element = h(
      "article",
      { class: "card lesson", "aria-labelledby": "title" },
      h("header", {}, this.count, this.title),
      this.idea,
      this.tryIt,
    )
  }

  show({ topic, place, count, title, idea, task, finished }) {
    this.state.textContent = finished ? "✓ Done." : ""
    this.down.classList.toggle("later", !finished) // keeps its room, so that nothing jumps
    if (topic === this.topic) return
    const first = this.topic === undefined
    this.topic = topic
    this.count.textContent = `Lesson ${place + 1} of ${count}`
    this.title.textContent = title
    setText(this.idea, idea, this.model.katex)
    this.tryIt.hidden = !task // where there is nothing to try it on
    setText(this.task, task, this.model.katex)
    // Who comes from another lesson begins at the top, with the keyboard, too.
    if (!first) this.title.focus()
  }
}

export function render({ model }) {
  const idea = new Idea(model)
  connect(model, (message) => idea.show(message), () => {}, { element: idea.element })
  return idea.element
}

export default { render }
