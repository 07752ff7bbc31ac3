"""Pictures of anything but digits: as many classes as there are, and their names everywhere."""

import gzip
import io
import struct
from types import SimpleNamespace

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual import cli, pretraining
from mnist_visual.classifier import build_classifier
from mnist_visual.commands import train_recipes
from mnist_visual.components import (
    Attribution,
    NetworksInUse,
    Prediction,
    Reading,
    Sketchpad,
    TrainingMonitor,
)
from mnist_visual.components._training_snapshots import read_file
from mnist_visual.datasets import Dataset
from mnist_visual.evaluation import format_confusion
from mnist_visual.explanation.scores import class_scores
from mnist_visual.interpolation import LatentPath
from mnist_visual.latent_plots import plot_latent_scatter, plot_path_probabilities
from mnist_visual.live_training import obedience, queue
from mnist_visual.live_training.queue import TrainingQueue
from mnist_visual.live_training.records import Settings
from mnist_visual.live_training.snapshot_files import load_snapshot, save_snapshot
from mnist_visual.live_training.snapshots import network_of
from mnist_visual.live_training.watching import predict, snapshot_of
from mnist_visual.pen_digits import PenDigits
from mnist_visual.pretraining import pretrain_classifier

from .training_fakes import FakeQueue

NAMES = ("Bag", "Coat", "Ankle boot")
SMALL = Settings(epochs=1, batch_size=16, filters=(2, 3), units=8)


