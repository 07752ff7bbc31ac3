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
  if (count === 1) dot(context, side, points, widths ? widths[0] : 1)
  else if (!widths) line(context, side, points, first, count, 1)
  else {
    for (let i = Math.max(1, first); i < count; i++) line(context, side, points, i - 1, i + 1, widths[i])
  }
}

function line(context, side, points, first, last, width) {
  context.lineWidth = PEN * side * width
  context.beginPath()
  for (let i = first; i < last; i++) context.lineTo(points[2 * i] * side, points[2 * i + 1] * side)
  context.stroke()
}

function dot(context, side, [x, y], width) {
  context.fillStyle = context.strokeStyle
  context.beginPath()
  context.arc(x * side, y * side, (PEN * side * width) / 2, 0, 2 * Math.PI)
  context.fill()
}
