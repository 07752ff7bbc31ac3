// The filters of a convolution above what each of them finds in the drawing.

import { card, h, onTheme } from "./dom.js";
import { paintInk, paintSigned, parts, rgb } from "./pictures.js";

const pixels = () => h("canvas", { class: "pixels", "aria-hidden": "true" })

class Maps {
  constructor(model) {
    this.cells = []
    this.grid = h("div", { class: "maps" })
    this.element = card(model, this.grid)
    this.stopTheme = onTheme(() => this.repaint())
  }

  // Filters come as (filters, input channels, height, width).
  setFilters(filters) {
    this.filters = filters
    const [count, channels] = filters.shape
    this.cells = Array.from({ length: count }, () => {
      const kernels = Array.from({ length: channels }, pixels)
      return { kernels, map: pixels() }
    })
    const figures = this.cells.map(({ kernels, map }) =>
      h(
        "figure",
        {},
        h("div", { class: channels > 1 ? "kernels many" : "kernels" }, ...kernels),
        h("div", { class: "map" }, map),
      ),
    )
    this.grid.setAttribute("role", "img")
    this.grid.setAttribute(
      "aria-label",
      `${count} small pictures, one for each filter: where in the drawing it finds its pattern`,
    )
    this.grid.replaceChildren(...figures)
    this.paintFilters()
  }

  paintFilters() {
    const [count, channels, height, width] = this.filters.shape
    const negative = rgb(this.element, "--mv-negative")
    const positive = rgb(this.element, "--mv-positive")
    const largest = this.filters.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
    const kernels = parts(this.filters, count * channels)
    const canvases = this.cells.flatMap((cell) => cell.kernels)
    canvases.forEach((canvas, i) => {
      paintSigned(canvas, kernels[i], height, width, largest, negative, positive)
    })
  }

  // Maps come as bytes (filters, height, width), or null where nothing is drawn.
  setMaps(maps) {
    this.maps = maps
    const colour = rgb(this.element, "--mv-activation")
    if (!maps) {
      for (const { map } of this.cells) map.getContext("2d").clearRect(0, 0, map.width, map.height)
      return
    }
    const [count, height, width] = maps.shape
    parts(maps, count).forEach((values, filter) => {
      paintInk(this.cells[filter].map, values, height, width, colour)
    })
  }

  repaint() {
    if (!this.filters) return
    this.paintFilters()
    this.setMaps(this.maps)
  }
}

export function render({ model }) {
  const maps = new Maps(model)
  model.on("msg:custom", (message) => {
    if (message.kind === "filters") maps.setFilters(message.filters)
    else maps.setMaps(message.maps)
  })
  model.on("remove", () => maps.stopTheme())
  model.send_msg({ kind: "ready" })
  return maps.element
}

export default { render }
