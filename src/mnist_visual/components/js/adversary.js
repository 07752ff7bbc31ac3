// Fool the network: paint on the digit it reads, or change it as little as turns the answer.

import { ChangeCard } from "./change_card.js";
import { ClassBars } from "./class_bars.js";
import { card, connect, h, onceAFrame, onTheme } from "./dom.js";
import { Messenger } from "./messenger.js";
import { bestOf, clamp } from "./numbers.js";
import { PaintSquare } from "./paint_square.js";
import { parts } from "./pictures.js";
import { Speaker } from "./speaker.js";

const SIZES = { small: 0.75, medium: 1.5, large: 2.75 } // radius of the brush, in pixels
const MOST_UNDONE = 200

class Adversary {
  constructor(model) {
    this.past = [] // pictures that undo goes back to
    this.digit = null // as it is drawn; null while nothing is
    this.messenger = new Messenger((message) => model.send_msg(message))
    this.speaker = new Speaker()
    this.slideSoon = onceAFrame(() => model.send_msg({ kind: "slide", share: this.share }))
    this.square = new PaintSquare({
      onBegin: () => this.remember(),
      onPaint: (picture) => this.paint(picture),
      onUndo: () => this.undo(),
      onSay: (text) => this.speaker.say(text),
    })
    this.bars = new ClassBars(model.class_names)
    this.change = new ChangeCard(model.class_names, {
      onChange: (target) => model.send_msg({ kind: "change", target }),
      onSlide: (place) => this.slide(place),
    })
    this.undoButton = h("button", { type: "button", onclick: () => this.undo() }, "Undo")
    this.againButton = h("button", { type: "button", onclick: () => this.again() }, "Start again")
    this.element = card(
      model,
      h(
        "div",
        { class: "game" },
        this.bars.verdict,
        h("div", { class: "painting" }, this.square.element, this.tools()),
        this.bars.element,
      ),
      this.change.element,
      this.speaker.element,
    )
    this.element.classList.add("adversary")
    this.stopTheme = onTheme(() => this.repaint())
    this.show({ empty: true })
  }

  tools() {
    const group = (label, options, chosen, onPick) => {
      const buttons = options.map((name) => {
        const pick = () => {
          buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)))
          onPick(name)
        }
        const button = h("button", { type: "button", "aria-pressed": String(name === chosen), onclick: pick }, name)
        return button
      })
      return h("div", { class: "group", role: "group", "aria-label": label }, ...buttons)
    }
    return h(
      "div",
      { class: "tools" },
      group("Brush", ["Erase", "Add ink"], "Erase", (name) => this.square.setBrush({ adds: name === "Add ink" })),
      group("Size of the brush", Object.keys(SIZES), "medium", (name) => this.square.setBrush({ radius: SIZES[name] })),
      h("div", { class: "group loose" }, this.undoButton, this.againButton),
    )
  }

  destroy() {
    this.stopTheme()
    this.slideSoon.cancel()
    this.messenger.stop()
    this.square.destroy()
    this.speaker.stop()
  }

  receive(message) {
    if (message.kind === "show") this.show(message)
    else if (message.kind === "painted") {
      if (message.now) this.judge(message.now, message.verdict)
      this.messenger.answered(message.number)
    } else if (message.kind === "unchanged") this.change.fail(message.target)
    else if (message.kind === "problem") this.speaker.say(message.text)
  }

  show(message) {
    this.messenger.drop()
    const digit = message.empty ? null : Float32Array.from(message.digit)
    if (String(digit) !== String(this.digit)) this.past = []
    else if (message.change && this.square.picture) this.remember()
    this.digit = digit
    this.shape = message.shape
    this.share = message.share ?? 0
    this.before = message.empty ? null : { probabilities: message.before, verdict: message.verdictBefore }
    this.square.show(message.empty ? null : Float32Array.from(message.picture), message.shape)
    this.change.setAnswer(message.empty ? null : bestOf(message.before))
    this.change.show(message.change ?? null, this.share, message.shape)
    this.judge(message.now, message.verdict)
  }

  judge(probabilities, verdict) {
    this.bars.show(this.before, this.before && { probabilities, verdict })
    this.undoButton.disabled = !this.past.length
    this.againButton.disabled = !this.digit || this.isUntouched()
    this.speaker.say(this.bars.sentence)
  }

  isUntouched() {
    return this.digit.every((value, i) => value === this.square.picture[i])
  }

  // Paint

  remember() {
    this.past.push(this.square.picture)
    if (this.past.length > MOST_UNDONE) this.past.shift()
    this.undoButton.disabled = false
  }

  paint(picture) {
    this.share = 0
    this.change.show(null, 0)
    this.square.show(picture, this.shape)
    this.messenger.post(() => ({ kind: "paint", pixels: Float32Array.from(this.square.picture) }))
  }

  undo() {
    if (this.past.length) this.paint(this.past.pop())
    this.square.canvas.focus({ preventScroll: true })
  }

  again() {
    this.remember()
    this.paint(this.digit)
    this.square.canvas.focus({ preventScroll: true }) // the button that was pressed is off now
  }

  // The smallest change

  slide(place) {
    const { shares, difference, probabilities, verdicts } = this.change.change
    this.share = shares[place]
    this.change.setShare(this.share)
    this.square.show(this.digit.map((value, i) => clamp(value + this.share * difference[i], 0, 1)), this.shape)
    this.judge(parts(probabilities, shares.length)[place], verdicts[place])
    this.slideSoon()
  }

  repaint() {
    this.square.repaint()
    this.change.repaint()
  }
}

export function render({ model }) {
  const game = new Adversary(model)
  connect(model, (message) => game.receive(message), () => game.destroy(), { element: game.element })
  return game.element
}

export default { render }
