// A window slides over the drawing: nine pixels times nine numbers, added up, give one new pixel.

import { card, connect, h, onEscape, onTheme } from "./dom.js";
import { KernelChoice, WindowSettings } from "./kernel_choice.js";
import { KernelEquation } from "./kernel_equation.js";
import { Messenger, SILENT } from "./messenger.js";
import { plain } from "./numbers.js";
import { SlidePlayer } from "./slide_player.js";
import { SlidingPictures } from "./sliding_pictures.js";
import { Speaker } from "./speaker.js";

const REPORT = 250 // between two reports of where somebody looks
const MOST = 100_000 // visits that one report may name
const EMPTY = "Draw, and the window slides over what you drew."
const PLAYING = "Each place gives one new pixel."
const FREE = "Point at either picture. Click to keep a place."
const KEPT = "Click a place to go there. Escape follows the pointer again."
const TOUCH = "Touch either picture to move the window."

class Sandbox {
  constructor(model) {
    this.model = model
    this.untouched = true // then the window is where most is found
    this.kept = false // whether the window stays while the pointer moves on
    this.coarse = matchMedia("(pointer: coarse)").matches
    this.visits = 0 // since the last report
    this.changes = {} // that Python has not answered yet
    this.sent = {} // those of them that it has been told
    this.refused = [] // the names of those that could not be
    this.asking = new Messenger((message) => model.send_msg(message), (silent) => this.refuse(silent ? SILENT : ""))
    this.pictures = new SlidingPictures({
      onPoint: (place, how) => this.point(place, how),
      onKey: (place) => this.take(place),
      onToggle: () => this.player.toggle(),
    })
    this.player = new SlidePlayer({
      onStart: () => this.start(),
      onAdvance: (count) => this.advance(count),
      onPause: () => this.paused(),
      onStep: () => this.step(),
      onBack: () => this.take([0, 0]),
    })
    this.choice = new KernelChoice(model.presets, model.learned, (name) => {
      this.afresh = true // whatever was typed
      this.change({ kernel: name })
    })
    this.equation = new KernelEquation({ onEdit: (numbers) => this.change({ kernel: numbers }) })
    this.settings = new WindowSettings(model.choices, (changes) => this.change(changes))
    this.build()
    this.stopTheme = onTheme(() => this.repaint())
  }

  build() {
    this.hint = h("p", { class: "status hint" }, EMPTY)
    this.words = h("p", { class: "words" })
    this.reason = h("p", { class: "reason", role: "status" })
    this.speaker = new Speaker()
    const body = h(
      "div",
      { class: "sandbox", onkeydown: (event) => onEscape(event, this.kept, () => this.letGo()) },
      h("div", { class: "watch" }, this.pictures.element, this.player.element, this.hint, this.settings.mover),
      this.equation.element,
      this.choice.element,
      this.settings.element,
      h("div", { class: "below" }, this.words, this.reason),
      this.speaker.element,
    )
    this.element = card(this.model, body)
    // What is out of sight does not go on.
    this.sight = new IntersectionObserver((found) => found.at(-1).isIntersecting || this.player.pause())
    this.sight.observe(this.element)
  }

  destroy() {
    this.player.stop()
    this.stopTheme()
    this.sight.disconnect()
    this.equation.destroy()
    this.asking.stop()
    this.speaker.stop()
    clearTimeout(this.reporting)
  }

  // What is asked and answered

  change(changes) {
    Object.assign(this.changes, changes)
    this.asking.post(() => {
      this.sent = { ...this.changes }
      return { kind: "set", ...this.sent }
    })
  }

  receive(message) {
    if (message.kind === "go") this.go(message)
    else if (message.kind === "show") this.show(message)
    else if (message.kind === "refused") this.refuse(message.text)
    if (message.number !== undefined) this.answered(message)
  }

  answered({ kind, number }) {
    const names = Object.keys(this.sent)
    for (const name of names) if (this.changes[name] === this.sent[name]) delete this.changes[name]
    if (kind === "refused") this.refused = names
    // Numbers that were typed and refused still stand there while something else changes.
    else if (!this.refused.includes("kernel") || names.includes("kernel")) {
      this.refused = []
      this.refuse("")
    }
    this.asking.answered(number)
  }

