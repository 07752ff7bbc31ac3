"""Weights that were saved from a training come back, whatever else is refused."""

import asyncio
import io

import h5py
import numpy as np
import pytest

from mnist_visual.components import Sketchpad, TrainingMonitor
from mnist_visual.components._training_snapshots import weights_file
from mnist_visual.live_training.records import Settings, Snapshot
from mnist_visual.live_training.snapshot_files import load_snapshot, save_snapshot

from .test_training_monitor import of_kind
from .training_fakes import FakeQueue, snapshot_at, validation
from .waiting import eventually

SMALL = Settings(filters=(3, 5), units=9)


def small_snapshot(epoch=2.5):
    random = np.random.default_rng(0)
    shapes = {
        "conv1": (3, 3, 1, 3),
        "conv2": (3, 3, 3, 5),
        "dense": (125, 9),
        "probabilities": (9, 10),
    }
    weights = {
        name: (
            random.normal(size=shape).astype(np.float32),
            random.normal(size=shape[-1]).astype(np.float32),
        )
        for name, shape in shapes.items()
    }
    return Snapshot(epoch, {}, weights)


def saved(snapshot, settings):
    content = io.BytesIO()
    save_snapshot(snapshot, settings, content)
    return content.getvalue()


def changed(**changes):
    """Give the file of the small snapshot with other data sets, by their paths."""
    content = io.BytesIO(saved(small_snapshot(), SMALL))
    with h5py.File(content, "r+") as file:
        for path, value in changes.items():
            del file[path]
            if value is not None:
                file[path] = value
    return content.getvalue()


@pytest.mark.parametrize(
    ("snapshot", "settings"),
    [(small_snapshot(), SMALL), (snapshot_at("vae", 2), Settings(kind="vae"))],
    ids=["classifier", "vae"],
)
def test_what_was_saved_comes_back(snapshot, settings):
    loaded_settings, loaded = load_snapshot(saved(snapshot, settings))
    assert loaded_settings == settings
    assert loaded.epoch == snapshot.epoch
    assert loaded.weights.keys() == snapshot.weights.keys()
    for name, arrays in snapshot.weights.items():
        for array, expected in zip(loaded.weights[name], arrays, strict=True):
            assert (array == expected).all()


@pytest.mark.parametrize("epoch", [None, np.nan, -1.0, 1e300, "two", [1.0, 2.0]])
def test_an_epoch_that_a_file_does_not_know_is_none(epoch):
    content = io.BytesIO(saved(small_snapshot(), SMALL))
    with h5py.File(content, "r+") as file:
        del file.attrs["epoch"]
        if epoch is not None:
            file.attrs["epoch"] = epoch
    assert np.isnan(load_snapshot(content.getvalue())[1].epoch)


CONV = "layers/conv2d/vars/0"
REFUSED = {
    "nothing": lambda: b"",
    "a picture": lambda: b"\x89PNG" + bytes(100),
    "half a file": lambda: saved(small_snapshot(), SMALL)[:3000],
    "a file without its middle": lambda: (
        (whole := saved(small_snapshot(), SMALL))[:2000] + bytes(200) + whole[2200:]
    ),
    "too large a file": lambda: saved(small_snapshot(), SMALL) + bytes(18 << 20),
    "a missing layer": lambda: changed(**{CONV: None}),
    "another shape": lambda: changed(**{CONV: np.zeros((5, 5, 1, 3), np.float32)}),
    "texts": lambda: changed(**{CONV: np.full((3, 3, 1, 3), b"abcd")}),
    "no numbers": lambda: changed(**{CONV: np.full((3, 3, 1, 3), np.nan, np.float32)}),
    "more filters than can be": lambda: changed(**{"layers/conv2d/vars/1": np.zeros(10**5)}),
    "another link": lambda: changed(**{CONV: h5py.ExternalLink("elsewhere.h5", "/x")}),
}


def test_a_file_is_loaded_by_its_name(tmp_path):
    path = tmp_path / "mine.weights.h5"
    save_snapshot(small_snapshot(), SMALL, path)
    assert load_snapshot(path)[0] == load_snapshot(path.read_bytes())[0] == SMALL


@pytest.mark.parametrize("what", REFUSED)
def test_anything_else_is_refused_in_one_sentence(what):
    with pytest.raises(ValueError, match=r"Received: "):
        load_snapshot(REFUSED[what]())


class TestMonitor:
    def load(self, content, queue=None):
        monitor = TrainingMonitor(Sketchpad(), queue=queue or FakeQueue())
        monitor._handle_msg({"kind": "ready"})

        async def ask():
            monitor._handle_msg({"kind": "load", "data": content})
            await eventually(lambda: not monitor._line._working)

        asyncio.run(ask())
        return monitor

    def test_a_file_that_was_downloaded_is_used_at_once(self, sent):
        own = snapshot_at("classifier", 1)
        content, name = weights_file(own, Settings())
        assert name == "classifier-epoch-1.weights.h5"
        monitor = self.load(np.frombuffer(content, np.uint8))
        used = monitor.chosen["classifier"]
        assert used.epoch == 1
        assert (used.weights["conv2"][0] == own.weights["conv2"][0]).all()
        assert of_kind(sent, "loaded") == [{"kind": "loaded", "of": "classifier"}]

    @pytest.mark.usefixtures("sent")
    def test_an_autoencoder_gets_its_map(self):
        own = snapshot_at("vae", 2)
        content, _ = weights_file(own, Settings(kind="vae"))
        monitor = self.load(np.frombuffer(content, np.uint8))
        assert monitor.chosen["vae"].codes == pytest.approx(own.codes, abs=1e-3)

    def test_without_pictures_it_has_none_yet(self, sent):
        class Late(FakeQueue):
            validation = validation()[0][:0], validation()[1][:0]

        content, _ = weights_file(snapshot_at("vae", 2), Settings(kind="vae"))
        monitor = self.load(np.frombuffer(content, np.uint8), Late())
        assert monitor.chosen == {}
        assert "in a moment" in of_kind(sent, "problem")[-1]["text"]

    def test_what_is_no_such_file_is_told(self, sent):
        monitor = self.load(np.zeros(100, np.uint8))
        assert monitor.chosen == {}
        (problem,) = of_kind(sent, "problem")
        assert problem["of"] == "file"

    @pytest.mark.parametrize("data", [None, "abc", [1.5], np.zeros((2, 2), np.uint8), {}, 7])
    def test_what_no_script_of_ours_sends_is_ignored(self, sent, data):
        monitor = self.load(data)
        assert monitor.chosen == {}
        assert of_kind(sent, "problem") == []
