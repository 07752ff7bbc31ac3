"""Components in somebody's own page, as a person sees them, against the library's numbers."""

import itertools
import math
import re

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual.inference import shared_network
from tests.classifier_models import build_small
from tests.drawings import THREE
from tests.waiting import PATIENCE

from .test_network import Follower
from .visitor import ready

pytestmark = pytest.mark.browser


@pytest.fixture
def look(chromium, gallery):
    """Open a page of the gallery; afterwards, the browser may not have complained."""
    pages, complaints = [], []

    def open_page(name, **context):
        page = chromium.new_context(**context).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"{gallery}/{name}")
        ready(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert complaints == []


def numbers(text):
    return [float(found) for found in re.findall(r"-?\d+\.?\d*", text.replace("−", "-"))]


class TestDiagram:
    def test_every_layer_is_explained_at_its_key(self, look):
        page = look("diagram")
        page.get_by_text("54 thousand numbers learned").wait_for()
        first = page.get_by_role("button", name=re.compile("^image"))
        first.focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        words = page.get_by_role("region", name="What this layer does")
        words.get_by_text("8 filters × 3 × 3 × 1 channel + 8 biases = 80 parameters").wait_for()
        assert words.get_by_text("26 × 26 × 8 values, 9 multiplications each = 48,672").is_visible()
        assert words.get_by_role("link").get_attribute("href") == "?lesson=convolution"

    def test_bars_are_as_long_as_the_parameters_are_many(self, look):
        page = look("diagram")
        row = page.get_by_role("row", name=re.compile("^dense"))
        row.wait_for()
        bar = row.locator(".bar").bounding_box()["width"]
        track = row.locator(".track").bounding_box()["width"]
        assert bar / track == pytest.approx(51328 / 53866, abs=0.01)

    @pytest.mark.parametrize("width", [360, 820, 960, 1440])
    def test_all_layers_are_in_sight_from_the_first_to_the_last(self, look, width):
        page = look("diagram", viewport={"width": width, "height": 800})
        page.locator(".arrows g path").first.wait_for(state="attached")
        scroller = page.locator(".scroller")
        assert scroller.evaluate("each => each.scrollWidth <= each.clientWidth")

    @pytest.mark.parametrize("width", [360, 1440])
    def test_arrows_join_each_layer_to_the_next_and_nothing_sticks_out(self, look, width):
        page = look("diagram", viewport={"width": width, "height": 800})
        arrows = page.locator(".arrows g path")
        arrows.first.wait_for(state="attached")
        ends = arrows.evaluate_all(
            """paths => paths.map(path => [path.getPointAtLength(0),
               path.getPointAtLength(path.getTotalLength())].flatMap(({x, y}) => [x, y]))"""
        )
        along = 1 if width == 360 else 0
        assert len(ends) == 8
        for before, after in itertools.pairwise(ends):
            assert before[along] < before[along + 2] < after[along]
        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestTeaching:
    def test_the_numbers_are_those_of_the_textbook(self, look):
        page = look("teach")
        page.get_by_role("button", name="8", exact=True).click()
        page.get_by_role("button", name="0.01", exact=True).click()
        page.get_by_role("button", name="One step").click()
        page.get_by_text("1 step taken").wait_for()
        features = shared_network().feature_maps(mv.normalize_strokes([THREE]))["dense"]
        kernel, bias = shared_network().weights["probabilities"]
        step = mv.gradient_step(features, kernel, bias, 8, learning_rate=0.01)
        logits = features @ step.kernel + step.bias
        after = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        before, now = numbers(page.locator(".losses").inner_text())
        assert before == pytest.approx(-math.log(step.probabilities[8]), abs=1e-3)
        assert now == pytest.approx(-math.log(after[8]), abs=1e-3)
        shares = page.locator(".rows .share").all_inner_texts()
        assert [numbers(text)[1] for text in shares] == pytest.approx(100 * after, abs=0.51)

    def test_it_forgets_in_sight_and_begins_again(self, look):
        page = look("teach")
        page.get_by_role("button", name="8", exact=True).click()
        page.get_by_role("button", name="1", exact=True).last.click()
        page.get_by_role("button", name="Ten steps").click()
        page.get_by_text("That was too far").wait_for()
        assert page.locator(".examples .wrong").count() > 3
        page.get_by_role("button", name="Start again").click()
        page.get_by_text("It reads 10 of these 10.").wait_for()
        assert page.locator(".examples .wrong").count() == 0


class Guest:
    def __init__(self, page):
        self.page = page


# How much more red than blue there is in each pixel of each canvas.
PAINTED = """canvases => canvases.flatMap(canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  return Array.from({length: data.length / 4}, (_, i) => data[4 * i] - data[4 * i + 2])
})"""


class TestForeignModel:
    def test_the_shown_sum_is_the_models_own(self, look):
        follower = Follower(Guest(look("foreign", viewport={"width": 1440, "height": 1000})))
        follower.page.locator(".bars .best").wait_for()
        model = build_small()
        maps = mv.feature_maps(model, mv.normalize_strokes([THREE]))
        follower.points_at("edges", 6, 9, 10, of=14)
        *_, total, bias, before, value = follower.results()
        assert value == pytest.approx(maps["edges"][6, 9, 10], abs=1e-4)
        assert before == pytest.approx(total + bias, abs=2e-4)
        assert bias == pytest.approx(model.get_layer("edges").get_weights()[1][10], abs=1e-4)
        follower.points_at("parts", 3, 2, 17, of=7)  # without a bias or an activation
        assert follower.results()[-1] == pytest.approx(maps["parts"][3, 2, 17], abs=1e-4)

    def test_the_answer_has_the_names_of_the_classes(self, look):
        page = look("foreign")
        page.locator(".bars .best").wait_for()
        shares = page.locator(".bars li").evaluate_all("all => all.map(each => each.innerText)")
        expected = mv.feature_maps(build_small(), mv.normalize_strokes([THREE]))["answer"]
        assert [text.split()[0] for text in shares] == ["cat", "dog", "elephant", "aeroplane"]
        assert [numbers(text)[0] for text in shares] == pytest.approx(100 * expected, abs=0.51)

    def test_values_below_zero_have_a_colour_of_their_own(self, look):
        page = look("foreign")
        page.locator(".bars .best").wait_for()
        maps = mv.feature_maps(build_small(), mv.normalize_strokes([THREE]))
        for layer in ("edges", "parts"):  # with a ReLU, and with nothing after its sum
            canvases = page.get_by_role("application", name=f": {layer},").locator("canvas")
            painted = np.array(canvases.evaluate_all(PAINTED)).reshape(-1, *maps[layer].shape[:2])
            values = np.moveaxis(maps[layer], -1, 0)
            strong = np.abs(values) > np.abs(values).max() / 20
            is_red = (values > 0) & (layer == "parts")
            assert ((painted > 0) == is_red)[strong].all()

    def test_each_kind_of_layer_leads_to_its_lesson(self, look):
        follower = Follower(Guest(look("foreign", viewport={"width": 1440, "height": 1000})))
        follower.page.locator(".bars .best").wait_for()
        link = follower.panel.get_by_role("link", name="Explain this")
        for layer, lesson in {
            "picture": "training",
            "edges": "convolution",
            "mean": "pooling",
            "even": "architecture",
            "bent": "activation",
            "answer": "dense",
        }.items():
            follower.layer(layer).focus()
            follower.page.keyboard.press("ArrowDown")
            follower.is_at(re.compile(f"^{layer}, "))
            assert link.get_attribute("href") == f"?lesson={lesson}"


class TestClothes:
    @pytest.mark.parametrize("width", [1440, 360])
    def test_long_names_of_classes_stand_apart_and_on_the_page(self, look, width):
        page = look("clothes", viewport={"width": width, "height": 800})
        page.get_by_role("heading", name="It reads a Dress").wait_for()
        for region, names in (("It reads", "li .name"), ("What it mixes up", "th")):
            found = page.get_by_role("region", name=region).locator(names)
            boxes = [each.bounding_box() for each in found.all()]
            assert len(boxes) in (10, 20)
            for box in boxes:
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
            for one, other in itertools.combinations(boxes, 2):
                apart = (
                    max(one[start], other[start]) + 0.5
                    >= min(one[start] + one[size], other[start] + other[size])
                    for start, size in (("x", "width"), ("y", "height"))
                )
                assert any(apart)
            whole = "nodes => nodes.every(each => each.scrollWidth <= each.clientWidth + 1)"
            assert found.evaluate_all(whole)
