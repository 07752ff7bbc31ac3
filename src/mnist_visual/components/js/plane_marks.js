// What is marked on the plane: the cursor, the classes, the path with its two handles, and the
// drawing with the spread of its place.

import { h, svg, typeScale } from "./dom.js";
import { areWords, clamp } from "./numbers.js";
import { classColor } from "./palette.js";

const NAME_SIZE = 32 // pixels that a name takes
const NAME_STEP = 24 // and that it may step aside
const WORD = 2.5 // times as wide as high
const BESIDE = [12, 6] // pixels from the place of the drawing to its label
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
    this.places = [] // of the classes' names, in pixels
    this.covers = null // an element that hides a part of the plane
    this.line = svg("polyline", { class: "path" })
    this.halo = svg("polyline", { class: "path halo" })
    this.ellipses = [1, 2].map(() => svg("ellipse", { class: "spread" }))
    this.samples = svg("g", { class: "samples" })
    this.neighbours = svg("g", { class: "neighbours" })
    this.vectors = svg("svg", { "aria-hidden": "true" }, this.halo, this.line, this.neighbours, ...this.ellipses, this.samples)
    this.cross = h("span", { class: "cross", "aria-hidden": "true" })
    this.you = h("span", { class: "you", "aria-hidden": "true", hidden: true }, h("b", {}, "your drawing"))
    this.handles = [0, 1].map((i) => this.handle(i))
    this.names = h("div", { "aria-hidden": "true" })
    this.element = h("div", { class: "marks" }, this.vectors, this.names, this.you, this.cross, ...this.handles)
  }

  handle(i) {
    const node = h(
      "button",
      {
        type: "button",
        class: "handle",
        title: "Drag it",
        onpointerdown: (event) => {
          event.stopPropagation()
          node.setPointerCapture(event.pointerId)
        },
        onpointermove: (event) => {
          if (!node.hasPointerCapture(event.pointerId)) return
          event.stopPropagation() // the digit at the handle is shown, not that at the pointer
          const box = this.element.getBoundingClientRect()
          const inside = (value) => clamp(value, 0, box.width)
          const [left, top] = [inside(event.clientX - box.left), inside(event.clientY - box.top)]
          this.onHandle(i, this.plane.toPlane(left, top))
        },
        onkeydown: (event) => {
          const arrow = ARROWS[event.key]
          if (event.key !== "Tab") event.stopPropagation() // the plane's own keys are not meant
          if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return
          event.preventDefault()
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
    this.handles.forEach((handle, i) => {
      handle.textContent = names[i]?.length < 3 ? names[i] : "AB"[i]
      handle.setAttribute("aria-label", `${handle.textContent}: ${["start", "end"][i]} of the path`)
    })
    this.update()
  }

  // Each class at the place where it is densest: [label, x, y].
  setClasses(modes, classNames) {
    const words = areWords(classNames)
    this.nameWidth = words ? WORD : 1
    this.labels = modes.map(([label, x, y]) => {
      const node = h("span", { class: words ? "class-name word" : "class-name" }, classNames[label])
      node.style.borderColor = `rgb(${classColor(label)})`
      return { node, x, y }
    })
    this.names.replaceChildren(...this.labels.map(({ node }) => node))
    this.update()
  }

  setDrawing(drawing) {
    this.drawing = drawing
    for (const [group, codes, r] of this.dots()) {
      group.replaceChildren(...Array.from({ length: codes.length / 2 }, () => svg("circle", { r })))
    }
    this.update()
  }

  // Puts everything where it belongs in the present view.
  update() {
    const { plane } = this
    if (!plane.side) return
    this.putNames()
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
    for (const [group, codes] of this.dots()) {
      Array.from(group.children).forEach((dot, i) => {
        const [x, y] = plane.toPixels(codes[2 * i], codes[2 * i + 1])
        dot.setAttribute("cx", x)
        dot.setAttribute("cy", y)
      })
    }
    this.put(this.you, ...drawing.mean)
    this.putLabel(cx, cy)
  }

  // The drawing's label stands at the side where it hides least, and is hidden least.
  putLabel(cx, cy) {
    const [label] = this.you.children
    const [width, height] = [label.offsetWidth, label.offsetHeight]
    const [dx, dy] = BESIDE.map((pixels) => pixels * typeScale())
    const { side } = this.plane
    const others = this.obstacles()
    const costs = [[dx, -dy - height], [-dx - width, -dy - height], [dx, dy], [-dx - width, dy]].map(([left, top]) => {
      const box = [cx + left, cy + top, cx + left + width, cy + top + height]
      const outside = width * height - overlap(box, [0, 0, side, side])
      return { left, top, cost: 4 * outside + others.reduce((sum, other) => sum + overlap(box, other), 0) }
    })
    const best = costs.reduce((least, each) => (each.cost < least.cost ? each : least))
    label.style.translate = `${best.left}px ${best.top}px`
  }

  // What the label should leave in sight, or would be hidden by, as [left, top, right, bottom].
  obstacles() {
    const around = (width, lower) => ([x, y]) => [x - width / 2, y + lower - NAME_SIZE / 2, x + width / 2, y + lower + NAME_SIZE / 2]
    const names = this.places.map(around(NAME_SIZE * this.nameWidth, this.nameWidth > 1 ? NAME_SIZE / 2 : 0))
    const handles = this.ends.map((end) => this.plane.toPixels(...end)).map(around(NAME_SIZE, 0))
    const own = this.element.getBoundingClientRect()
    const box = this.covers?.getBoundingClientRect()
    const cover = box ? [[box.left - own.left, box.top - own.top, box.right - own.left, box.bottom - own.top]] : []
    return [...names, ...handles, ...cover]
  }

  dots() {
    const { samples = [], neighbours = [] } = this.drawing ?? {}
    return [
      [this.samples, samples, 2.5],
      [this.neighbours, neighbours, 4.5],
    ]
  }

  // Names that would hide each other step aside; where there is no room, they stay where they are.
  putNames() {
    const places = this.labels.map(({ x, y }) => this.plane.toPixels(x, y))
    const homes = places.map((place) => [...place])
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < places.length; i++) {
        for (let k = 0; k < i; k++) {
          const [dx, dy] = [(places[i][0] - places[k][0]) / this.nameWidth, places[i][1] - places[k][1]]
          const distance = Math.hypot(dx, dy) || 1
          const push = Math.min(4, (NAME_SIZE - distance) / 2)
          if (push <= 0) continue
          for (const [place, sign] of [[places[i], 1], [places[k], -1]]) {
            place[0] += (sign * push * (dx || 1)) / distance
            place[1] += (sign * push * dy) / distance
          }
        }
      }
      places.forEach((place, i) => {
        for (const axis of [0, 1]) place[axis] += Math.min(0, homes[i][axis] + NAME_STEP - place[axis])
        for (const axis of [0, 1]) place[axis] += Math.max(0, homes[i][axis] - NAME_STEP - place[axis])
      })
    }
    this.places = places
    this.labels.forEach(({ node }, i) => this.putAt(node, ...places[i]))
  }

  put(node, x, y) {
    this.putAt(node, ...this.plane.toPixels(x, y))
  }

  putAt(node, left, top) {
    const out = left < -1 || top < -1 || left > this.plane.side + 1 || top > this.plane.side + 1
    node.style.visibility = out ? "hidden" : ""
    node.style.translate = `${left}px ${top}px`
  }
}

// The area that two rectangles have in common.
function overlap([left, top, right, bottom], [left2, top2, right2, bottom2]) {
  const width = Math.min(right, right2) - Math.max(left, left2)
  const height = Math.min(bottom, bottom2) - Math.max(top, top2)
  return Math.max(0, width) * Math.max(0, height)
}
