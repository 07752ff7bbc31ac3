// What is in sight, as the address says it: in its query; or in its fragment, where the document
// asks for that by `data-address="hash"`, as one without a server has to.

const isInHash = () => document.documentElement.dataset.address === "hash"

const partsOf = (url) => (isInHash() ? new URLSearchParams(url.hash.slice(1)) : url.searchParams)

// One part of an address, or null.
export const readPart = (name, url = new URL(location.href)) => partsOf(url).get(name)

// Changes one part of an address, or takes it away; the others stay as they are.
export function writePart(url, name, value) {
  const parts = partsOf(url)
  if (value === null) parts.delete(name)
  else parts.set(name, value)
  const text = String(parts).replaceAll("%2C", ",") // which may stand there as it is
  if (isInHash()) url.hash = text
  else url.search = text
}

// Adds what the present address says besides.
export function completeParts(url) {
  for (const [name, value] of partsOf(new URL(location.href))) {
    if (readPart(name, url) === null) writePart(url, name, value)
  }
}

// Goes to an address of the page as if somebody had followed a link: whoever shows a part of it
// follows by the same event as the browser's own "back".
export function goTo(url, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", url)
  dispatchEvent(new PopStateEvent("popstate"))
}
