"""The page without a server: its numbers against Keras and NumPy, and what a person sees of it."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.in_browser.bundle import bundle
from mnist_visual.in_browser.networks import carried_classifier, carried_vae
from mnist_visual.in_browser.page import MODULES, export_page
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.outliers import _random_drawing
from tests.drawings import THREE
from tests.waiting import until

from .test_accessibility import PHONE, violations
from .visitor import Visitor, painted

CORE = """
import { regionsOf } from "./class_regions.js";
import { DigitAutoencoder } from "./digit_autoencoder.js";
import { DigitNetwork } from "./digit_network.js";
import { film } from "./film.js";
import { pathCodes } from "./latent_paths.js";
import { traceUnit } from "./network_answers.js";
import { layersOf, take, unpack } from "./packed_numbers.js";
import { shaped } from "./shown_numbers.js";
import { strokeSteps } from "./stroke_normalization.js";

const asText = (arrays) => btoa(arrays.map((array) => {
  const bytes = new Uint8Array(Float32Array.from(array).buffer)
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
}).join(""))

const cut = (values, size) => Array.from({ length: values.length / size }, (_, i) =>
  Float32Array.from(values.slice(i * size, (i + 1) * size)))

async function networks(carried) {
  const network = new DigitNetwork(layersOf(take(carried.classifier)))
  const arrays = Object.entries(await unpack(carried.autoencoder))
  const own = (part) => arrays.filter(([name]) => name.startsWith(part))
  const [encoder, decoder] = ["encoder.", "decoder."].map((part) => layersOf(Object.fromEntries(
    own(part).map(([name, array]) => [name.slice(8), array]))))
  return [network, new DigitAutoencoder(encoder, decoder)]
}

window.core = {
  normalize(drawings) {
    const steps = drawings.map(strokeSteps)
    return ["fitted", "digit", "shift"].map((name) => asText(steps.map((each) => each[name])))
  },
  async read(carried, bytes) {
    const [network] = await networks(carried)
    const maps = cut(bytes, 784).map((digit) => network.maps(digit.map((value) => value / 255)))
    const names = ["conv1", "pool1", "conv2", "pool2", "dense", "probabilities"]
    const first = names.map((name) => [name, asText([maps[0][name].values])])
    const probabilities = asText(maps.map((each) => each.probabilities.values))
    return [asText(maps.map(({ logits }) => logits)), probabilities, first]
  },
  async trace(carried, bytes, units) {
    const [network] = await networks(carried)
    const maps = network.maps(Float32Array.from(bytes, (value) => value / 255))
    const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)
    return units.map(([layer, unit]) => Object.fromEntries(Object.entries(
      traceUnit(network, maps, layer, unit)).map(([key, value]) => [key, plain(value)])))
  },
  async autoencode(carried, codes, bytes) {
    const [, vae] = await networks(carried)
    const found = cut(bytes, 784).map((digit) => vae.encode(digit.map((value) => value / 255)))
    const [means, sigmas] = ["mean", "sigma"].map((name) => asText(found.map((each) => each[name])))
    return [asText(codes.map((code) => vae.decode(code))), means, sigmas]
  },
  async regions(carried, extent) {
    const [network, vae] = await networks(carried)
    const drafts = []
    const read = (point) => network.read(vae.decode(point))
    const { side, layers } = await regionsOf(read, extent, (draft) => drafts.push(draft.side))
    return [side, asText([layers]), drafts]
  },
  path: (start, end, method) => pathCodes(start, end, method, 9),
  film: (bytes, count) => Array.from(film(shaped(Uint8Array.from(bytes), [count, 28, 28]))),
}
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_page(tmp_path_factory.mktemp("exported") / "page.html")


@pytest.fixture(scope="module")
def carried(exported):
    """What the page carries, as its own script reads it."""
    html = exported.read_text(encoding="utf-8")
    found = re.findall(
        r'<script type="application/json" id="(\w+)">(.*?)</script>', html, re.DOTALL
    )
    return {name: json.loads(text) for name, text in found}


@pytest.fixture(scope="module")
def core(chromium, tmp_path_factory):
    """The page's own modules for normalisation and networks, in the browser."""
    folder = tmp_path_factory.mktemp("core")
    (folder / "core.js").write_text(CORE)
    page = chromium.new_page()
    page.add_script_tag(content=bundle("core.js", [folder, *MODULES]))
    yield lambda name, *values: page.evaluate(
        "([name, values]) => window.core[name](...values)", [name, values]
    )
    page.close()


