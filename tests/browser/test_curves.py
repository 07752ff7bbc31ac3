"""Activation and pooling as a person sees them, held against NumPy."""

import re

import numpy as np
import pytest

from mnist_visual import normalize_strokes
from mnist_visual.inference import shared_network
from tests.drawings import THREE

from .visitor import Visitor

pytestmark = pytest.mark.browser


def numbers(text):
    return [float(each.replace("−", "-")) for each in re.findall(r"−?\d+(?:\.\d+)?", text)]


@pytest.fixture
def page(chromium, gallery, request):
    visitor = Visitor(chromium.new_context(**getattr(request, "param", {})).new_page())
    visitor.open(f"{gallery}/curves?page=")
    yield visitor.page
    visitor.page.context.close()
    assert visitor.complaints == []


@pytest.fixture
def curves(page):
    region = page.get_by_role("region", name="What a unit lets through")
    region.scroll_into_view_if_needed()
    region.get_by_text("zero.").wait_for()
    return region


@pytest.fixture
def pooling(page):
    region = page.get_by_role("region", name="pooling")
    region.scroll_into_view_if_needed()
    region.locator("p.max .result").wait_for()
    return region


def place(picture, row, column, of):
    box = picture.bounding_box()
    return (
        box["x"] + (column + 0.5) / of * box["width"],
        box["y"] + (row + 0.5) / of * box["height"],
    )


class TestCurves:
    def test_a_pixel_that_is_pointed_at_is_on_the_curves(self, page, curves):
        where = curves.locator(".where")
        channel = int(re.search(r"map (\d+)", where.inner_text())[1]) - 1
        kernel, bias = shared_network().weights["conv1"]
        patch = normalize_strokes([THREE])[9:12, 13:16]
        value = (patch * kernel[:, :, 0, channel]).sum() + bias[channel]
        page.mouse.move(*place(curves.get_by_label("before its activation"), 9, 13, of=26))
        where.get_by_text("row 10, column 14").wait_for()
        goes_in = numbers(" ".join(curves.locator(".in").all_inner_texts()))
        comes_out = numbers(" ".join(curves.locator(".out").all_inner_texts()))
        assert goes_in == pytest.approx([value] * 3, abs=0.006)
        expected = [max(value, 0), 1 / (1 + np.exp(-value)), np.tanh(value)]
        assert comes_out == pytest.approx(expected, abs=0.006)

    def test_a_click_holds_and_keys_move_on(self, page, curves):
        where = curves.locator(".where")
        page.mouse.click(*place(curves.get_by_label("after its activation"), 12, 8, of=26))
        where.get_by_text("row 13, column 9").wait_for()
        page.mouse.move(*place(curves.get_by_label("after its activation"), 3, 3, of=26))
        page.keyboard.press("ArrowRight")
        where.get_by_text("row 13, column 10").wait_for()
        before = where.inner_text()
        page.keyboard.press(".")
        page.wait_for_function(
            "([node, text]) => node.innerText !== text", arg=[where.element_handle(), before]
        )

    def test_what_if_lasts_as_long_as_it_is_held(self, page, curves):
        first = curves.locator(".in").first
        own = first.inner_text()
        slider = curves.get_by_role("slider")
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
        page.mouse.down()
        curves.get_by_text("You try").wait_for()
        tried = numbers(first.inner_text())[0]
        assert 2.5 < tried < 4
        tanh = numbers(curves.locator(".out").last.inner_text())[0]
        assert tanh == pytest.approx(np.tanh(tried), abs=0.006)
        page.mouse.up()
        curves.get_by_text("Drag here").wait_for()
        assert first.inner_text() == own

    @pytest.mark.parametrize("page", [{"viewport": {"width": 1440, "height": 3400}}], indirect=True)
    def test_it_follows_the_explorer(self, page, curves):
        page.get_by_role("application", name=re.compile("probabilities")).focus()
        page.keyboard.press("ArrowDown")
        curves.get_by_text("uses softmax, which compares").wait_for()
        page.get_by_role("application", name=re.compile("dense")).focus()
        page.keyboard.press("ArrowDown")
        curves.get_by_text("dense, unit 2").wait_for()
        own = np.count_nonzero(
            shared_network().feature_maps(normalize_strokes([THREE]))["dense"] == 0
        )
        curves.get_by_text(f"{own} of 128").wait_for()


class TestPooling:
    @pytest.mark.parametrize("size", [2, 3, 4])
    def test_a_calculator_agrees(self, pooling, size):
        pooling.get_by_role("button", name=f"{size} × {size}").click()
        pooling.get_by_text(f"windows of {size} × {size}").wait_for()
        *values, largest = numbers(pooling.locator("p.max").inner_text())
        assert len(values) == size**2
        assert max(values) == largest
        *terms, count, mean = numbers(pooling.locator("p.average").inner_text())
        assert (terms, count) == (values, size**2)
        assert mean == pytest.approx(sum(values) / count, abs=5.1e-5)
        total, count, mean = numbers(pooling.locator("p.global").inner_text())[-3:]
        assert mean == pytest.approx(total / count, abs=5.1e-5)
        if 26 % size:
            pooling.get_by_text(
                f"26 = {26 // size} × {size} + 2: the last 2 are dropped"
            ).wait_for()

    def test_a_window_that_is_pointed_at_shows_its_numbers(self, page, pooling):
        maps = shared_network().feature_maps(normalize_strokes([THREE]))["conv1"]
        channel = maps.sum(axis=(0, 1)).argmax()
        picture = pooling.get_by_label("Max pooling")
        page.mouse.click(*place(picture, 6, 7, of=13))
        window = maps[12:14, 14:16, channel].ravel()
        expected = ", ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in window)
        pooling.locator("p.max").filter(has_text=f"largest of {expected}").wait_for()
        page.keyboard.press("ArrowUp")
        window = maps[10:12, 14:16, channel].ravel()
        expected = ", ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in window)
        pooling.locator("p.max").filter(has_text=f"largest of {expected}").wait_for()
        assert pooling.get_attribute("data-method") == "max"


@pytest.mark.parametrize("page", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_on_a_phone_nothing_sticks_out(page, curves, pooling):
    for region, wanted in ((curves, 314), (pooling, 314)):
        inside = region.evaluate("each => each.scrollWidth <= each.clientWidth")
        assert inside
        assert region.bounding_box()["width"] >= wanted
    pooling.get_by_role("button", name="4 × 4").click()
    pooling.get_by_text("windows of 4 × 4").wait_for()
    assert pooling.evaluate("each => each.scrollWidth <= each.clientWidth")
