// The points between two points of the plane, as mnist_visual.interpolate finds them.

export function pathCodes(start, end, method, steps) {
  const curve = method === "spherical" ? round(start, end) : straight(start, end)
  return Array.from({ length: steps }, (_, i) => curve(i / (steps - 1)))
}

const straight = (start, end) => (share) => start.map((value, axis) => (1 - share) * value + share * end[axis])

// The direction from the origin turns evenly, while the distance from it changes evenly.
function round(start, end) {
  const [near, far] = [start, end].map(([x, y]) => Math.hypot(x, y))
  if (!near || !far) return straight(start, end)
  const from = Math.atan2(start[1], start[0])
  const across = (start[0] * end[1] - start[1] * end[0]) / (near * far)
  const along = (start[0] * end[0] + start[1] * end[1]) / (near * far)
  if (Math.abs(across) < 1e-9 && along > 0) return straight(start, end)
  const angle = Math.abs(across) < 1e-9 ? Math.PI : Math.atan2(across, along)
  return (share) => {
    const distance = (1 - share) * near + share * far
    return [Math.cos(from + share * angle) * distance, Math.sin(from + share * angle) * distance]
  }
}
