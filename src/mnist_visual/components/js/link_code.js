// The page's address for all to see: as a QR code, and to type.

import { h, svg } from "./dom.js";
import { Sheet } from "./sheet.js";

const QUIET = 4 // light modules around it, as readers expect

export function codeSheet() {
  const sheet = new Sheet("code", "QR code")
  sheet.place = h("div", { class: "place" })
  sheet.note = h("p", { class: "note", role: "status" })
  sheet.link = h("p", { class: "link" })
  sheet.element.append(sheet.place, h("div", { class: "beside" }, h("h2", {}, "Draw along"), sheet.link, sheet.note))
  return sheet
}

export function drawCode(sheet, { link, note, side, modules }) {
  const whole = side + 2 * QUIET
  let path = ""
  modules.forEach((dark, i) => {
    if (dark) path += `M${QUIET + (i % side)} ${QUIET + Math.floor(i / side)}h1v1h-1z`
  })
  const attributes = { viewBox: `0 0 ${whole} ${whole}`, role: "img", "aria-label": `QR code of ${link}`, "shape-rendering": "crispEdges" }
  sheet.place.replaceChildren(svg("svg", attributes, svg("path", { d: path })))
  // To be typed; it breaks where an address has its joints.
  const parts = link.replace(/^https?:\/\//, "").replace(/\/$/, "").split(/(?=[/?&])/)
  sheet.link.replaceChildren(...parts.flatMap((part) => [h("wbr"), part]))
  // Browsers would break an option after its dashes.
  const words = note.split(/(--\S+ [^\s,]+)/)
  sheet.note.replaceChildren(...words.map((word, i) => (i % 2 ? h("span", { class: "option" }, word) : word)))
}
