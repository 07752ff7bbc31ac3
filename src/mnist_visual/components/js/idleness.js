// Notices when nobody has touched the page for a while.

const TOUCHES = ["pointerdown", "pointermove", "wheel", "keydown"]
const [LEAST, MOST] = [5, 86_400] // seconds

export class Idleness {
  // `seconds` is a part of the address; for all but a sensible number nothing is noticed.
  constructor(seconds, onIdle) {
    const number = Number(seconds)
    if (seconds === null || !(number >= LEAST && number <= MOST)) return
    this.patience = 1000 * number
    this.onIdle = onIdle
    this.touch = () => this.wait()
    for (const name of TOUCHES) addEventListener(name, this.touch, { capture: true, passive: true })
    this.wait()
  }

  // From now on anew.
  wait() {
    if (!this.patience) return
    clearTimeout(this.waiting)
    this.waiting = setTimeout(this.onIdle, this.patience)
  }

  stop() {
    clearTimeout(this.waiting)
    if (this.touch) for (const name of TOUCHES) removeEventListener(name, this.touch, { capture: true })
  }
}
