"""The page as a person meets it: drawn on, read, and looked at."""

import math
from urllib.parse import urlparse

import pytest

from tests.drawings import SEVEN, THREE, ZERO

from .visitor import dashboard

pytestmark = pytest.mark.browser

STAR = [
    (0.5 + 0.4 * math.sin(0.8 * k * math.pi), 0.5 - 0.4 * math.cos(0.8 * k * math.pi))
    for k in range(6)
]


class TestDrawing:
    def test_mouse(self, visit):
        visitor = visit()
        visitor.draw(THREE)
        visitor.reads(3)

    def test_touch_draws_and_does_not_scroll(self, visit):
        visitor = visit(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
        touch(visitor, SEVEN)
        visitor.reads(7)
        assert visitor.page.evaluate("scrollY") == 0

    def test_a_second_finger_changes_nothing(self, visit):
        visitor = visit(has_touch=True)
        touch(visitor, ZERO, second_finger=(0.9, 0.9))
        visitor.reads(0)
        alone = visit(has_touch=True)
        touch(alone, ZERO)
        alone.reads(0)
        assert visitor.ink() == pytest.approx(alone.ink(), rel=0.01)

    def test_a_palm_beside_the_pen_changes_nothing(self, visit):
        visitor = visit(has_touch=True)
        pen(visitor, SEVEN, 0.5, palm=(0.9, 0.9))
        visitor.reads(7)
        alone = visit(has_touch=True)
        pen(alone, SEVEN, 0.5)
        alone.reads(7)
        assert visitor.ink() == pytest.approx(alone.ink(), rel=0.01)

    def test_a_stroke_that_the_system_takes_away_is_dropped(self, visit):
        visitor = visit(has_touch=True)
        visitor.draw(SEVEN)
        ink = visitor.ink()
        touch(visitor, [(0.1, 0.9), (0.9, 0.9)], end="touchCancel")
        assert visitor.ink() == pytest.approx(ink, rel=0.01)
        visitor.reads(7)
        assert visitor.button("Undo").is_enabled()

    def test_pen_that_presses_harder_draws_wider(self, visit):
        line = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]
        shares = []
        for force in (0.2, 0.9):
            visitor = visit()
            pen(visitor, line, force)
            visitor.reads(1)
            shares.append(visitor.ink())
        assert shares[1] > 1.5 * shares[0]

    def test_keyboard_alone(self, visit):
        visitor = visit()
        keyboard = visitor.page.keyboard
        focused = "canvas => canvas.getRootNode().activeElement === canvas"
        for _ in range(9):
            keyboard.press("Tab")
            if visitor.canvas.evaluate(focused):
                break
        for key in ["Shift+ArrowUp"] * 3 + ["Space"] + ["ArrowDown"] * 24 + ["Space"]:
            keyboard.press(key)
        visitor.reads(1)

    def test_a_dot_is_drawn_where_the_mouse_clicks(self, visit):
        visitor = visit()
        visitor.draw([(0.5, 0.5)])
        assert visitor.ink() == pytest.approx(math.pi * 0.0325**2, rel=0.15)

    def test_a_long_stroke_ends_with_the_answer_to_its_end(self, visit):
        visitor = visit()
        visitor.draw(ZERO, steps=8)
        visitor.reads(0)

    def test_drawing_beyond_the_edge_stays_on_the_square(self, visit):
        visitor = visit()
        visitor.draw([(0.5, 0.1), (0.5, 1.4)])
        visitor.reads(1)


def touch(visitor, stroke, second_finger=None, end="touchEnd"):
    client = visitor.page.context.new_cdp_session(visitor.page)
    fingers = []
    if second_finger:
        ((x, y),) = visitor.points([second_finger])
        fingers = [{"x": x, "y": y, "id": 1}]

    def send(kind, points):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    places = [{"x": x, "y": y, "id": 0} for x, y in visitor.points(stroke)]
    send("touchStart", [places[0]])
    if fingers:
        send("touchStart", [places[0], *fingers])
    for place in places[1:]:
        send("touchMove", [place, *fingers])
    send(end, [])
    visitor.is_answered()


def pen(visitor, stroke, force, palm=None):
    client = visitor.page.context.new_cdp_session(visitor.page)
    palms = [{"x": x, "y": y, "id": 5} for x, y in visitor.points([palm] if palm else [])]
    places = visitor.points(stroke)
    kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 1), "mouseReleased"]
    for kind, (x, y) in zip(kinds, [*places, places[-1]], strict=True):
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        client.send("Input.dispatchMouseEvent", event | {"force": force, "pointerType": "pen"})
        if palms and kind == "mousePressed":
            client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": palms})
    if palms:
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visitor.is_answered()


class TestAnswer:
    def test_an_empty_canvas_claims_nothing(self, visit):
        visitor = visit()
        answer = visitor.page.get_by_role("region", name="Waiting for a digit")
        assert "%" not in answer.inner_text()

    def test_what_is_no_digit_is_called_so(self, visit):
        visitor = visit()
        visitor.draw(STAR)
        visitor.page.get_by_role("heading", name="Not a digit").wait_for()

    def test_bars_add_up(self, visit):
        visitor = visit()
        visitor.draw(THREE)
        visitor.reads(3)
        shares = visitor.page.get_by_role("list", name="Probability of each digit").inner_text()
        percents = [int(word.strip(">%")) for word in shares.split() if word.endswith("%")]
        assert len(percents) == 10
        assert sum(percents) == pytest.approx(100, abs=5)

    def test_a_screen_reader_hears_it_once_the_pen_rests(self, visit):
        visitor = visit()
        visitor.draw(THREE)
        spoken = visitor.page.get_by_role("status").filter(has_text="It reads a 3")
        spoken.wait_for(state="attached")
        assert "sure" in spoken.text_content()


