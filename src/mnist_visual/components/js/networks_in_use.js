// Which networks of the visitor's own answer on the page.

import { connect, h } from "./dom.js";
import { epochName } from "./training_keeping.js";

class InUse {
  constructor(model) {
    this.text = h("p", { role: "status" })
    this.back = h("button", { type: "button", onclick: () => model.send_msg({ kind: "back" }) }, "Use the shipped one")
    this.link = h("a", { href: model.address }, "Train")
    this.element = h("aside", { class: "in-use", "aria-label": "Networks in use", hidden: true }, this.text, this.back, this.link)
  }

  // Each of one's own comes as what it is and its epoch, if that is known.
  show({ own }) {
    if (!own.length) this.leave()
    this.element.hidden = !own.length
    if (!own.length) return
    const named = own.map(([noun, epoch]) => {
      const age = epoch === null ? "from a file" : epoch ? `epoch ${epochName(epoch)}` : "before it has learned"
      return [h("b", {}, `your own ${noun}`), `, ${age}`]
    })
    const [first, ...rest] = named
    this.text.replaceChildren("In use on all pages: ", ...first, ...rest.flatMap((each) => [" \u00b7 ", ...each]), ".")
    this.back.textContent = own.length > 1 ? "Use the shipped ones" : "Use the shipped one"
  }

  // Hands the keyboard on to the page's contents, if it is here.
  leave() {
    const main = document.querySelector("main")
    if (!main || !this.element.getRootNode().activeElement) return
    main.tabIndex = -1
    main.focus({ preventScroll: true })
    main.addEventListener("blur", () => main.removeAttribute("tabindex"), { once: true })
  }
}

export function render({ model }) {
  const view = new InUse(model)
  connect(model, (message) => view.show(message))
  return view.element
}

export default { render }
