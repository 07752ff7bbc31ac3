"""The network's page: pointed at, followed back, and held against the model."""

import re

import numpy as np
import pytest

from mnist_visual.inference import shared_network
from tests.drawings import THREE
from tests.waiting import until

pytestmark = pytest.mark.browser


class Follower:
    """A person who wants to know where a value comes from."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.panel = self.page.get_by_role("region", name="Where a value comes from")
        self.panel.wait_for()

    def layer(self, name):
        return self.page.get_by_role("application", name=re.compile(name))

    def points_at(self, layer, row, column, channel, of):
        canvas = self.layer(layer).locator("canvas").nth(channel)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        x, y = (
            box["x"] + (column + 0.5) / of * box["width"],
            box["y"] + (row + 0.5) / of * box["height"],
        )
        self.page.mouse.move(x, y)
        self.is_at(f"{layer}, map {channel + 1}, row {row + 1}, column {column + 1}")
        return x, y

    def is_at(self, where):
        self.panel.locator("header p").filter(has_text=where).wait_for()

    def results(self):
        """The large numbers of the panel, from left to right."""
        texts = self.panel.locator(".result").all_inner_texts()
        return [float(text.replace("−", "-")) for text in texts]

    def digit(self):
        """The picture that the network sees, as the page shows it."""
        values = (
            self.layer("image")
            .locator("canvas")
            .evaluate(
                """canvas => Array.from(canvas.getContext("2d")
                 .getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 3))"""
            )
        )
        return np.array(values).reshape(28, 28) / 254


@pytest.fixture
def follow(visit, url):
    def open_network(**context):
        visitor = visit(f"{url}/?page=network", **context)
        follower = Follower(visitor)
        visitor.draw(THREE)
        visitor.page.locator(".bars .best").wait_for()
        return follower

    return open_network


class TestNumbers:
    def test_the_shown_sum_is_the_models_own(self, follow):
        follower = follow()
        follower.points_at("conv2", 5, 6, 2, of=11)
        *_, total, bias, before, value = follower.results()
        own = shared_network().feature_maps(follower.digit())["conv2"][5, 6, 2]
        assert value == pytest.approx(own, abs=0.02)  # the page's pixels have 128 greys
        assert before == pytest.approx(total + bias, abs=2e-4)
        assert value == pytest.approx(max(before, 0), abs=1e-4)

    def test_patch_times_kernel_are_the_products_that_add_up(self, follow):
        follower = follow()
        follower.points_at("conv1", 9, 13, 3, of=26)
        grids = follower.panel.locator(".numbers")
        patch, kernel, products = (
            np.array(
                [
                    float(text.replace("−", "-"))
                    for text in grids.nth(k).locator("> *").all_inner_texts()
                ]
            )
            for k in range(3)
        )
        weights = shared_network().filters("conv1")[:, :, 0, 3].ravel()
        assert kernel == pytest.approx(weights, abs=0.006)
        assert products == pytest.approx(patch * kernel, abs=0.02)
        assert follower.results()[0] == pytest.approx(products.sum(), abs=0.05)

    def test_they_follow_the_stroke(self, follow):
        follower = follow()
        x, y = follower.points_at("conv1", 9, 13, 3, of=26)
        follower.page.mouse.click(x, y)
        before = follower.results()
        follower.visitor.button("Clear").click()
        follower.visitor.is_answered()
        follower.page.locator(".bars .best").wait_for(state="detached")
        follower.is_at("conv1, map 4, row 10, column 14")
        until(lambda: follower.results() != before)


class TestChain:
    def test_a_value_is_followed_from_the_answer_to_the_drawing(self, follow):
        follower = follow()
        follower.layer("probabilities").focus()
        follower.page.keyboard.press("ArrowDown")
        for name in ["dense", "pool2", "conv2", "pool1", "conv1", "image"]:
            follower.page.keyboard.press("Enter")
            follower.is_at(re.compile(f"^{name}, "))
        assert follower.panel.get_by_text("It is a pixel of the picture").is_visible()

    def test_back_goes_the_same_way(self, follow):
        follower = follow()
        x, y = follower.points_at("pool1", 6, 6, 7, of=13)
        follower.page.mouse.click(x, y)
        follower.panel.locator(".winner").click()
        follower.is_at(re.compile("^conv1, "))
        follower.panel.get_by_role("button", name="Back").click()
        follower.is_at("pool1, map 8, row 7, column 7")

    def test_a_held_value_stays_while_the_pointer_moves_on(self, follow):
        follower = follow()
        x, y = follower.points_at("conv1", 9, 13, 3, of=26)
        follower.page.mouse.click(x, y)
        follower.page.mouse.move(x, y + 150)
        follower.page.wait_for_timeout(300)  # for what must not come
        follower.is_at("conv1, map 4, row 10, column 14")
        follower.page.keyboard.press("Escape")
        follower.points_at("conv1", 5, 5, 0, of=26)

    def test_arrow_keys_walk_over_a_map_and_to_the_next(self, follow):
        follower = follow()
        follower.layer("conv2").focus()
        for key in ["ArrowDown", "ArrowDown", "ArrowRight", "."]:
            follower.page.keyboard.press(key)
        follower.is_at("conv2, map 2, row 3, column 2")


class TestLook:
    @pytest.mark.parametrize("width", [360, 768, 1024, 1440])
    def test_nothing_sticks_out(self, follow, width):
        follower = follow(viewport={"width": width, "height": 800})
        assert follower.page.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize("width", [1040, 1100, 1280, 1440])
    def test_all_layers_are_in_sight_beside_each_other(self, follow, width):
        follower = follow(viewport={"width": width, "height": 800})
        scroller = follower.page.locator(".scroller:has(.flow)")
        assert scroller.evaluate("each => each.scrollWidth <= each.clientWidth")
        tops = follower.page.locator(".layer .title").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect().top)"
        )
        assert len(tops) == 7
        assert len(set(tops)) == 1

    def test_links_lead_from_the_patch_to_the_value(self, follow):
        follower = follow(viewport={"width": 1440, "height": 1000})
        follower.points_at("conv2", 5, 6, 2, of=11)
        own = follower.page.locator(".boxes .own").bounding_box()
        patches = follower.page.locator(".boxes .patch")
        patches.first.wait_for()
        assert patches.count() == 8
        tile = follower.layer("pool1").locator("canvas").first.bounding_box()
        patch = patches.evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(b => [b.x, b.width])"
        )
        for x, width in patch:
            assert x == pytest.approx(tile["x"] + 6 / 13 * tile["width"], abs=1.5)
            assert width == pytest.approx(3 / 13 * tile["width"], abs=1.5)
        assert own["x"] > patch[0][0]
