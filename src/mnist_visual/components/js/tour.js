// A tour: a button that starts it, and a card that says what there is to see at each stop.

import { completeParts, goTo, readPart } from "./address.js";
import { bringIntoSight, connect, h, onEscape, remembered } from "./dom.js";

const KEY = "tour" // whether this visitor has seen it, or would rather not

// The first such element of a page, or within one of its views.
function find(root, selector) {
  const found = root.querySelector(selector)
  if (found) return found
  for (const node of root.querySelectorAll("*")) {
    const within = node.shadowRoot && find(node.shadowRoot, selector)
    if (within) return within
  }
  return null
}

class Tour {
  constructor(model) {
    this.model = model
    this.start = h("button", { type: "button", class: "start", onclick: () => this.go(0) })
    this.label()
    this.count = h("p", { class: "count" })
    this.text = h("p", { class: "words", tabindex: -1 })
    this.state = h("p", { class: "state", role: "status" })
    this.back = h("button", { type: "button", onclick: () => this.go(this.stop - 1) }, "Back")
    this.next = h("button", { type: "button", class: "next", onclick: () => this.goOn() })
    this.leave = h("button", { type: "button", onclick: () => this.end() }, "Leave the tour")
    this.card = h(
      "section",
      { class: "card tour-card", "aria-label": "Tour", hidden: true, onkeydown: (event) => onEscape(event, true, () => this.end()) },
      this.count,
      this.text,
      this.state,
      h("div", { class: "buttons" }, this.back, this.next, this.leave),
    )
    this.element = h("div", {}, this.start, this.card)
  }

  // Those who have not seen it are told what it is.
  label() {
    const known = remembered(() => localStorage.getItem(KEY))
    this.start.classList.toggle("new", !known)
    const text = known ? "Tour" : "New here? Take the tour"
    this.start.replaceChildren(h("span", {}, text))
    this.start.setAttribute("aria-label", `${text}, two minutes`)
  }

  go(stop) {
    remembered(() => localStorage.setItem(KEY, "seen"))
    this.label()
    this.moved = true
    this.model.send_msg({ kind: "go", stop })
  }

  goOn() {
    if (this.stop + 1 < this.model.count) this.go(this.stop + 1)
    else this.end()
  }

  end() {
    this.model.send_msg({ kind: "leave" })
    this.start.focus({ preventScroll: true })
  }

  show({ stop, page, place, text, waits, done }) {
    this.stop = stop
    this.card.hidden = stop === null
    if (stop === null) {
      this.point(null)
      return
    }
    const last = stop + 1 === this.model.count
    this.count.textContent = `Tour, ${stop + 1} of ${this.model.count}`
    this.text.textContent = text
    this.state.textContent = done ? "✓ Well done." : waits ? "Take your time: the tour waits." : ""
    this.back.disabled = stop === 0
    this.next.textContent = last ? "Finish" : waits ? "Skip" : "Next"
    this.next.classList.toggle("ready", !waits)
    this.visit(page)
    if (this.moved) {
      this.point(place)
      this.text.focus({ preventScroll: true })
    }
    this.moved = false
  }

  visit(page) {
    if (!this.moved || readPart("page") === page) return
    const url = new URL(this.model.address + page, location.href)
    completeParts(url)
    goTo(url)
  }

  point(place) {
    find(document, "[data-toured]")?.removeAttribute("data-toured")
    document.documentElement.toggleAttribute("data-touring", Boolean(place))
    const target = place && find(document, `[data-tour="${place}"]`)
    if (!target) return
    target.setAttribute("data-toured", "")
    // Beside what is pointed out, where there is room for both.
    this.card.classList.toggle("right", target.getBoundingClientRect().left < innerWidth / 4)
    requestAnimationFrame(() => bringIntoSight(target)) // once the page has its new height
  }

  destroy() {
    this.point(null)
  }
}

export function render({ model }) {
  const tour = new Tour(model)
  connect(model, (message) => tour.show(message), () => tour.destroy())
  return tour.element
}

export default { render }
