"""Every view, as people see it who look, move or hear in other ways."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.drawings import THREE

from .visitor import Visitor, painted

pytestmark = pytest.mark.browser

# What there is in a view once it has its answer.
VIEWS = {
    "": ".best .share",
    "?page=network": ".trace .computation .sum",
    "?page=network&view=why-this-digit": ".evidence .number",
    "?page=network&view=fool-it": ".answers .share",
    "?page=network&view=teach-it": ".losses",
    "?page=network&view=convolution": ".sandbox .result",
    "?page=network&view=activation": ".out",
    "?page=network&view=pooling": "p.max .result",
    "?page=network&view=architecture": ".track .bar",
    "?page=latent": ".you b",
    "?page=train": "button.start",
    "?page=learn": ".contents a",
    "?page=learn&lesson=training": ".task .text",
    "?page=learn&lesson=convolution": ".task .text",
    "?present=1&page=latent": ".you b",
}
PHONE = {"width": 360, "height": 740}
LAPTOP_AT_200_PERCENT = {"width": 640, "height": 400}

SHORT = "(node) => node.outerHTML.slice(0, 120)"
# Where something stands, through the shadows of all components. What a message makes anew in the
# same place is the same to people.
PLACE = """(node) => {
  const steps = []
  for (; node; node = node.parentNode ?? node.host) {
    steps.push(node.parentNode ? [...node.parentNode.childNodes].indexOf(node) : "in")
  }
  return steps.join()
}"""
# What has the focus, and whether one can see that.
STEP = f"""() => {{
  let node = document.activeElement
  while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement
  if (node === document.body) return "seen" // between the last control and the first
  const place = ({PLACE})(node)
  if (passed.has(place)) return "round"
  passed.add(place)
  reached.add(place)
  const {{ outlineStyle, outlineWidth }} = getComputedStyle(node)
  return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 ? "seen" : ({SHORT})(node)
}}"""
# What Tab has to reach, and did not.
MISSED = f"""() => {{
  const found = []
  const walk = (root) => {{
    for (const node of root.querySelectorAll("*")) {{
      if (node.shadowRoot) walk(node.shadowRoot)
      const used = node.matches("a[href], button, input, select, textarea, summary, [tabindex]")
      const visible = node.checkVisibility({{ visibilityProperty: true }})
      if (used && visible && node.tabIndex >= 0 && !node.disabled) found.push(node)
    }}
  }}
  walk(document)
  return found.filter((node) => !reached.has(({PLACE})(node))).map({SHORT})
}}"""


@pytest.fixture(scope="module", params=VIEWS)
def view(chromium, url, request):
    """A view, with a digit on the sketchpad."""
    page = chromium.new_context(reduced_motion="reduce").new_page()
    visitor = Visitor(page)
    visitor.open(f"{url}/{request.param}")
    visitor.draw(THREE)
    page.locator(f"{VIEWS[request.param]} >> visible=true").first.wait_for()
    yield page
    page.context.close()


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(each["help"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(view, scheme):
    view.emulate_media(color_scheme=scheme)
    assert violations(view) == []


@pytest.fixture
def resized(view):
    before = view.viewport_size

    def resize(size):
        view.set_viewport_size(size)
        painted(view)  # components that measure themselves follow
        return view

    yield resize
    view.set_viewport_size(before)


def test_axe_finds_no_violation_on_a_phone(resized):
    assert violations(resized(PHONE)) == []


@pytest.mark.parametrize("size", [PHONE, LAPTOP_AT_200_PERCENT], ids=["phone", "laptop"])
def test_nothing_is_wider_than_a_narrow_window(resized, size):
    page = resized(size)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= size["width"]


def go_round(view):
    """Press Tab once around the page; give the controls that did not show their focus."""
    view.evaluate("window.passed = new Set()")
    unseen = []
    for _ in range(400):
        view.keyboard.press("Tab")
        expect(view.locator("[data-waiting]")).to_have_count(0)  # as a person waits who reads
        state = view.evaluate(STEP)
        if state == "round":
            break
        unseen += [] if state == "seen" else [state]
    return unseen


def test_tab_reaches_every_control_and_each_shows_the_focus(view):
    view.evaluate("window.reached = new Set()")
    unseen = go_round(view)
    # What an answer of the server put there behind the focus is reached the next time.
    unseen += go_round(view) if view.evaluate(MISSED) else []
    assert (view.evaluate(MISSED), unseen) == ([], [])
