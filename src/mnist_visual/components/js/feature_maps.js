// The filters of a convolution above what each of them finds in the drawing.

import { card, connect, h, onTheme } from "./dom.js";
import { filterImages, paintInk, parts, rgb, signColours, wipe } from "./pictures.js";

class Maps {
  constructor(model) {
    this.grid = h("div", { role: "img" })
    this.lay(model.filters, model.channels)
    this.element = card(model, this.grid)
    this.stopTheme = onTheme(() => this.repaint())
  }

  // Keeps the places of so many filters.
  lay(filters, channels) {
    this.channels = channels
    this.cells = Array.from({ length: filters }, () => ({
      kernels: h("img", { class: "pixels kernels", alt: "" }),
      map: h("canvas", { class: "pixels" }),
    }))
    this.grid.className = channels > 1 ? "maps deep" : "maps"
    this.grid.setAttribute("aria-label", `${filters} filters, and for each a small picture of where it finds its pattern`)
    this.grid.replaceChildren(...this.cells.map(({ kernels, map }) => h("div", {}, kernels, h("div", { class: "map" }, map))))
  }

  // Filters come as (filters, input channels, height, width), those of another network too.
  setFilters(filters) {
    const [count, channels] = filters.shape
    if (count !== this.cells.length || channels !== this.channels) {
      this.maps = null
      this.lay(count, channels)
    }
    this.filters = filters
    this.repaint()
  }

  paintFilters() {
    const channels = this.filters.shape[1]
    const columns = channels > 1 ? Math.ceil(channels / 2) : 1
    const images = filterImages(this.filters, columns, ...signColours(this.element))
    this.cells.forEach(({ kernels }, i) => (kernels.src = images[i]))
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
  const receive = (message) => {
    if (message.kind === "filters") maps.setFilters(message.filters)
    else maps.setMaps(message.maps)
  }
  connect(model, receive, () => maps.stopTheme(), { element: maps.element })
  return maps.element
}

export default { render }
