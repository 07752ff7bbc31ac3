"""Measure the page without a server: its size, how soon it answers on a slow machine, and how fast.

``nox -s bench`` runs it. A phone-class processor is Chromium's own four-fold slow-down.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mnist_visual import export_page
from page import _time, move_to_bars

SLOWED = 4
RUNS = 9

# Draws a line by keys as soon as the sketchpad is there, and notes when the answer is.
DRAW_AT_ONCE = """
const deep = (selector) => [...document.querySelectorAll("main div")]
  .map((node) => node.shadowRoot?.querySelector(selector)).find(Boolean)
const press = (canvas, key) =>
  canvas.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}))
const look = () => {
  const [canvas, answer] = [deep(".pad canvas"), deep(".answer")]
  if (!canvas || !answer) return requestAnimationFrame(look)
  window.ready = performance.now()
  new MutationObserver(() => (window.answered ??= performance.now()))
    .observe(answer, {attributes: true, attributeFilter: ["data-verdict"]})
  press(canvas, " ")
  for (let i = 0; i < 15; i++) press(canvas, "ArrowDown")
}
requestAnimationFrame(look)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        page = export_page(Path(folder, "page.html"))
        rows = [("The page is written", time.perf_counter() - start, None, "")]
        print(f"{'Size of the page':52}{page.stat().st_size / 1e6:>9.2f} MB{'1.5 MB':>22}")
        path = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
        if path is not None:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                for slowed, wanted in ((1, ""), (SLOWED, "1 s")):
                    times = [first_answer(browser, page, slowed) for _ in range(RUNS)]
                    name = f"From opening it to an answer, slowed {slowed} times"
                    rows.append((name, statistics.median(times), max(times), wanted))
                for slowed, wanted in ((1, "10 ms"), (SLOWED, "")):
                    name = f"Pen moves until the bars change, slowed {slowed} times"
                    rows.append((name, *pen_to_bars(browser, page, slowed), wanted))
                browser.close()
    # Of the openings, which are few, the slowest.
    print(f"{'':52}{'median':>12}{'95 %':>12}{'wanted':>10}")
    for name, median, high, wanted in rows:
        print(f"{name:52}{_time(median):>12}{_time(high):>12}{wanted:>10}")


def first_answer(browser: Browser, page: Path, slowed: float) -> float:
    context = browser.new_context(offline=True, bypass_csp=True)
    tab = context.new_page()
    context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    tab.add_init_script(DRAW_AT_ONCE)
    tab.goto(page.as_uri())
    tab.wait_for_function("window.answered")
    seconds = tab.evaluate("window.answered") / 1000
    context.close()
    return float(seconds)


def pen_to_bars(browser: Browser, page: Path, slowed: float) -> tuple[float, float]:
    context = browser.new_context(offline=True, bypass_csp=True)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.get_by_text("Waiting for a digit").wait_for()
    context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    found = move_to_bars(tab)
    context.close()
    return found


if __name__ == "__main__":
    main()
