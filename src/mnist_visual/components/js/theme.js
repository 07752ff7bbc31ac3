// Before the first paint, so that a page kept dark does not flash. A plain script, no module: those
// run later.
const root = document.documentElement
root.dataset.page = document.currentScript.dataset.page
const remembered = (action) => {
  try {
    return action(localStorage)
  } catch {
    return null // a browser may forbid pages to remember
  }
}
root.style.colorScheme = remembered((storage) => storage.getItem("theme")) ?? ""
// Without a server, none has read the address; see address.js.
const asked = root.dataset.address === "hash" && new URLSearchParams(location.hash.slice(1)).get("page")
if (/^[a-z]+$/.test(asked || "")) root.dataset.page = asked
const presents = "presents" in document.currentScript.dataset
root.toggleAttribute("data-presenting", presents && new URLSearchParams(location.search).get("present") === "1")
addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme")
  const preference = matchMedia("(prefers-color-scheme: dark)")
  const isDark = () => (root.style.colorScheme || (preference.matches ? "dark" : "light")) === "dark"
  const label = () => (button.firstChild.textContent = isDark() ? "Light theme" : "Dark theme")
  button.addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark"
    remembered((storage) => storage.setItem("theme", root.style.colorScheme))
    label()
  })
  preference.addEventListener("change", label)
  label()
})
