"""A training as a person sees it: started, watched, played back, and its mistakes drawn."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training_fakes import snapshot_at, validation

from .test_page import THREE

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    log = tmp_path_factory.mktemp("monitor") / "stderr.txt"
    command = [sys.executable, "-m", "tests.browser.monitor_page", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        )
    try:
        match = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert match, log.read_text()
        yield f"{match[0]}/?page=train"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


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
        self.page.get_by_text(text).first.wait_for(timeout=20_000)

    def looks_at(self, epoch):
        self.slider.fill(str(epoch))
        self.waits_for(re.compile(f"^Epoch {epoch}, "))

    def counts(self):
        """The confusion matrix as it stands on the page."""
        texts = self.matrix.locator(".cell").all_inner_texts()
        return np.array([int(text or 0) for text in texts]).reshape(10, 10)

    def bars(self):
        """The probabilities of the classes, as long as the page draws them."""
        return self.page.locator(".reading .fill").evaluate_all(
            "all => all.map(each => new DOMMatrix(getComputedStyle(each).transform).a)"
        )


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


class TestClassifier:
    def test_it_is_trained_and_every_epoch_can_be_seen_again(self, train):
        trainer = train()
        trainer.visitor.draw(THREE)
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        accuracy = snapshot_at("classifier", 3).logs["val_accuracy"]
        trainer.waits_for(f"Epoch 3, {100 * accuracy:.1f}% right")
        assert (trainer.counts() == confusion(3)).all()
        last = trainer.bars()
        trainer.looks_at(1)
        trainer.matrix.get_by_text(f"{500 - confusion(1).trace()} of 500 misread").wait_for()
        assert (trainer.counts() == confusion(1)).all()
        assert trainer.bars() != last
        trainer.press("Replay")
        trainer.waits_for(f"Epoch 3, {100 * accuracy:.1f}% right")
        trainer.matrix.get_by_text(f"{500 - confusion(3).trace()} of 500 misread").wait_for()
        assert trainer.bars() == pytest.approx(last)

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
        assert shots.count() == min(24, counts.max())
        assert trainer.visitor.ink() == 0
        shots.first.click()
        trainer.page.locator(".reading .best").wait_for()
        assert trainer.visitor.ink() > 0.02

    def test_no_epoch_is_written_where_a_value_of_its_curve_stands(self, train):
        trainer = train()
        trainer.press("Start")
        trainer.waits_for("Done, 3 epochs.")
        trainer.waits_for(re.compile("^Epoch 3, "))
        marks = trainer.page.locator(".plot .strong")
        loss = snapshot_at("classifier", 3).logs["val_loss"]
        assert float(marks.first.text_content()) == pytest.approx(loss, rel=0.01)
        trainer.slider.fill("0")
        trainer.waits_for("Before it has learned")
        assert marks.all_text_contents() == ["", ""]

    def test_pause_and_the_queue_on_a_phone(self, train, address):
        trainer = train(f"{address}&place=2", viewport={"width": 360, "height": 740})
        trainer.press("Start")
        trainer.waits_for("2 others first.")
        trainer.waits_for("1 other first.")
        trainer.waits_for(re.compile("^Epoch 1 of 3, "))
        trainer.press("Pause")
        trainer.waits_for(re.compile("^Paused in epoch 1 of 3"))
        trainer.press("Stop")
        trainer.waits_for(re.compile("^Stopped"))
        assert trainer.page.evaluate("document.documentElement.scrollWidth") == 360

    def test_the_keyboard_alone_will_do(self, train):
        trainer = train()
        trainer.visitor.button("One epoch").focus()
        trainer.page.keyboard.press("Enter")
        trainer.waits_for("Paused after epoch 1 of 3")
        assert trainer.page.locator("button:focus").inner_text() == "Go on"
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
        pictures = []
        for epoch in (3, 1):
            trainer.looks_at(epoch)
            trainer.visitor.page.wait_for_timeout(300)
            pictures.append(trainer.page.locator(".plane canvas").screenshot())
        assert pictures[0] != pictures[1]
