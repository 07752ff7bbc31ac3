"""Why this digit, and fool it: what a person sees and does, held against the network."""

import re

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual.inference import shared_network
from tests.waiting import becomes

pytestmark = pytest.mark.browser


@pytest.fixture
def address(gallery):
    return f"{gallery}/why?page="


def number(text):
    return float(text.replace("−", "-"))


def picture(canvas):
    """Give the ink of a picture, as the page shows it."""
    values = canvas.evaluate(
        """canvas => Array.from(canvas.getContext("2d")
         .getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 3))"""
    )
    return (np.array(values).reshape(28, 28) / 255).astype(np.float32)


class Doubter:
    """A person who asks why, and tries to fool it."""

    def __init__(self, visitor):
        self.page = visitor.page
        self.why = self.page.get_by_role("region", name="Why this digit?")
        self.game = self.page.get_by_role("region", name="Fool it")
        self.why.get_by_text("Why a 3?", exact=True).wait_for()
        self.square = self.game.get_by_role("application", name="The digit to paint on")
        self.square.scroll_into_view_if_needed()
        self.says("It reads a 3")

    def says(self, text):
        self.game.locator(".words").filter(has_text=text).wait_for()

    def sees(self, probabilities):
        """Wait until these are printed beside the bars."""
        shares = self.game.locator(".answers .share")
        becomes(
            lambda: [float(text.strip(">%")) / 100 for text in shares.all_inner_texts()],
            pytest.approx(probabilities, abs=0.02),
        )

    def paints(self, *spots):
        box = self.square.bounding_box()
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in spots]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=6)
        self.page.mouse.up()


@pytest.fixture
def doubter(visit, address):
    return Doubter(visit(address, viewport={"width": 1200, "height": 900}))


class TestWhy:
    def test_what_is_printed_adds_up_and_is_the_networks_own(self, doubter):
        rows = doubter.why.locator(".evidence li:not([hidden])")
        numbers = [number(text) for text in rows.locator(".number").all_inner_texts()]
        assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=1e-6)
        own = mv.evidence(shared_network(), picture(doubter.why.locator("canvas.ink")), 3)
        assert numbers[-1] == pytest.approx(own.logit, abs=0.05)  # the page has 255 greys
        for name, value in zip(rows.locator(".unit").all_inner_texts()[:10], numbers, strict=False):
            unit = int(name.removeprefix("unit ")) - 1
            assert value == pytest.approx(own.contributions[unit], abs=0.03)

    def test_why_not_another(self, doubter):
        before = doubter.why.locator(".total .number").inner_text()
        doubter.why.get_by_role("button", name=re.compile("^8")).click()
        doubter.why.get_by_text("Why not an 8?", exact=True).wait_for()
        assert number(doubter.why.locator(".total .number").inner_text()) < number(before)
        doubter.why.get_by_role("button", name=re.compile("^3")).click()
        doubter.why.get_by_text("Why a 3?", exact=True).wait_for()


class TestFool:
    def test_what_is_rubbed_out_is_gone_and_what_is_left_is_read(self, doubter):
        before = picture(doubter.square)
        doubter.game.get_by_role("button", name="large").click()
        doubter.paints((0.2, 0.16), (0.8, 0.16))
        after = picture(doubter.square)
        assert before[3:6, 8:20].any()
        assert not after[3:6, 8:20].any()
        np.testing.assert_array_equal(after[14:], before[14:])
        expected = shared_network()(after[None])[0]
        doubter.sees(expected)

    def test_with_keys_alone(self, doubter):
        before = picture(doubter.square)
        doubter.square.focus()
        for key in ["ArrowUp", "ArrowUp", "Space"]:
            doubter.page.keyboard.press(key)
        after = picture(doubter.square)
        assert before[11:13, 13:15].any()
        assert not after[11:13, 13:15].any()
        doubter.page.keyboard.press("Backspace")
        np.testing.assert_array_equal(picture(doubter.square), before)

    def test_the_smallest_change_turns_the_answer_and_the_slider_takes_it_back(self, doubter):
        before = picture(doubter.square)
        doubter.game.get_by_role("button", name="Smallest change").click()
        doubter.game.get_by_text("From a 3 to").wait_for()
        after = picture(doubter.square)
        assert 0 < np.linalg.norm(after - before) < 3
        slider = doubter.game.get_by_role("slider")
        slider.focus()
        doubter.page.keyboard.press("Home")
        doubter.says("It reads a 3")
        np.testing.assert_allclose(picture(doubter.square), before, atol=0.005)
        doubter.page.keyboard.press("End")
        doubter.says("Fooled! Now it reads")
        twice = np.clip(2 * after - before, 0, 1)
        np.testing.assert_allclose(picture(doubter.square), twice, atol=0.02)
        doubter.game.get_by_role("button", name="Start again").click()
        doubter.says("It reads a 3")
        np.testing.assert_array_equal(picture(doubter.square), before)

    def test_a_change_after_which_it_says_not_a_digit_is_told_so(self, doubter):
        doubter.game.get_by_label("Towards which answer").select_option("to an 8")
        doubter.game.get_by_role("button", name="Smallest change").click()
        doubter.game.get_by_text("From a 3 to no digit (at best an 8): ").wait_for()
        doubter.says("Now it says: not a digit.")


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_sticks_out(visit, address, width):
    doubter = Doubter(visit(address, viewport={"width": width, "height": 800}))
    doubter.game.get_by_role("button", name="Smallest change").click()
    doubter.game.get_by_text("From a 3 to").wait_for()
    assert doubter.page.evaluate("document.documentElement.scrollWidth") <= width
