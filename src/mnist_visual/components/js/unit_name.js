// What a unit of a layer is called; people count from 1.

export function unitName(layer, [first, second, map]) {
  if (second === undefined) return `${layer}, unit ${first + 1}`
  const place = `row ${first + 1}, column ${second + 1}`
  return map === undefined ? `${layer}, ${place}` : `${layer}, map ${map + 1}, ${place}`
}
