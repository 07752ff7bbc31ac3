// The whole network on the live drawing, and the numbers behind any value of it.

import { connect, h, onEscape, onTheme } from "./dom.js";
import { Messenger } from "./messenger.js";
import { NetworkPicture } from "./network_picture.js";
import { bestOf } from "./numbers.js";
import { Speaker } from "./speaker.js";
import { TracePanel } from "./trace_panel.js";

class Explorer {
  constructor(model) {
    this.model = model
    this.following = true // the answer, until somebody points elsewhere
    this.held = false // whether a value stays while the pointer moves on
    this.comes = false // whether its numbers are to come into sight
    this.asking = new Messenger((message) => model.send_msg(message))
    this.picture = new NetworkPicture(model, {
      onPoint: (layer, unit) => this.held || this.point(layer, unit),
      onHold: (layer, unit) => this.hold(layer, unit),
      onKey: (layer, unit) => this.hold(layer, unit),
      onBack: () => this.panel.followLargest(),
    })
    this.panel = new TracePanel(model, {
      onFollow: (layer, unit) => {
        this.hold(layer, unit)
        this.picture.focus(layer)
      },
      onRelease: () => this.release(),
    })
    this.speaker = new Speaker()
    this.element = h(
      "div",
      { class: "network", onkeydown: (event) => onEscape(event, this.held, () => this.release()) },
      this.picture.element,
      this.panel.element,
      this.speaker.element,
    )
    this.stopTheme = onTheme(() => this.repaint())
  }

  destroy() {
    this.stopTheme()
    this.picture.destroy()
    this.asking.stop()
    this.speaker.stop()
  }

  point(layer, unit) {
    this.following = false
    this.select(layer, unit)
  }

  select(layer, unit) {
    this.selected = [layer, unit]
    this.picture.mark(layer, unit)
    this.asking.post(() => ({ kind: "trace", layer: this.selected[0], unit: this.selected[1], chosen: !this.following }))
    this.showWaiting()
  }

  // For whoever works with the page by a script: the numbers are not yet those of what was chosen.
  showWaiting() {
    this.element.toggleAttribute("data-waiting", this.asking.isWaiting)
  }

  // What was chosen elsewhere, in the address say.
  keep({ layer, unit }) {
    this.following = false
    this.held = this.comes = true
    this.panel.setHeld(true)
    this.selected = [layer, unit]
    this.picture.mark(layer, unit)
  }

  // Nothing is drawn, and nothing chosen.
  rest() {
    this.asking.drop()
    this.picture.unmark()
    this.panel.clear()
  }

  hold(layer, unit) {
    this.held = this.comes = true
    this.panel.setHeld(true)
    this.point(layer, unit)
  }

  release() {
    this.held = false
    this.panel.setHeld(false)
  }

  receive(message) {
    if (message.kind === "show") this.show(message)
    else if (message.kind === "follow") this.follow()
    else if (message.kind === "traced") {
      this.trace(message.trace)
      this.asking.answered(message.number)
      this.showWaiting()
    }
  }

  // The answer again, whatever somebody pointed at.
  follow() {
    this.following = true
    this.release()
    if (this.shown) this.show(this.shown)
  }

  show(message) {
    this.shown = message
    const { maps, probabilities, empty, trace } = message
    this.picture.show(maps, probabilities, empty)
    const last = this.model.layers.at(-1)
    if (trace && String([trace.layer, trace.unit]) !== String(this.selected) && !this.asking.open.size) this.keep(trace)
    if (this.following && empty) this.rest()
    else if (this.following) this.select(last.name, [bestOf(probabilities)])
    else if (trace) this.trace(trace)
  }

  trace(trace) {
    this.panel.show(trace)
    this.picture.link(trace)
    this.speaker.say(this.panel.sentence)
    // On a stage the keys that would scroll to the numbers walk through the views.
    if (this.comes && "presenting" in document.documentElement.dataset) this.panel.element.scrollIntoView({ block: "nearest" })
    this.comes = false
  }

  repaint() {
    this.picture.repaint()
    this.panel.repaint()
  }
}

export function render({ model }) {
  const explorer = new Explorer(model)
  connect(model, (message) => explorer.receive(message), () => explorer.destroy(), {
    element: explorer.element,
  })
  return explorer.element
}

export default { render }
