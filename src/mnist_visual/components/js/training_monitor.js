// A training, from its choices to what has become of the network at any epoch of it.

import { card, connect, h, onTheme } from "./dom.js";
import { Messenger, SILENT } from "./messenger.js";
import { ConfusionMatrix } from "./confusion_matrix.js";
import { nounOf } from "./numbers.js";
import { TrainingChoices } from "./training_choices.js";
import { CodesView } from "./training_codes.js";
import { TrainingControls } from "./training_controls.js";
import { CurvePair } from "./training_curves.js";
import { Keeping } from "./training_keeping.js";
import { TrainedReading } from "./training_reading.js";
import { Timeline } from "./training_timeline.js";

class Monitor {
  constructor(model) {
    this.points = [] // of the curves, one for each snapshot: {epoch, logs}
    this.index = -1 // of the snapshot in sight
    const ask = (message) => model.send_msg(message)
    const look = (index) => this.look(index)
    this.looking = new Messenger(ask, (silent) => this.controls.say(silent ? SILENT : ""))
    this.choices = new TrainingChoices(nounOf(model.class_names), (name, value) => ask({ kind: "choose", name, value }))
    this.controls = new TrainingControls((kind, more = {}) => ask({ kind, ...more }), model.can_train)
    this.choices.element.hidden = !model.can_train
    this.curves = new CurvePair(look)
    this.reading = new TrainedReading(model.class_names)
    this.matrix = new ConfusionMatrix(model.class_names, {
      onOpen: (cell) => ask({ kind: "open", cell }),
      onPick: (index) => ask({ kind: "pick", index }),
    })
    this.codes = new CodesView(model.class_names)
    this.keeping = new Keeping(model.can_save, ask)
    this.timeline = new Timeline(look)
    this.element = h(
      "div",
      { class: "monitor" },
      card(model, this.choices.element, this.controls.element),
      this.curves.element,
      this.reading.element,
      this.matrix.element,
      this.codes.element,
      this.keeping.element,
      this.timeline.element,
    )
    this.stopTheme = onTheme(() => this.repaint())
    // A training that nobody watches lets others go first.
    this.attend = () => ask({ kind: "attend", attended: !document.hidden })
    document.addEventListener("visibilitychange", this.attend)
    this.setKind("classifier")
  }

  destroy() {
    this.stopTheme()
    document.removeEventListener("visibilitychange", this.attend)
    this.looking.stop()
    for (const part of [this.controls, this.curves, this.codes, this.timeline]) part.destroy()
  }

  look(index) {
    this.setIndex(index)
    this.looking.post(() => ({ kind: "look", index: this.index }))
  }

  receive(message) {
    const act = {
      show: () => this.show(message),
      settings: () => this.showSettings(message),
      about: () => this.controls.tellAbout(message.text),
      progress: () => this.add(message),
      network: () => this.showNetwork(message),
      drawing: () => this.showDrawing(message),
      misread: () => this.matrix.showMisread(message),
      chosen: () => this.keeping.setChosen(message),
      file: () => this.keeping.download(message),
      loaded: () => this.keeping.loaded(message),
      problem: () => (message.of === "file" ? this.keeping : this.controls).say(message.text),
      done: () => this.looking.answered(message.number),
    }[message.kind]
    act?.()
  }

  // The whole of it, for a page that is new or a training that begins anew.
  show({ settings, of, progress, history, previous, about }) {
    this.controls.tellAbout(about)
    this.points = history
    this.previous = previous
    this.showSettings({ settings, of })
    this.setProgress(progress)
    this.setIndex(history.length - 1)
    this.looking.drop()
    if (!history.length) for (const view of [this.reading, this.matrix, this.codes]) view.clear()
  }

  showSettings({ settings, of }) {
    this.choices.show(settings)
    this.setKind(of)
    this.drawCurves()
  }

  setKind(kind) {
    this.kind = kind
    this.reading.element.hidden = this.matrix.element.hidden = kind === "vae"
    this.codes.element.hidden = kind !== "vae"
    this.curves.setKind(kind)
  }

  add({ progress, first, added }) {
    if (first > this.points.length) return // from before this page; `show` is to come
    const newest = this.index === this.points.length - 1
    this.points = [...this.points.slice(0, first), ...added]
    this.setProgress(progress)
    this.setIndex(newest ? this.points.length - 1 : this.index)
    if (added.length) this.controls.tell(this.timeline.describe(this.points.at(-1)))
  }

  setProgress(progress) {
    if (progress) document.documentElement.toggleAttribute("data-trained", true) // see connection.js
    this.progress = progress
    this.controls.show(progress)
    this.choices.lock(this.controls.isGoing)
    this.drawCurves()
  }

  drawCurves() {
    this.curves.show(this.points, this.previous ?? [], this.progress)
  }

  // What is in sight of the curves moves at once; the rest when it is answered.
  setIndex(index) {
    this.index = index
    this.curves.mark(index)
    this.timeline.show(this.points, index)
    this.keeping.setIndex(index, this.points[index])
  }

  showNetwork(message) {
    if (this.kind === "vae") this.codes.showCodes(message)
    else {
      if (message.filters) this.reading.setFilters(message.filters, message.second)
      this.matrix.show(message.confusion)
    }
    // Python may have turned to another epoch; what is asked for here is newer.
    if (!this.looking.open.size && message.index !== this.index) this.setIndex(message.index)
  }

  showDrawing(message) {
    if (this.kind === "vae") this.codes.showMemory(message)
    else this.reading.show(message)
  }

  repaint() {
    for (const view of [this.reading, this.matrix, this.codes]) view.repaint()
  }
}

export function render({ model }) {
  const monitor = new Monitor(model)
  connect(model, (message) => monitor.receive(message), () => monitor.destroy(), {
    element: monitor.element,
    onAway: () => monitor.timeline.stop(),
  })
  monitor.attend() // a session that was lost knows of nobody
  return monitor.element
}

export default { render }
