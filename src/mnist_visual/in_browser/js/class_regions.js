// Which class is read where on the plane: on a lattice that gets denser along the borders, and
// between its points by the logarithms of the probabilities, which change evenly.

import { inSlices } from "./slices.js";

const SIDE = 320 // points that are shown along each axis
const FIRST = 16 // steps of the first lattice along each axis
const LAST = 128 // and of the last
const CHANGE = 0.1 // of a confidence between points, beyond which it is looked more closely

// Takes a function from points to probabilities. `onDraft` hears of each lattice but the last.
export async function regionsOf(read, [left, right, bottom, top], onDraft) {
  const known = new Map() // of points by their place on the last lattice
  const width = LAST + 1
  const logs = ([row, column]) => {
    const point = [left + (column * (right - left)) / LAST, top - (row * (top - bottom)) / LAST]
    return Float32Array.from(read(point), (p) => Math.log(Math.max(p, 1e-12)))
  }
  for (let step = LAST / FIRST; step >= 1; step /= 2) {
    const missing = []
    for (let row = 0; row <= LAST; row += step) {
      for (let column = 0; column <= LAST; column += step) {
        const place = row * width + column
        if (known.has(place)) continue
        const around = step === LAST / FIRST ? null : neighbours(known, row, column, step, width)
        if (around && isClear(around)) known.set(place, mean(around))
        else missing.push([row, column])
      }
    }
    await inSlices(missing.length, (i) => known.set(missing[i][0] * width + missing[i][1], logs(missing[i])))
    const drawn = drawRegions(known, step, width)
    if (step === 1) return drawn
    await onDraft(drawn)
  }
}

// Those points of the coarser lattice between which a point lies.
function neighbours(known, row, column, step, width) {
  const odd = (value) => (value / step) % 2 === 1
  const rows = odd(row) ? [row - step, row + step] : [row]
  const columns = odd(column) ? [column - step, column + step] : [column]
  return rows.flatMap((y) => columns.map((x) => known.get(y * width + x)))
}

// Whether all agree, and nearly as surely.
function isClear(points) {
  const best = points[0].indexOf(Math.max(...points[0]))
  const sure = points.map((logs) => (logs[best] === Math.max(...logs) ? Math.exp(logs[best]) : NaN))
  return Math.max(...sure) - Math.min(...sure) < CHANGE // false for NaN, too
}

const mean = (points) => points[0].map((_, i) => points.reduce((sum, logs) => sum + logs[i], 0) / points.length)

// All labels, and then all confidences, as bytes.
function drawRegions(known, step, width) {
  const count = SIDE * SIDE
  const layers = new Uint8Array(2 * count)
  const classes = known.get(0).length
  const mixed = new Float32Array(classes)
  for (let i = 0; i < count; i++) {
    const [y, x] = [Math.floor(i / SIDE), i % SIDE].map((k) => ((k + 0.5) * LAST) / SIDE / step)
    const [row, column] = [Math.floor(y), Math.floor(x)]
    const corners = [0, 1].flatMap((down) => [0, 1].map((across) => known.get((row + down) * step * width + (column + across) * step)))
    const [v, u] = [y - row, x - column]
    const shares = [(1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u]
    let best = 0
    for (let k = 0; k < classes; k++) {
      mixed[k] = shares[0] * corners[0][k] + shares[1] * corners[1][k] + shares[2] * corners[2][k] + shares[3] * corners[3][k]
      if (mixed[k] > mixed[best]) best = k
    }
    let sum = 0
    for (let k = 0; k < classes; k++) sum += Math.exp(mixed[k] - mixed[best])
    layers[i] = best
    layers[count + i] = Math.round(255 / sum)
  }
  return { side: SIDE, layers }
}
