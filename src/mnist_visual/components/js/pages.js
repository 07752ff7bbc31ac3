// Links to the pages of a dashboard. What belongs to a page is marked in the document.

import { completeParts, goTo, readPart, writePart } from "./address.js";
import { connect, h } from "./dom.js";

class Pages {
  constructor(model) {
    this.model = model
    this.links = Object.entries(model.labels).map(([name, label]) => {
      return h("a", { "data-name": name }, label)
    })
    this.element = h("nav", { class: `pages ${model.key}`, "aria-label": model.key === "page" ? "Pages" : "Parts of this page" }, ...this.links)
    this.travel = () => this.open(this.asked ?? this.links[0].dataset.name)
    this.click = (event) => this.follow(event)
    addEventListener("popstate", this.travel)
    document.addEventListener("click", this.click)
    this.show(model.first)
  }

  get asked() {
    return readPart(this.model.key)
  }

  // A link to a page, wherever it stands, changes the address and keeps the drawing.
  follow(event) {
    // A new tab or window is the browser's affair.
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement)
    if (!link?.href || link.target || link.download) return
    const url = new URL(link.href)
    const page = readPart(this.model.key, url)
    if (url.origin + url.pathname !== location.origin + location.pathname || !this.isPage(page)) return
    event.preventDefault()
    completeParts(url)
    if (url.href === location.href) return
    goTo(url)
    scrollTo({ top: 0 })
  }

  // Other parts of the address stay as they are.
  address(page) {
    const url = new URL(location.href)
    writePart(url, this.model.key, page)
    return url.href
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
      link.href = this.address(link.dataset.name) // the rest of the address may have changed
      if (link.dataset.name === name) link.setAttribute("aria-current", "page")
      else link.removeAttribute("aria-current")
    }
    const { key } = this.model
    document.documentElement.dataset[key] = name
    for (const part of document.querySelectorAll(`[data-${key}]`)) {
      if (part !== document.documentElement) part.hidden = part.dataset[key] !== name
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
  // What is built late finds the address already there.
  if (pages.asked && pages.asked !== pages.shown) pages.open(pages.asked)
  return pages.element
}

export default { render }
