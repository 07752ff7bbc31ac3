// What is marked on the plane: the cursor, the classes, the path with its two handles, and the
// drawing with the spread of its place.

import { h, svg } from "./dom.js";
import { classColor } from "./palette.js";

const STEP = 1 / 60 // how far an arrow key moves a handle, in widths of the view

export const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
}

export class Marks {
  // `onHandle` hears of an end of the path that was moved: 0 or 1, and where to.
  constructor(plane, onHandle) {
    this.plane = plane
    this.onHandle = onHandle
    this.ends = [
      [0, 0],
      [0, 0],
    ]
    this.path = [] // [x, y, x, y, ...]
    this.drawing = null // {mean, sigma, samples: [x, y, ...]}
    this.cursor = [0, 0]
    this.labels = []
    this.line = svg("polyline", { class: "path" })
    this.halo = svg("polyline", { class: "path halo" })
    this.ellipses = [1, 2].map(() => svg("ellipse", { class: "spread" }))
    this.samples = svg("g", { class: "samples" })
    this.vectors = svg("svg", { "aria-hidden": "true" }, this.halo, this.line, ...this.ellipses, this.samples)
    this.cross = h("span", { class: "cross", "aria-hidden": "true" })
    this.you = h("span", { class: "you", "aria-hidden": "true", hidden: true }, h("b", {}, "your drawing"))
    this.handles = ["Start", "End"].map((name, i) => this.handle(name, i))
    this.names = h("div", { "aria-hidden": "true" })
    this.element = h("div", { class: "marks" }, this.vectors, this.names, this.you, this.cross, ...this.handles)
  }

  handle(name, i) {
    const node = h(
      "button",
      {
        type: "button",
        class: "handle",
        "aria-label": `${name} of the path`,
        title: `${name} of the path: drag it`,
        onpointerdown: (event) => {
          event.stopPropagation()
          node.setPointerCapture(event.pointerId)
        },
        onpointermove: (event) => {
          if (!node.hasPointerCapture(event.pointerId)) return
          const box = this.element.getBoundingClientRect()
          const inside = (value) => Math.min(box.width, Math.max(0, value))
          const [left, top] = [inside(event.clientX - box.left), inside(event.clientY - box.top)]
          this.onHandle(i, this.plane.toPlane(left, top))
        },
        onkeydown: (event) => {
          const arrow = ARROWS[event.key]
          if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return
          event.preventDefault()
          event.stopPropagation()
          const step = 2 * this.plane.view.half * STEP * (event.shiftKey ? 4 : 1)
          const [x, y] = this.ends[i]
          this.onHandle(i, [x + arrow[0] * step, y + arrow[1] * step])
        },
      },
    )
    return node
  }

  // Where the path ends at a class, the handle bears its name.
  setEnds(ends, names) {
    this.ends = ends
    this.handles.forEach((handle, i) => (handle.textContent = names[i]?.length < 3 ? names[i] : "AB"[i]))
    this.update()
  }

  // Each class at the place where it is densest: [label, x, y].
  setClasses(modes, classNames) {
    this.labels = modes.map(([label, x, y]) => {
      const node = h("span", { class: "class-name" }, classNames[label])
      node.style.borderColor = `rgb(${classColor(label)})`
      return { node, x, y }
    })
    this.names.replaceChildren(...this.labels.map(({ node }) => node))
    this.update()
  }

  setDrawing(drawing) {
    this.drawing = drawing
    const count = drawing ? drawing.samples.length / 2 : 0
    this.samples.replaceChildren(...Array.from({ length: count }, () => svg("circle", { r: 2.5 })))
    this.update()
  }

  // Puts everything where it belongs in the present view.
  update() {
    const { plane } = this
    if (!plane.side) return
    for (const { node, x, y } of this.labels) this.put(node, x, y)
    this.ends.forEach(([x, y], i) => this.put(this.handles[i], x, y))
    this.put(this.cross, ...this.cursor)
    const line = []
    for (let i = 0; i < this.path.length; i += 2) {
      line.push(plane.toPixels(this.path[i], this.path[i + 1]).map((v) => v.toFixed(1)).join())
    }
    for (const each of [this.line, this.halo]) each.setAttribute("points", line.join(" "))
    this.updateDrawing()
  }

  updateDrawing() {
    const { plane, drawing } = this
    this.you.hidden = !drawing
    for (const ellipse of this.ellipses) ellipse.style.display = drawing ? "" : "none"
    if (!drawing) return
    const scale = plane.side / (2 * plane.view.half)
    const [cx, cy] = plane.toPixels(...drawing.mean)
    this.ellipses.forEach((ellipse, i) => {
      const size = { cx, cy, rx: (i + 1) * drawing.sigma[0] * scale, ry: (i + 1) * drawing.sigma[1] * scale }
      for (const [name, value] of Object.entries(size)) ellipse.setAttribute(name, value)
    })
    Array.from(this.samples.children).forEach((dot, i) => {
      const [x, y] = plane.toPixels(drawing.samples[2 * i], drawing.samples[2 * i + 1])
      dot.setAttribute("cx", x)
      dot.setAttribute("cy", y)
    })
    this.put(this.you, ...drawing.mean)
    this.you.classList.toggle("left", cx > 0.75 * plane.side)
  }

  put(node, x, y) {
    const [left, top] = this.plane.toPixels(x, y)
    const out = left < -1 || top < -1 || left > this.plane.side + 1 || top > this.plane.side + 1
    node.style.visibility = out ? "hidden" : ""
    node.style.transform = `translate(${left}px, ${top}px)`
  }
}
