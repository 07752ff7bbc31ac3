// A dashboard on a stage: a clicker walks through its views, and all else keeps out of sight.

import { goTo, readPart, writePart } from "./address.js";
import { connect, h } from "./dom.js";
import { Idleness } from "./idleness.js";
import { codeSheet, drawCode } from "./link_code.js";
import { clamp } from "./numbers.js";
import { Sheet } from "./sheet.js";

const HINT = "Escape ends presenting. The key ? shows all keys."
const KEPT = ["present", "views", "idle"] // parts of the address that a page has from whoever set it up
const HINTS = 6000 // milliseconds that it can be read
const KEYS = [
  ["P", "start presenting, or end it"],
  ["Page Down, →", "next view"],
  ["Page Up, ←", "previous view"],
  ["C", "take the drawing away"],
  ["Q", "the QR code, for others to join in"],
  ["B or .", "a black screen, and back"],
  ["?", "these keys"],
  ["Escape", "end"],
]
// What takes all keys, and what takes most of them from those who came there by keyboard.
const TYPED = "input:not([type=range], [type=checkbox], [type=radio]), textarea, [contenteditable]"
const LED = "input, select, summary, [tabindex]"

class Presenter {
  constructor(model) {
    this.model = model
    this.views = new Map(model.views.map(([name, label, parts]) => [name, { name, label, parts }]))
    const asked = (readPart("views") ?? "").toLowerCase().split(",").filter((name) => this.views.has(name))
    this.walk = (asked.length ? asked : model.walk).map((name) => this.views.get(name))
    this.at = -1 // in the walk; before its first view, until one of it is reached
    this.byPointer = true // how the keyboard came to where it is
    this.acts = { p: () => this.toggle(), "?": () => this.toggleSheet(this.help) }
    this.actsOnStage = {
      PageDown: () => this.step(1),
      PageUp: () => this.step(-1),
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      c: () => model.send_msg({ kind: "clear" }),
      q: () => this.toggleCode(),
      b: () => this.toggleSheet(this.black),
      ".": () => this.toggleSheet(this.black),
    }
    this.build()
    this.listeners = {
      keydown: (event) => this.keyDown(event),
      pointerdown: () => (this.byPointer = true),
      popstate: () => this.arrive(),
    }
    for (const [name, listener] of Object.entries(this.listeners)) addEventListener(name, listener, { capture: true })
    this.escape = (event) => this.leave(event)
    addEventListener("keydown", this.escape) // after all who need that key
    this.idleness = new Idleness(readPart("idle"), () => model.send_msg({ kind: "idle" }))
    this.present(readPart("present") === "1")
    this.arrive()
  }

  build() {
    this.button = h("button", { type: "button", class: "start", "aria-keyshortcuts": "p", title: "Key P", onclick: () => this.toggle() }, "Present")
    this.hint = h("p", { class: "card toast", role: "status" })
    this.black = new Sheet("black", "Black screen")
    this.code = codeSheet()
    const keys = KEYS.map(([key, what]) => h("tr", {}, h("th", { scope: "row" }, key), h("td", {}, what)))
    const views = this.walk.map(({ label, parts }) => h("li", {}, h("a", { href: `?${new URLSearchParams(parts)}` }, label)))
    this.help = new Sheet(
      "help card",
      "Keys for presenting",
      h("h2", {}, "Keys for presenting"),
      h("div", {}, h("table", {}, h("tbody", {}, ...keys)), h("ol", { "aria-label": "The views of this talk" }, ...views)),
    )
    this.sheets = [this.black, this.code, this.help]
    this.element = h("div", {}, this.button, this.hint, ...this.sheets.map((sheet) => sheet.element))
  }

  destroy() {
    for (const [name, listener] of Object.entries(this.listeners)) removeEventListener(name, listener, { capture: true })
    removeEventListener("keydown", this.escape)
    clearTimeout(this.hinting)
    this.idleness.stop()
    this.present(false)
  }

  // The stage

  toggle() {
    const url = new URL(location.href)
    writePart(url, "present", this.presenting ? null : "1")
    history.replaceState(null, "", url)
    this.present(!this.presenting)
    if (this.presenting) this.say(HINT)
  }

  present(now) {
    this.presenting = now
    document.documentElement.toggleAttribute("data-presenting", now)
    this.say("")
  }

  say(text) {
    this.hint.textContent = text
    clearTimeout(this.hinting)
    if (text) this.hinting = setTimeout(() => this.say(""), HINTS)
  }

  // The walk

  step(by) {
    this.go(clamp(this.at + by, 0, this.walk.length - 1))
  }

  go(place, { anew = true } = {}) {
    const url = new URL(location.href)
    const { parts } = this.walk[place]
    const leading = [...this.views.values()].flatMap((view) => Object.keys(view.parts))
    // What others have set does not stay for those who come next.
    const gone = anew ? leading : [...url.searchParams.keys()].filter((name) => !KEPT.includes(name))
    for (const name of gone) if (!(name in parts)) writePart(url, name, null)
    for (const [name, value] of Object.entries(parts)) writePart(url, name, value)
    this.at = place
    if (this.byPointer) document.activeElement?.blur() // nobody means what was clicked before
    if (url.href === location.href) return
    goTo(url, { replace: !anew })
    scrollTo({ top: 0 })
  }

  // Goes on from wherever somebody went by another way.
  arrive() {
    const { dataset } = document.documentElement
    const isHere = ([name, value]) => (readPart(name) ?? dataset[name]) === value
    const here = this.walk.findIndex(({ parts }) => Object.entries(parts).every(isHere))
    if (here >= 0) this.at = here
  }

  // Whatever covers the window

  toggleSheet(sheet) {
    for (const each of this.sheets) if (each !== sheet && each.isOpen) each.close()
    sheet.toggle()
  }

  toggleCode() {
    this.toggleSheet(this.code)
    if (this.code.isOpen) this.model.send_msg({ kind: "code", link: location.origin + location.pathname })
  }

  receive(message) {
    if (message.kind === "code") drawCode(this.code, message)
    else if (message.kind === "busy") this.idleness.wait()
    else if (message.kind === "first") this.rest()
  }

  // A black screen stays: somebody wanted it.
  rest() {
    for (const sheet of [this.code, this.help]) if (sheet.isOpen) sheet.close()
    this.go(0, { anew: false })
  }

  // The keyboard

  keyDown(event) {
    if (event.key === "Tab") this.byPointer = false
    if (event.ctrlKey || event.metaKey || event.altKey || this.needsKey(event)) return
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const act = this.acts[key] ?? (this.presenting ? this.actsOnStage[key] : undefined)
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    if (event.repeat) return
    const covered = this.sheets.find((sheet) => sheet.isOpen)
    if (covered && key.length > 1) covered.close() // a clicker first brings the page back
    else act()
  }

  // What was merely clicked, as a sketchpad that somebody drew on, leaves the keys to the clicker.
  needsKey(event) {
    const [target] = event.composedPath()
    if (!(target instanceof Element)) return false
    if (target.matches(TYPED)) return true
    return !this.byPointer && !event.key.startsWith("Page") && target.matches(LED)
  }

  leave(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return
    if (this.presenting && !this.sheets.some((sheet) => sheet.isOpen)) this.toggle()
  }
}

export function render({ model }) {
  const presenter = new Presenter(model)
  connect(model, (message) => presenter.receive(message), () => presenter.destroy())
  return presenter.element
}

export default { render }
