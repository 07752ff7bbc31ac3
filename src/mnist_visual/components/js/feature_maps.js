// The filters of a convolution above what each of them finds in the drawing.

import { card, h, onTheme } from "./dom.js";
import { paintInk, parts, rgb, signedImage, wipe } from "./pictures.js";

class Maps {
  constructor(model) {
    this.cells = []
    this.grid = h("div", { class: "maps", role: "img" })
    this.element = card(model, this.grid)
    this.stopTheme = onTheme(() => this.repaint())
  }

  // Filters come as (filters, input channels, height, width).
  setFilters(filters) {
    this.filters = filters
    const [count, channels] = filters.shape
    this.cells = Array.from({ length: count }, () => ({
      kernels: h("img", { class: "pixels kernels", alt: "" }),
      map: h("canvas", { class: "pixels" }),
    }))
    this.grid.setAttribute(
      "aria-label",
      `${count} small pictures, one for each filter: where in the drawing it finds its pattern`,
    )
    this.grid.classList.toggle("deep", channels > 1)
    this.grid.replaceChildren(
      ...this.cells.map(({ kernels, map }) =>
        h("figure", {}, kernels, h("div", { class: "map" }, map)),
      ),
    )
    this.repaint()
  }

  paintFilters() {
    const [count, channels, height, width] = this.filters.shape
    const columns = channels > 1 ? Math.ceil(channels / 2) : 1
    const colours = [rgb(this.element, "--mv-negative"), rgb(this.element, "--mv-positive")]
    const all = parts(this.filters, count * channels)
    this.cells.forEach(({ kernels }, i) => {
      const own = all.slice(i * channels, (i + 1) * channels)
      const largest = Math.max(1e-6, ...own.flatMap((kernel) => Array.from(kernel, Math.abs)))
      kernels.src = signedImage(own, height, width, columns, largest, ...colours)
    })
  }

  // Maps come as bytes (filters, height, width), or null where nothing is drawn.
  setMaps(maps) {
    this.maps = maps
    if (!maps) {
      for (const { map } of this.cells) wipe(map)
      return
    }
    const [count, height, width] = maps.shape
    parts(maps, count).forEach((values, filter) => {
      paintInk(this.cells[filter].map, values, height, width, this.colour)
    })
  }

  repaint() {
    if (!this.filters) return
    this.colour = rgb(this.element, "--mv-activation")
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
