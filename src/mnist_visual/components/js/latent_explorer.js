// The latent plane: one points, and the digit there appears. The view draws and asks; whoever
// stands behind the model answers.

import { connect, download, explain, h, onTheme } from "./dom.js";
import { PointerCard } from "./latent_cards.js";
import { PathCard } from "./latent_path.js";
import { Messenger, SILENT } from "./messenger.js";
import { clamp } from "./numbers.js";
import { Plane } from "./plane.js";
import { FARTHEST, Filling } from "./plane_filling.js";
import { Gestures } from "./plane_gestures.js";
import { Marks } from "./plane_marks.js";
import { Speaker } from "./speaker.js";

const KEYS = "Arrow keys move the pointer. + and − zoom, 0 shows all. A and B put the ends of the path there."
const HINT = "Drag the two ends of the path. To zoom with the wheel, click first."
const TOUCH_HINT = "Drag the two ends of the path. Pinch to zoom."
const SILENCE = 20_000 // and until nothing is expected any more
const SAVED = "The film is saved."
const SAVED_FOR = 5000 // milliseconds in which that is said
const WORKS = 700 // milliseconds until it is said that something is still computed
const WORKING = { regions: "Colouring the map …", grid: "Drawing the pictures …", film: "Making the film …" }

// A parameter for each, what it is called, and what it means.
const layers = (noun) => [
  ["show_regions", "Regions", "What the network reads at each point"],
  ["shade", "Fade doubt", "The less sure the network is, the fainter the colour"],
  ["show_codes", `Real ${noun}s`, `Each real ${noun} is a dot where the network puts it`],
  ["show_grid", "Pictures", "What it draws at each point"],
]

class Explorer {
  constructor(model) {
    this.model = model
    this.id = crypto.getRandomValues(new Uint32Array(2)).join("-") // of several views of one model
    this.names = model.class_names
    this.choices = layers(model.noun)
    this.modes = []
    this.cursor = [0, 0]
    this.ends = [
      [0, 0],
      [0, 0],
    ]
    const messenger = () =>
      new Messenger((message) => this.send(message), (silent) => this.say(silent ? SILENT : ""))
    this.messengers = { decode: messenger(), path: messenger(), sample: messenger() }
    this.plane = new Plane(() => this.viewed())
    this.filling = new Filling(this.plane, { onRest: () => this.tellSight(), onAsk: (message) => this.ask(message) })
    this.marks = new Marks(this.plane, (i, point) => {
      this.path.pause()
      this.heard = true
      this.setEnd(i, point)
      this.point(...point)
    })
    this.marks.element.hidden = true // until it is known what belongs where
    this.pointer = new PointerCard(this.names, () => this.imagine())
    this.path = new PathCard(this.names, {
      onEnd: (i, label) => this.setEnd(i, this.modes.find(([each]) => each === label)?.slice(1) ?? this.ends[i]),
      onMethod: (method) => model.send_msg({ kind: "method", method }),
      onAlong: (x, y) => this.point(x, y),
      onSave: () => this.save(),
    })
    this.drawing = null // {mean, sigma, samples}, where there is one
    this.build()
    this.gestures = new Gestures(this.plane, this.area, {
      onPoint: (x, y) => {
        this.path.pause()
        this.heard = true
        this.point(x, y)
      },
      isBusy: () => this.path.playing,
      cursor: () => this.cursor,
    })
    this.stopTheme = onTheme(() => this.repaint())
  }