@pytest.fixture
def open_page(chromium, exported):
    """Open the page from a disk without a network; nobody may complain or ask for anything."""
    visitors = []

    def open_it(fragment="", **options):
        visitor = Visitor(chromium.new_context(offline=True, **options).new_page())
        visitors.append(visitor)
        visitor.page.goto(exported.as_uri() + fragment)
        visitor.canvas.wait_for()
        return visitor

    yield open_it
    for visitor in visitors:
        visitor.page.context.close()
        assert visitor.complaints == []
        assert {url.partition("#")[0] for url in visitor.requests} == {exported.as_uri()}


def numbers(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(shape)


def rounded_in_keras():
    """Build the classifier up to its scores in Keras, of the weights that the page carries."""
    model = mv.build_classifier()
    for name, layer in carried_classifier(shared_network()).items():
        kernel = layer.affine.matrix.T.reshape(model.get_layer(name).kernel.shape)
        model.get_layer(name).set_weights([kernel, layer.bias])
    model.layers[-1].activation = keras.activations.linear
    return keras.Sequential(model.layers)


def drawings(n):
    """Draw letters, signs, scribbles and threes by many hands, in sides of the sketchpad."""
    rng = np.random.default_rng(3)
    some = [_random_drawing(rng) for _ in range(n - 4)]
    some += [[THREE], [THREE[:1]], [THREE[:5], THREE[5:]], [np.repeat([[0.5, 0.2]], 3, axis=0)]]
    return [[np.asarray(line, np.float32) for line in drawing] for drawing in some]


class TestNumbers:
    def test_a_thousand_drawings_are_normalized_as_python_does(self, core):
        drawn = drawings(1000)
        flat = [[line.ravel().tolist() for line in drawing] for drawing in drawn]
        fitted, digits, shifts = core("normalize", flat)
        steps = [mv.stroke_steps(drawing) for drawing in drawn]
        for text, name in ((fitted, "fitted"), (digits, "digit")):
            expected = np.stack([getattr(each, name) for each in steps])
            np.testing.assert_allclose(numbers(text, 1000, 28, 28), expected, atol=1e-3)
        moves = [each.shift for each in steps]
        np.testing.assert_allclose(numbers(shifts, 1000, 2), moves, atol=1e-3)

    def test_a_thousand_digits_are_read_as_keras_and_numpy_do(
        self, core, carried, trained, test_digits
    ):
        images = test_digits[0][:1000]
        logits, probabilities, first = core("read", carried, images.ravel().tolist())
        pictures = (images / 255).astype(np.float32)
        for expected in (trained.predict(pictures, verbose=0), shared_network()(pictures)):
            np.testing.assert_allclose(numbers(probabilities, 1000, 10), expected, atol=1e-3)
        same = rounded_in_keras()
        scores = same.predict(pictures, verbose=0)
        np.testing.assert_allclose(numbers(logits, 1000, 10), scores, atol=1e-3)
        for (name, values), (other, maps) in zip(
            first, shared_network().feature_maps(pictures[0]).items(), strict=True
        ):
            assert name == other
            np.testing.assert_allclose(numbers(values, *maps.shape), maps, atol=1e-3)

    def test_it_decodes_and_encodes_as_the_networks_it_carries(
        self, core, carried, test_digits, trained_vae
    ):
        codes = mv.load_test_codes().mean
        rounded = carried_vae(shared_vae(), codes).vae
        images = test_digits[0][:100]
        points = codes[:100]
        pictures, means, sigmas = core(
            "autoencode", carried, points.tolist(), images.ravel().tolist()
        )
        pictures = numbers(pictures, 100, 28, 28)
        np.testing.assert_allclose(pictures, rounded.decoder(points), atol=1e-3)
        np.testing.assert_allclose(pictures, mv.decode(trained_vae, points), atol=1 / 255)
        mean, log_var = rounded.encoder(images / 255)
        np.testing.assert_allclose(numbers(means, 100, 2), mean, atol=1e-3)
        np.testing.assert_allclose(numbers(sigmas, 100, 2), np.exp(log_var / 2), atol=1e-3)

    def test_the_numbers_behind_a_value_are_those_of_python(self, core, carried, test_digits):
        picture = test_digits[0][7]
        units = [["image", [9, 14]], ["conv1", [12, 12, 3]], ["pool1", [6, 5, 2]]]
        units += [["conv2", [5, 6, 9]], ["pool2", [2, 2, 4]], ["dense", [40]]]
        units += [["probabilities", [3]]]
        traces = core("trace", carried, picture.ravel().tolist(), units)
        computation = shared_network().computation(picture / 255)
        for (layer, unit), trace in zip(units, traces, strict=True):
            expected = computation.trace(layer, tuple(unit))
            assert (trace["what"], tuple(trace["shape"])) == (expected.kind, expected.inputs.shape)
            np.testing.assert_allclose(trace["inputs"], expected.inputs.ravel(), atol=1e-3)
            assert trace["value"] == pytest.approx(expected.value, abs=1e-3)
            if trace["products"] is not None:
                np.testing.assert_allclose(trace["products"], expected.products.ravel(), atol=1e-3)
                assert trace["before"] == pytest.approx(expected.before, abs=1e-3)

    def test_regions_are_those_of_every_point_evaluated(self, core, carried):
        extent = [-4.0, 4.0, -4.0, 4.0]
        side, layers, drafts = core("regions", carried, extent)
        labels, confidence = numbers(layers, 2, side, side)
        assert drafts == [side] * 3  # there is something to see at once
        rows, columns = np.random.default_rng(2).integers(0, side, (2, 2000))
        points = np.stack([-4 + 8 * (columns + 0.5) / side, 4 - 8 * (rows + 0.5) / side], axis=1)
        expected = mv.classify_codes(shared_vae(), shared_network(), points)
        assert (labels[rows, columns] == expected.argmax(axis=1)).mean() > 0.99
        away = abs(confidence[rows, columns] / 255 - expected.max(axis=1))
        assert np.median(away) < 0.01
        assert np.quantile(away, 0.99) < 0.08

    @pytest.mark.parametrize("method", ["linear", "spherical"])
    @pytest.mark.parametrize("end", [[-2.0, 1.0], [3.0, 0.0], [-0.5, -0.25], [0.0, 0.0]])
    def test_paths_go_as_in_python(self, core, method, end):
        start = [1.0, 0.5]
        expected = mv.interpolate(shared_vae(), start, end, steps=9, method=method).codes
        np.testing.assert_allclose(core("path", start, end, method), expected, atol=1e-5)

    def test_a_film_is_a_gif_that_runs_there_and_back(self, core, test_digits):
        images = test_digits[0][:4]
        film = Image.open(io.BytesIO(bytes(core("film", images.ravel().tolist(), 4))))
        assert (film.n_frames, film.size) == (6, (224, 224))
        film.seek(4)  # on the way back
        shown = 255 - np.asarray(film.convert("L"), int)[4::8, 4::8]
        assert abs(shown - images[2].astype(int)).max() <= 9  # sixteen shades


class TestPage:
    def test_a_drawing_is_read_as_python_reads_it(self, open_page):
        visitor = open_page()
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        visitor.draw(THREE)
        visitor.reads(3)
        share = visitor.page.get_by_role("region", name="It reads a 3").locator(".best .share")
        box = visitor.canvas.bounding_box()
        points = np.array(visitor.points(THREE))
        line = (points - [box["x"], box["y"]]) / [box["width"], box["height"]]
        steps = np.linspace(line[:-1], line[1:], 5)[1:].swapaxes(0, 1).reshape(-1, 2)
        picture = mv.normalize_strokes([np.concatenate([line[:1], steps])])
        expected = 100 * float(shared_network()(picture[None])[0].max())
        assert abs(float(share.inner_text().strip("%>")) - expected) <= 1

    def test_a_scribble_is_no_digit_and_a_cleared_pad_claims_nothing(self, open_page):
        visitor = open_page()
        visitor.draw([(0.1 + 0.08 * i, 0.15 if i % 2 else 0.85) for i in range(11)])
        visitor.page.get_by_role("heading", name="Not a digit").wait_for()
        visitor.button("Clear").click()
        visitor.page.get_by_text("Waiting for a digit").wait_for()

    def test_it_is_drawn_and_read_by_keyboard_alone(self, open_page):
        visitor = open_page()
        visitor.canvas.focus()
        for key in ["ArrowUp"] * 10 + [" "] + ["ArrowDown"] * 20 + [" "]:
            visitor.page.keyboard.press(key)
        visitor.reads(1)

    def test_it_imagines_a_digit_reads_that_and_keeps_it_over_a_reload(self, open_page):
        visitor = open_page()
        visitor.button("Imagine a digit").click()
        heading = visitor.page.get_by_role("heading", name=re.compile("It reads|Not a digit"))
        read = heading.inner_text()
        ink = visitor.ink()
        assert ink > 0.02
        visitor.page.reload()
        expect(heading).to_have_text(read)
        assert visitor.ink() == pytest.approx(ink, abs=0.001)

    @pytest.mark.parametrize(
        ("page", "ready"),
        {
            "draw": ".best .share",
            "network": ".trace .computation .sum",
            "latent": ".you b",
            "learn": ".contents a",
        }.items(),
    )
    def test_axe_finds_no_violation_light_or_dark_or_on_a_phone(self, open_page, page, ready):
        visitor = open_page(f"#page={page}", reduced_motion="reduce")
        visitor.draw(THREE)
        visitor.page.locator(ready).first.wait_for()
        light = violations(visitor.page)
        visitor.page.emulate_media(color_scheme="dark")
        dark = violations(visitor.page)
        visitor.page.set_viewport_size(PHONE)
        painted(visitor.page)  # formulas measure themselves
        assert (light, dark, violations(visitor.page)) == ([], [], [])

    def test_the_plane_shows_what_the_decoder_draws_at_the_pointer(self, open_page):
        visitor = open_page("#page=latent")
        visitor.draw(THREE)
        visitor.page.locator(".you b").wait_for()
        card = visitor.page.get_by_role("region", name="At the pointer")
        area = visitor.page.get_by_role("application", name="Latent plane")
        box = area.bounding_box()
        card.get_by_text("% sure").wait_for()
        before = card.locator(".where").inner_text()
        visitor.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"])
        expect(card.locator(".where")).not_to_have_text(before)
        where = re.findall(r"[−\d.]+", card.locator(".where").inner_text())
        code = [float(number.replace("−", "-")) for number in where]
        read = shared_network()(shared_vae().decoder([code]))[0]
        assert card.locator(".reading").inner_text() == str(read.argmax())
        area.press("ArrowRight")

        def moved():
            found = re.search(r"[−\d.]+", card.locator(".where").inner_text())[0]
            return float(found.replace("−", "-")) > code[0]

        until(moved)

    @pytest.mark.parametrize("fragment", ["#page=constructor", "#page=<b>&lesson=__proto__", "#%"])
    def test_an_address_of_no_page_leads_to_the_first(self, open_page, fragment):
        visitor = open_page(fragment)
        visitor.page.get_by_text("Waiting for a digit").wait_for()

    @pytest.mark.parametrize(("theme", "offered"), [("dark", "Light"), ("light", "Dark")])
    def test_in_a_frame_it_has_the_frames_theme_and_needs_scripts_alone(
        self, chromium, exported, tmp_path, theme, offered
    ):
        frame = f'sandbox="allow-scripts" style="color-scheme: {theme}"'
        (tmp_path / "host.html").write_text(f'<iframe {frame} src="{exported.as_uri()}"></iframe>')
        visitor = Visitor(chromium.new_page(color_scheme="null"))  # or Playwright chooses
        visitor.page.goto((tmp_path / "host.html").as_uri())
        within = visitor.page.frame_locator("iframe")
        within.get_by_role("button", name=f"{offered} theme").wait_for()
        within.get_by_role("button", name="Imagine a digit").click()
        within.get_by_role("heading", name=re.compile("It reads a|Not a digit")).wait_for()
        visitor.page.close()
        assert visitor.complaints == []

    def test_lessons_are_read_with_their_formulas_and_their_links(self, open_page):
        visitor = open_page("#page=learn&lesson=vae", viewport={"width": 360, "height": 740})
        visitor.page.get_by_role("heading", name="A network that imagines").wait_for()
        visitor.page.locator("math").first.wait_for()
        visitor.page.get_by_role("link", name=re.compile("^Next")).click()
        visitor.page.wait_for_url(re.compile("lesson=latent-space"))
        visitor.page.get_by_role("link", name="Draw", exact=True).click()
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        assert "page=draw" in visitor.page.url
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360

    def test_the_whole_network_is_there_and_its_values_can_be_followed(self, open_page):
        visitor = open_page("#page=network")
        visitor.draw(THREE)
        visitor.page.get_by_text("probabilities, 3", exact=True).wait_for()
        visitor.page.get_by_role("button", name=re.compile("^dense, unit")).first.click()
        visitor.page.get_by_text(re.compile("^dense, unit")).first.wait_for()
