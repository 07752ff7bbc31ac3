"""The latent plane as a person meets it: pointed at, walked about in, drawn onto."""

import itertools
import re
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import mnist_visual as mv
from mnist_visual.clusters import square_around
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.palette import CLASS_COLORS

from .test_page import SEVEN, THREE, ZERO

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
        self.settles()

    def pixels(self, x, y, half=HALF):
        """Turn a point of the plane, as it is seen at first, into pixels of the window."""
        box = self.plane.locator("canvas").bounding_box()
        left = box["x"] + (x + half) / (2 * half) * box["width"]
        return left, box["y"] + (half - y) / (2 * half) * box["height"]

    def points_at(self, x, y):
        before = self.card.locator(".where").inner_text()
        self.page.mouse.move(*self.pixels(x, y))
        self.answers(before)

    def answers(self, before):
        """Wait until another place is shown than before, and then for rest."""
        expect(self.card.locator(".where")).not_to_have_text(before)
        self.settles()

    def settles(self):
        """Wait until nothing changes any more at the pointer."""
        self.card.get_by_text("% sure").wait_for()
        before = None
        while before != (before := self.card.inner_text()):
            self.page.wait_for_timeout(150)

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
    values = canvas.evaluate(
        """canvas => Array.from(canvas.getContext("2d")
             .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3))"""
    )
    return np.array(values).reshape(28, 28) / 255


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
        visitor.page.get_by_role("link", name="Latent").click()
        Walker(visitor)
        assert visitor.page.locator(".you b").is_visible()
        visitor.page.get_by_role("link", name="Draw").click()
        visitor.reads(3)

    def test_the_browsers_buttons_turn_them(self, visit):
        visitor = visit()
        visitor.page.get_by_role("link", name="Latent").click()
        walker = Walker(visitor)
        visitor.page.go_back()
        walker.plane.wait_for(state="hidden")
        assert visitor.page.get_by_text("Waiting for a digit").is_visible()
        visitor.page.go_forward()
        walker.plane.wait_for()
        assert "page=latent" in visitor.page.url

    def test_a_link_opens_the_page_that_it_names(self, walk):
        walker = walk()
        link = walker.page.get_by_role("link", name="Latent")
        assert link.get_attribute("aria-current") == "page"
        assert not walker.page.get_by_role("heading", name="First layer").is_visible()

    def test_a_link_may_be_written_as_the_page_is(self, visit, url):
        walker = Walker(visit(f"{url}/?page=Latent"))
        assert walker.plane.is_visible()

    def test_a_link_to_no_page_opens_the_first(self, visit, url):
        visitor = visit(f"{url}/?page=<script>")
        assert visitor.page.get_by_text("Waiting for a digit").is_visible()


