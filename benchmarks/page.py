"""Measure what a person at the page waits for, and print it as a table.

``nox -s bench`` runs it: the start of the server, a move of the pen until the bars have
changed, the server's own share of that, how fast the latent plane opens and follows, and what
becomes of it all where the network is slow.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from link import Link
from mnist_visual.components import FeatureMaps, NormalizationSteps, Prediction, Reading, Sketchpad
from mnist_visual.inference import load_digit_network

TURNS = np.linspace(0, 2 * np.pi, 120)
# A figure of eight, as a person draws it.
EIGHT = np.stack([0.5 + 0.2 * np.sin(2 * TURNS), 0.5 - 0.35 * np.cos(TURNS)], axis=1)

WATCH_BARS = """() => {
  window.moved = null
  window.delays = []
  document.addEventListener("pointermove", (e) => { window.moved ??= e.timeStamp }, true)
  const hosts = [...document.querySelectorAll("*")]
  const shadows = (node) => node.shadowRoot ? [node.shadowRoot, ...[...node.shadowRoot.
    querySelectorAll("*")].flatMap(shadows)] : []
  const bars = hosts.flatMap(shadows).map((root) => root.querySelector("ol[aria-label]"))
    .find(Boolean)
  new MutationObserver(() => {
    if (window.moved !== null) window.delays.push(performance.now() - window.moved)
    window.moved = null
  }).observe(bars, {childList: true, subtree: true})
}"""


# What was measured, its median and 95 %, in seconds, and what is wanted.
Row = tuple[str, float, float | None, str]


def main() -> None:
    rows: list[Row] = [
        ("Server's share: normalise, predict, feature maps", *server_share(), "2 ms")
    ]
    path = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    if path is None:
        print("No Chromium on this machine: only the server's share is measured.")
    else:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            starts = [start_to_prediction(browser) for _ in range(5)]
            rows.append(("From process start to a prediction, first time", starts[0], None, "6 s"))
            again = statistics.median(starts[1:])
            rows.append(("From process start to a prediction, again", again, None, "4 s"))
            with dashboard() as url:
                page = open_page(browser, url)
                rows.append(("Pen moves until the bars change", *move_to_bars(page), "25 ms"))
                rows.append(("The same at 60 moves a second", *at_60_hz(page), ""))
                rows.append(
                    ("The latent plane opens, until a digit is seen", open_plane(page), None, "")
                )
                rows.append(("A drawing made there moves on the plane", *drawn(page, "placed"), ""))
                rows.append(("From one decoded digit to the next", *decoded_frames(page), "33 ms"))
                page.get_by_role("link", name="Network").click()
                for part, heading in PARTS.items():
                    open_part(page, part, heading)
                    name = f"{part}, from one frame to the next"
                    rows.append((name, *drawn(page, "part"), "50 ms"))
            rows += on_a_slow_link(browser)
            browser.close()
    print(f"{'':52}{'median':>12}{'95 %':>12}{'wanted':>10}")
    for name, median, high, wanted in rows:
        print(f"{name:52}{_time(median):>12}{_time(high):>12}{wanted:>10}")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds > 0.5 else f"{1000 * seconds:.2f} ms"


def _summary(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), float(np.percentile(seconds, 95))


def server_share() -> tuple[float, float]:
    """Time all that the server does for one message, short of the network."""
    pad = Sketchpad()
    reading = Reading(load_digit_network(), pad)
    views = [Prediction(reading), FeatureMaps(reading, "conv1"), FeatureMaps(reading, "conv2")]
    views.append(NormalizationSteps(pad))
    for view in views:
        view._handle_msg({"kind": "ready"})  # what nobody sees is not sent
    seconds = []
    for _ in range(5):
        for count in range(2, len(EIGHT)):
            message = {
                "kind": "draw",
                "points": EIGHT[:count].ravel().astype(np.float32),
                "lengths": np.array([count], dtype=np.int32),
            }
            start = time.perf_counter()
            pad._handle_msg(message)
            seconds.append(time.perf_counter() - start)
    return _summary(seconds)


@contextmanager
def dashboard(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "mnist_visual.cli", "serve", "--no-browser", "--port", "0"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        match = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert match is not None
        yield match[0]
    finally:
        process.terminate()
        process.wait()


def open_page(browser: Browser, url: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url)
    page.get_by_text("Waiting for a digit").wait_for()
    return page


def pixels(page: Page) -> list[tuple[float, float]]:
    box = page.get_by_role("application", name="Drawing area").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in EIGHT]


def start_to_prediction(browser: Browser) -> float:
    start = time.perf_counter()
    with dashboard() as url:
        page = open_page(browser, url)
        draw(page)
        page.get_by_role("heading", name="It reads a").wait_for()
        seconds = time.perf_counter() - start
        page.context.close()
    return seconds


def draw(page: Page) -> None:
    """Draw a one, in the fewest moves."""
    places = pixels(page)
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[len(places) // 2])
    page.mouse.up()


def move_to_bars(page: Page) -> tuple[float, float]:
    """Move the pen once, wait for the bars, and move it again."""
    page.evaluate(WATCH_BARS)
    for _ in range(3):
        first, *rest = pixels(page)
        page.mouse.move(*first)
        page.mouse.down()
        page.evaluate("window.moved = null")
        for place in rest:
            page.mouse.move(*place)
            page.wait_for_function("window.moved === null")
        page.mouse.up()
        page.keyboard.press("Delete")
    return _summary([delay / 1000 for delay in page.evaluate("window.delays")])


def at_60_hz(page: Page) -> tuple[float, float]:
    """Keep the pen moving, as a hand does, and see how far the bars lag behind."""
    page.evaluate("window.delays = []")
    first, *rest = pixels(page)
    page.mouse.move(*first)
    page.mouse.down()
    move_at_60_hz(page, 2 * rest)
    page.mouse.up()
    page.wait_for_function("window.moved === null")
    return _summary([delay / 1000 for delay in page.evaluate("window.delays")])


def on_a_slow_link(browser: Browser) -> list[Row]:
    """Open the page and draw over 1 Mbit/s and 300 ms there and back, twice, and then lose it."""
    times: dict[str, float] = {}
    with dashboard("--address", "0.0.0.0") as url:
        link = Link(int(url.rpartition(":")[2]), delay=0.15, rate=125_000)
        with link.running() as slow:
            tab = browser.new_context().new_page()
            for visit in ("first", "second"):
                start, before = time.perf_counter(), link.sent["down"]
                tab.goto(slow)
                tab.get_by_text("Waiting for a digit").wait_for()
                times[f"The page is up, {visit} time"] = time.perf_counter() - start
                size = (link.sent["down"] - before) / 1000
                print(f"{f'Bytes of the {visit} visit on a slow link':52}{size:>9.0f} kB")
            start = time.perf_counter()
            draw(tab)
            tab.get_by_role("heading", name="It reads a").wait_for()
            times["A line is drawn and read"] = time.perf_counter() - start
            link.cut()
            tab.get_by_text("Connection lost").wait_for()
            link.mend()
            start = time.perf_counter()
            tab.get_by_text("Connected again").wait_for()
            tab.get_by_role("heading", name="It reads a").wait_for()
            times["After a cut, the drawing is read again"] = time.perf_counter() - start
            tab.context.close()
    return [(f"Slow link: {name}", seconds, None, "") for name, seconds in times.items()]


WATCH = """() => {
  const shadows = (root) => [root, ...[...root.querySelectorAll("*")]
    .flatMap((node) => node.shadowRoot ? shadows(node.shadowRoot) : [])]
  window.times = {}
  const watch = (name, selector) => {
    const node = shadows(document).map((root) => root.querySelector(selector)).find(Boolean)
    window.times[name] = []
    if (node) new MutationObserver(() => window.times[name].push(performance.now()))
      .observe(node, {childList: true, characterData: true, attributes: true, subtree: true})
  }
  watch("decoded", ".where")
  watch("placed", ".you")
}"""

WATCH_PART = """(heading) => {
  const shadows = (root) => [root, ...[...root.querySelectorAll("*")]
    .flatMap((node) => node.shadowRoot ? shadows(node.shadowRoot) : [])]
  const title = shadows(document).flatMap((root) => [...root.querySelectorAll("h2")])
    .find((node) => node.textContent.startsWith(heading) && node.checkVisibility())
  window.times = {part: []}
  new MutationObserver(() => {
    const now = performance.now()
    if (!(now - window.times.part.at(-1) < 2)) window.times.part.push(now) // of one frame
  }).observe(title.closest("section"), {
    childList: true, characterData: true, attributes: true, subtree: true
  })
}"""

# What the page calls each part of the network, and what stands above it.
PARTS = {
    "Whole network": "The whole network",
    "Why this digit?": "Why this digit?",
    "Fool it": "Fool it",
    "Teach it": "Teach it",
    "Convolution": "Slide a filter",
    "Activation": "What a unit lets through",
    "Pooling": "Fewer numbers",
}


def open_plane(page: Page) -> float:
    start = time.perf_counter()
    page.get_by_role("link", name="Latent").click()
    page.get_by_role("region", name="At the pointer").get_by_text("% sure").wait_for()
    seconds = time.perf_counter() - start
    page.wait_for_timeout(3000)  # the regions are computed meanwhile
    page.evaluate(WATCH)
    return seconds


def open_part(page: Page, part: str, heading: str) -> None:
    page.get_by_role("link", name=part, exact=True).click()
    page.get_by_role("heading", name=heading).first.wait_for()
    page.wait_for_timeout(1000)
    page.evaluate(WATCH_PART, heading)


def drawn(page: Page, name: str) -> tuple[float, float]:
    """Draw at 60 moves a second, and see how often something is shown anew."""
    first, *rest = pixels(page)
    page.mouse.move(*first)
    page.mouse.down()
    move_at_60_hz(page, rest)
    page.mouse.up()
    return between(page, name)


def decoded_frames(page: Page) -> tuple[float, float]:
    """Move over the plane at 60 moves a second, and see how often a new digit is shown."""
    box = page.get_by_role("application", name="Latent plane").bounding_box()
    assert box is not None
    page.evaluate("window.times.decoded.length = 0")
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in EIGHT]
    move_at_60_hz(page, 2 * places)
    return between(page, "decoded")


def move_at_60_hz(page: Page, places: list[tuple[float, float]]) -> None:
    next_move = time.perf_counter()
    for place in places:
        next_move += 1 / 60
        time.sleep(max(0, next_move - time.perf_counter()))
        page.mouse.move(*place)


def between(page: Page, name: str) -> tuple[float, float]:
    times = np.diff(page.evaluate(f"window.times.{name}")) / 1000
    return _summary(times.tolist())


if __name__ == "__main__":
    main()
