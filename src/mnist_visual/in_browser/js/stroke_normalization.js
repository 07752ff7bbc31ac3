// From pen strokes to the 28x28 picture that the network reads, as mnist_visual.drawing does it.

const SIZE = 28
const BOX = 20
const STROKE_WIDTH = 2.5
const CENTRE = 14
const MAX_COORDINATE = 1e6

const REACH = STROKE_WIDTH / 2 + 0.5
const BORDER = Math.ceil(REACH) + 2 // so that no piece reaches beyond
const WINDOW = Math.floor(2 * REACH + 1) + 1 // pixels that a piece of one pixel reaches
const SIDE = SIZE + 2 * BORDER

// Takes strokes as arrays of x, y, x, y, ..., and gives every step: the box of the ink (null where
// there is none), the picture with the box in the middle, the move that centres it, and the digit.
export function strokeSteps(strokes) {
  const lines = strokes.filter((stroke) => stroke.length)
  if (!lines.length) {
    const blank = () => new Float32Array(SIZE * SIZE)
    return { ink: null, box: null, fitted: blank(), shift: [0, 0], digit: blank() }
  }
  const box = boxOf(lines)
  const longerSide = Math.max(box[1] - box[0], box[3] - box[2])
  // The outline of the strokes, not their middle, is to measure 20 pixels.
  const scale = longerSide > MAX_COORDINATE * 1e-12 ? (BOX - STROKE_WIDTH) / longerSide : 0
  const middle = [(box[0] + box[1]) / 2, (box[2] + box[3]) / 2]
  const place = (value, i) => (value - middle[i % 2]) * scale + (SIZE - 1) / 2
  const pieces = cutLines(lines.map((line) => thinned(Float64Array.from(line, place))))
  const fitted = drawPieces(pieces, [0, 0])
  const shift = toCentre(fitted)
  return { ink: null, box, fitted, shift, digit: drawPieces(pieces, shift.map(Math.fround)) }
}

// Takes a picture that is like MNIST's digits already, as mnist_visual.drawing.plain_steps does.
export function pictureSteps(digit) {
  const ink = Float32Array.from(digit)
  ink.shape = [SIZE, SIZE]
  return { ink, box: [0, SIZE, 0, SIZE], fitted: digit, shift: [0, 0], digit }
}

function boxOf(lines) {
  const box = [Infinity, -Infinity, Infinity, -Infinity]
  for (const line of lines) {
    for (let i = 0; i < line.length; i++) {
      const low = 2 * (i % 2)
      box[low] = Math.min(box[low], line[i])
      box[low + 1] = Math.max(box[low + 1], line[i])
    }
  }
  return box
}

// Leaves out points that are closer along the line than anyone can see.
function thinned(line) {
  const count = line.length / 2
  if (count < 50) return line
  const kept = []
  let length = 0
  let before = -1
  for (let i = 0; i < count; i++) {
    if (i) length += Math.hypot(line[2 * i] - line[2 * i - 2], line[2 * i + 1] - line[2 * i - 1])
    const now = Math.floor(6 * length)
    if (now > before || i === count - 1) kept.push(line[2 * i], line[2 * i + 1])
    before = now
  }
  return Float64Array.from(kept)
}

// Straight pieces of a pixel at the most, as x, y of the start and of the end.
function cutLines(lines) {
  const pieces = []
  for (const line of lines) {
    for (let i = 0; i < Math.max(1, line.length / 2 - 1); i++) {
      const [x, y] = [line[2 * i], line[2 * i + 1]]
      const [dx, dy] = line.length > 2 ? [line[2 * i + 2] - x, line[2 * i + 3] - y] : [0, 0]
      const count = Math.max(1, Math.ceil(Math.hypot(dx, dy)))
      for (let k = 0; k < count; k++) {
        const [startX, startY] = [x + (k * dx) / count, y + (k * dy) / count]
        pieces.push(startX, startY, startX + dx / count, startY + dy / count)
      }
    }
  }
  return Float32Array.from(pieces)
}

// Draws pieces, moved by so much, with round ends and soft edges.
function drawPieces(pieces, [right, down]) {
  const squared = new Float32Array(SIDE * SIDE).fill(REACH ** 2)
  for (let i = 0; i < pieces.length; i += 4) {
    const [x, y] = [Math.fround(pieces[i] + right), Math.fround(pieces[i + 1] + down)]
    const dx = Math.fround(pieces[i + 2] + right) - x
    const dy = Math.fround(pieces[i + 3] + down) - y
    drawPiece(squared, x, y, dx, dy)
  }
  const picture = new Float32Array(SIZE * SIZE)
  for (let i = 0; i < picture.length; i++) {
    const row = Math.floor(i / SIZE) + BORDER
    const distance = Math.sqrt(squared[row * SIDE + (i % SIZE) + BORDER])
    picture[i] = Math.min(1, Math.max(0, REACH - distance))
  }
  return picture
}

function drawPiece(squared, x, y, dx, dy) {
  const length = dx * dx + dy * dy || 1
  const [left, top] = [Math.ceil(x + dx / 2 - REACH - 0.5), Math.ceil(y + dy / 2 - REACH - 0.5)]
  const inside = (corner) => Math.min(SIDE - BORDER - WINDOW, Math.max(-BORDER, corner)) + BORDER
  const first = inside(top) * SIDE + inside(left)
  for (let row = 0; row < WINDOW; row++) {
    for (let column = 0; column < WINDOW; column++) {
      const [px, py] = [left + column - x, top + row - y]
      const share = Math.min(1, Math.max(0, (px * dx + py * dy) / length))
      const away = (px - share * dx) ** 2 + (py - share * dy) ** 2
      const place = first + row * SIDE + column
      if (away < squared[place]) squared[place] = away
    }
  }
}

function toCentre(picture) {
  let [mass, right, down] = [0, 0, 0]
  picture.forEach((ink, i) => {
    mass += ink
    right += ink * (i % SIZE)
    down += ink * Math.floor(i / SIZE)
  })
  return [CENTRE - right / mass, CENTRE - down / mass]
}
