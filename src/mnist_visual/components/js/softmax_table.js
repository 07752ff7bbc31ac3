// How scores become shares: the steps of a softmax, with all its numbers.

import { h } from "./dom.js";
import { percent } from "./numbers.js";

const CLASSES_SHOWN = 12

export function softmaxTable({ logits, exponentials, shares, largest, normaliser, index }, name, write) {
  const head = ["answer", "score", "e to the power of score − largest", "share"]
  const line = (label, score, power, share) =>
    [h("th", { scope: "row" }, label), h("td", {}, score), h("td", {}, write(power, 4)), h("td", {}, percent(share))]
  const [shown, rest] = classesShown(shares, index)
  const rows = shown.map((i) =>
    h("tr", i === index ? { class: "own" } : {}, ...line(name(i), write(logits[i]), exponentials[i], shares[i])),
  )
  if (rest.length) {
    const sum = (values) => rest.reduce((total, i) => total + values[i], 0)
    rows.push(h("tr", {}, ...line(`the other ${rest.length} together`, "", sum(exponentials), sum(shares))))
  }
  const foot = h(
    "tr",
    {},
    h("th", { scope: "row" }, "together"),
    h("td", {}, `largest ${write(largest)}`),
    h("td", {}, write(normaliser, 4)),
    h("td", {}, "100%"),
  )
  const own = shares[index]
  return h(
    "div",
    { class: "shares" },
    h(
      "table",
      { class: "softmax" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows),
      h("tfoot", {}, foot),
    ),
    h("p", { class: "small" }, `Its share: ${write(exponentials[index], 4)} / ${write(normaliser, 4)} = ${write(own, 4)}`),
  )
}

// The likeliest classes and the traced one, in their order; and the others.
function classesShown(shares, index) {
  const all = Array.from(shares.keys())
  if (all.length <= CLASSES_SHOWN) return [all, []]
  const size = (i) => (i === index ? 2 : shares[i])
  const best = new Set([...all].sort((a, b) => size(b) - size(a)).slice(0, CLASSES_SHOWN - 2))
  return [all.filter((i) => best.has(i)), all.filter((i) => !best.has(i))]
}
