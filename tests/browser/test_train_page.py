"""The real thing: a visitor trains a network on the page, looks back, and uses it elsewhere."""

import math
import re

import numpy as np
import pytest

from mnist_visual.components import Sketchpad
from mnist_visual.live_training.records import Settings
from tests.drawings import THREE
from tests.waiting import becomes, until

from .test_training import Trainer

pytestmark = pytest.mark.browser

SMALL = Settings(filters=(4, 8), units=32)
PATIENCE = 300_000  # milliseconds, of a machine that is busy


def initial_network():
    """The network as it is before it has learned, on NumPy."""
    from mnist_visual.live_training.obedience import build_model
    from mnist_visual.live_training.snapshots import network_of
    from mnist_visual.live_training.watching import snapshot_of

    return network_of(snapshot_of(build_model(SMALL), None, epoch=0, logs={}))


def open_page(visitor, name):
    links = visitor.page.get_by_role("navigation", name="Pages", exact=True)
    links.get_by_role("link", name=name, exact=True).click()


def test_a_network_is_trained_looked_back_on_and_used(visit, url):
    visitor = visit(f"{url}/?page=network")
    page, trainer = visitor.page, Trainer(visitor)
    visitor.draw(THREE)
    page.get_by_text("26 × 26 × 8").first.wait_for()

    open_page(visitor, "Train")
    visitor.button("Start").wait_for()
    trainer.choose("in layers 1 and 2", "4 and 8")
    trainer.choose("dense units", "32")
    trainer.choose("batch size", "64")  # so that a batch is more than 0.01 epochs
    trainer.choose("epochs", "50")
    trainer.press("Start")
    where = page.locator(".timeline .where")

    def shows_its_mistakes():
        """Whether the matrix is of the network that is named: as much of it is right."""
        counts = trainer.counts()
        named = re.search(r"([\d.]+)% right", where.inner_text())
        right = 100 * counts.trace() / counts.sum() if counts.sum() > 500 else math.nan
        return named and abs(right - float(named[1])) < 0.06

    def rests():
        """Whether nothing changes any more: an epoch may begin in the middle of another."""
        before = where.inner_text(), trainer.counts().tolist()
        page.wait_for_timeout(1500)
        waits = visitor.button("Go on").is_visible()
        return waits and before == (where.inner_text(), trainer.counts().tolist())

    where.filter(has_text=re.compile(r"^Epoch [1-9]")).wait_for(timeout=PATIENCE)
    trainer.press("Pause")
    paused = re.compile(r"^Paused (in|after) epoch \d+ of 50")
    page.get_by_text(paused).first.wait_for()
    newest = where.inner_text()
    becomes(lambda: sum(trainer.bars()), pytest.approx(1, abs=0.01))
    bars = trainer.bars()

    trainer.press("One batch")
    where.filter(has_not_text=re.compile(f"^{re.escape(newest)}$")).wait_for()
    visitor.button("Go on").wait_for()
    until(lambda: trainer.bars() != bars)

    trainer.press("One epoch")
    until(shows_its_mistakes)
    until(rests)

    counts = trainer.counts()
    wrong = counts - np.diag(np.diag(counts))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    trainer.matrix.get_by_role("button", name=f"{row} read as {column}:").click()
    trainer.waits_for(f"{row} read as {column}: {wrong.max()} times")
    ink = visitor.ink()
    trainer.matrix.get_by_role("button", name="on the sketchpad").first.click()
    page.get_by_text(f"It reads {column}, ").wait_for()
    until(lambda: visitor.ink() != ink)

    visitor.button("Clear").click()
    visitor.draw(THREE)
    trainer.slider.fill("0")
    trainer.waits_for("Before it has learned")
    before = initial_network()(Sketchpad(strokes=[THREE]).steps.digit[None])[0]
    page.get_by_text(f"It reads {before.argmax()}, ").wait_for()
    trainer.waits_for_bars(before)

    trainer.press("Use this network")
    page.get_by_text("your own network, before it has learned").wait_for()
    open_page(visitor, "Network")
    page.get_by_text("26 × 26 × 4").first.wait_for()
    open_page(visitor, "Draw")
    page.get_by_role("img", name="4 filters, and").wait_for()
    visitor.button("Use the shipped one").first.click()
    visitor.reads(3)
    page.get_by_role("img", name="16 filters, and").wait_for()
