// The page: which view stands where, and who answers it. As apps/dashboard.py puts the dashboard
// together, with networks in the browser in place of a server.

import { readPart } from "./address.js";
import { DigitAutoencoder } from "./digit_autoencoder.js";
import { DigitNetwork } from "./digit_network.js";
import { render as drawingReconstruction } from "./drawing_reconstruction.js";
import { render as featureMaps } from "./feature_maps.js";
import { render as latentExplorer } from "./latent_explorer.js";
import { render as lessonContents } from "./lesson_contents.js";
import { render as lessonIdea } from "./lesson_idea.js";
import { render as lessonInsight } from "./lesson_insight.js";
import { Lessons } from "./lesson_answers.js";
import { networkAnswers } from "./network_answers.js";
import { render as networkExplorer } from "./network_explorer.js";
import { render as normalizationSteps } from "./normalization_steps.js";
import { layersOf, take, unpack } from "./packed_numbers.js";
import { render as pages } from "./pages.js";
import { LatentPlane, PlacedDrawing, explorerAnswers } from "./plane_answers.js";
import { render as prediction } from "./prediction.js";
import { Reading, mapsAnswers, predictionAnswers, sketchpadAnswers, stepsAnswers } from "./reading_answers.js";
import { render as sketchpad } from "./sketchpad.js";
import { StandIn, mount } from "./stand_in.js";

const LESSONS = "#page=learn&lesson="
const LABELS = { draw: "Draw", network: "Network", latent: "Latent", learn: "Learn" }

const carried = (id) => JSON.parse(document.getElementById(id).textContent)
const place = (id) => document.getElementById(id)

const texts = carried("texts")

// What lies below the script in the document is there when all of it has been read.
const whole = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve))

const sheets = Object.fromEntries(Object.entries(texts.styles).map(([name, text]) => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  return [name, sheet]
}))

// Shows a view in its place; it is shown anew whenever `follow` says so.
function show(id, view, properties, answers, { follow = null, style = [] } = {}) {
  const model = new StandIn({ lessons: LESSONS, topic: "", ...properties }, answers)
  follow?.(() => model.show())
  mount(view, model, place(id), ["components", ...style].map((name) => sheets[name]))
  return model
}

function start() {
  const network = new DigitNetwork(layersOf(take(carried("classifier"))))
  const { class_names, noun } = texts
  const reading = new Reading(network)
  const follow = (callback) => reading.follow(callback)
  const plane = onlyOnce(() => latentPlane(network))
  const pad = { noun, can_sample: true, sample_label: "Imagine a digit", kept_as: "drawing" }
  show("sketchpad", sketchpad, pad, sketchpadAnswers(reading, async () => (await plane()).imagine()))
  show("prediction", prediction, { class_names, topic: "machine-learning" }, predictionAnswers(reading, noun === "digit"), { follow })
  show("steps", normalizationSteps, texts.views.steps, stepsAnswers(reading), { follow })
  for (const [id, layer] of [["first", "conv1"], ["second", "conv2"]]) {
    const { matrix, bias } = network.layers[layer]
    const size = { filters: bias.length, channels: matrix.length / bias.length / 9 }
    show(id, featureMaps, { ...size, ...texts.views[id] }, mapsAnswers(reading, layer), { follow })
  }
  const once = {
    network: () => showNetwork(reading, follow),
    latent: () => showLatent(reading, plane, follow),
    learn: () => showLessons(),
  }
  // What nobody has opened yet does not delay the start.
  const open = ({ page }) => {
    once[page]?.()
    delete once[page]
  }
  const first = Object.hasOwn(LABELS, readPart("page")) ? readPart("page") : "draw"
  show("pages", pages, { labels: LABELS, first, key: "page" }, { state: () => null, hear: open })
  open({ page: first })
}

function showNetwork(reading, follow) {
  const { layers, class_names, views } = texts
  const properties = { ...views.network, layers, class_names }
  show("network", networkExplorer, properties, networkAnswers(reading, layers), { follow, style: ["network_explorer"] })
}

const onlyOnce = (action) => {
  let found = null
  return () => (found ??= action())
}

async function latentPlane(network) {
  await whole
  const arrays = await unpack(carried("autoencoder"))
  const part = (name) => layersOf(Object.fromEntries(
    Object.entries(arrays).flatMap(([key, array]) => (key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), array]] : [])),
  ))
  const { places } = texts
  const found = await unpack(carried("codes"))
  const codes = Float32Array.from(found.codes, (whole) => whole * places.step)
  const autoencoder = new DigitAutoencoder(part("encoder"), part("decoder"))
  return new LatentPlane(autoencoder, network, { ...places, codes, labels: found.labels })
}

async function showLatent(reading, getPlane, follow) {
  const plane = await getPlane()
  const { class_names, noun } = texts
  const placed = new PlacedDrawing(plane, reading)
  const layers = { show_regions: true, shade: true, show_grid: false, show_codes: true }
  const style = ["latent_explorer"]
  const named = { class_names, noun }
  const explorer = show("latent", latentExplorer, { ...named, ...layers, method: "linear", topic: "latent-space" }, explorerAnswers(plane, placed), { follow, style })
  const memory = show("memory", drawingReconstruction, { ...named, topic: "vae" }, {
    state: () => placed.memory(),
    hear({ kind }) {
      if (kind === "find") explorer.say({ kind: "find" })
      if (kind !== "sample") return
      placed.sampleAgain()
      explorer.show()
      memory.show()
    },
  }, { follow, style })
}

function showLessons() {
  window.mnistVisualKatex = formulas()
  const lessons = new Lessons(texts.lessons, readPart("lesson"))
  const follow = (callback) => lessons.followers.push(callback)
  const style = ["lessons"]
  show("contents", lessonContents, { address: LESSONS }, lessons.contents, { follow, style })
  show("idea", lessonIdea, { address: LESSONS, katex: "" }, lessons.idea, { follow, style })
  show("insight", lessonInsight, { address: LESSONS, katex: "", heading: "What there is to see" }, lessons.insight, { follow, style })
}

// KaTeX is in the page, too; its hash is among those of scripts that may run.
async function formulas() {
  await whole
  const { katex } = await unpack(carried("katex"))
  const script = document.createElement("script")
  script.textContent = new TextDecoder().decode(katex)
  document.head.append(script)
  return window.katex
}

const explain = () => (place("trouble").hidden = false)

addEventListener("unhandledrejection", explain)
try {
  start()
} catch (error) {
  explain()
  throw error
}