  show(message) {
    const first = !this.shown
    this.shown = message
    this.pictures.show(message)
    this.choice.show(message.name)
    this.settings.show(message)
    this.equation.setKernel(message.kernel, this.afresh && message.number !== undefined)
    if (message.number !== undefined) this.afresh = false
    this.words.textContent = message.words
    if (first) this.repaint()
    this.move(this.untouched ? this.pictures.strongest() : this.pictures.inside(this.place))
  }

  refuse(text) {
    if (this.reason.textContent !== text) this.reason.textContent = text
    if (!this.shown) return
    this.equation.refuse(Boolean(text))
    this.settings.show(this.shown)
  }

  // Where Python wants the window.
  go({ place, play }) {
    if (place) {
      this.player.pause()
      this.visit(this.pictures.inside(place))
    }
    if (play) this.player.start()
    else this.player.pause()
  }

  // Where the window is

  move(place, glide = 0) {
    this.place = place
    this.pictures.go(place, glide)
    if (this.player.playing) this.pictures.fill(this.count(place))
    this.tell()
  }

  // Shows the numbers behind the place.
  tell() {
    const { relu, empty } = this.shown
    const { largest } = this.pictures
    const sum = this.pictures.sum()
    this.equation.show({ place: this.place, patch: this.pictures.patch(), sum, relu, largest })
    const hint = this.coarse ? TOUCH : this.kept ? KEPT : FREE
    const text = empty ? EMPTY : this.player.playing ? PLAYING : hint
    if (this.hint.textContent !== text) this.hint.textContent = text
  }

  // How many places there are up to and with this one, row by row.
  count([row, column]) {
    return row * this.pictures.shape[1] + column + 1
  }

  visit(place, glide = 0) {
    const moved = this.untouched || String(place) !== String(this.place)
    this.untouched = false
    this.move(place, glide)
    if (moved) this.visits += 1
    this.reportLater()
  }

  point(place, how) {
    if (how === "hover" && (this.kept || this.player.playing)) return
    if (how !== "hover") {
      this.player.pause()
      this.kept = true
    }
    this.visit(place)
    this.speak()
  }

  take(place) {
    this.player.pause()
    this.kept = true
    this.visit(place, this.player.glide)
    this.speak()
  }

  letGo() {
    this.kept = false
    this.tell()
  }

  // Playing

  start() {
    const [rows, columns] = this.pictures.shape
    const last = this.count([rows - 1, columns - 1])
    if (this.untouched || this.count(this.place) === last) this.visit([0, 0])
    this.kept = true
    this.pictures.fill(this.count(this.place))
    this.reportLater()
  }

  advance(count) {
    const [rows, columns] = this.pictures.shape
    const from = this.count(this.place) - 1
    const next = Math.min(from + count, rows * columns - 1)
    this.visits += Math.max(0, next - from - 1) // those in between
    this.visit([Math.floor(next / columns), next % columns], count === 1 ? this.player.glide : 0)
    return next < rows * columns - 1
  }

  paused() {
    this.pictures.fill(null)
    this.tell()
    this.report()
    this.speak()
  }

  step() {
    this.player.pause()
    const [rows, columns] = this.pictures.shape
    const next = this.untouched ? 0 : this.count(this.place) % (rows * columns)
    this.take([Math.floor(next / columns), next % columns])
  }

  // What others hear

  reportLater() {
    this.reporting ??= setTimeout(() => this.report(), REPORT)
  }

  report() {
    clearTimeout(this.reporting)
    this.reporting = undefined
    if (this.untouched) return
    this.model.send_msg({
      kind: "looked",
      place: this.place,
      visits: Math.min(MOST, this.visits),
      play: this.player.playing,
    })
    this.visits = 0
  }

  speak() {
    const [row, column] = this.place.map((at) => at + 1)
    this.speaker.say(`Row ${row}, column ${column}: the sum is ${plain(this.pictures.sum(), 4)}.`)
  }

  repaint() {
    if (!this.shown) return
    this.choice.repaint()
    this.pictures.repaint()
    this.equation.recolour()
  }
}

export function render({ model }) {
  const sandbox = new Sandbox(model)
  connect(model, (message) => sandbox.receive(message), () => sandbox.destroy(), {
    element: sandbox.element,
    onAway: () => sandbox.player.pause(),
    inert: true,
  })
  return sandbox.element
}

export default { render }
