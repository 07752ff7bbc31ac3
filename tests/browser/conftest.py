"""The real server, and a real browser in front of it."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = "needs a Chromium on the machine, for example Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def dashboard(log):
    """Run the dashboard as a user would, and give its address."""
    command = [sys.executable, "-m", "mnist_visual.cli", "serve", "--no-browser", "--port", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True)
    try:
        line = process.stdout.readline()
        match = re.search(r"http://localhost:\d+", line)
        assert match, f"{line!r}\n{log.read_text()}"
        yield match[0]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    with dashboard(tmp_path_factory.mktemp("server") / "stderr.txt") as address:
        yield address


class Visitor:
    """A person at the page: draws, reads, and notes every complaint of the browser."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        self.requests = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message):
        # It is the tests that read pixels back.
        if message.type in {"error", "warning"} and "willReadFrequently" not in message.text:
            self.complaints.append(message.text)

    def open(self, url):
        self.page.goto(url)
        self.canvas.wait_for()
        self.page.get_by_text("Waiting for a digit").wait_for()

    @property
    def canvas(self):
        return self.page.get_by_role("application", name="Drawing area")

    def points(self, stroke):
        """Turn sides of the square into pixels of the window."""
        box = self.canvas.bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]

    def draw(self, *strokes, steps=4):
        mouse = self.page.mouse
        for stroke in strokes:
            first, *rest = self.points(stroke)
            mouse.move(*first)
            mouse.down()
            for x, y in rest:
                mouse.move(x, y, steps=steps)
            mouse.up()

    def reads(self, digit):
        self.page.get_by_role("heading", name=f"It reads a {digit}").wait_for(timeout=5000)

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


@pytest.fixture
def visit(chromium, url):
    """Open the page in a browser of one's own; afterwards, nobody may have complained."""
    visitors = []

    def open_page(address=url, **context):
        visitor = Visitor(chromium.new_context(**context).new_page())
        visitors.append(visitor)
        visitor.open(address)
        return visitor

    yield open_page
    for visitor in visitors:
        visitor.page.context.close()
        assert visitor.complaints == []
