// What is in sight, as the address says it: in its query; or in its fragment, where the document
// asks for that by `data-address="hash"`, as one without a server has to.

const isInHash = () => document.documentElement.dataset.address === "hash"

const partsOf = (url) => (isInHash() ? new URLSearchParams(url.hash.slice(1)) : url.searchParams)

// One part of an address, or null.
export const readPart = (name, url = new URL(location.href)) => partsOf(url).get(name)

// Changes one part of an address; the others stay as they are.
export function writePart(url, name, value) {
  const parts = partsOf(url)
  parts.set(name, value)
  if (isInHash()) url.hash = parts
}

// Adds what the present address says besides.
export function completeParts(url) {
  for (const [name, value] of partsOf(new URL(location.href))) {
    if (readPart(name, url) === null) writePart(url, name, value)
  }
}
