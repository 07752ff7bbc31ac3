// Formulas as MathML, which needs no fonts and which screen readers speak.
document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(".math")) {
    const tex = element.textContent.trim()
    const displayMode = tex.startsWith("\\[")
    katex.render(tex.slice(2, -2), element, { output: "mathml", displayMode, throwOnError: false })
  }
})
