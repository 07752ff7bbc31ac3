"""The page on a stage, and left alone in a hall."""

import re
from io import BytesIO

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.drawings import SEVEN
from tests.waiting import becomes, until

from .visitor import ready

pytestmark = pytest.mark.browser

HALL = {"viewport": {"width": 1920, "height": 1080}}

FITS = """() => {
  const { scrollWidth, scrollHeight } = document.documentElement
  return scrollWidth === innerWidth && scrollHeight === innerHeight
}"""


def shown(visitor, view):
    """Wait until a view is in sight that `?page=` or `&view=` names."""
    visitor.page.wait_for_url(re.compile(rf"[?&](page|view)={view}\b"))


def is_presenting(visitor):
    return visitor.page.evaluate("document.documentElement.hasAttribute('data-presenting')")


def test_a_clicker_walks_through_the_views_in_the_order_of_a_talk(visit, url):
    visitor = visit(f"{url}?present=1", **HALL)
    visitor.draw(SEVEN)  # which gives the sketchpad the keyboard
    visitor.reads(7)
    walk = ["whole-network", "why-this-digit", "fool-it", "convolution", "activation"]
    walk += ["pooling", "architecture", "teach-it", "latent", "train"]
    for view in walk:
        visitor.page.keyboard.press("PageDown")
        shown(visitor, view)
    assert "view=" not in visitor.page.url  # which was of pages before
    visitor.page.keyboard.press("PageUp")
    shown(visitor, "latent")
    visitor.page.keyboard.press("ArrowLeft")
    shown(visitor, "teach-it")
    assert visitor.ink() > 0.02  # nothing has moved the pen or cleared


def test_a_walk_that_does_not_begin_where_the_page_does_leads_to_its_first_view(visit, url):
    visitor = visit(f"{url}?present=1&views=latent,fool-it", **HALL)
    visitor.page.keyboard.press("PageDown")
    shown(visitor, "latent")
    visitor.page.keyboard.press("PageDown")
    shown(visitor, "fool-it")


def test_the_address_chooses_the_views_and_others_are_ignored(visit, url):
    visitor = visit(f"{url}?present=1&views=draw,nowhere,Latent", **HALL)
    visitor.page.keyboard.press("ArrowRight")
    shown(visitor, "latent")
    assert "views=draw,nowhere,Latent" in visitor.page.url
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowLeft")
    shown(visitor, "draw")


