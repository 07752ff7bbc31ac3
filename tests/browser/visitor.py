"""The dashboard as it is started, and a person in front of it."""

import re
import subprocess
import sys
from contextlib import contextmanager


def dashboard(log):
    """Run the dashboard as a user would, and give its address."""
    return served(["mnist_visual.cli", "serve", "--no-browser", "--port", "0"], log)


@contextmanager
def served(module, log):
    """Run a module that prints its address, and give that."""
    command = [sys.executable, "-m", *module]
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
        if "page=" not in url:
            self.page.get_by_text("Waiting for a digit").wait_for()
        self.page.wait_for_load_state("networkidle")
        square = "canvas => canvas.clientWidth > 90 && canvas.clientWidth === canvas.clientHeight"
        assert self.canvas.evaluate(square)

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
        self.page.get_by_role("heading", name=f"It reads a {digit}").wait_for(timeout=20_000)

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
