"""Single modules of the views, in a page that holds nothing else."""

import pytest

from mnist_visual import components
from mnist_visual.components._view import View
from mnist_visual.in_browser.bundle import bundle
from mnist_visual.in_browser.page import MODULES

pytestmark = pytest.mark.browser

EVERY = [getattr(components, name) for name in components.__all__]
VIEWS = [each for each in EVERY if isinstance(each, type) and issubclass(each, View)]

# What the tests below call, each with what it takes.
PARTS = """
import { render as attribution } from "./attribution.js";
import { CodesView } from "./training_codes.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { LatentPlane } from "./plane_answers.js";
import { TrainingChoices } from "./training_choices.js";

// Reads the same everywhere, and counts how often.
function countingPlane() {
  const counts = { reads: 0 }
  const read = () => {
    counts.reads += 1
    return Float32Array.of(0.9, 0.1)
  }
  const plane = new LatentPlane({ decode: () => [0] }, { read }, {})
  return { counts, regions: (place) => plane.regions([place, place + 1, 0, 1], async () => {}) }
}

window.parts = {
  async askedTwice() {
    const { counts, regions } = countingPlane()
    const answers = await Promise.all([regions(0), regions(0)])
    return [counts.reads, answers[0] === answers[1]]
  },
  async readsOfEach(places) {
    const { counts, regions } = countingPlane()
    const reads = []
    for (const place of places) {
      const before = counts.reads
      await regions(place)
      reads.push(counts.reads - before)
    }
    return reads
  },
  chosen(rates) {
    const choices = new TrainingChoices("digit", () => {})
    document.body.append(choices.element)
    return rates.map((rate) => {
      choices.show({ kind: "classifier", learning_rate: rate })
      return choices.element.querySelector("select").selectedOptions[0]?.textContent
    })
  },
  why(found) {
    let hear
    const on = (event, callback) => event === "msg:custom" && (hear = callback)
    const element = attribution({ model: { class_names: ["0", "1"], on, send_msg() {} } })
    document.body.append(element)
    const digit = { shape: [1, 1], digit: [1], values: [1] }
    const asked = { label: 1, answer: 1, chosen: null, probabilities: [0, 1] }
    const how = { method: "integrated_gradients", evidence: null }
    hear({ kind: "show", empty: false, ...digit, ...asked, ...how, ...found })
    return element.querySelector(".sum").textContent
  },
  movePen({ isFull }) {
    window.said = []
    const pad = { drawing: { active: true, isFull }, pointer: null }
    pad.say = (text) => window.said.push(text)
    pad.extend = () => isFull && pad.say("full")
    const pen = new KeyboardPen(pad)
    pen.act({ key: "ArrowUp" })
    return () => pen
  },
  movePenAndStop() {
    window.parts.movePen({ isFull: false })().lifted()
  },
  codes() {
    const view = new CodesView([..."0123456789"])
    document.body.append(view.element)
    const place = (x) => ({ codes: [x, 0], labels: [3], centres: [], half: 1 })
    view.canvas.style.width = "100px"
    view.showCodes(place(0))
    view.showCodes(place(1))
    window.view = view
  },
}
"""


@pytest.fixture
def part(chromium, tmp_path):
    (tmp_path / "parts.js").write_text(PARTS)
    page = chromium.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on, time passes where a test says so
    page.add_script_tag(content=bundle("parts.js", [tmp_path, *MODULES]))
    yield page
    page.close()


def test_regions_that_are_asked_for_twice_are_computed_once(part):
    assert part.evaluate("window.parts.askedTwice()") == [17 * 17, True]  # of the coarsest lattice


def test_the_regions_of_twelve_views_are_kept(part):
    once = 17 * 17
    places = [*range(12), 0, 12, 0, 1]  # 1 has been waiting longest when the thirteenth comes
    expected = [*[once] * 12, 0, once, 0, once]
    assert part.evaluate("places => window.parts.readsOfEach(places)", places) == expected


def test_a_step_size_that_is_not_in_the_list_is_shown_like_the_others(part):
    rates = [0.002, 0.005, 0.001]
    assert part.evaluate("rates => window.parts.chosen(rates)", rates) == [
        "0.002",
        "0.005",
        "0.001",
    ]


def test_what_the_pixels_add_is_what_leads_from_one_printed_score_to_the_other(part):
    told = part.evaluate("window.parts.why({ baseline: -2.7549, logit: 5.3549 })")
    assert told == "Empty paper −2.75, all pixels +8.10: together the score 5.35."


@pytest.mark.parametrize(
    ("isFull", "said"),
    [(False, ["50 across, 48 down"]), (True, ["full"])],
    ids=["rests", "is full"],
)
def test_a_pen_that_rests_says_where_unless_it_has_to_say_why(part, isFull, said):  # noqa: N803
    part.evaluate("given => { window.parts.movePen(given) }", {"isFull": isFull})
    part.clock.run_for(2000)
    assert part.evaluate("window.said") == said


def test_a_pen_that_was_lifted_says_nothing_more(part):
    part.evaluate("window.parts.movePenAndStop()")
    part.clock.run_for(2000)
    assert part.evaluate("window.said") == []


def test_codes_on_their_way_go_on_from_where_they_are_when_painted_anew(part):
    part.evaluate("window.parts.codes()")
    part.clock.run_for(200)
    before = part.evaluate("view.now[0]")
    assert 0.1 < before < 0.9
    part.evaluate("view.repaint()")
    assert part.evaluate("view.now[0]") == before
    part.clock.run_for(1000)
    assert part.evaluate("view.now[0]") == 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_a_view_without_a_server_comes_as_one_module(part, view):
    load = """async source => {
      const script = new Blob([source], { type: "text/javascript" })
      const module = await import(URL.createObjectURL(script))
      return typeof module.default.render
    }"""
    assert part.evaluate(load, view._render_esm()) == "function"
