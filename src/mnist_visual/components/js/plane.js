// The plane, painted: regions, pictures and points, wherever one looks.

import { h, onceAFrame, onResize, onTheme, typeScale } from "./dom.js";
import { clamp, fixed } from "./numbers.js";
import { classColor } from "./palette.js";
import { rgb } from "./pictures.js";

const REGION_STRENGTH = 0.5 // of a colour where there is no doubt, so that points stand out
const CLOSEST = 1 / 400 // of the first view
const WIDEST = 4
const FULL_TURN = 2 * Math.PI
const TURNS = 16

export class Plane {
  // `onView` hears when another part of the plane is seen.
  constructor(onView) {
    this.onView = onView
    this.shown = { regions: true, shade: true, grid: false, codes: true }
    this.patches = [] // of regions, the largest first: {extent, side, labels, confidence, canvas}
    this.pictures = null // of the grid: {extent, n, height, width, values, canvas}
    this.turns = [] // of points by their class: [x, y, x, y, ...]
    this.home = this.view = { x: 0, y: 0, half: 1 }
    this.canvas = h("canvas", { class: "ground" })
    this.repaint = onceAFrame(() => this.paint())
    this.stops = [
      onResize(this.canvas, () => this.changed()),
      onTheme(() => {
        for (const patch of [...this.patches, this.pictures]) if (patch) patch.canvas = null
        this.repaint()
      }),
    ]
  }

  destroy() {
    for (const stop of this.stops) stop()
    this.repaint.cancel()
  }

  // Where one looks

  setHome([left, right, bottom, top]) {
    const half = Math.max(right - left, top - bottom) / 2
    this.home = { x: (left + right) / 2, y: (bottom + top) / 2, half }
    this.view = this.home
    this.changed()
  }

  look(x, y, half) {
    const { home } = this
    const size = clamp(half, home.half * CLOSEST, home.half * WIDEST)
    const far = home.half * WIDEST
    const view = {
      x: clamp(x, home.x - far, home.x + far),
      y: clamp(y, home.y - far, home.y + far),
      half: size,
    }
    this.view = Object.keys(view).every((key) => view[key] === home[key]) ? home : view
    this.changed()
  }

  // Makes everything larger by a factor, but for one point, which stays where it is.
  zoom(factor, [x, y] = [this.view.x, this.view.y]) {
    const half = clamp(this.view.half / factor, this.home.half * CLOSEST, this.home.half * WIDEST)
    const share = half / this.view.half
    this.look(x + (this.view.x - x) * share, y + (this.view.y - y) * share, half)
  }

  get extent() {
    const { x, y, half } = this.view
    return [x - half, x + half, y - half, y + half]
  }

  get side() {
    return this.canvas.clientWidth
  }

  toPixels(x, y) {
    const scale = this.side / (2 * this.view.half)
    return [(x - this.view.x + this.view.half) * scale, (this.view.y + this.view.half - y) * scale]
  }

  toPlane(left, top) {
    const scale = (2 * this.view.half) / this.side
    return [this.view.x - this.view.half + left * scale, this.view.y + this.view.half - top * scale]
  }

  // How many digits tell one pixel from the next.
  get digits() {
    return clamp(Math.round(-Math.log10((2 * this.view.half) / 1000)), 2, 6)
  }

  changed() {
    if (!this.side) return
    this.repaint()
    this.onView()
  }

  // What lies there

  setPoints(codes, labels) {
    // In turns, so that no class hides another.
    this.turns = Array.from({ length: TURNS }, () => [])
    labels.forEach((label, i) => (this.turns[i % TURNS][label] ??= []).push(codes[2 * i], codes[2 * i + 1]))
    this.repaint()
  }

  // Kept are the largest patch and the newest.
  addRegions(patch) {
    const size = ({ extent: [left, right] }) => right - left
    const largest = this.patches.find((each) => size(each) > size(patch))
    this.patches = [...(largest ? [largest] : []), patch]
    this.repaint()
  }

  get isHome() {
    return this.view === this.home
  }

  setGrid(pictures) {
    this.pictures = pictures
    this.repaint()
  }

  show(layers) {
    if (layers.shade !== this.shown.shade) for (const patch of this.patches) patch.canvas = null
    this.shown = layers
    this.repaint()
  }