  build() {
    this.area = h(
      "div",
      {
        class: "area",
        tabindex: 0,
        role: "application",
        "aria-label": "Latent plane",
        "aria-describedby": "plane-keys",
        onkeydown: (event) => this.keyDown(event),
      },
      this.plane.canvas,
      this.marks.element,
    )
    this.layers = this.choices.map(([name, label, title]) => {
      const toggle = () => this.model.send_msg({ kind: "switch", name, on: !this.model[name] })
      return h("button", { type: "button", class: "toggle", title, onclick: toggle }, label)
    })
    const zoom = (name, text, action) =>
      h("button", { type: "button", class: "zoom", "aria-label": name, title: name, onclick: action }, text)
    this.speaker = new Speaker()
    this.status = h("p", { class: "status", role: "status" })
    this.marks.covers = h(
      "div",
      { class: "zooms", role: "group", "aria-label": "Zoom" },
      zoom("Zoom in", "+", () => this.gestures.zoomIn()),
      zoom("Zoom out", "−", () => this.gestures.zoomOut()),
      zoom("Show all", "All", () => this.gestures.goHome()),
    )
    const plane = h(
      "section",
      { class: "card plane", "aria-labelledby": "plane" },
      h(
        "header",
        {},
        h("h2", { id: "plane" }, `A map of imagined ${this.model.noun}s`),
        h("p", {}, "every point is a picture"),
        ...explain(this.model),
      ),
      h("div", { class: "tools", role: "group", "aria-label": "What the map shows" }, ...this.layers),
      h("div", { class: "stage" }, this.area, this.marks.covers),
      h(
        "div",
        { class: "below" },
        this.status,
        h("p", { class: "small hint" }, matchMedia("(pointer: coarse)").matches ? TOUCH_HINT : HINT),
        h("p", { class: "small keys", id: "plane-keys" }, KEYS),
      ),
      this.speaker.element,
    )
    this.element = h(
      "div",
      { class: "explorer" },
      h("div", { class: "columns" }, plane, h("div", { class: "side" }, this.pointer.element, this.path.element)),
    )
    this.showLayers()
  }

  destroy() {
    this.stopTheme()
    this.plane.destroy()
    this.path.destroy()
    for (const messenger of Object.values(this.messengers)) messenger.stop()
    this.filling.stop()
    this.speaker.stop()
    clearTimeout(this.working)
  }

  // For what takes a while.
  ask(message) {
    clearTimeout(this.working)
    this.working = setTimeout(() => {
      this.say(WORKING[message.kind])
      this.working = setTimeout(() => this.say(SILENT), SILENCE)
    }, WORKS)
    this.send(message)
  }

  send(message) {
    this.model.send_msg({ ...message, view: this.id })
  }

  // What is seen

  showLayers() {
    const { shade, show_regions: regions, show_grid: grid, show_codes: codes } = this.model
    const shown = { regions, shade, grid, codes }
    this.choices.forEach(([name], i) => this.layers[i].setAttribute("aria-pressed", String(this.model[name])))
    this.layers[1].disabled = !regions
    this.plane.show(shown)
    this.filling.later()
  }

  viewed() {
    this.marks.update()
    this.filling.later()
  }

  tellSight() {
    const { x, y, half } = this.plane.view
    const sight = this.plane.isHome ? null : [x, y, half]
    if (String(sight) === String(this.sight)) return
    this.sight = sight
    this.send({ kind: "looked", sight })
  }

  look(sight) {
    this.sight = sight
    if (sight) this.plane.look(...sight)
    else if (!this.plane.isHome) this.gestures.goHome()
  }

  repaint() {
    this.pointer.repaint()
    this.path.repaint()
  }

  // What one does

  keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const end = ["a", "b"].indexOf(event.key.toLowerCase())
    if (end >= 0) this.setEnd(end, this.cursor)
  }

  point(x, y) {
    this.cursor = [x, y].map((value) => clamp(value, -FARTHEST, FARTHEST))
    this.marks.cursor = this.cursor
    this.marks.update()
    this.messengers.decode.post(() => ({ kind: "decode", point: this.cursor }))
  }

  setEnd(i, point) {
    this.ends = this.ends.map((end, k) => (k === i ? point : end))
    this.showEnds()
    this.askPath()
  }

  showEnds() {
    const near = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) < 1e-6
    const labels = this.ends.map((end) => this.modes.find(([, ...mode]) => near(mode, end))?.[0] ?? null)
    this.path.setEnds(labels)
    this.marks.setEnds(this.ends, labels.map((label) => (label === null ? null : this.names[label])))
  }

  askPath() {
    this.path.method.value = this.model.method
    this.messengers.path.post(() => {
      const [start, end] = this.ends
      return { kind: "path", start, end, method: this.model.method }
    })
  }

  imagine() {
    this.path.pause()
    this.heard = true
    this.messengers.sample.post(() => ({ kind: "sample" }))
  }

  find() {
    if (!this.drawing) return
    const { mean, sigma } = this.drawing
    this.plane.look(...mean, 8 * Math.max(...sigma))
    this.point(...mean)
    const box = this.area.getBoundingClientRect()
    if (box.top < 0 || box.bottom > innerHeight) this.area.parentElement.scrollIntoView({ block: "start" })
  }

  save() {
    const [start, end] = this.ends
    this.fileName = this.path.fileName
    this.ask({ kind: "film", start, end, method: this.model.method })
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text
  }

  // What is answered

  async receive(message) {
    if (message.view && message.view !== this.id) return
    const answer = {
      show: () => this.show(message),
      points: () => this.setPoints(message),
      decoded: () => this.showDecoded(message),
      path: () => this.showPath(message),
      sampled: () => this.jump(message.point),
      spread: () => this.showDrawing(message),
      regions: () => this.filling.showRegions(message),
      grid: () => this.filling.showGrid(message),
      film: () => this.keepFilm(message.data),
      find: () => this.find(),
      look: () => this.look(message.sight),
      problem: () => this.tell(message),
    }[message.kind]
    await answer?.()
    if (message.of in WORKING) {
      clearTimeout(this.working)
      if ([WORKING[message.of], SILENT].includes(this.status.textContent)) this.say("")
    }
    if (this.told && this.told === message.of && message.kind !== "problem") this.tell({ text: "" })
    this.messengers[message.of]?.answered(message.number)
  }

  // Says why there was no answer, until there is one.
  tell({ text, of }) {
    this.told = of
    this.filling.forget(of)
    this.say(text)
  }

  show({ extent, codes, labels, modes, sight = null, ...points }) {
    if (!this.filling.home) {
      this.plane.setHome(extent)
      this.look(sight)
    }
    this.filling.home = extent
    this.marks.element.hidden = false
    this.modes = modes
    this.plane.setPoints(codes, labels)
    this.marks.setClasses(modes, this.names)
    this.setPoints(points)
  }

  setPoints({ cursor, start, end }) {
    this.ends = [start, end]
    this.showEnds()
    this.askPath()
    this.point(...cursor)
  }

  jump([x, y]) {
    this.point(x, y)
    this.gestures.follow(x, y)
  }

  showDecoded({ point, picture, probabilities }) {
    this.pointer.show(picture, probabilities, point, this.plane.digits)
    this.path.showNow(picture)
    if (this.heard) this.speaker.say(this.pointer.sentence)
  }

  showPath(message) {
    this.path.show(message)
    this.marks.path = message.codes
    this.marks.update()
  }

  showDrawing(message) {
    this.drawing = message.mean ? message : null
    this.marks.setDrawing(this.drawing)
  }

  keepFilm(data) {
    download(data, this.fileName, "image/gif")
    this.say(SAVED)
    setTimeout(() => this.status.textContent === SAVED && this.say(""), SAVED_FOR)
  }
}

export function render({ model }) {
  const explorer = new Explorer(model)
  const onAway = () => explorer.path.pause() // and leave the line to others
  connect(model, (message) => explorer.receive(message), () => explorer.destroy(), {
    element: explorer.element,
    onAway,
  })
  for (const [name] of explorer.choices) model.on(name, () => explorer.showLayers())
  model.on("method", () => explorer.askPath())
  return explorer.element
}

export default { render }