class TestPointing:
    @pytest.mark.parametrize("point", [(0.85, 1.5), (1.5, -2.5), (-2.0, -2.2)])
    def test_the_digit_under_the_pointer_is_the_decoders(self, walk, point):
        walker = walk()
        walker.points_at(*point)
        assert walker.place == pytest.approx(point, abs=0.03)
        expected = shared_vae().decoder(np.array([walker.place], np.float32))
        assert walker.picture == pytest.approx(expected[0], abs=0.03)
        assert walker.reads == str(shared_network()(expected).argmax())

    def test_a_finger(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        client = walker.page.context.new_cdp_session(walker.page)
        walker.plane.scroll_into_view_if_needed()
        walker.page.wait_for_timeout(300)  # until fingers, too, find it where it is now
        for kind, point in [
            ("touchStart", (-2, 2)),
            ("touchMove", (1, -1)),
            ("touchMove", (1.5, -2)),
        ]:
            x, y = walker.pixels(*point)
            points = [{"x": x, "y": y}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        walker.settles()
        assert walker.place == pytest.approx((1.5, -2), abs=0.05)
        assert walker.reads == "0"

    def test_two_fingers_zoom_in_where_they_are(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        client = walker.page.context.new_cdp_session(walker.page)
        walker.plane.scroll_into_view_if_needed()
        walker.page.wait_for_timeout(300)  # until fingers, too, find it where it is now
        x, y = walker.pixels(-1, 3)
        for kind, apart in [("touchStart", 20), ("touchMove", 40), ("touchMove", 80)]:
            points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        # Four times as large, and the middle between the fingers stays where it was.
        points = [{"x": x + 80, "y": y}]
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        walker.settles()
        width = walker.plane.bounding_box()["width"]
        assert walker.place == pytest.approx((-1 + 80 / width * 2 * HALF / 4, 3), abs=0.05)

    def test_arrow_keys(self, walk):
        walker = walk()
        walker.points_at(0.5, 0.5)
        walker.plane.focus()
        before = np.array(walker.place)
        for key in ["ArrowRight", "ArrowRight", "ArrowUp"]:
            walker.page.keyboard.press(key)
        walker.settles()
        assert walker.place == pytest.approx(before + np.array([2, 1]) * 2 * HALF / 60, abs=0.02)

    def test_the_plane_follows_the_arrow_keys_over_its_edge(self, walk):
        walker = walk()
        walker.points_at(3.8, 0)
        walker.plane.focus()
        for _ in range(5):
            walker.page.keyboard.press("Shift+ArrowRight")
        walker.settles()
        assert walker.place[0] > HALF + 1
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
        walker.points_at(-1, -1)
        assert np.hypot(*(np.array(walker.place) - 1)) < 1
        walker.page.keyboard.press("0")
        walker.points_at(-1, -1)
        assert walker.place == pytest.approx((-1, -1), abs=0.02)

    def test_a_drag_moves_the_plane(self, walk):
        walker = walk()
        mouse = walker.page.mouse
        mouse.move(*walker.pixels(0, 0))
        mouse.down()
        mouse.move(*walker.pixels(1, 0.5), steps=5)
        mouse.up()
        walker.points_at(0, 0)
        assert walker.place == pytest.approx((-1, -0.5), abs=0.03)

    def test_the_page_scrolls_past_a_plane_that_nobody_clicked(self, walk):
        walker = walk()
        walker.points_at(0, 0)
        walker.page.mouse.wheel(0, 200)
        walker.page.wait_for_function("scrollY > 50")
        walker.page.evaluate("scrollTo(0, 0)")
        walker.page.mouse.click(*walker.pixels(0, 0))
        walker.page.mouse.wheel(0, -400)
        walker.points_at(2, 2)
        assert max(walker.place) < 1.5
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
            before = walker.card.locator(".where").inner_text()
            walker.page.get_by_role("button", name="Imagine one").click()
            walker.answers(before)
            places.add(walker.place)
        assert len(places) == 4


COLOR_AT = """(canvas, [x, y]) => Array.from(canvas.getContext("2d").getImageData(
  x * canvas.width, y * canvas.height, 1, 1).data)"""


class TestLayers:
    def color(self, walker, x, y):
        share = [(x + HALF) / (2 * HALF), (HALF - y) / (2 * HALF)]
        return walker.plane.locator("canvas").evaluate(COLOR_AT, share)

    def test_regions_have_the_colour_of_the_class_that_is_read(self, walk):
        walker = walk()
        walker.page.get_by_role("button", name="Real digits").click()
        walker.page.wait_for_timeout(500)
        canvas = walker.plane.locator("canvas")
        canvas.evaluate("canvas => new Promise(requestAnimationFrame)")
        for _ in range(100):
            if self.color(walker, 2.5, -2.5)[3]:
                break
            walker.page.wait_for_timeout(100)
        for point in [(2.5, -2.5), (2.0, 2.5), (-2.5, 1.5)]:
            picture = shared_vae().decoder(np.array([point], np.float32))
            label = shared_network()(picture).argmax()
            expected = [int(CLASS_COLORS[label][k : k + 2], 16) for k in (1, 3, 5)]
            assert self.color(walker, *point)[:3] == pytest.approx(expected, abs=4)

    @pytest.mark.parametrize("layer", ["Regions", "Real digits", "Pictures"])
    def test_each_can_be_shown_and_hidden(self, walk, layer):
        walker = walk()
        for name in ["Regions", "Real digits"]:
            walker.page.get_by_role("button", name=name).click()
        ink = """canvas => { const data = canvas.getContext("2d").getImageData(
          0, 0, canvas.width, canvas.height).data; let ink = 0
          for (let i = 3; i < data.length; i += 4) ink += data[i] > 0; return ink }"""
        canvas = walker.plane.locator("canvas")
        walker.page.wait_for_timeout(200)
        bare = canvas.evaluate(ink)
        button = walker.page.get_by_role("button", name=layer)
        assert button.get_attribute("aria-pressed") == "false"
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        for _ in range(100):
            if canvas.evaluate(ink) > 2 * bare:
                break
            walker.page.wait_for_timeout(100)
        else:
            pytest.fail(f"{layer} did not appear")


class TestPath:
    def card(self, walker):
        return walker.page.get_by_role("region", name="In between")

    def test_it_goes_from_class_to_class(self, walk):
        walker = walk()
        card = self.card(walker)
        card.get_by_label("From").select_option("1")
        card.get_by_label("To").select_option("6")
        walker.page.wait_for_timeout(500)
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        expected = shared_vae().decoder(np.stack([modes[1], modes[6]]))
        frames = card.locator(".film canvas")
        assert read_ink(frames.first) == pytest.approx(expected[0], abs=0.01)
        assert read_ink(frames.last) == pytest.approx(expected[1], abs=0.01)

    def test_its_ends_can_be_dragged(self, walk):
        walker = walk()
        handle = walker.page.get_by_role("button", name="Start of the path")
        handle.hover()
        walker.page.mouse.down()
        walker.page.mouse.move(*walker.pixels(2.5, -2), steps=6)
        walker.page.mouse.up()
        walker.page.wait_for_timeout(500)
        expected = shared_vae().decoder(np.array([[2.5, -2]], np.float32))[0]
        card = self.card(walker)
        assert read_ink(card.locator("canvas").first) == pytest.approx(expected, abs=0.05)
        assert card.get_by_label("From").input_value() == ""

    def test_keys_put_its_ends_where_the_pointer_is(self, walk):
        walker = walk()
        walker.plane.focus()
        for key, point in [("a", (2.5, -2)), ("b", (-2, -2))]:
            walker.points_at(*point)
            walker.page.keyboard.press(key)
        walker.page.wait_for_timeout(500)
        expected = shared_vae().decoder(np.array([[2.5, -2], [-2, -2]], np.float32))
        frames = self.card(walker).locator(".film canvas")
        assert read_ink(frames.first) == pytest.approx(expected[0], abs=0.05)
        assert read_ink(frames.last) == pytest.approx(expected[1], abs=0.05)

    def test_nothing_plays_while_it_is_out_of_sight(self, walk):
        walker = walk()
        self.card(walker).get_by_role("button", name="Play").click()
        walker.page.get_by_role("link", name="Draw").click()
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
        assert handle.bounding_box()["x"] == pytest.approx(before["x"] - width / 20, abs=2)

    def test_it_plays_and_pauses(self, walk):
        walker = walk()
        card = self.card(walker)
        card.get_by_role("button", name="Play").click()
        places = []
        for _ in range(4):
            walker.page.wait_for_timeout(300)
            places.append(walker.place)
        assert len(set(places)) == 4
        card.get_by_role("button", name="Pause").click()
        walker.settles()
        resting = walker.place
        walker.page.wait_for_timeout(400)
        assert walker.place == resting

    def test_the_slider_goes_along_it(self, walk):
        walker = walk()
        slider = self.card(walker).get_by_role("slider", name="Along the path")
        slider.focus()
        walker.page.keyboard.press("End")
        walker.settles()
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        assert walker.place == pytest.approx(modes[9], abs=0.01)
        assert slider.get_attribute("aria-valuetext") == "100% of the way"

    def test_it_is_saved_as_a_film(self, walk):
        walker = walk()
        with walker.page.expect_download() as download:
            self.card(walker).get_by_role("button", name="Save as GIF").click()
        assert download.value.suggested_filename == "from-0-to-9.gif"
        with Image.open(download.value.path()) as film:
            assert film.format == "GIF"
            assert film.n_frames > 20


class TestDrawing:
    def test_it_lands_where_the_encoder_puts_it(self, walk):
        walker = walk()
        walker.visitor.draw(ZERO)
        mark = walker.page.locator(".you")
        walker.page.locator(".you b").wait_for()
        walker.page.wait_for_timeout(300)
        box = walker.visitor.canvas.bounding_box()
        # As the page has it: the pen moves in steps from one point to the next.
        stroke = [np.array(ZERO[:1])]
        for start, end in itertools.pairwise(ZERO):
            stroke.append(np.linspace(start, end, 5)[1:])
        strokes = [np.round(np.concatenate(stroke) * box["width"]) / box["width"]]
        mean = mv.encode(shared_vae(), mv.normalize_strokes(strokes)).mean
        place = mark.evaluate(
            "node => [node.getBoundingClientRect().x, node.getBoundingClientRect().y]"
        )
        assert place == pytest.approx(walker.pixels(*mean), abs=12)

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
            walker.page.wait_for_timeout(200)
            places.add(walker.page.locator(".you").get_attribute("style"))
        mouse.up()
        assert len(places) == len(rest)

    def test_find_it_zooms_in_until_its_spread_is_seen(self, walk):
        walker = walk()
        walker.visitor.draw(THREE)
        walker.page.get_by_role("button", name="Find it").click()
        walker.page.wait_for_timeout(300)
        ellipses = walker.page.locator("ellipse.spread")
        widths = [ellipses.nth(k).bounding_box()["width"] for k in (0, 1)]
        assert 30 < widths[0] < walker.plane.bounding_box()["width"]
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)

    def test_cleared_it_is_gone(self, walk):
        walker = walk()
        walker.visitor.draw(THREE)
        mark = walker.page.locator(".you b")
        mark.wait_for()
        walker.visitor.button("Clear").click()
        mark.wait_for(state="hidden")


class TestLook:
    @pytest.mark.parametrize("width", [390, 1440])
    def test_names_and_handles_are_where_their_points_are(self, walk, width):
        walker = walk(viewport={"width": width, "height": 900})
        walker.page.wait_for_timeout(300)
        modes = mv.class_modes((codes := mv.load_test_codes()), codes.labels)
        middle = """node => { const box = node.getBoundingClientRect()
          return [box.x + box.width / 2, box.y + box.height / 2] }"""
        for name, mode in (("start", modes[0]), ("end", modes[9])):
            handle = walker.page.get_by_role("button", name=f"{name} of the path")
            assert handle.evaluate(middle) == pytest.approx(walker.pixels(*mode), abs=2)
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
        walker.page.wait_for_timeout(300)
        before = cards.evaluate_all(places)
        assert len(before) == 5
        assert walker.page.evaluate("document.documentElement.scrollWidth") <= width
        walker.visitor.draw(THREE)
        walker.page.locator(".you b").wait_for()
        walker.page.get_by_role("button", name="Imagine one").click()
        walker.settles()
        assert cards.evaluate_all(places) == before

    def test_on_a_phone_the_sketchpad_stays_in_sight(self, walk):
        walker = walk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        walker.page.evaluate("scrollTo(0, 700)")
        walker.page.wait_for_timeout(200)
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