class TestButtons:
    def test_undo_takes_back_the_last_stroke(self, visit):
        visitor = visit()
        visitor.draw(SEVEN)
        ink = visitor.ink()
        visitor.draw([(0.1, 0.9), (0.9, 0.9)])
        assert visitor.ink() > 1.3 * ink
        visitor.button("Undo").click()
        visitor.is_answered()
        assert visitor.ink() == pytest.approx(ink, rel=0.01)
        visitor.reads(7)

    def test_clear_empties_and_undo_brings_it_back(self, visit):
        visitor = visit()
        visitor.draw(SEVEN)
        visitor.button("Clear").click()
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        assert visitor.ink() == 0
        visitor.button("Undo").click()
        visitor.reads(7)

    def test_undo_brings_a_digit_of_the_data_set_back(self, visit):
        visitor = visit()
        visitor.button("Surprise me").click()
        heading = visitor.page.get_by_role("heading", name="It reads a")
        heading.wait_for()
        read = heading.inner_text()
        visitor.button("Clear").click()
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        visitor.button("Undo").click()
        visitor.page.get_by_role("heading", name=read).wait_for()

    def test_they_are_off_while_there_is_nothing_to_do(self, visit):
        visitor = visit()
        assert visitor.button("Undo").is_disabled()
        assert visitor.button("Clear").is_disabled()
        visitor.draw(SEVEN)
        assert visitor.button("Undo").is_enabled()
        assert visitor.button("Clear").is_enabled()

    def test_a_digit_of_the_data_set_comes_with_one_click(self, visit):
        visitor = visit()
        visitor.button("Surprise me").click()
        visitor.page.get_by_role("heading", name="It reads a").wait_for()
        assert visitor.ink() > 0.02


class TestPage:
    def test_it_asks_nobody_but_its_own_server(self, visit, url):
        visitor = visit()
        visitor.draw(THREE)
        visitor.reads(3)
        asked = {urlparse(each).netloc for each in visitor.requests if each.startswith("http")}
        assert asked == {urlparse(url).netloc}

    @pytest.mark.parametrize("width", [360, 768, 1440])
    def test_whatever_the_answer_nothing_moves_or_sticks_out(self, visit, width):
        visitor = visit(viewport={"width": width, "height": 800})
        cards = visitor.page.locator("section.card:visible")
        places = """cards => cards.map(card => {
          const {top, left, right} = card.getBoundingClientRect()
          return [top + scrollY, left, right]
        })"""
        before = cards.evaluate_all(places)
        assert len(before) == 5
        for stroke, answer in [(THREE, "It reads a 3"), (STAR, "Not a digit")]:
            visitor.draw(stroke)
            visitor.page.get_by_role("heading", name=answer).wait_for()
            assert cards.evaluate_all(places) == before
            assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
            visitor.button("Clear").click()
            visitor.is_answered()

    @pytest.mark.parametrize("width", [360, 1024, 1100, 1152])
    def test_the_names_of_all_pages_are_in_sight(self, visit, width):
        visitor = visit(viewport={"width": width, "height": 800})
        names = visitor.page.locator(".pages.page")
        assert names.evaluate("each => each.scrollWidth <= each.clientWidth")

    def test_it_is_sharp_on_a_dense_display(self, visit):
        visitor = visit(device_scale_factor=3)
        width, shown = visitor.canvas.evaluate("canvas => [canvas.width, canvas.clientWidth]")
        assert width == pytest.approx(3 * shown, abs=2)

    @pytest.mark.parametrize(("scheme", "brightest"), [("light", 80), ("dark", 255)])
    def test_ink_stands_out_in_light_and_dark(self, visit, scheme, brightest):
        visitor = visit(color_scheme=scheme)
        visitor.draw([(0.5, 0.2), (0.5, 0.8)])
        red = visitor.canvas.evaluate(
            """canvas => canvas.getContext("2d").getImageData(
                 canvas.width / 2, canvas.height / 2, 1, 1).data[0]"""
        )
        assert brightest - 80 <= red <= brightest

    def test_the_theme_can_be_switched_and_is_kept(self, visit, url):
        visitor = visit()
        background = "getComputedStyle(document.body).backgroundColor"
        before = visitor.page.evaluate(background)
        visitor.button("Dark theme").click()
        after = visitor.page.evaluate(background)
        assert after != before
        visitor.open(url)
        assert visitor.page.evaluate(background) == after

    def test_feature_maps_come_with_the_drawing(self, visit):
        visitor = visit()
        maps = visitor.page.get_by_role("img", name="16 filters")
        painted = """grid => Array.from(grid.querySelectorAll(".map canvas"), canvas =>
          canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            .data.some(value => value > 0))"""
        assert not any(maps.evaluate(painted))
        visitor.draw(THREE)
        visitor.reads(3)
        assert sum(maps.evaluate(painted)) > 8


def test_the_server_has_nothing_to_complain_about(visit, tmp_path):
    log = tmp_path / "stderr.txt"
    with dashboard(log) as address:
        visitor = visit(address)
        visitor.draw(THREE)
        visitor.reads(3)
        visitor.button("Clear").click()
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        assert log.read_text() == ""
