// The drawing on its way to the network's 28x28 pixels.

import { card, connect, h, onResize, onTheme } from "./dom.js";
import { clamp } from "./numbers.js";
import { context2d, paintInk, rgb, wipe } from "./pictures.js";
import { PEN, drawStroke, fitToDisplay } from "./strokes.js";

const CAPTIONS = ["your drawing", "find the ink", "redraw in 20 pixels", "centre in 28 × 28"]

class Steps {
  constructor(model) {
    this.canvases = CAPTIONS.map((_, i) => h("canvas", { class: i < 2 ? "sharp" : "pixels" }))
    this.box = h("span", { class: "box", hidden: true })
    const figures = CAPTIONS.map((caption, i) =>
      h(
        "li",
        {},
        h(
          "figure",
          {},
          h("div", { class: "square", "aria-hidden": "true" }, this.canvases[i], ...(i === 1 ? [this.box] : [])),
          h("figcaption", {}, caption),
        ),
      ),
    )
    this.element = card(model, h("ol", { class: "steps" }, ...figures))
    this.state = { box: null }
    const restyle = () => {
      this.colour = rgb(this.element, "--mv-ink")
      this.repaint()
    }
    this.stopResize = onResize(this.canvases[0], restyle)
    this.stopTheme = onTheme(restyle)
  }

  destroy() {
    this.stopResize()
    this.stopTheme()
  }

  show(state) {
    this.state = state
    this.repaint()
  }

  repaint() {
    const { box, strokes, ink, fitted, digit } = this.state
    const { colour } = this
    for (const canvas of this.canvases) wipe(canvas)
    this.box.hidden = box === null
    if (box === null || !colour) return
    for (const canvas of this.canvases.slice(0, 2)) this.paintDrawing(canvas, strokes, ink, colour)
    this.placeBox(box, ink)
    paintInk(this.canvases[2], fitted, 28, 28, colour)
    paintInk(this.canvases[3], digit, 28, 28, colour)
  }

  paintDrawing(canvas, strokes, ink, colour) {
    canvas.classList.toggle("pixels", ink !== null)
    if (ink) {
      const [height, width] = ink.shape
      paintInk(canvas, ink, height, width, colour)
      return
    }
    if (!canvas.clientWidth) return
    const side = fitToDisplay(canvas)
    const context = context2d(canvas)
    context.strokeStyle = `rgb(${colour})`
    for (const points of strokes) drawStroke(context, side, points)
  }

  placeBox([left, right, top, bottom], ink) {
    // A picture is measured in its own pixels; a drawing in sides of the square, without ink.
    const [height, width] = ink ? ink.shape : [1, 1]
    const edge = ink ? 0 : PEN / 2
    const share = (place, length) => clamp((100 * place) / length, 0, 100)
    const [x, y] = [share(left - edge, width), share(top - edge, height)]
    Object.assign(this.box.style, {
      left: `${x}%`,
      top: `${y}%`,
      width: `${share(right + edge, width) - x}%`,
      height: `${share(bottom + edge, height) - y}%`,
    })
  }
}

export function render({ model }) {
  const steps = new Steps(model)
  connect(model, (message) => steps.show(message), () => steps.destroy(), { element: steps.element })
  return steps.element
}

export default { render }
