"""Let many visitors come at once, and print what each of them waits for and costs.

``nox -s load`` runs it, on Linux: 200 visitors arrive within 20 seconds and draw three digits
each, one of them in a real Chromium; then 500 come and go. They share the machine with the
server, so on a machine of its own that is faster.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.async_api import async_playwright

from mnist_visual._rejoining import PATIENCE

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.wire_visitor import WireVisitor

TURNS = np.linspace(0, 2 * np.pi, 60)  # a second of drawing
EIGHT = np.stack([0.5 + 0.2 * np.sin(2 * TURNS), 0.5 - 0.35 * np.cos(TURNS)], axis=1)
DIGITS = 3
REST = 2.0  # seconds between two digits
# Seconds until the server has forgotten who has left: it looks every 17.
FORGOTTEN = PATIENCE["unused_session_lifetime_milliseconds"] / 1000 + 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0, help="in which they arrive")
    parser.add_argument("--sessions", type=int, default=500, help="opened and closed at the end")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with dashboard(options.workers) as (url, process):
        asyncio.run(measure(url, process, options))


async def measure(url: str, process: int, options: argparse.Namespace) -> None:
    await come_and_go(url, 20)  # what is made once, and kept, is no visitor's cost
    before = cpu_seconds(process)
    crowd = [WireVisitor(url) for _ in range(30)]
    for visitor in crowd:
        await visitor.get_page()
        await visitor.connect()
    each = (cpu_seconds(process) - before) / len(crowd)
    row("A session's CPU time, page and connection", f"{1000 * each:.0f} ms")
    await leave(crowd)

    empty, before = resident(process), cpu_seconds(process)
    crowd = [Visitor(url) for _ in range(options.visitors - 1)]
    start = time.perf_counter()
    tasks = [
        asyncio.create_task(visitor.visit(start + options.seconds * number / len(crowd)))
        for number, visitor in enumerate(crowd)
    ]
    browser = asyncio.create_task(in_chromium(url, options.seconds / 2))
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    took, used = time.perf_counter() - start, cpu_seconds(process) - before
    each = (resident(process) - empty) / len(crowd)
    failures = [end for end in ends if isinstance(end, BaseException)]
    row("Visitors", f"{len(crowd)} + 1", f"in {took:.0f} s")
    row("of them with an error", str(len(failures)), *map(repr, failures[:1]))
    percentiles("From the request to the page", [visitor.page for visitor in crowd])
    answers = [seconds for visitor in crowd for seconds in visitor.answers]
    percentiles("From a move to its answer", answers)
    row("Answers", str(len(answers)))
    row("The server's CPU time", f"{used:.1f} s")
    row("A session's memory, after drawing", f"{each / 1024:.2f} MB")
    opened, read = await browser
    row("In Chromium: the page is there", f"{opened:.2f} s")
    row("In Chromium: a digit drawn is read", f"{read:.2f} s")
    await leave(crowd)
    await asyncio.sleep(FORGOTTEN)

    row("Memory when they have gone", f"{resident(process) / 1024:.1f} MB")
    # Twice: what is kept for good is there after the first.
    for part in (1, 2):
        await come_and_go(url, options.sessions // 2)
        await asyncio.sleep(FORGOTTEN)
        name = f"after {part * options.sessions // 2} more came and went"
        row(name, f"{resident(process) / 1024:.1f} MB")


class Visitor(WireVisitor):
    """Arrives, draws, and stays; notes what was waited for, in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.page = np.nan
        self.answers: list[float] = []

    async def visit(self, when: float) -> None:
        """Come at a time of `time.perf_counter`, and draw."""
        await asyncio.sleep(when - time.perf_counter())
        start = time.perf_counter()
        await self.get_page()
        await self.connect()
        self.page = time.perf_counter() - start
        for _ in range(DIGITS):
            await self.draw_eight()
            await asyncio.sleep(REST)

    async def draw_eight(self) -> None:
        """Move at 60 Hz; like the page, send the newest when the last has been answered."""
        start = time.perf_counter()
        while True:
            moved = time.perf_counter()
            drawn = min(int(60 * (moved - start)) + 2, len(EIGHT))
            await self.draw(EIGHT[:drawn])
            now = time.perf_counter()
            self.answers.append(now - moved)
            if drawn == len(EIGHT):
                return
            await asyncio.sleep(max(0, 1 / 60 - (now - moved)))


async def come_and_go(url: str, count: int) -> None:
    async def some(number: int) -> None:
        for _ in range(number):
            visitor = WireVisitor(url)
            await visitor.get_page()
            await visitor.connect()
            await visitor.draw(EIGHT)
            await visitor.close()

    await asyncio.gather(*(some(count // 5) for _ in range(5)))


async def leave(crowd: list[WireVisitor]) -> None:
    await asyncio.gather(*(visitor.close() for visitor in crowd))


async def in_chromium(url: str, when: float) -> tuple[float, float]:
    """Draw a one in a real browser; gives the seconds to the page, and to the answer."""
    path = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page()
        await asyncio.sleep(when)
        start = time.perf_counter()
        await page.goto(url, timeout=300_000)
        await page.get_by_text("Waiting for a digit").wait_for(timeout=300_000)
        opened = time.perf_counter() - start
        box = await page.get_by_role("application", name="Drawing area").bounding_box()
        assert box is not None
        middle = box["x"] + box["width"] / 2
        await page.mouse.move(middle, box["y"] + 0.2 * box["height"])
        await page.mouse.down()
        await page.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=4)
        await page.mouse.up()
        start = time.perf_counter()
        await page.get_by_role("heading", name="It reads a 1").wait_for(timeout=300_000)
        read = time.perf_counter() - start
        await browser.close()
    return opened, read


@contextmanager
def dashboard(workers: int) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "mnist_visual.cli", "serve", "--no-browser", "--port", "0"]
    command += ["--workers", str(workers)] if workers > 1 else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        match = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert match is not None
        yield match[0], process.pid
    finally:
        process.terminate()
        process.wait()


def family(process: int) -> list[int]:
    """List a process and those that it has started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(each for child in children for each in family(int(child)))]


def resident(process: int) -> float:
    """Give the memory of a server's processes, in KB."""
    page = os.sysconf("SC_PAGE_SIZE") / 1024
    statm = (Path(f"/proc/{each}/statm").read_text().split() for each in family(process))
    return sum(int(fields[1]) for fields in statm) * page


def cpu_seconds(process: int) -> float:
    """Give the CPU time of a server's processes."""
    stats = (Path(f"/proc/{each}/stat").read_text() for each in family(process))
    fields = (stat.rpartition(")")[2].split() for stat in stats)
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def percentiles(name: str, seconds: list[float]) -> None:
    median, high = np.nanpercentile(seconds, [50, 95])
    row(name, f"{1000 * median:.0f} ms", f"95 %: {1000 * high:.0f} ms")


def row(name: str, *values: str) -> None:
    print(f"{name:46}{values[0]:>12}", *values[1:], sep="   ", flush=True)


if __name__ == "__main__":
    main()
