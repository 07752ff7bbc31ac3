// Play, pause, step, back to the start, and how fast.

import { h } from "./dom.js";

const SLOWEST = 1 // places a second
const FASTEST = 200
const LONGEST = 250 // milliseconds that one frame may stand for
const GLIDE = 160 // milliseconds that the window takes from place to place, at most
const CALM = 300 // milliseconds between changes where less motion is wanted

export class SlidePlayer {
  // `onAdvance` moves on by so many places and says whether there are more.
  constructor({ onStart, onAdvance, onPause, onStep, onBack }) {
    Object.assign(this, { onStart, onAdvance, onPause })
    this.still = matchMedia("(prefers-reduced-motion: reduce)")
    this.button = h("button", { type: "button", class: "play", onclick: () => this.toggle() }, "Play")
    const step = h("button", { type: "button", onclick: onStep }, "Step")
    const back = h("button", { type: "button", onclick: onBack }, "Back to start")
    this.slider = h("input", { type: "range", min: 0, max: 100, value: 50, oninput: () => this.showRate() })
    this.element = h(
      "div",
      { class: "player" },
      this.button,
      step,
      back,
      h("label", { class: "speed" }, "Speed", this.slider),
    )
    this.showRate()
  }

  get rate() {
    return SLOWEST * (FASTEST / SLOWEST) ** (this.slider.value / 100)
  }

  showRate() {
    const rate = Math.round(this.rate)
    this.slider.setAttribute("aria-valuetext", `${rate} ${rate === 1 ? "place" : "places"} a second`)
  }

  // Milliseconds that the window glides for one step.
  get glide() {
    if (this.still.matches) return 0
    const pause = 1000 / this.rate
    return pause < 40 ? 0 : Math.min(GLIDE, 0.7 * pause)
  }

  get playing() {
    return this.frame !== undefined
  }

  toggle() {
    if (this.playing) this.pause()
    else this.start()
  }

  start() {
    if (this.playing) return
    this.onStart()
    let last = performance.now()
    let changed = last
    let due = 0
    const tick = (now) => {
      // The first frame may have begun before the button was pressed.
      due += (Math.min(LONGEST, Math.max(0, now - last)) * this.rate) / 1000
      last = now
      const count = Math.floor(due)
      if (count && (!this.still.matches || now - changed >= CALM)) {
        due -= count
        changed = now
        if (!this.onAdvance(count)) {
          this.pause()
          return
        }
      }
      this.frame = requestAnimationFrame(tick)
    }
    this.frame = requestAnimationFrame(tick)
    this.button.textContent = "Pause"
  }

  pause() {
    if (!this.playing) return
    this.stop()
    this.onPause()
  }

  stop() {
    cancelAnimationFrame(this.frame)
    this.frame = undefined
    this.button.textContent = "Play"
  }
}
