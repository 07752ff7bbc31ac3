"""A training as a person sees it: started, watched, played back, and its mistakes drawn."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from mnist_visual.components import Sketchpad
from mnist_visual.components._training_snapshots import half_side, weights_file
from mnist_visual.live_training.records import Settings
from mnist_visual.live_training.snapshots import network_of
from mnist_visual.palette import CLASS_COLORS
from tests.drawings import THREE
from tests.training_fakes import snapshot_at, validation
from tests.waiting import becomes, until

from .visitor import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    log = tmp_path_factory.mktemp("monitor") / "stderr.txt"
    with served(["tests.browser.monitor_page", "0"], log) as url:
        yield f"{url}/?page=train"


class Trainer:
    """A person who trains a network."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.slider = self.page.get_by_role("slider", name="Epoch in sight")
        self.matrix = self.page.get_by_role("region", name="What it mixes up")

    def choose(self, name, option):
        self.page.get_by_label(re.compile(name)).select_option(label=option)

    def press(self, name):
        self.visitor.button(name).click()

    def waits_for(self, text):
        self.page.get_by_text(text).first.wait_for()

    def loads(self, content):
        file = {"name": "file.h5", "mimeType": "application/x-hdf5", "buffer": content}
        self.page.locator(".keep input[type=file]").set_input_files(file)

    def looks_at(self, epoch):
        self.slider.fill(str(epoch))
        self.waits_for(re.compile(f"^Epoch {epoch}, "))

    def counts(self):
        """The confusion matrix as it stands on the page."""
        texts = self.matrix.locator(".cell").all_inner_texts()
        return np.array([int(text or 0) for text in texts]).reshape(-1, 10)

    def bars(self):
        """The probabilities of the classes, as long as the page draws them."""
        return self.page.locator(".reading .fill").evaluate_all(
            "all => all.map(each => new DOMMatrix(getComputedStyle(each).transform).a)"
        )

    def waits_for_bars(self, probabilities):
        becomes(self.bars, pytest.approx(probabilities, abs=0.002))

    def waits_for_counts(self, counts):
        self.matrix.get_by_text(f"{500 - counts.trace()} of 500 misread").wait_for()
        becomes(lambda: self.counts().tolist(), counts.tolist())


@pytest.fixture
def train(visit, address):
    def open_monitor(address=address, **context):
        trainer = Trainer(visit(address, **context))
        trainer.visitor.button("Start").wait_for()
        trainer.choose("epochs", "3")
        return trainer

    return open_monitor


def confusion(epoch):
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (validation()[1], snapshot_at("classifier", epoch).predictions), 1)
    return counts


def probabilities(epoch):
    """What the network of an epoch makes of the three that is drawn."""
    digit = Sketchpad(strokes=[THREE]).steps.digit
    return network_of(snapshot_at("classifier", epoch))(digit[None])[0]


