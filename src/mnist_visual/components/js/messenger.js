// Sends the newest message whenever the last one is answered, so that nothing piles up.

const PATIENCE = 1000 // milliseconds until an answer is given up

export class Messenger {
  // `onSilence` hears true when answers stay out, and false when they come again.
  constructor(send, onSilence = () => {}) {
    this.send = send
    this.onSilence = onSilence
    this.number = 0 // of the message that waits for its answer
    this.waiting = false
    this.newest = null
    this.lost = 0
  }

  // Takes a function that makes the message, so that it says how things are when it goes.
  post(message) {
    this.newest = message
    if (!this.waiting) this.next()
  }

  drop() {
    this.newest = null
  }

  // The answer to a message has come; one that was given up is too late.
  answered(number) {
    if (number !== this.number || !this.waiting) return
    if (this.lost > 1) this.onSilence(false)
    this.lost = 0
    this.next()
  }

  next() {
    clearTimeout(this.timer)
    this.waiting = this.newest !== null
    if (!this.waiting) return
    const message = this.newest
    this.newest = null
    this.number += 1
    this.timer = setTimeout(() => this.giveUp(message), PATIENCE)
    this.send({ ...message(), number: this.number })
  }

  giveUp(message) {
    this.lost += 1
    if (this.lost === 2) this.onSilence(true)
    this.newest ??= message // nobody has read it: try again
    this.next()
  }

  stop() {
    clearTimeout(this.timer)
  }
}
