// The text of lessons, with its formulas, and the links from one lesson to another.

import { h } from "./dom.js";

// KaTeX is fetched once, when the first formula is to be shown.
function loadKatex(url) {
  window.mnistVisualKatex ??= new Promise((resolve, reject) => {
    document.head.append(h("script", { src: url, onload: () => resolve(window.katex), onerror: reject }))
  })
  return window.mnistVisualKatex
}

// The keyboard gets to a formula that is wider than its place, and moves it.
const followWidth = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute("tabindex")
  }
})

// Puts a lesson's own HTML into an element. Until KaTeX is there, and without it, formulas are TeX.
export async function setText(element, html, katexUrl) {
  element.innerHTML = html
  const formulas = [...element.querySelectorAll(".math")]
  if (!formulas.length) return
  try {
    const katex = await loadKatex(katexUrl)
    for (const formula of formulas) {
      // MathML needs no fonts and no style, and screen readers speak it.
      const options = { output: "mathml", displayMode: formula.classList.contains("block"), throwOnError: false }
      if (!formula.firstElementChild) katex.render(formula.textContent, formula, options)
      if (options.displayMode) followWidth.observe(formula)
    }
  } catch {
    window.mnistVisualKatex = undefined // the next lesson tries again
  }
}

// A link to a lesson. Where a page has addresses for them, following it changes the address.
export function lessonLink(model, topic, attributes, ...children) {
  const open = (event) => {
    if (model.address) return
    event.preventDefault()
    model.send_msg({ kind: "open", topic })
  }
  return h("a", { href: model.address ? model.address + topic : "#", onclick: open, ...attributes }, ...children)
}
