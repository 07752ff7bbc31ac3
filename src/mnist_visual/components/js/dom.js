// Small helpers that every view uses.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value)
  }
  node.append(...children)
  return node
}

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

// A card with a heading and a note; the note is left out where there is none.
export function card(model, ...children) {
  const heading = h("h2", { id: "heading" }, model.heading)
  const title = h("header", {}, heading, ...(model.note ? [h("p", {}, model.note)] : []))
  return h("section", { class: "card", "aria-labelledby": "heading" }, title, ...children)
}

// Lets a view hear its component's messages for as long as it stands on the page, and asks for
// the present state.
export function connect(model, receive, destroy = () => {}) {
  model.on("msg:custom", receive)
  model.on("remove", () => {
    model.off("msg:custom", receive)
    destroy()
  })
  model.send_msg({ kind: "ready" })
}
