// What a view takes for its component in Python: properties, and messages both ways.

export class StandIn {
  // `answerer` has `state()`, the message that shows how things are, or null for none; and may
  // have `hear(message, model)` for what the view asks, and `welcome(model)` for its first sight.
  constructor(properties, answerer) {
    this.listeners = new Map()
    this.answerer = answerer
    this.watchers = 0
    for (const [name, value] of Object.entries(properties)) this.keep(name, value)
  }

  // A property that a view may set, and hears of when it changes.
  keep(name, value) {
    const set = (now) => {
      if (now === value) return
      value = now
      this.tell(name)
    }
    Object.defineProperty(this, name, { get: () => value, set, enumerable: true })
  }

  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener])
  }

  off(name, listener) {
    this.listeners.set(name, (this.listeners.get(name) ?? []).filter((each) => each !== listener))
  }

  tell(name, message) {
    for (const listener of this.listeners.get(name) ?? []) listener(message)
  }

  // To the view.
  say(message) {
    if (message) this.tell("msg:custom", message)
  }

  // The present state, if anybody sees it.
  show() {
    if (this.watchers) this.say(this.answerer.state())
  }

  // From the view; answered once it has done what it is at.
  send_msg(message) {
    queueMicrotask(() => this.hear(message))
  }

  hear(message) {
    if (message.kind === "ready") {
      this.watchers += 1
      this.answerer.welcome?.(this)
      this.show()
    } else if (message.kind === "away") this.watchers -= 1
    else this.answerer.hear?.(message, this)
  }
}

// Puts a view into an element of the page, with the styles that its component has.
export function mount(view, model, place, styles) {
  const root = place.attachShadow({ mode: "open" })
  root.adoptedStyleSheets = styles
  root.append(view({ model }))
}
