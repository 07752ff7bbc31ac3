// Sends the newest message whenever the last one is answered, so that nothing piles up.

const PATIENCE = 2500 // milliseconds without an answer until that is said, and it is asked again

export class Messenger {
  // `onSilence` hears true when answers stay out, and false when they come again.
  constructor(send, onSilence = () => {}) {
    this.send = send
    this.onSilence = onSilence
    this.number = 0 // of the last message
    this.open = new Set() // numbers that wait for their answers
    this.newest = null
    this.last = null
    this.patience = PATIENCE
  }

  // Takes a function that makes the message, so that it says how things are when it goes.
  post(message) {
    this.newest = message
    if (!this.open.size) this.next()
  }

  drop() {
    this.newest = null
  }

  // The answer to a message has come, and with it those to all before.
  answered(number) {
    if (!this.open.has(number)) return
    for (const each of this.open) if (each <= number) this.open.delete(each)
    if (this.patience > PATIENCE) this.onSilence(false)
    this.patience = PATIENCE
    if (!this.open.size) this.next()
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
    if (this.patience === PATIENCE) this.onSilence(true)
    this.patience *= 2
    this.newest ??= this.last
    this.next()
  }

  stop() {
    clearTimeout(this.timer)
  }
}
