// What covers the whole window for a while: a heading with something below, or nothing but black.

import { h } from "./dom.js";

export class Sheet {
  constructor(name, label, ...children) {
    this.element = h(
      "dialog",
      { class: `sheet ${name}`, "aria-label": label, onclick: () => this.close() },
      ...children,
    )
  }

  get isOpen() {
    return this.element.open
  }

  toggle() {
    if (this.isOpen) this.close()
    else this.element.showModal()
  }

  close() {
    this.element.close()
  }
}
