"""The dashboard as it is started, and a person in front of it."""

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]


def dashboard(log, port=0):
    """Run the dashboard as a user would, and give its address."""
    return served(["mnist_visual.cli", "serve", "--no-browser", "--port", str(port)], log)


@contextmanager
def served(module, log):
    """Run a module that prints its address, and give that."""
    command = [sys.executable, "-m", *module]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=output, text=True, cwd=ROOT
        )
    try:
        line = process.stdout.readline()
        match = re.search(r"http://localhost:\d+", line)
        assert match, f"{line!r}\n{log.read_text()}"
        yield match[0]
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


# Complaints of Chromium's that are not of the page: the tests read pixels back, and on a busy
# machine a style that was asked for early has to wait for whoever uses it.
OURS = "willReadFrequently", "preloaded using link preload but not used within a few seconds"


# Whether every view is there, in its styles: each of a view's style sheets comes by itself.
READY = """() => {
  const roots = [document]
  const all = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)])
  for (const root of roots) {
    for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) roots.push(shadowRoot)
  }
  const views = all(".bk-panel-models-esm-ReactiveESM").map((each) => each.shadowRoot)
  return (
    window.Bokeh?.documents.length > 0 &&
    Bokeh.documents.every((each) => each.is_idle) &&
    views.every((each) => each.lastElementChild?.childElementCount) &&
    all("link[rel=stylesheet]").every((each) => each.sheet)
  )
}"""
FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def ready(page):
    """Wait until every view that a server's page begins with is there, in its styles."""
    until(lambda: page.evaluate(READY))


def painted(page):
    """Wait until what the page knows by now is on the screen."""
    page.evaluate(FRAMES)


class Visitor:
    """A person at the page: draws, reads, and notes every complaint of the browser."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        self.requests = []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message):
        if message.type in {"error", "warning"} and not any(map(message.text.__contains__, OURS)):
            self.complaints.append(message.text)

    def open(self, url):
        self.page.goto(url)
        self.canvas.wait_for()
        if "page=" not in url:
            self.page.get_by_text("Waiting for a digit").wait_for()
        ready(self.page)
        square = "canvas => canvas.clientWidth > 90 && canvas.clientWidth === canvas.clientHeight"
        self.until(square, self.canvas.element_handle())

    def until(self, holds, *arguments):
        """Wait for a condition in JavaScript; by itself Playwright would need `eval` there."""
        until(lambda: self.page.evaluate(holds, *arguments))

    @property
    def canvas(self):
        return self.page.get_by_role("application", name="Drawing area")

    def points(self, stroke):
        """Turn sides of the square into pixels of the window."""
        box = self.canvas.bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]

    def draw(self, *strokes, steps=4, answered=True):
        """Draw, and wait until every view has its answer, if there is somebody to answer."""
        mouse = self.page.mouse
        for stroke in strokes:
            first, *rest = self.points(stroke)
            mouse.move(*first)
            mouse.down()
            for x, y in rest:
                mouse.move(x, y, steps=steps)
            mouse.up()
        if answered:
            self.is_answered()

    def is_answered(self):
        """Wait until the views show what is on the sketchpad."""
        self.until("canvas => !canvas.hasAttribute('data-waiting')", self.canvas.element_handle())
        painted(self.page)

    def reads(self, digit):
        self.page.get_by_role("heading", name=f"It reads a {digit}").wait_for()

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def ink(self):
        """Give the share of the sketchpad's pixels that bear ink."""
        return self.canvas.evaluate(
            """canvas => {
              const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
              let ink = 0
              for (let i = 3; i < data.length; i += 4) ink += data[i] > 127
              return ink / (data.length / 4)
            }"""
        )