def bars(n, seed=0):
    """Pictures of a bar in one of three places."""
    random = np.random.default_rng(seed)
    labels = (np.arange(n) % 3).astype(np.uint8)
    pictures = random.integers(0, 60, (n, 28, 28), dtype=np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[3 + 8 * label : 8 + 8 * label, 4:24] = 250
    return pictures, labels


@pytest.fixture
def three():
    return Dataset(bars(48), bars(12, 1), NAMES)


@pytest.fixture
def folder(tmp_path, three):
    """The same as IDX files with a text file of names."""
    path = tmp_path / "own"
    path.mkdir()
    for part, (pictures, labels) in (("train", three.train), ("t10k", three.test)):
        for kind, array in (("images", pictures), ("labels", labels)):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            file = path / f"{part}-{kind}-idx{array.ndim}-ubyte.gz"
            file.write_bytes(gzip.compress(head + array.tobytes()))
    (path / "class_names.txt").write_text("\n".join(NAMES))
    return path


@pytest.fixture(scope="module")
def own():
    """A classifier of three classes, by Keras and of its snapshot."""
    model = obedience.build_model(SMALL, num_classes=3)
    snapshot = snapshot_of(model, None, epoch=1, logs={})
    return SimpleNamespace(model=model, snapshot=snapshot, network=network_of(snapshot))


def saved(snapshot):
    content = io.BytesIO()
    save_snapshot(snapshot, SMALL, content)
    return content.getvalue()


class TestClassifier:
    def test_it_has_an_output_for_each_class(self):
        model = build_classifier(num_classes=3)
        assert model.output_shape == (None, 3)
        assert model.count_params() == 53_866 - 7 * 129

    @pytest.mark.parametrize("number", [1, 0, 2.5, True])
    def test_fewer_than_two_classes_are_refused(self, number):
        with pytest.raises(ValueError, match="num_classes is a whole number, from 2 up"):
            build_classifier(num_classes=number)

    def test_on_numpy_it_gives_what_keras_gives(self, own, three):
        pictures = three.test[0] / np.float32(255)
        expected = own.model.predict(pictures, verbose=0)
        assert own.network.classes == 3
        np.testing.assert_allclose(own.network(pictures), expected, atol=1e-6)
        logits = class_scores(own.network).logits(pictures)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(shares, expected, atol=1e-6)
        assert class_scores(own.network).classes == 3

    def test_its_file_comes_back(self, own):
        _, loaded = load_snapshot(saved(own.snapshot))
        for ours, right in zip(
            loaded.weights["probabilities"], own.snapshot.weights["probabilities"], strict=True
        ):
            np.testing.assert_array_equal(ours, right)

    def test_its_file_is_of_no_use_among_other_classes(self, own):
        assert read_file(saved(own.snapshot), 3)[0] == "classifier"
        with pytest.raises(ValueError, match=r"tells 10 classes apart\. Received: one of 3"):
            read_file(saved(own.snapshot), 10)


class TestRecipe:
    @pytest.fixture
    def learned(self, monkeypatch):
        """What the recipe gives to the loop, which trains nothing here."""
        taken = []

        def fit_epochs(model, epoch_data, **options):
            taken.append((epoch_data(0), epoch_data(1), options))

        monkeypatch.setattr(pretraining, "fit_epochs", fit_epochs)
        return taken

    def test_other_pictures_are_learned_as_they_are(self, learned, three):
        model = pretrain_classifier(
            three.train, num_classes=3, are_digits=False, validation_data=three.test, epochs=2
        )
        ((first, second, options),) = learned
        pictures, labels = three.train
        for data, targets in (first, second):
            np.testing.assert_array_equal(data, pictures / np.float32(255), strict=True)
            np.testing.assert_array_equal(targets, np.eye(3, dtype=np.float32)[labels], strict=True)
        np.testing.assert_array_equal(options["validation_data"][1], np.eye(3)[three.test[1]])
        assert model.output_shape == (None, 3)

    def test_digits_are_warped_and_stand_among_pictures_of_none(self, learned, three):
        pretrain_classifier(three.train, epochs=2)
        ((first, second, _),) = learned
        assert len(first[0]) > len(three.train[0])
        assert (first[0] != second[0]).any()
        np.testing.assert_allclose(first[1][len(three.train[0]) :], 0.1)

    @pytest.mark.parametrize("options", [{"num_classes": 3}, {"are_digits": False}])
    def test_pen_digits_among_other_pictures_are_refused(self, three, options):
        pens = PenDigits([[np.zeros((2, 2))]], np.zeros(1, np.uint8), np.ones(1, np.int16))
        with pytest.raises(ValueError, match="go with pictures of the ten digits"):
            pretrain_classifier(three.train, pens, **options)


class TestCommand:
    @pytest.fixture(autouse=True)
    def process(self, monkeypatch):
        """The devices and the log of this process stay as they are."""
        monkeypatch.setattr(train_recipes, "prepare_jax", lambda: None)
        monkeypatch.setattr(train_recipes, "_show_log", lambda: None)

    def test_ones_own_pictures_are_learned_and_measured_by_name(self, folder, tmp_path, capsys):
        weights = str(tmp_path / "own.weights.h5")
        arguments = ["--data", str(folder)]
        assert cli.main(["train", *arguments, "--epochs", "1", "--output", weights]) == 0
        model = build_classifier(num_classes=3)
        mv.load_weights(model, weights)
        right = mv.evaluate_classifier(model, *mv.load_dataset(folder).test)
        capsys.readouterr()
        assert cli.main(["evaluate", *arguments, "--weights", weights]) == 0
        out = capsys.readouterr().out
        assert f"The test pictures: {right.accuracy:.2%} of 12 read correctly." in out
        assert format_confusion(right.confusion, NAMES) in out
        assert "Ankle boot 2" in out

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["train", "--data", "FOLDER", "--pen", "x"], "Pen-drawn digits go with MNIST"),
            (["evaluate", "--data", "FOLDER"], "The shipped weights know digits alone"),
            (["evaluate", "--data", "fashion-mnist"], "The shipped weights know digits alone"),
            (["train", "--data", "no-such-set"], "'mnist' or 'fashion-mnist', or a path"),
        ],
    )
    def test_what_goes_with_digits_alone_is_refused(
        self, folder, tmp_path, monkeypatch, capsys, arguments, sentence
    ):
        monkeypatch.chdir(tmp_path)
        assert cli.main([str(folder) if each == "FOLDER" else each for each in arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line


class TestConfusion:
    def test_short_names_stand_above_their_columns(self):
        table = format_confusion(np.array([[120, 3], [0, 7]]), ["cat", "dog"])
        assert table.splitlines() == [
            "true | read  cat  dog    right",
            "        cat  120    3   97.56%",
            "        dog    .    7  100.00%",
        ]

    def test_long_names_have_numbers(self):
        table = format_confusion(np.array([[1, 0], [2, 3]]), ["T-shirt/top", "Bag"])
        assert table.splitlines() == [
            "  true | read  0  1    right",
            "T-shirt/top 0  1  .  100.00%",
            "        Bag 1  2  3   60.00%",
        ]

    def test_there_is_a_name_for_each_class(self):
        with pytest.raises(ValueError, match="one name for each class"):
            format_confusion(np.eye(3, dtype=int), ["a", "b"])


class TestPlots:
    def test_points_have_the_names_and_colours_of_their_classes(self):
        points = plot_latent_scatter([[0, 0], [1, 2], [3, 4]], [2, 0, 2], class_names=NAMES)
        assert points["class"].tolist() == ["Bag", "Ankle boot", "Ankle boot"]
        colors = points.opts.get(backend="bokeh").kwargs["cmap"]
        assert colors == {"Bag": mv.palette.class_color(0), "Ankle boot": mv.palette.class_color(2)}

    def test_a_label_without_a_name_is_refused(self):
        with pytest.raises(ValueError, match=r"Received: 3 names for labels from 0 to 3"):
            plot_latent_scatter([[0, 0], [1, 2]], [0, 3], class_names=NAMES)

    def test_curves_have_the_names(self):
        path = LatentPath(np.zeros((4, 2)), np.zeros((4, 28, 28)), np.full((4, 3), 1 / 3))
        assert [*plot_path_probabilities(path, class_names=NAMES).keys()] == [*NAMES]


class TestQueue:
    @pytest.fixture
    def given(self, monkeypatch):
        """What the process that trains is given, without one."""
        given = []

        def start(data, **callbacks):
            given.append(data)
            return SimpleNamespace(send=lambda *command: None)

        monkeypatch.setattr(queue, "WorkerProcess", start)
        return given

    def test_it_has_the_names_of_its_data(self, three):
        assert TrainingQueue(three).class_names == NAMES
        assert TrainingQueue((three.train, three.test)).class_names == ("0", "1", "2")
        assert TrainingQueue().class_names == tuple("0123456789")

    def test_a_built_in_set_is_loaded_in_the_other_process(self, given):
        trainings = TrainingQueue("fashion-mnist")
        trainings.submit(SMALL)
        assert given == ["fashion-mnist"]
        assert trainings.class_names[9] == "Ankle boot"

    def test_another_name_is_refused(self):
        with pytest.raises(ValueError, match=r"'mnist' or 'fashion-mnist'\. Received: 'letters'"):
            TrainingQueue("letters")

    def test_it_trains_as_many_classes_as_there_are(self, three):
        kept = []
        training = SimpleNamespace(
            is_going=True,
            by_batch=False,
            changes=dict,
            spend=lambda portion: None,
            tell_progress=lambda progress: None,
            keep=kept.append,
        )
        obedience.train(training, SMALL, three)
        assert network_of(kept[-1]).classes == 3
        assert kept[-1].predictions.shape == (12,)


class TestViews:
    def test_a_monitor_has_the_names_of_its_queue(self, three):
        monitor = TrainingMonitor(Sketchpad(), queue=TrainingQueue(three))
        assert monitor.class_names == [*NAMES]
        with pytest.raises(ValueError, match=r"shipped networks, .* know digits"):
            NetworksInUse(monitor)
        NetworksInUse(TrainingMonitor(Sketchpad(), queue=FakeQueue()))

    def test_an_answer_is_never_doubted_for_not_being_a_digit(self, own, three):
        sketchpad = Sketchpad(as_digits=False)
        reading = Reading(own.network, sketchpad)
        answer = Prediction(reading, class_names=NAMES)
        sketchpad.picture = three.test[0][2]
        state = answer._state()
        assert state["verdict"] == "digit"
        expected = own.model.predict(three.test[0][2:3] / np.float32(255), verbose=0)[0]
        np.testing.assert_allclose(state["probabilities"], expected, atol=1e-6)
        assert Attribution(reading, class_names=NAMES).heading == "Why this answer?"

    @pytest.mark.parametrize("number", [1, 65])
    def test_too_few_or_too_many_classes_are_refused(self, number):
        names = [f"class {each}" for each in range(number)]
        with pytest.raises(ValueError, match=f"of 2 to 64 classes. Received: {number}"):
            TrainingMonitor(Sketchpad(), class_names=names)

    def test_predictions_of_many_classes_are_those_of_the_model(self):
        model = build_classifier(num_classes=300)
        bias = np.zeros(300)
        bias[299] = 9
        model.layers[-1].bias.assign(bias)
        assert predict(model, bars(3)[0]).tolist() == [299] * 3


class TestSketchpad:
    @pytest.mark.parametrize("kind", ["bytes", "floats"])
    def test_a_picture_that_is_no_digit_stays_as_it_is(self, three, kind):
        picture = three.test[0][1]
        expected = picture / np.float32(255)
        sketchpad = Sketchpad(as_digits=False)
        sketchpad.picture = picture if kind == "bytes" else expected
        np.testing.assert_array_equal(sketchpad.steps.digit, expected, strict=True)
        assert (Sketchpad(picture=picture).steps.digit != expected).any()

    @pytest.mark.usefixtures("sent")
    def test_so_does_one_that_comes_back_from_the_page(self, three):
        expected = three.test[0][1] / np.float32(255)
        sketchpad = Sketchpad(as_digits=False)
        sketchpad._handle_msg({"kind": "draw", "picture": expected.ravel(), "number": 1})
        np.testing.assert_array_equal(sketchpad.steps.digit, expected)

    def test_an_empty_picture_is_nothing(self):
        sketchpad = Sketchpad(as_digits=False, picture=np.zeros((28, 28), np.uint8))
        assert sketchpad.steps.box is None

    def test_a_picture_of_another_size_is_fitted(self):
        page = np.zeros((60, 90), np.uint8)
        page[20:40, 30:33] = 255
        np.testing.assert_array_equal(
            Sketchpad(as_digits=False, picture=page).steps.digit, mv.normalize_image(page)
        )
