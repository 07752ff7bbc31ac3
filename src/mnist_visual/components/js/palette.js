// The colours of the classes: Petroff's ten, as in mnist_visual.palette.

const CLASS_COLORS = [
  [63, 144, 218],
  [255, 169, 14],
  [189, 31, 1],
  [148, 164, 162],
  [131, 45, 182],
  [169, 107, 89],
  [231, 99, 0],
  [185, 172, 112],
  [113, 117, 129],
  [146, 218, 221],
]

// Red, green and blue of a class; beyond the tenth they begin again.
export const classColor = (label) => CLASS_COLORS[label % CLASS_COLORS.length]
