// Long work in small slices, so that the page lives meanwhile.

const SLICE = 8 // milliseconds of work until others have their turn

const turn = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve))

// Does something for each of so many.
export async function inSlices(count, action) {
  let start = performance.now()
  for (let i = 0; i < count; i++) {
    action(i)
    if (performance.now() - start < SLICE) continue
    await turn()
    start = performance.now()
  }
}
