"""What is drawn on the page is drawn anew where its colours change, and not for every message."""

import pytest

from tests.drawings import THREE

from .test_training import address, train  # noqa: F401 -- fixtures

pytestmark = pytest.mark.browser

# Counts how often the sketchpad is wiped, to be drawn anew.
COUNT = """() => {
  window.wiped = 0
  const { clearRect } = CanvasRenderingContext2D.prototype
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    window.wiped += this.canvas.ariaLabel === "Drawing area"
    return clearRect.apply(this, place)
  }
}"""


def test_the_sketchpad_waits_for_another_theme_not_for_a_training(train):  # noqa: F811
    trainer = train()
    visitor = trainer.visitor
    visitor.draw(THREE)
    visitor.page.evaluate(COUNT)
    trainer.press("Start")
    trainer.waits_for("Done, 3 epochs.")
    assert visitor.page.evaluate("document.documentElement.hasAttribute('data-trained')")
    assert visitor.page.evaluate("window.wiped") == 0
    visitor.page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    visitor.until("() => window.wiped > 0")
