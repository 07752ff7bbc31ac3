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

// What of a document's root can change the colours of its views: a style, or what a style asks for.
const THEMING = ["style", "class", "data-theme", "data-presenting"]

// Calls back whenever light may have become dark, or the reverse; returns how to stop.
export function onTheme(callback) {
  const preference = matchMedia("(prefers-color-scheme: dark)")
  const attributes = new MutationObserver(callback)
  attributes.observe(document.documentElement, { attributeFilter: THEMING })
  preference.addEventListener("change", callback)
  return () => {
    attributes.disconnect()
    preference.removeEventListener("change", callback)
  }
}

// How many times larger than usual a page writes; what is drawn in pixels goes along.
export const typeScale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16

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

// Hands the keyboard on from a button that cannot be pressed any more after a change; by then it
// has lost it.
export function keepFocus(buttons, next, change) {
  const { activeElement } = next.getRootNode()
  change()
  if (buttons.includes(activeElement) && activeElement.disabled) next.focus({ preventScroll: true })
}

// Makes the contents of an element anew; who was on one of its controls is on the one in the
// same place after it.
export function renew(element, ...children) {
  const controls = () => [...element.querySelectorAll("a, button")]
  const place = controls().indexOf(element.getRootNode().activeElement)
  element.replaceChildren(...children)
  if (place >= 0) (controls()[place] ?? controls().at(-1))?.focus({ preventScroll: true })
}

// Scrolls to an element, smoothly but for those who would rather have no motion.
export function bringIntoSight(element) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  element.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" })
}

// What an action finds in the browser's memory, or null: a browser may forbid pages to remember.
export function remembered(action) {
  try {
    return action()
  } catch {
    return null
  }
}

// Saves bytes as a file, where the browser has its downloads.
export function download(data, name, type = "") {
  const url = URL.createObjectURL(new Blob([data], { type }))
  h("a", { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

// Does what Escape means here, if there is anything to do; nobody else takes that key then.
export function onEscape(event, isNeeded, action) {
  if (event.key !== "Escape" || event.defaultPrevented || !isNeeded) return
  event.preventDefault()
  action()
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
// nothing before it knows how things are, is `inert` until then. One that knows already how they
// are says so as one that comes back.
export function connect(model, receive, destroy = () => {}, { element = null, onAway = () => {}, inert = false, knows = false } = {}) {
  // Bokeh takes a model that came later than the page for one that the page made, and would send
  // it back whole with the first message, which fails. An empty patch makes it known.
  model.document?.create_json_patch([])
  let seen = false
  let again = knows
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