  paint() {
    const { canvas, shown } = this
    if (!this.side) return
    const pixels = Math.round(this.side * devicePixelRatio)
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels
    const context = canvas.getContext("2d")
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, pixels, pixels)
    context.scale(devicePixelRatio, devicePixelRatio)
    if (shown.regions) for (const patch of this.patches) this.paintPatch(context, patch)
    if (shown.grid && this.pictures) this.paintGrid(context)
    if (shown.codes) this.paintPoints(context)
    this.paintScale(context)
  }

  place([left, right, bottom, top]) {
    const [x, y] = this.toPixels(left, top)
    const [farX, farY] = this.toPixels(right, bottom)
    return [x, y, farX - x, farY - y]
  }

  paintPatch(context, patch) {
    patch.canvas ??= regionCanvas(patch, this.shown.shade)
    const place = this.place(patch.extent)
    // A finer patch replaces what is below it.
    if (patch !== this.patches[0]) context.clearRect(...place)
    context.imageSmoothingEnabled = true
    context.drawImage(patch.canvas, ...place)
  }

  paintGrid(context) {
    const { pictures } = this
    pictures.canvas ??= gridCanvas(pictures, rgb(this.canvas.parentElement, "--mv-ink"))
    context.imageSmoothingEnabled = pictures.canvas.width > this.side * devicePixelRatio
    context.drawImage(pictures.canvas, ...this.place(pictures.extent))
  }

  paintPoints(context) {
    const radius = clamp(1.5 * (this.home.half / this.view.half) ** 0.4, 1.25, 5)
    const [left, right, bottom, top] = this.extent
    const scale = this.side / (2 * this.view.half)
    context.globalAlpha = 0.9
    for (const turn of this.turns) turn.forEach((codes, label) => {
      context.fillStyle = `rgb(${classColor(label)})`
      context.beginPath()
      for (let i = 0; i < codes.length; i += 2) {
        const [x, y] = [codes[i], codes[i + 1]]
        if (x < left || x > right || y < bottom || y > top) continue
        const [px, py] = [(x - left) * scale, (top - y) * scale]
        context.moveTo(px + radius, py)
        context.arc(px, py, radius, 0, FULL_TURN)
      }
      context.fill()
    })
    context.globalAlpha = 1
  }

  // Numbers along two edges, so that it can be seen how far one has zoomed in.
  paintScale(context) {
    const [left, right, bottom, top] = this.extent
    const step = roundStep((right - left) / 5)
    const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
    context.font = `${12 * typeScale()}px system-ui, sans-serif`
    context.lineWidth = 3
    context.lineJoin = "round"
    context.strokeStyle = `rgb(${rgb(this.canvas.parentElement, "--mv-paper")})`
    context.fillStyle = `rgb(${rgb(this.canvas.parentElement, "--mv-muted")})`
    const write = (text, x, y) => {
      context.strokeText(text, x, y)
      context.fillText(text, x, y)
    }
    context.textAlign = "center"
    context.textBaseline = "bottom"
    for (const x of multiples(step, left, right)) {
      const [px] = this.toPixels(x, 0)
      if (px > 40 && px < this.side - 16) write(fixed(x, digits), px, this.side - 4)
    }
    context.textAlign = "left"
    context.textBaseline = "middle"
    for (const y of multiples(step, bottom, top)) {
      const [, py] = this.toPixels(0, y)
      if (py > 12 && py < this.side - 24) write(fixed(y, digits), 5, py)
    }
  }
}

function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * [1, 2, 5, 10].find((step) => step * power >= least)
}

function* multiples(step, low, high) {
  for (let k = Math.ceil(low / step); k * step <= high; k++) yield k * step
}

function regionCanvas({ side, labels, confidence }, shade) {
  return pixelCanvas(side, side, (data) => {
    for (let i = 0; i < side * side; i++) {
      data.set(classColor(labels[i]), 4 * i)
      data[4 * i + 3] = REGION_STRENGTH * (shade ? confidence[i] : 255)
    }
  })
}

// The pictures of a grid as one, each in a square; row 0 is at the top of the plane.
function gridCanvas({ n, height, width, values }, ink) {
  const side = Math.max(height, width)
  const [down, right] = [(side - height) >> 1, (side - width) >> 1]
  return pixelCanvas(n * side, n * side, (data) => {
    for (let i = 0; i < values.length; i++) {
      const cell = Math.floor(i / (height * width))
      const [row, column] = [Math.floor(cell / n) * side + down, (cell % n) * side + right]
      const pixel = i % (height * width)
      const place = 4 * ((row + Math.floor(pixel / width)) * n * side + column + (pixel % width))
      data[place] = ink[0]
      data[place + 1] = ink[1]
      data[place + 2] = ink[2]
      data[place + 3] = values[i]
    }
  })
}

function pixelCanvas(height, width, fill) {
  const canvas = h("canvas", { width, height })
  const context = canvas.getContext("2d")
  const picture = context.createImageData(width, height)
  fill(picture.data)
  context.putImageData(picture, 0, 0)
  return canvas
}
