// What fills the latent plane: regions, and a grid of pictures, asked for once a view of it rests.

const REST = 250 // milliseconds until a view that no longer moves is filled with detail
const GRID = 16 // pictures of the grid across the view, at most

export const FARTHEST = 9999 // as the server accepts

export class Filling {
  // `onRest` hears of a view that rests, `onAsk` what it lacks.
  constructor(plane, { onRest, onAsk }) {
    Object.assign(this, { plane, onRest, onAsk })
    this.home = null // the extent of the whole, once it is known
    this.asked = {} // extents, by kind
  }

  later() {
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.fill(), REST)
  }

  stop() {
    clearTimeout(this.resting)
  }

  fill() {
    const { plane, home } = this
    if (!home || !plane.side) return
    this.onRest()
    if (plane.shown.regions) this.askOnce("regions", (plane.isHome ? home : plane.extent).map(wide))
    if (plane.shown.grid) {
      // On a lattice that stays where it is when the view moves, so that the pictures do, too.
      const cell = 2 ** Math.ceil(Math.log2((2 * plane.view.half) / GRID))
      const [left, right, bottom, top] = plane.extent
      const [x, y] = [Math.floor(left / cell), Math.floor(bottom / cell)]
      const n = Math.max(Math.ceil(right / cell) - x, Math.ceil(top / cell) - y)
      this.askOnce("grid", [x, x + n, y, y + n].map((k) => k * cell), { n })
    }
  }

  askOnce(kind, extent, more = {}) {
    if (String(this.asked[kind]) === String(extent)) return
    if (extent.some((limit) => Math.abs(limit) > FARTHEST)) return // nobody would answer
    this.asked[kind] = extent
    this.onAsk({ kind, extent, ...more })
  }

  // What was not answered may be asked again.
  forget(kind) {
    delete this.asked[kind]
  }

  async showRegions({ extent, side, data }) {
    const values = await inflated(data)
    const count = side * side
    const [labels, confidence] = [values.subarray(0, count), values.subarray(count)]
    this.plane.addRegions({ extent, side, labels, confidence, canvas: null })
  }

  async showGrid({ extent, n, height, width, data }) {
    const values = await inflated(data)
    this.plane.setGrid({ extent, n, height, width, values, canvas: null })
  }
}

// Numbers that both sides write alike.
const wide = (value) => Number(value.toPrecision(9))

async function inflated(data) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
