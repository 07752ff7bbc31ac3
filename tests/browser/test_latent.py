"""The latent plane as a person meets it: pointed at, walked about in, drawn onto."""

import itertools
import re
from functools import partial
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import mnist_visual as mv
from mnist_visual.clusters import square_around
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.palette import CLASS_COLORS
from tests.drawings import SEVEN, THREE, ZERO
from tests.waiting import becomes, until

from .visitor import painted

pytestmark = pytest.mark.browser

# Of the whole plane's width, as it is seen at first.
HALF = square_around(mv.load_test_codes().mean)[1]


class Walker:
    """A person on the plane."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.plane = self.page.get_by_role("application", name="Latent plane")
        self.plane.wait_for()
        self.card = self.page.get_by_role("region", name="At the pointer")
        self.card.get_by_text("% sure").wait_for()

    def pixels(self, x, y, half=HALF):
        """Turn a point of the plane, as it is seen at first, into pixels of the window."""
        box = self.plane.locator("canvas").bounding_box()
        left = box["x"] + (x + half) / (2 * half) * box["width"]
        return left, box["y"] + (half - y) / (2 * half) * box["height"]

    def points_at(self, x, y, at=None):
        """Point where (x, y) is at first; wait until it is said which place that is by now."""
        self.page.mouse.move(*self.pixels(x, y))
        self.is_at(at or (x, y))

    def is_at(self, place, within=0.03):
        becomes(lambda: self.place, pytest.approx(place, abs=within))

    def imagines(self):
        """Have a digit imagined, at another place than before."""
        before = self.card.locator(".where").inner_text()
        self.page.get_by_role("button", name="Imagine one").click()
        expect(self.card.locator(".where")).not_to_have_text(before)

    @property
    def place(self):
        """Where it says that the pointer is."""
        numbers = re.search(r"at (−?[\d.]+), (−?[\d.]+)", self.card.inner_text())
        return tuple(float(number.replace("−", "-")) for number in numbers.groups())

    @property
    def reads(self):
        return self.card.locator(".reading").inner_text()

    @property
    def picture(self):
        """The decoded picture on the screen, in [0, 1]."""
        return read_ink(self.card.locator("canvas"))


def read_ink(canvas):
    height, width, *values = canvas.evaluate(
        """canvas => [canvas.height, canvas.width, ...canvas.getContext("2d")
             .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3)]"""
    )
    return np.array(values).reshape(height, width) / 255


def shows(canvas, expected, within=0.05):
    becomes(lambda: read_ink(canvas), pytest.approx(expected, abs=within))


@pytest.fixture
def walk(visit, url):
    def walk_in(**context):
        return Walker(visit(f"{url}/?page=latent", **context))

    return walk_in


class TestPages:
    def test_the_drawing_is_kept_between_pages(self, visit):
        visitor = visit()
        visitor.draw(THREE)
        visitor.reads(3)
        ink = visitor.ink()
        visitor.page.get_by_role("link", name="Latent").click()
        Walker(visitor)
        visitor.page.locator(".you b").wait_for()
        visitor.page.get_by_role("link", name="Draw").click()
        visitor.reads(3)
        assert visitor.ink() == pytest.approx(ink, rel=0.01)

    def test_the_browsers_buttons_turn_them(self, visit):
        visitor = visit()
        visitor.page.get_by_role("link", name="Latent").click()
        walker = Walker(visitor)
        visitor.page.go_back()
        walker.plane.wait_for(state="hidden")
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        visitor.page.go_forward()
        walker.plane.wait_for()
        assert "page=latent" in visitor.page.url

    def test_a_link_opens_the_page_that_it_names(self, walk):
        walker = walk()
        link = walker.page.get_by_role("link", name="Latent")
        assert link.get_attribute("aria-current") == "page"
        assert not walker.page.get_by_role("heading", name="First layer").is_visible()

    def test_a_link_may_be_written_as_the_page_is(self, visit, url):
        Walker(visit(f"{url}/?page=Latent"))

    def test_a_link_to_no_page_opens_the_first(self, visit, url):
        visitor = visit(f"{url}/?page=<script>")
        visitor.page.get_by_text("Waiting for a digit").wait_for()


class TestPointing:
    @pytest.mark.parametrize("point", [(0.85, 1.5), (1.5, -2.5), (-2.0, -2.2)])
    def test_the_digit_under_the_pointer_is_the_decoders(self, walk, point):
        walker = walk()
        walker.points_at(*point)
        expected = shared_vae().decoder(np.array([walker.place], np.float32))
        assert walker.picture == pytest.approx(expected[0], abs=0.03)
        assert walker.reads == str(shared_network()(expected).argmax())

    def test_a_finger(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        client = walker.page.context.new_cdp_session(walker.page)
        walker.plane.scroll_into_view_if_needed()
        painted(walker.page)  # so that fingers, too, find it where it is now
        for kind, point in [
            ("touchStart", (-2, 2)),
            ("touchMove", (1, -1)),
            ("touchMove", (1.5, -2)),
        ]:
            x, y = walker.pixels(*point)
            points = [{"x": x, "y": y}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        walker.is_at((1.5, -2), within=0.05)
        assert walker.reads == "0"

    def test_two_fingers_zoom_in_where_they_are(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        client = walker.page.context.new_cdp_session(walker.page)
        walker.plane.scroll_into_view_if_needed()
        painted(walker.page)  # so that fingers, too, find it where it is now
        x, y = walker.pixels(-1, 3)
        for kind, apart in [("touchStart", 20), ("touchMove", 40), ("touchMove", 80)]:
            points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        # Four times as large, and the middle between the fingers stays where it was.
        points = [{"x": x + 80, "y": y}]
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        width = walker.plane.bounding_box()["width"]
        walker.is_at((-1 + 80 / width * 2 * HALF / 4, 3), within=0.05)

    def test_arrow_keys(self, walk):
        walker = walk()
        walker.points_at(0.5, 0.5)
        walker.plane.focus()
        before = np.array(walker.place)
        for key in ["ArrowRight", "ArrowRight", "ArrowUp"]:
            walker.page.keyboard.press(key)
        walker.is_at(before + np.array([2, 1]) * 2 * HALF / 60, within=0.02)

    def test_the_plane_follows_the_arrow_keys_over_its_edge(self, walk):
        walker = walk()
        walker.points_at(3.8, 0)
        walker.plane.focus()
        for _ in range(5):
            walker.page.keyboard.press("Shift+ArrowRight")
        until(lambda: walker.place[0] > HALF + 1)
        left = walker.page.locator(".cross").bounding_box()["x"]
        box = walker.plane.bounding_box()
        assert box["x"] < left < box["x"] + box["width"]

    def test_keys_zoom_about_the_pointer_and_back(self, walk):
        walker = walk()
        walker.points_at(1, 1)
        cross = walker.page.locator(".cross")
        place = cross.bounding_box()
        walker.plane.focus()
        for _ in range(4):
            walker.page.keyboard.press("+")
        assert cross.bounding_box() == pytest.approx(place, abs=1)
        walker.points_at(-1, -1, at=2 * [1 - 2 / 1.6**4])
        walker.page.keyboard.press("0")
        walker.points_at(-1, -1)

    def test_a_drag_moves_the_plane(self, walk):
        walker = walk()
        mouse = walker.page.mouse
        mouse.move(*walker.pixels(0, 0))
        mouse.down()
        mouse.move(*walker.pixels(1, 0.5), steps=5)
        mouse.up()
        walker.points_at(0, 0, at=(-1, -0.5))

    def test_the_page_scrolls_past_a_plane_that_nobody_clicked(self, walk):
        walker = walk()
        walker.points_at(0, 0)
        walker.page.mouse.wheel(0, 200)
        walker.visitor.until("scrollY > 50")
        walker.page.evaluate("scrollTo(0, 0)")
        walker.page.mouse.click(*walker.pixels(0, 0))
        walker.page.mouse.wheel(0, -400)
        walker.points_at(2, 2, at=2 * [2 / np.e])
        assert walker.page.evaluate("scrollY") == 0

    def test_a_screen_reader_hears_it_once_the_pointer_rests(self, walk):
        walker = walk()
        walker.points_at(1.5, -2.5)
        spoken = walker.page.get_by_role("status").filter(has_text="Reads 0")
        spoken.wait_for(state="attached")
        assert "at 1.5" in spoken.text_content()

    def test_imagine_one_goes_somewhere_else_each_time(self, walk):
        walker = walk()
        places = set()
        for _ in range(4):
            walker.imagines()
            places.add(walker.place)
        assert len(places) == 4


COLOR_AT = """(canvas, [x, y]) => Array.from(canvas.getContext("2d").getImageData(
  x * canvas.width, y * canvas.height, 1, 1).data)"""


class TestLayers:
    def color(self, walker, x, y):
        share = [(x + HALF) / (2 * HALF), (HALF - y) / (2 * HALF)]
        return walker.plane.locator("canvas").evaluate(COLOR_AT, share)[:3]

    def test_regions_have_the_colour_of_the_class_that_is_read(self, walk):
        walker = walk()
        walker.page.get_by_role("button", name="Real digits").click()
        for point in [(2.5, -2.5), (2.0, 2.5), (-2.5, 1.5)]:
            picture = shared_vae().decoder(np.array([point], np.float32))
            label = shared_network()(picture).argmax()
            expected = [int(CLASS_COLORS[label][k : k + 2], 16) for k in (1, 3, 5)]
            becomes(partial(self.color, walker, *point), pytest.approx(expected, abs=4))

    @pytest.mark.parametrize("layer", ["Regions", "Real digits", "Pictures"])
    def test_each_can_be_shown_and_hidden(self, walk, layer):
        walker = walk()
        for name in ["Regions", "Real digits"]:
            walker.page.get_by_role("button", name=name, pressed=True).click()
            walker.page.get_by_role("button", name=name, pressed=False).wait_for()
        ink = """canvas => { const data = canvas.getContext("2d").getImageData(
          0, 0, canvas.width, canvas.height).data; let ink = 0
          for (let i = 3; i < data.length; i += 4) ink += data[i] > 0; return ink }"""
        canvas = walker.plane.locator("canvas")
        painted(walker.page)
        bare = canvas.evaluate(ink)
        walker.page.get_by_role("button", name=layer, pressed=False).click()
        walker.page.get_by_role("button", name=layer, pressed=True).wait_for()
        until(lambda: canvas.evaluate(ink) > 2 * bare)


class TestPath:
    def card(self, walker):
        return walker.page.get_by_role("region", name="In between")

    def test_it_goes_from_class_to_class(self, walk):
        walker = walk()
        card = self.card(walker)
        card.get_by_label("From").select_option("1")
        card.get_by_label("To").select_option("6")
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        expected = shared_vae().decoder(np.stack([modes[1], modes[6]]))
        frames = card.locator(".film canvas")
        shows(frames.first, expected[0], within=0.01)
        shows(frames.last, expected[1], within=0.01)

    def test_its_ends_can_be_dragged(self, walk):
        walker = walk()
        handle = walker.page.get_by_role("button", name="Start of the path")
        handle.hover()
        walker.page.mouse.down()
        walker.page.mouse.move(*walker.pixels(2.5, -2), steps=6)
        walker.page.mouse.up()
        expected = shared_vae().decoder(np.array([[2.5, -2]], np.float32))[0]
        card = self.card(walker)
        shows(card.locator("canvas").first, expected)
        assert card.get_by_label("From").input_value() == ""

    def test_keys_put_its_ends_where_the_pointer_is(self, walk):
        walker = walk()
        walker.plane.focus()
        for key, point in [("a", (2.5, -2)), ("b", (-2, -2))]:
            walker.points_at(*point)
            walker.page.keyboard.press(key)
        expected = shared_vae().decoder(np.array([[2.5, -2], [-2, -2]], np.float32))
        frames = self.card(walker).locator(".film canvas")
        shows(frames.first, expected[0])
        shows(frames.last, expected[1])

    def test_nothing_plays_while_it_is_out_of_sight(self, walk):
        walker = walk()
        self.card(walker).get_by_role("button", name="Play").click()
        walker.page.get_by_role("link", name="Draw").click()
        walker.plane.wait_for(state="hidden")
        painted(walker.page)
        walker.page.get_by_role("link", name="Latent").click()
        self.card(walker).get_by_role("button", name="Play").wait_for()

    def test_a_handle_moves_by_arrow_keys(self, walk):
        walker = walk()
        handle = walker.page.get_by_role("button", name="End of the path")
        before = handle.bounding_box()
        handle.focus()
        for _ in range(3):
            walker.page.keyboard.press("ArrowLeft")
        width = walker.plane.bounding_box()["width"]
        expected = pytest.approx(before["x"] - width / 20, abs=2)
        becomes(lambda: handle.bounding_box()["x"], expected)

    def test_it_plays_and_pauses(self, walk):
        walker = walk()
        card = self.card(walker)
        card.get_by_role("button", name="Play").click()
        places = {walker.place}
        for _ in range(4):
            until(lambda: walker.place not in places)
            places.add(walker.place)
        card.get_by_role("button", name="Pause").click()
        share = int(card.get_by_role("slider").input_value()) / 1000
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        resting = (1 - share) * modes[0] + share * modes[9]
        walker.is_at(resting)
        walker.page.wait_for_timeout(400)
        assert walker.place == pytest.approx(resting, abs=0.03)

    def test_the_slider_goes_along_it(self, walk):
        walker = walk()
        slider = self.card(walker).get_by_role("slider", name="Along the path")
        slider.focus()
        walker.page.keyboard.press("End")
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        walker.is_at(modes[9], within=0.01)
        assert slider.get_attribute("aria-valuetext") == "100% of the way"

    def test_it_is_saved_as_a_film(self, walk):
        walker = walk()
        with walker.page.expect_download() as download:
            self.card(walker).get_by_role("button", name="Save as GIF").click()
        assert download.value.suggested_filename == "from-0-to-9.gif"
        with Image.open(download.value.path()) as film:
            assert film.format == "GIF"
            assert film.n_frames > 20

    def test_once_that_is_said_the_hint_comes_back(self, walk):
        walker = walk()
        with walker.page.expect_download():
            self.card(walker).get_by_role("button", name="Save as GIF").click()
        status = walker.page.locator(".explorer .below .status")
        expect(status).to_have_text("The film is saved.")
        expect(status).to_have_text("", timeout=10_000)


class TestDrawing:
    def test_it_lands_where_the_encoder_puts_it(self, walk):
        walker = walk()
        walker.visitor.draw(ZERO)
        mark = walker.page.locator(".you")
        walker.page.locator(".you b").wait_for()
        box = walker.visitor.canvas.bounding_box()
        # As the page has it: the pen moves in steps from one point to the next.
        stroke = [np.array(ZERO[:1])]
        for start, end in itertools.pairwise(ZERO):
            stroke.append(np.linspace(start, end, 5)[1:])
        strokes = [np.round(np.concatenate(stroke) * box["width"]) / box["width"]]
        mean = mv.encode(shared_vae(), mv.normalize_strokes(strokes)).mean
        place = "node => [node.getBoundingClientRect().x, node.getBoundingClientRect().y]"
        becomes(lambda: mark.evaluate(place), pytest.approx(walker.pixels(*mean), abs=12))

    def test_what_is_remembered_is_shown_with_its_neighbours(self, walk):
        walker = walk()
        walker.visitor.draw(ZERO)
        memory = walker.page.get_by_role("region", name="Your drawing")
        memory.get_by_text("It is kept in two numbers:").wait_for()
        canvases = memory.locator("canvas")
        drawn, remembered = read_ink(canvases.nth(0)), read_ink(canvases.nth(1))
        assert np.corrcoef(drawn.ravel(), remembered.ravel())[0, 1] > 0.5
        labels = memory.locator(".real span").all_inner_texts()
        assert labels.count("0") >= 4

    def test_it_moves_while_it_is_drawn(self, walk):
        walker = walk()
        mouse = walker.page.mouse
        first, *rest = walker.visitor.points(SEVEN)
        mouse.move(*first)
        mouse.down()
        places = set()
        for point in rest:
            mouse.move(*point, steps=6)
            walker.visitor.is_answered()
            places.add(walker.page.locator(".you").get_attribute("style"))
        mouse.up()
        assert len(places) == len(rest)

    def test_find_it_zooms_in_until_its_spread_is_seen(self, walk):
        walker = walk()
        walker.visitor.draw(THREE)
        walker.page.get_by_role("button", name="Find it").click()
        ellipses = walker.page.locator("ellipse.spread")
        widest = walker.plane.bounding_box()["width"]
        until(lambda: 30 < ellipses.first.bounding_box()["width"] < widest)
        widths = [ellipses.nth(k).bounding_box()["width"] for k in (0, 1)]
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)

    def test_cleared_it_is_gone(self, walk):
        walker = walk()
        walker.visitor.draw(THREE)
        mark = walker.page.locator(".you b")
        mark.wait_for()
        walker.visitor.button("Clear").click()
        mark.wait_for(state="hidden")

    def test_on_a_phone_no_button_hides_its_name(self, walk):
        walker = walk(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
        walker.visitor.draw([(0.5, 0.15), (0.5, 0.85)])
        name = walker.page.locator(".you b")
        name.wait_for()
        buttons = walker.page.get_by_role("group", name="Zoom").bounding_box()
        plane, box = walker.plane.bounding_box(), name.bounding_box()
        assert box["y"] < buttons["y"] + buttons["height"]  # as high as they are
        assert plane["x"] <= box["x"]
        assert box["x"] + box["width"] <= buttons["x"]


class TestLook:
    @pytest.mark.parametrize("width", [390, 1440])
    def test_names_and_handles_are_where_their_points_are(self, walk, width):
        walker = walk(viewport={"width": width, "height": 900})
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        middle = """node => { const box = node.getBoundingClientRect()
          return [box.x + box.width / 2, box.y + box.height / 2] }"""
        for name, mode in (("start", modes[0]), ("end", modes[9])):
            handle = walker.page.get_by_role("button", name=f"{name} of the path")
            expected = pytest.approx(walker.pixels(*mode), abs=2)
            becomes(partial(handle.evaluate, middle), expected)
        names = walker.page.locator(".class-name")
        for label, mode in modes.items():
            place = names.nth(label).evaluate(middle)
            # They may step aside for each other, a little.
            assert np.hypot(*np.subtract(place, walker.pixels(*mode))) < 36

    @pytest.mark.parametrize("width", [360, 768, 1024, 1440])
    def test_nothing_sticks_out_or_moves(self, walk, width):
        walker = walk(viewport={"width": width, "height": 800})
        cards = walker.page.locator("section.card")
        places = """cards => cards.filter(card => card.offsetParent).map(card => {
          const {top, left, right} = card.getBoundingClientRect()
          return [top + scrollY, left, right]
        })"""
        before = cards.evaluate_all(places)
        assert len(before) == 5
        assert walker.page.evaluate("document.documentElement.scrollWidth") <= width
        walker.visitor.draw(THREE)
        walker.page.locator(".you b").wait_for()
        walker.imagines()
        assert cards.evaluate_all(places) == before

    def test_on_a_phone_the_sketchpad_stays_in_sight(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        walker.page.evaluate("scrollTo(0, 700)")
        becomes(lambda: walker.page.evaluate("scrollY"), 700)
        box = walker.visitor.canvas.bounding_box()
        assert 0 <= box["y"] < 150
        assert box["height"] < 150

    def test_it_asks_nobody_but_its_own_server(self, walk, url):
        walker = walk(color_scheme="dark")
        walker.page.get_by_role("button", name="Pictures").click()
        walker.page.wait_for_timeout(500)
        asked = {
            urlparse(each).netloc for each in walker.visitor.requests if each.startswith("http")
        }
        assert asked == {urlparse(url).netloc}
