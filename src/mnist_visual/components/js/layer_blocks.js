// A layer as a drawing: maps as sheets behind each other, a vector as a column.

import { svg } from "./dom.js";

const TALLEST = 76 // pixels, of the largest map or vector
const ROOMY = 10 // ranks that have room beside each other at that size
const SMALLEST = 7
const SHEETS = 24 // that are drawn at the most
const CELLS = 24 // of a vector that are told apart

// What makes the sizes of all blocks comparable: the longest map, and the longest vector.
export function blockScale(layers, ranks) {
  const tallest = TALLEST * Math.max(0.5, Math.min(1, ROOMY / ranks))
  const maps = layers.filter(({ shape }) => shape.length > 1)
  return {
    map: tallest / Math.max(1, ...maps.flatMap(({ shape }) => shape.slice(0, 2))),
    vector: tallest / Math.sqrt(Math.max(1, ...layers.filter(({ shape }) => shape.length === 1).map(({ shape }) => shape[0]))),
  }
}

export function blockPicture(shape, scale) {
  return shape.length === 1 ? vectorPicture(shape[0], scale.vector) : mapsPicture(shape, scale.map)
}

function mapsPicture(shape, scale) {
  const [height, width] = shape.map((length) => Math.max(SMALLEST, length * scale))
  const channels = shape.length > 2 ? shape.at(-1) : 1
  const depth = 9 * Math.log2(channels) // 8 maps are half as deep as 64
  const sheets = Math.min(channels, SHEETS)
  const step = sheets > 1 ? depth / (sheets - 1) : 0
  const sheet = (i) => rect(1 + i * step, 1 + 0.5 * (depth - i * step), width, height)
  // From the back to the front.
  return picture(width + depth, height + 0.5 * depth, Array.from({ length: sheets }, (_, i) => sheet(sheets - 1 - i)))
}

function vectorPicture(count, scale) {
  const width = 14
  const height = Math.max(SMALLEST, scale * Math.sqrt(count), 4 * Math.min(count, 10))
  const cells = count <= CELLS ? count : 0
  const lines = Array.from({ length: Math.max(0, cells - 1) }, (_, i) => {
    const y = 1 + ((i + 1) * height) / cells
    return svg("line", { x1: 1, x2: 1 + width, y1: y, y2: y })
  })
  return picture(width, height, [rect(1, 1, width, height), ...lines])
}

const rect = (x, y, width, height) => svg("rect", { x, y, width, height, rx: 1.5 })

const picture = (width, height, parts) =>
  svg("svg", { width: width + 2, height: height + 2, viewBox: `0 0 ${width + 2} ${height + 2}`, "aria-hidden": "true", class: "picture" }, ...parts)
