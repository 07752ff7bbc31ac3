// Pen strokes on a canvas, sharp on any display.

// The pen's width, in sides of the square.
export const PEN = 0.065

// Gives the canvas one device pixel for each pixel of the display. Clears it if that changed.
export function fitToDisplay(canvas) {
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio))
  if (canvas.width !== side) canvas.width = canvas.height = side
  return side
}

// Draws the points of a stroke from the given one on; `widths` thins or thickens each of them.
export function drawStroke(context, side, points, widths = null, first = 0) {
  context.lineCap = context.lineJoin = "round"
  const count = points.length / 2
  if (!widths || count === 1) {
    context.lineWidth = PEN * side * (widths ? widths[0] : 1)
    trace(context, side, points, first, count)
    return
  }
  for (let i = Math.max(1, first); i < count; i++) {
    context.lineWidth = PEN * side * widths[i]
    trace(context, side, points, i - 1, i + 1)
  }
}

function trace(context, side, points, first, last) {
  context.beginPath()
  context.moveTo(points[2 * first] * side, points[2 * first + 1] * side)
  // A line of no length is a dot.
  for (let i = Math.min(first + 1, last - 1); i < last; i++) {
    context.lineTo(points[2 * i] * side, points[2 * i + 1] * side)
  }
  context.stroke()
}