class TestClassifier:
    def test_it_is_trained_and_every_epoch_can_be_seen_again(self, train):
        trainer = train()
        trainer.visitor.draw(THREE)
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        accuracy = snapshot_at("classifier", 3).logs["val_accuracy"]
        trainer.waits_for(f"Epoch 3, {100 * accuracy:.1f}% right")
        trainer.waits_for_counts(confusion(3))
        trainer.waits_for_bars(probabilities(3))
        trainer.looks_at(1)
        trainer.waits_for_counts(confusion(1))
        trainer.waits_for_bars(probabilities(1))
        trainer.press("Replay")
        trainer.waits_for(f"Epoch 3, {100 * accuracy:.1f}% right")
        trainer.waits_for_counts(confusion(3))
        trainer.waits_for_bars(probabilities(3))

    def test_a_misread_picture_goes_to_the_sketchpad(self, train):
        trainer = train()
        trainer.press("One epoch")
        trainer.waits_for("Paused after epoch 1 of 3")
        counts = confusion(1) - np.diag(np.diag(confusion(1)))
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        cell = trainer.matrix.get_by_role("button", name=f"{row} read as {column}:")
        cell.click()
        trainer.waits_for(f"{row} read as {column}: {counts.max()} times")
        shots = trainer.matrix.get_by_role("button", name="on the sketchpad")
        becomes(shots.count, min(24, counts.max()))
        assert trainer.visitor.ink() == 0
        shots.first.click()
        trainer.page.locator(".reading .best").wait_for()
        until(lambda: trainer.visitor.ink() > 0.02)

    def test_on_a_phone_misread_pictures_come_into_sight(self, train):
        trainer = train(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
        trainer.press("One epoch")
        trainer.waits_for("Paused after epoch 1 of 3")
        trainer.matrix.get_by_role("button", name="9 read as 4:").click()
        shot = trainer.matrix.get_by_role("button", name="on the sketchpad").last
        is_on_top = (
            "each => { const { x, y } = each.getBoundingClientRect();"
            " return each.contains(each.getRootNode().elementFromPoint(x + 20, y + 20)) }"
        )
        until(lambda: shot.evaluate(is_on_top))

    def test_no_epoch_is_written_where_a_value_of_its_curve_stands(self, train):
        trainer = train()
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        trainer.waits_for(re.compile("^Epoch 3, "))
        marks = trainer.page.locator(".plot .strong")
        loss = snapshot_at("classifier", 3).logs["val_loss"]
        becomes(lambda: float(marks.first.text_content() or "nan"), pytest.approx(loss, rel=0.01))
        trainer.slider.fill("0")
        trainer.waits_for("Before it has learned")
        becomes(marks.all_text_contents, ["", ""])

    def test_pause_and_the_queue_on_a_phone(self, train, address):
        trainer = train(f"{address}&place=2&takes=0.3", viewport={"width": 360, "height": 740})
        trainer.press("Start")
        trainer.waits_for("2 others first.")
        trainer.waits_for("1 other first.")
        trainer.waits_for(re.compile("^Epoch 1 of 3, "))
        trainer.press("Pause")
        trainer.waits_for(re.compile("^Paused in epoch 1 of 3"))
        trainer.press("Stop")
        trainer.waits_for(re.compile("^Stopped"))
        for name in ["New run", "Same again"]:  # nothing seems to go on with the one that ended
            until(trainer.visitor.button(name).is_enabled)
        assert trainer.page.evaluate("document.documentElement.scrollWidth") == 360

    def test_nothing_covers_the_buttons_of_a_phone_before_the_first_epoch(self, train):
        trainer = train(viewport={"width": 360, "height": 740})
        start = trainer.visitor.button("Start")
        start.scroll_into_view_if_needed()
        assert start.evaluate(
            "each => { const { x, y } = each.getBoundingClientRect();"
            " return each.getRootNode().elementFromPoint(x + 20, y + 20) === each }"
        )
        assert not trainer.slider.is_visible()
        trainer.press("One epoch")
        trainer.waits_for("Paused after epoch 1 of 3")
        trainer.slider.wait_for()

    def test_the_curves_are_as_wide_as_their_card(self, train):
        trainer = train()
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        trainer.waits_for(re.compile("^Epoch 3, "))
        plot = trainer.page.locator(".plot").first
        line = plot.locator(".line.validation").bounding_box()
        grid, whole = plot.locator(".grid").first.bounding_box(), plot.bounding_box()
        assert grid["width"] > 0.85 * whole["width"]
        assert line["x"] + line["width"] == pytest.approx(grid["x"] + grid["width"], abs=3)
        value = plot.locator(".strong").bounding_box()
        assert value["x"] + value["width"] <= whole["x"] + whole["width"]
        shown = trainer.page.locator(".lines").first.inner_text()
        logs = snapshot_at("classifier", 3).logs
        for name, value in [("training", logs["loss"]), ("validation", logs["val_loss"])]:
            assert float(re.search(f"{name} ([0-9.]+)", shown)[1]) == pytest.approx(value, rel=0.01)

    def test_the_numbers_above_the_curves_are_of_the_epoch_in_sight(self, train):
        trainer = train()
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        trainer.waits_for(re.compile("^Epoch 3, "))
        trainer.looks_at(1)
        numbers = trainer.page.locator(".lines").first.locator("b")
        logs = snapshot_at("classifier", 1).logs
        expected = pytest.approx([logs["loss"], logs["val_loss"]], rel=0.01)
        becomes(lambda: [float(text) for text in numbers.all_inner_texts()], expected)
        trainer.slider.fill("0")
        trainer.waits_for("Before it has learned")
        becomes(numbers.count, 0)

    def test_every_epoch_has_its_number_below_the_curve(self, train):
        trainer = train()
        trainer.choose("epochs", "10")
        ticks = trainer.page.locator(".plot").first.locator(".tick.middle")
        trainer.press("One epoch")
        trainer.waits_for("Paused after epoch 1 of 10")
        expected = [str(epoch) for epoch in range(11)]
        becomes(lambda: [*filter(str.isdigit, ticks.all_text_contents())], expected)

    def test_the_seconds_pass_while_it_is_made_ready(self, train, address):
        trainer = train(f"{address}&starting=6")
        trainer.press("Start")
        trainer.waits_for(
            re.compile(r"^Preparing the training … [2-5] s\. A network of a new shape")
        )
        trainer.waits_for("Done, 3 epochs.")

    def test_the_keyboard_alone_will_do(self, train):
        trainer = train()
        trainer.visitor.button("One epoch").focus()
        trainer.page.keyboard.press("Enter")
        trainer.waits_for("Paused after epoch 1 of 3")
        expect(trainer.page.locator("button:focus")).to_have_text("Go on")
        trainer.waits_for_counts(confusion(1))  # which are made anew for each network
        trainer.matrix.locator("[tabindex='0']").focus()
        for key in ["ArrowDown", "ArrowRight", "Enter"]:  # past the diagonal: 0 1 -> 2 1 -> 2 3
            trainer.page.keyboard.press(key)
        trainer.waits_for(re.compile("^2 read as 3: "))
        trainer.slider.focus()
        trainer.page.keyboard.press("ArrowLeft")
        trainer.waits_for("Before it has learned")

    def test_the_weights_are_used_and_downloaded(self, train):
        trainer = train()
        trainer.press("One epoch")
        trainer.waits_for("The network of epoch 1")
        trainer.press("Use this network")
        trainer.waits_for("the other pages use this one")
        with trainer.page.expect_download() as download:
            trainer.press("Download the weights")
        assert download.value.suggested_filename == "classifier-1.h5"
        assert Path(download.value.path()).read_bytes() == b"weights"
        trainer.press("Use the shipped one")
        trainer.waits_for("the other pages use the shipped one")

    def test_what_was_wrong_with_a_file_is_not_said_of_the_network_that_is_used_next(self, train):
        trainer = train()
        trainer.loads(b"no weights")
        told = trainer.page.locator(".keep").get_by_role("status")
        expect(told).to_have_text(re.compile("damaged, or of another network"))
        trainer.press("One epoch")
        trainer.press("Use this network")
        trainer.waits_for("the other pages use this one")
        expect(told).to_have_text("")

    def test_where_none_was_trained_a_file_is_the_one_that_is_used(self, train):
        trainer = train()
        trainer.loads(weights_file(snapshot_at("classifier", 1), Settings())[0])
        trainer.waits_for("The network of this file is in use on the other pages now.")
        expect(trainer.page.locator(".keep .now")).to_have_text("the other pages use one of yours")


class TestVAE:
    def test_codes_move_and_the_drawing_is_remembered(self, train):
        trainer = train(reduced_motion="reduce")
        trainer.visitor.draw(THREE)
        trainer.press("imagines digits VAE")
        trainer.choose("epochs", "3")
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        divergence = snapshot_at("vae", 3).logs["val_kl_loss"]
        trainer.waits_for(f"validation {divergence:.2f}")
        trainer.waits_for("On the map it is the large disc")
        for epoch in (3, 1):
            trainer.looks_at(epoch)
            becomes(lambda: epoch_on_the_map(trainer), epoch)


def epoch_on_the_map(trainer):
    """Find the epoch of whose codes the map has most in the colours of their classes."""
    snapshots = [snapshot_at("vae", epoch) for epoch in range(4)]
    half = max(map(half_side, snapshots))
    codes = np.stack([snapshot.codes for snapshot in snapshots])
    colors = trainer.page.locator(".plane canvas").evaluate(
        """(canvas, places) => {
          const { width, height } = canvas
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height)
          return places.map(([x, y]) => {
            const i = 4 * (Math.floor(y * height) * width + Math.floor(x * width))
            return [data[i], data[i + 1], data[i + 2]].map((value) => value ?? 0)
          })
        }""",
        ((codes * [1, -1] + half) / (2 * half)).reshape(-1, 2).tolist(),
    )
    palette = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in CLASS_COLORS]
    nearest = abs(np.subtract(np.array(colors)[:, None], palette)).sum(axis=2).argmin(axis=1)
    return (nearest.reshape(4, -1) == validation()[1]).mean(axis=1).argmax()


def test_a_page_says_at_once_that_somebody_looks_at_it(chromium, address):
    page = chromium.new_context().new_page()
    said = []

    def hear(frame):
        said.append(str(frame))

    page.on("websocket", lambda websocket: websocket.on("framesent", hear))
    page.goto(address)
    page.get_by_role("button", name="Start", exact=True).wait_for()
    attends = '"attend"],["attended",true]'
    until(lambda: page.wait_for_timeout(20) or any(attends in each for each in said))
    page.context.close()
