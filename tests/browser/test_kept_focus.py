"""Who presses a button that goes, or cannot be pressed again, still has the keyboard somewhere."""

import re

import pytest

from tests.drawings import THREE

from .test_gallery import look  # noqa: F401 -- a fixture
from .test_network import Follower
from .test_training import address, train  # noqa: F401 -- fixtures

pytestmark = pytest.mark.browser

# Whether the element with the keyboard, also within a view, has such a name.
HAS_KEYBOARD = """name => {
  let found = document.activeElement
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
  return (found.ariaLabel || found.innerText) === name
}"""


def test_on_the_drawing_area_after_the_last_stroke_is_taken_back(visit):
    visitor = visit()
    visitor.draw(THREE)
    visitor.button("Undo").press("Enter")
    visitor.until(HAS_KEYBOARD, "Drawing area")
    assert visitor.button("Undo").is_disabled()


@pytest.mark.parametrize(("name", "key"), [("Let go", "Enter"), ("Back", "Escape")])
def test_on_more_decimals_after_a_value_is_let_go(visit, url, name, key):
    visitor = visit(f"{url}/?page=network")
    follower = Follower(visitor)
    visitor.draw(THREE)
    visitor.page.locator(".bars .best").wait_for()
    follower.layer("probabilities").focus()
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Enter")  # to what counted most there
    follower.is_at(re.compile("^dense, "))
    visitor.button(name).press(key)
    visitor.until(HAS_KEYBOARD, "More decimals")
    assert visitor.button(name).is_disabled()


def test_on_the_first_step_after_learning_begins_again(look):  # noqa: F811
    page = look("teach")
    page.get_by_role("button", name="8", exact=True).click()
    page.get_by_role("button", name="One step").click()
    page.get_by_text("1 step taken").wait_for()
    page.get_by_role("button", name="Start again").press("Enter")
    page.get_by_text("No step taken yet").wait_for()
    assert page.evaluate(HAS_KEYBOARD, "One step")


def test_on_the_page_after_the_shipped_network_is_back(train, address):  # noqa: F811
    trainer = train(address.replace("/?", "/own?"))
    trainer.press("One epoch")
    trainer.waits_for("Paused after epoch 1 of 3")
    trainer.press("Use this network")
    card = trainer.page.get_by_role("complementary", name="Networks in use")
    card.get_by_text(re.compile("your own network, epoch 1")).wait_for()
    card.get_by_role("button").press("Enter")
    card.wait_for(state="hidden")
    assert trainer.page.evaluate("document.activeElement.localName") == "main"
