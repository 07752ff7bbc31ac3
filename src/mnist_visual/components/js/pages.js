// Links to the pages of a dashboard. What belongs to a page is marked in the document.

import { connect, h } from "./dom.js";

// Other parts of the address stay as they are.
function address(page) {
  const url = new URL(location.href)
  url.searchParams.set("page", page)
  return url.href
}

class Pages {
  constructor(model) {
    this.model = model
    this.links = Object.entries(model.labels).map(([name, label]) => {
      return h("a", { "data-name": name }, label)
    })
    this.element = h("nav", { class: "pages", "aria-label": "Pages" }, ...this.links)
    this.travel = () => this.open(new URL(location.href).searchParams.get("page") ?? this.links[0].dataset.name)
    this.click = (event) => this.follow(event)
    addEventListener("popstate", this.travel)
    document.addEventListener("click", this.click)
    this.show(model.first)
  }

  // A link to a page, wherever it stands, changes the address and keeps the drawing. Whoever
  // shows a part of the address follows it by the same event as the browser's own "back".
  follow(event) {
    // A new tab or window is the browser's affair.
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement)
    if (!link?.href || link.target || link.download) return
    const url = new URL(link.href)
    const page = url.searchParams.get("page")
    if (url.origin + url.pathname !== location.origin + location.pathname || !this.isPage(page)) return
    event.preventDefault()
    for (const [name, value] of new URL(location.href).searchParams) {
      if (!url.searchParams.has(name)) url.searchParams.set(name, value)
    }
    if (url.href === location.href) return
    history.pushState(null, "", url)
    dispatchEvent(new PopStateEvent("popstate"))
    scrollTo({ top: 0 })
  }

  isPage(name) {
    return this.links.some((link) => link.dataset.name === name?.toLowerCase())
  }

  open(given) {
    const name = given.toLowerCase()
    if (!this.isPage(name)) return
    this.show(name)
    this.model.send_msg({ kind: "open", page: name })
  }

  show(name) {
    this.shown = name
    for (const link of this.links) {
      link.href = address(link.dataset.name) // the rest of the address may have changed
      if (link.dataset.name === name) link.setAttribute("aria-current", "page")
      else link.removeAttribute("aria-current")
    }
    document.documentElement.dataset.page = name
    for (const part of document.querySelectorAll("[data-page]")) {
      if (part !== document.documentElement) part.hidden = part.dataset.page !== name
    }
  }

  destroy() {
    removeEventListener("popstate", this.travel)
    document.removeEventListener("click", this.click)
  }
}

export function render({ model }) {
  const pages = new Pages(model)
  connect(model, ({ page }) => pages.show(page), () => pages.destroy())
  return pages.element
}

export default { render }
