// Sends the newest message whenever the last one is answered, so that nothing piles up.

export const SILENT = "The server does not answer. Start it again, then reload this page."

const PATIENCE = 2500 // milliseconds without an answer until that is said, and it is asked again

export class Messenger {
  // `onSilence` hears true when answers stay out, and false when they come again, unless the page
  // says so itself.
  constructor(send, onSilence = () => {}) {
    this.send = send
    this.onSilence = onSilence
    this.number = 0 // of the last message
    this.open = new Set() // numbers that wait for their answers
    this.newest = null
    this.last = null
    this.patience = PATIENCE
  }

  get isWaiting() {
    return this.open.size > 0
  }

  // Takes a function that makes the message, so that it says how things are when it goes.
  post(message) {
    this.newest = message
    if (!this.isWaiting) this.next()
  }

  drop() {
    this.newest = null
  }

  // The answer to a message has come, and with it those to all before.
  answered(number) {
    if (!this.open.has(number)) return
    for (const each of this.open) if (each <= number) this.open.delete(each)
    if (this.patience > PATIENCE) this.tell(false)
    this.patience = PATIENCE
    if (!this.isWaiting) this.next()
  }

  next() {
    clearTimeout(this.timer)
    if (!this.newest) return
    this.last = this.newest
    this.newest = null
    this.number += 1
    this.open.add(this.number)
    this.timer = setTimeout(() => this.askAgain(), this.patience)
    this.send({ ...this.last(), number: this.number })
  }

  // Ever less often: somebody who is only slow has to answer all of it.
  askAgain() {
    if (this.patience === PATIENCE) this.tell(true)
    this.patience *= 2
    this.newest ??= this.last
    this.next()
  }

  tell(silent) {
    const event = new CustomEvent("mnist-visual:silence", { detail: silent, cancelable: true })
    if (dispatchEvent(event)) this.onSilence(silent)
  }

  stop() {
    clearTimeout(this.timer)
  }
}