def test_all_but_the_views_is_hidden_and_what_is_written_is_large(visit, url):
    visitor = visit(f"{url}?present=1", **HALL)
    visitor.draw(SEVEN)
    visitor.reads(7)
    assert not visitor.page.get_by_role("button").filter(visible=True).all()
    assert not visitor.page.get_by_role("link").filter(visible=True).all()
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert visitor.page.get_by_text("find the ink").evaluate(size) >= 28
    assert visitor.page.locator(".digit").evaluate(size) > 400
    whole = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert visitor.page.evaluate(whole) == [1920, 1080]


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720)])
def test_each_part_of_the_network_fits_the_stage(visit, url, size):
    visitor = visit(f"{url}?present=1", viewport=dict(zip(("width", "height"), size, strict=True)))
    visitor.draw(SEVEN)
    visitor.page.keyboard.press("PageDown")  # to the whole network, with numbers out of sight
    shown(visitor, "whole-network")
    parts = ["why-this-digit", "fool-it", "convolution", "activation"]
    for part in [*parts, "pooling", "architecture", "teach-it"]:
        visitor.page.keyboard.press("PageDown")
        shown(visitor, part)
        ready(visitor.page)
        visitor.until(FITS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_a_pale_projector_needs(visit, url, scheme):
    visitor = visit(f"{url}?present=1", color_scheme=scheme, **HALL)
    caption = visitor.page.get_by_text("find the ink")
    colour = "element => getComputedStyle(element).color.match(/\\d+/g).slice(0, 3).map(Number)"
    ground = 255 if scheme == "light" else 0
    assert contrast(caption.evaluate(colour), 3 * [ground]) > 12


def contrast(*colours):
    """Give the contrast of two colours as WCAG defines it."""
    shares = np.array(colours) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_one_key_begins_and_escape_ends_with_the_address_along(visit):
    visitor = visit()
    visitor.page.keyboard.press("p")
    assert is_presenting(visitor)
    assert "present=1" in visitor.page.url
    visitor.page.get_by_text("Escape ends").wait_for()
    visitor.page.keyboard.press("Escape")
    assert not is_presenting(visitor)
    assert "present" not in visitor.page.url


def test_a_key_takes_the_drawing_away(visit, url):
    visitor = visit(f"{url}?present=1")
    visitor.draw(SEVEN)
    visitor.reads(7)
    visitor.page.keyboard.press("c")
    visitor.page.get_by_text("Waiting for a digit").wait_for()


def test_the_screen_is_black_until_any_key_of_a_clicker(visit, url):
    visitor = visit(f"{url}?present=1", **HALL)
    for black, back in [("b", "PageDown"), (".", "b"), (".", "Escape")]:
        visitor.page.keyboard.press(black)
        becomes(lambda: brightest(visitor), 0)
        visitor.page.keyboard.press(back)
        until(lambda: brightest(visitor) > 200)
        assert is_presenting(visitor)
    assert "page=" not in visitor.page.url


def brightest(visitor):
    return pixels(visitor).max()


def pixels(visitor):
    return np.asarray(Image.open(BytesIO(visitor.page.screenshot())).convert("L"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_qr_code_leads_to_the_page_as_it_was_reached(visit, url, scheme):
    visitor = visit(f"{url}?present=1", color_scheme=scheme, **HALL)
    visitor.page.keyboard.press("q")
    visitor.page.get_by_role("img", name="QR code of").wait_for()
    (code,) = zxingcpp.read_barcodes(pixels(visitor))
    assert code.text == f"{url}/"
    assert visitor.page.get_by_text("Others cannot reach this address").is_visible()
    option = visitor.page.get_by_text("--address 0.0.0.0", exact=True)
    assert option.evaluate("element => element.getClientRects().length") == 1  # on one line
    visitor.page.keyboard.press("q")
    visitor.page.get_by_role("img", name="QR code of").wait_for(state="hidden")


def test_keys_are_shown_and_typing_is_left_alone(visit, url):
    visitor = visit(f"{url}?page=network&view=convolution")
    field = visitor.page.get_by_role("spinbutton").first
    field.click()  # waits until the view is ready
    visitor.page.keyboard.press("p")
    assert not is_presenting(visitor)
    field.blur()
    visitor.page.keyboard.press("?")
    visitor.page.get_by_role("rowheader", name="Page Down").wait_for()


def test_a_page_left_alone_goes_back_to_the_first_view_and_is_empty(visit, url):
    visitor = visit(f"{url}?idle=300&views=draw,latent")
    visitor.page.clock.install()
    visitor.page.reload()
    ready(visitor.page)
    visitor.draw(SEVEN)
    visitor.reads(7)
    visitor.page.get_by_role("link", name="Latent").click()
    shown(visitor, "latent")
    visitor.page.clock.run_for(310_000)
    visitor.page.get_by_text("Waiting for a digit").wait_for()
    becomes(visitor.ink, 0)
    until(visitor.button("Undo").is_disabled)


def test_the_numbers_of_a_value_that_is_clicked_come_into_sight(visit, url):
    visitor = visit(f"{url}?present=1&page=network", **HALL)
    visitor.draw(SEVEN)
    visitor.page.get_by_role("application", name="conv2").locator("canvas").first.click()
    numbers = visitor.page.locator(".trace .computation").first
    numbers.wait_for()
    until(lambda: visitor.page.evaluate("scrollY") > 0)
    expect(numbers).to_be_in_viewport()
