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
      return h("a", { "data-name": name, onclick: (event) => this.click(event, name) }, label)
    })
    this.element = h("nav", { class: "pages", "aria-label": "Pages" }, ...this.links)
    this.travel = () => this.open(new URL(location.href).searchParams.get("page") ?? this.links[0].dataset.name)
    addEventListener("popstate", this.travel)
    this.show(model.first)
  }

  click(event, name) {
    // A new tab or window is the browser's affair.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    if (name === this.shown) return
    history.pushState(null, "", address(name))
    this.open(name)
    scrollTo({ top: 0 })
  }

  open(given) {
    const name = given.toLowerCase()
    if (!this.links.some((link) => link.dataset.name === name)) return
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
  }
}

export function render({ model }) {
  const pages = new Pages(model)
  connect(model, ({ page }) => pages.show(page), () => pages.destroy())
  return pages.element
}

export default { render }
