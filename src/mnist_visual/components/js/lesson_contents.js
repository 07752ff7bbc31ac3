// The list of all lessons: which is open, and which are done.

import { readPart } from "./address.js";
import { connect, h, renew } from "./dom.js";
import { lessonLink } from "./lesson_text.js";

class Contents {
  constructor(model) {
    this.model = model
    this.list = h("ol", {})
    this.element = h(
      "nav",
      { class: "card contents", "aria-labelledby": "contents" },
      h("h2", { id: "contents" }, "Lessons"),
      this.list,
    )
    // The address says which lesson is open, on the way back, too.
    this.travel = () => this.follow(readPart("lesson") ?? this.first)
    if (model.address) addEventListener("popstate", this.travel)
  }

  destroy() {
    removeEventListener("popstate", this.travel)
  }

  follow(topic) {
    if (topic && topic !== this.topic) this.model.send_msg({ kind: "open", topic })
  }

  show({ topic, lessons }) {
    this.topic = topic
    this.first = lessons[0][0]
    const items = lessons.map(([name, title, done], i) => {
      const mark = h("span", { class: done ? "mark done" : "mark", "aria-hidden": "true" }, done ? "✓" : String(i + 1))
      const words = h("span", {}, title, ...(done ? [h("span", { class: "visually-hidden" }, ", done")] : []))
      return h("li", {}, lessonLink(this.model, name, { "aria-current": name === topic && "step" }, mark, words))
    })
    renew(this.list, ...items)
  }
}

export function render({ model }) {
  const contents = new Contents(model)
  let told = false
  const receive = (message) => {
    contents.show(message)
    // A link may have changed the address before the lessons were there to follow it.
    if (!told && model.address) contents.travel()
    told = true
  }
  connect(model, receive, () => contents.destroy(), { element: contents.element })
  return contents.element
}

export default { render }
