// Small helpers that every view uses.

export const h = (tag, attributes = {}, ...children) =>
  furnish(document.createElement(tag), attributes, children)

// The same for what is drawn in vectors.
export const svg = (tag, attributes = {}, ...children) =>
  furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children)

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value)
  }
  node.append(...children)
  return node
}

// How far each arrow key goes, down and to the right.
export const ARROW_STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

// Calls back whenever light may have become dark, or the reverse; returns how to stop.
export function onTheme(callback) {
  const preference = matchMedia("(prefers-color-scheme: dark)")
  const attributes = new MutationObserver(callback)
  attributes.observe(document.documentElement, { attributes: true })
  preference.addEventListener("change", callback)
  return () => {
    attributes.disconnect()
    preference.removeEventListener("change", callback)
  }
}

// Calls back when an element, or a pixel of the display, has another size; returns how to stop.
export function onResize(element, callback) {
  const observer = new ResizeObserver(callback)
  observer.observe(element)
  addEventListener("resize", callback) // also when the page moves to a denser display
  return () => {
    observer.disconnect()
    removeEventListener("resize", callback)
  }
}

// Hands the keyboard on from a button that can no longer be pressed.
export function keepFocus(buttons, next) {
  const { activeElement } = next.getRootNode()
  if (buttons.includes(activeElement) && activeElement.disabled) next.focus({ preventScroll: true })
}

// Makes an action wait for the next frame, and happen once for all calls until then.
export function onceAFrame(action) {
  let frame = 0
  const soon = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      action()
    })
  }
  soon.cancel = () => cancelAnimationFrame(frame)
  return soon
}

// The link to the lesson on a topic, in a list that is empty where there are no lessons.
export function explain(model, topic = model.topic) {
  if (!model.lessons || !topic) return []
  return [h("a", { class: "explain", href: model.lessons + topic }, "Explain this")]
}

// A card with a heading and a note; the note is left out where there is none.
export function card(model, ...children) {
  const heading = h("h2", { id: "heading" }, model.heading)
  const note = model.note ? [h("p", {}, model.note)] : []
  const title = h("header", {}, heading, ...note, ...explain(model))
  return h("section", { class: "card", "aria-labelledby": "heading" }, title, ...children)
}

// Lets a view hear its component's messages for as long as it stands on the page, and asks for
// the present state. A view that gives its element asks again whenever it comes back into sight,
// and says when it goes, to itself, too: what nobody sees need not be computed. One that can do
// nothing before it knows how things are, is `inert` until then.
export function connect(model, receive, destroy = () => {}, { element = null, onAway = () => {}, inert = false } = {}) {
  // Bokeh takes a model that came later than the page for one that the page made, and would send
  // it back whole with the first message, which fails. An empty patch makes it known.
  model.document?.create_json_patch([])
  let seen = false
  let again = false
  if (inert) element.inert = true
  const hear = (message) => {
    if (inert) element.inert = false
    receive(message)
  }
  const see = (now) => {
    if (now === seen) return
    seen = now
    model.send_msg(now ? { kind: "ready", again } : { kind: "away" })
    again = true
    if (!now) onAway()
  }
  // A screenful ahead of those who scroll.
  const options = { rootMargin: "100% 0px" }
  const sight = element && new IntersectionObserver((found) => see(found.at(-1).isIntersecting), options)
  model.on("msg:custom", hear)
  model.on("remove", () => {
    model.off("msg:custom", hear)
    sight?.disconnect()
    see(false)
    destroy()
  })
  if (sight) sight.observe(element)
  else see(true)
}
