// Going on with a training, and how far it is.

import { h, keepFocus } from "./dom.js";

const ENDED = ["finished", "stopped", "failed"]

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`

const ahead = (place) => (place > 1 ? `${place} others first. It starts by itself.` : "1 other first. It starts by itself.")

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`
  return `${Math.round(seconds / 60)} min left`
}

// How far a training is, in one sentence; `waited` seconds for it to begin, for longer if it `isNew`.
function howFar({ state, place, epoch, epochs, batch, batches, seconds_left: left, message }, waited, isNew) {
  const now = Math.min(epoch + 1, epochs)
  const done = batches && batch ? `in epoch ${now}` : `after ${count(epoch, "epoch")}`
  return {
    queued: () => (place ? ahead(place) : "It is your turn in a moment."),
    starting: () => `Preparing the training … ${waited > 0 ? `${waited} s` : ""}${isNew ? ". A network of a new shape takes longer, once." : ""}`,
    running: () => `Epoch ${now} of ${epochs}${left === null ? "" : `, ${duration(left)}`}`,
    paused: () => {
      if (batch && batches) return `Paused in epoch ${now} of ${epochs}, ${Math.floor((100 * batch) / batches)}%.`
      return epoch ? `Paused after epoch ${epoch} of ${epochs}.` : "Ready. It has learned nothing yet."
    },
    finished: () => `Done, ${count(epochs, "epoch")}.`,
    stopped: () => `Stopped ${done}.`,
    failed: () => message || "The training failed.",
  }[state]()
}

export class TrainingControls {
  // `act` is told what was pressed; what is only watched has nothing to press.
  constructor(act, canTrain) {
    this.waiting = canTrain ? "Press Start, and watch it learn." : "It is shown here as soon as it trains."
    const press = (kind, more) => () => {
      this.say("")
      act(kind, more)
    }
    const button = (text, title, onclick) => h("button", { type: "button", title, onclick }, text)
    this.play = button("Start", "", () => press(this.isMoving ? "pause" : "start")())
    this.play.classList.add("main")
    this.batch = button("One batch", "Learn from one batch, then wait", press("step", { amount: "batch" }))
    this.epoch = button("One epoch", "Learn from all pictures once, then wait", press("step", { amount: "epoch" }))
    this.stop = button("Stop", "End it; you can still look back", press("stop"))
    this.again = button("Start again", "The same from its first weights on", press("again"))
    this.far = h("p", { class: "far" })
    this.bar = h("span", { class: "done" })
    this.status = h("p", { class: "status", role: "status" })
    this.about = h("p", { class: "small about" })
    this.spoken = h("p", { class: "visually-hidden", role: "status" })
    this.element = h(
      "div",
      { class: "controls" },
      h("div", { class: "buttons", role: "group", "aria-label": "Training", hidden: !canTrain }, this.play, this.batch, this.epoch, this.stop, this.again),
      h("div", { class: "going" }, this.far, h("div", { class: "bar", "aria-hidden": "true" }, this.bar)),
      h("div", { class: "notes" }, this.about, this.status),
      this.spoken,
    )
    this.show(null)
  }

  destroy() {
    clearTimeout(this.speaking)
    clearInterval(this.clock)
  }

  // Whether it learns, or will as soon as it can.
  get isMoving() {
    return ["queued", "starting", "running"].includes(this.progress?.state)
  }

  get isGoing() {
    return this.progress !== null && !ENDED.includes(this.progress.state)
  }

  show(progress) {
    const before = this.progress?.state
    this.progress = progress
    const { isGoing, isMoving } = this
    // What has ended does not go on: one button takes the choices as they are now, one those it had.
    const hasEnded = progress !== null && !isGoing
    this.play.textContent = isMoving ? "Pause" : isGoing ? "Go on" : hasEnded ? "New run" : "Start"
    this.play.title = hasEnded ? "Train a new network, as chosen above" : ""
    this.again.textContent = hasEnded ? "Same again" : "Start again"
    keepFocus([this.batch, this.epoch, this.stop], this.play, () => {
      this.batch.disabled = this.epoch.disabled = isMoving
      this.stop.disabled = !isGoing
      this.again.disabled = !progress
    })
    this.wait(before)
    this.showFar()
    this.element.classList.toggle("failed", progress?.state === "failed")
    this.bar.classList.toggle("waits", progress?.state === "starting")
    const { epoch, epochs, batch, batches } = progress ?? {}
    const share = epochs ? Math.min(1, (epoch + (batches ? batch / batches : 0)) / epochs) : 0
    this.bar.style.transform = `scaleX(${progress?.state === "finished" ? 1 : share})`
    if (before && before !== progress?.state) this.tell(this.far.textContent)
    if (progress?.message && progress.state !== "failed") this.say(progress.message)
  }

  // While it is made ready there is nothing to see but the seconds.
  wait(before) {
    const isStarting = this.progress?.state === "starting"
    if (!isStarting) clearInterval(this.clock)
    else if (before !== "starting") {
      Object.assign(this, { waited: 0, compiled: 0, isNew: false })
      clearInterval(this.clock)
      this.clock = setInterval(() => this.tick(), 1000)
    }
  }

  // What is compiled already takes no second.
  tick() {
    this.waited += 1
    this.compiled = this.progress.compiling ? this.compiled + 1 : 0
    this.isNew ||= this.compiled > 1
    this.showFar()
  }

  showFar() {
    this.far.textContent = this.progress ? howFar(this.progress, this.waited, this.isNew) : this.waiting
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text
  }

  // What there is to know of the pictures to learn from; it comes late, so nothing to press is below.
  tellAbout(text) {
    this.about.textContent = text
  }

  // For those who do not see it, no more than one thing in a while.
  tell(text) {
    clearTimeout(this.speaking)
    this.speaking = setTimeout(() => (this.spoken.textContent = text), 600)
  }
}
