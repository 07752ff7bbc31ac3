"""The training monitor's state, without a browser: what it starts, shows, and does not believe."""

import asyncio
import io
import threading
from unittest.mock import Mock

import h5py
import numpy as np
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from mnist_visual.components import Sketchpad, TrainingMonitor
from mnist_visual.components._training_runs import hand_over
from mnist_visual.components._training_snapshots import half_side, prepare, read_file, weights_file
from mnist_visual.inference import shared_vae
from mnist_visual.live_training.records import Settings, Snapshot

from .drawings import THREE
from .training_fakes import FakeQueue, FakeRun, network_of, snapshot_at, validation
from .waiting import eventually


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def queue():
    return FakeQueue()


@pytest.fixture
def monitor(queue, pad, sent):
    monitor = TrainingMonitor(pad, queue=queue)
    monitor._handle_msg({"kind": "ready"})
    sent.clear()
    return monitor


@pytest.fixture
def trained(monitor, queue, sent):
    """Three epochs of a classifier."""
    monitor._handle_msg({"kind": "start"})
    for epoch in range(4):
        queue.runs[0].learn(epoch)
    sent.clear()
    return monitor


@pytest.fixture
def imagining(monitor, queue, sent):
    """Two epochs of an autoencoder."""
    monitor._handle_msg({"kind": "choose", "name": "kind", "value": "vae"})
    monitor._handle_msg({"kind": "start"})
    for epoch in range(3):
        queue.runs[0].learn(epoch)
    sent.clear()
    return monitor


def of_kind(sent, kind):
    return [message for _, message in sent if message["kind"] == kind]


class TestChoices:
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("kind", "vae", "vae"),
            ("learning_rate", 0.01, 0.01),
            ("batch_size", 64, 64),
            ("epochs", 3, 3),
            ("beta", 4, 4.0),
            ("filters", [4, 8], (4, 8)),
            ("units", 32, 32),
        ],
    )
    def test_the_next_training_has_them(self, monitor, queue, name, value, expected):
        monitor._handle_msg({"kind": "choose", "name": name, "value": value})
        monitor._handle_msg({"kind": "start"})
        assert getattr(queue.runs[0].settings, name) == expected

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kind", "other"),
            ("kind", ["vae"]),
            ("learning_rate", 0),
            ("learning_rate", np.nan),
            ("learning_rate", "fast"),
            ("learning_rate", None),
            ("batch_size", 0),
            ("batch_size", 12.5),
            ("batch_size", True),
            ("epochs", 10**9),
            ("beta", -1),
            ("beta", 2**2000),
            ("filters", [8]),
            ("filters", [8, 16, 32]),
            ("filters", 8),
            ("filters", [8, 10**6]),
            ("units", {}),
            ("__class__", 1),
            (["units"], 1),
            (None, None),
        ],
    )
    def test_nonsense_changes_nothing(self, monitor, sent, name, value):
        monitor._handle_msg({"kind": "choose", "name": name, "value": value})
        assert monitor.settings == Settings()
        assert sent == []

    def test_learning_rate_and_beta_act_at_once(self, trained, queue):
        trained._handle_msg({"kind": "choose", "name": "learning_rate", "value": 0.01})
        trained._handle_msg({"kind": "choose", "name": "units", "value": 64})
        assert queue.runs[0].calls[-1] == ("set", {"learning_rate": 0.01})
        assert trained.settings.units == 64

    def test_an_ended_training_is_left_alone(self, trained, queue):
        trained._handle_msg({"kind": "stop"})
        trained._handle_msg({"kind": "choose", "name": "learning_rate", "value": 0.01})
        assert queue.runs[0].calls[-1] == ("stop",)


class TestControls:
    def test_start_queues_a_training_and_shows_its_place(self, monitor, queue, sent):
        queue.options["place"] = 2
        monitor._handle_msg({"kind": "start"})
        assert queue.runs[0].calls == [("play",)]
        assert of_kind(sent, "show")[-1]["progress"]["place"] == 2
        queue.runs[0].tell(place=1)
        assert monitor.progress.place == 1

    def test_pause_and_on(self, trained, queue):
        for kind, state in [("pause", "paused"), ("start", "running"), ("stop", "stopped")]:
            trained._handle_msg({"kind": kind})
            assert trained.progress.state == state
        assert len(queue.runs) == 1

    @pytest.mark.parametrize("amount", ["batch", "epoch"])
    def test_a_step_begins_a_training_where_there_is_none(self, monitor, queue, amount):
        monitor._handle_msg({"kind": "step", "amount": amount})
        assert queue.runs[0].calls == [("step", amount)]
        monitor._handle_msg({"kind": "step", "amount": amount})
        assert queue.runs[0].calls == [("step", amount)] * 2

    def test_again_is_the_same_training_from_its_first_weights(self, trained, queue):
        trained._handle_msg({"kind": "again"})
        assert queue.runs[0].calls[-2:] == [("reset",), ("play",)]
        assert [each.epoch for each in trained._snapshots] == [0]

    def test_after_its_end_it_is_queued_again_with_its_own_settings(self, trained, queue):
        trained._handle_msg({"kind": "stop"})
        trained._handle_msg({"kind": "choose", "name": "units", "value": 64})
        trained._handle_msg({"kind": "again"})
        assert queue.runs[1].settings == queue.runs[0].settings
        assert queue.runs[0].closed

    def test_the_curves_before_stay_beside_the_new_ones(self, trained, sent):
        points = [(each.epoch, each.logs) for each in trained._snapshots]
        trained._handle_msg({"kind": "again"})
        shown = of_kind(sent, "show")[-1]
        assert [(point["epoch"], point["logs"]) for point in shown["previous"]] == points

    def test_but_not_those_of_another_kind_of_network(self, trained, sent):
        trained._handle_msg({"kind": "stop"})
        trained.settings = Settings(kind="vae")
        trained.start()
        assert of_kind(sent, "show")[-1]["previous"] == []

    def test_what_the_queue_refuses_is_said_and_the_old_training_stays(self, trained, queue, sent):
        def refuse(_):
            raise ValueError("Two trainings are enough.")

        trained._handle_msg({"kind": "stop"})
        queue.submit = refuse
        trained._handle_msg({"kind": "start"})
        assert of_kind(sent, "problem") == [
            {"kind": "problem", "text": "Two trainings are enough."}
        ]
        assert len(trained._snapshots) == 4

    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "pause"},
            {"kind": "stop"},
            {"kind": "again"},
            {"kind": "step"},
            {"kind": "step", "amount": "all"},
            {"kind": "step", "amount": ["batch"]},
            {"kind": "look", "index": 0},
            {"kind": "look", "index": -1},
            {"kind": "look", "index": "0"},
            {"kind": "look"},
            {"kind": "open", "cell": [0, 10]},
            {"kind": "open", "cell": [True, 0]},
            {"kind": "open", "cell": [0]},
            {"kind": "open", "cell": "01"},
            {"kind": "pick", "index": 500},
            {"kind": "pick", "index": -1},
            {"kind": "pick", "index": np.nan},
            {"kind": "use", "own": True},
            {"kind": "use", "own": 1},
            {"kind": "use"},
            {"kind": "save"},
            {"kind": "close"},
            {},
            [],
            None,
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, monitor, queue, pad, sent, message):
        monitor._handle_msg(message)
        assert sent == []
        assert queue.runs == []
        assert (monitor.epoch, monitor.cell, monitor.chosen, pad.picture) == (None, None, {}, None)


class TestReadiness:
    def test_a_page_that_opens_has_its_training_prepared(self, queue, pad):
        monitor = TrainingMonitor(pad, queue=queue)
        assert queue.warmed_up == []  # on other pages nobody pays for it
        monitor._handle_msg({"kind": "ready"})
        assert queue.warmed_up == [Settings()]

    def test_and_so_has_what_is_chosen_there_but_not_while_one_goes_on(self, monitor, queue):
        monitor._handle_msg({"kind": "choose", "name": "kind", "value": "vae"})
        monitor._handle_msg({"kind": "start"})
        queue.runs[0].learn(0)
        monitor._handle_msg({"kind": "choose", "name": "units", "value": 16})
        assert queue.warmed_up == [Settings(), Settings(kind="vae")]

    def test_a_sample_in_place_of_the_digits_is_told_once_it_is_known(self, pad, sent):
        queue = LateQueue((np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)))
        monitor = TrainingMonitor(pad, queue=queue)
        monitor._handle_msg({"kind": "ready"})
        assert of_kind(sent, "show")[-1]["about"] == ""
        queue.is_sample = True
        for callback in queue.callbacks:
            callback(queue)
        assert "4,000 digits instead of 60,000" in of_kind(sent, "about")[-1]["text"]
        monitor._handle_msg({"kind": "ready"})
        assert of_kind(sent, "show")[-1]["about"] == of_kind(sent, "about")[-1]["text"]

    def test_a_tab_that_is_hidden_is_passed_on(self, trained, queue):
        for attended in (False, True):
            trained._handle_msg({"kind": "attend", "attended": attended})
        trained._handle_msg({"kind": "attend", "attended": "no"})
        assert queue.runs[0].calls[-2:] == [("attend", False), ("attend", True)]

    def test_so_is_one_whose_connection_is_lost(self, trained, queue):
        trained._session = Mock(connection_count=0)
        queue.runs[0].learn(4)
        queue.runs[0].learn(5)
        assert queue.runs[0].calls[-1] == ("attend", False)
        assert queue.runs[0].calls.count(("attend", False)) == 1
        trained._session.connection_count = 1
        queue.runs[0].learn(6)
        assert queue.runs[0].calls[-1] == ("attend", True)

    def test_a_training_that_begins_in_a_hidden_tab_is_not_attended(self, monitor, queue):
        monitor._handle_msg({"kind": "attend", "attended": False})
        monitor.start()
        assert ("attend", False) in queue.runs[0].calls

    def test_a_page_that_is_left_hears_no_more_of_the_data(self, pad):
        queue = LateQueue((np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)))
        monitor = TrainingMonitor(pad, queue=queue)
        monitor._handle_msg({"kind": "ready"})
        monitor._end()
        assert queue.callbacks == []


class TestCurves:
    @pytest.mark.usefixtures("trained")
    def test_only_new_points_are_sent(self, queue, sent):
        queue.runs[0].learn(3.5)
        (news,) = of_kind(sent, "progress")
        assert news["first"] == 4
        assert [point["epoch"] for point in news["added"]] == [3.5]
        assert news["added"][0]["logs"] == snapshot_at("classifier", 3.5).logs

    def test_a_page_that_comes_late_gets_all_of_them(self, trained, sent):
        trained._handle_msg({"kind": "ready"})
        shown = of_kind(sent, "show")[-1]
        assert [point["epoch"] for point in shown["history"]] == [0, 1, 2, 3]
        assert shown["history"][0]["logs"] == {}

    def test_what_nobody_sees_is_not_sent(self, trained, queue, sent):
        trained._handle_msg({"kind": "away"})
        queue.runs[0].learn(4)
        assert sent == []
        assert trained.snapshot.epoch == 4

    @pytest.mark.usefixtures("trained")
    def test_numbers_that_are_none_end_a_curve(self, queue, sent):
        queue.runs[0].tell(logs={"loss": np.nan, "accuracy": 0.5})
        assert of_kind(sent, "progress")[-1]["progress"]["logs"] == {"accuracy": 0.5}


class TestSnapshotsThatGiveWay:
    """Of a real training not all snapshots stay, see `snapshots.History`."""

    def test_one_from_within_an_epoch_gives_way_to_the_next(self, trained, queue, sent):
        run = queue.runs[0]
        run.learn(3.25)
        run.snapshots.pop()
        sent.clear()
        run.learn(3.5)
        assert [each.epoch for each in trained._snapshots] == [0, 1, 2, 3, 3.5]
        (news,) = of_kind(sent, "progress")
        assert (news["first"], [point["epoch"] for point in news["added"]]) == (4, [3.5])
        assert of_kind(sent, "show") == []
        assert of_kind(sent, "network")[-1]["index"] == 4

    def test_some_are_dropped_and_the_epoch_in_sight_stays(self, trained, queue, sent):
        trained.epoch = 2
        run = queue.runs[0]
        run.snapshots = [run.snapshots[0], run.snapshots[2]]
        run.learn(4)
        assert [each.epoch for each in trained._snapshots] == [0, 2, 4]
        assert trained.epoch == 2
        assert of_kind(sent, "network")[-1]["index"] == 1
        assert trained._previous == []

    def test_new_initial_weights_keep_the_curves_before(self, trained, queue):
        trained._handle_msg({"kind": "again"})
        queue.runs[0].snapshots = []
        queue.runs[0].learn(0)
        queue.runs[0].learn(1)
        assert [point["epoch"] for point in trained._previous] == [0, 1, 2, 3]

    def test_the_same_epochs_of_other_networks_are_another_training(self, trained, queue):
        run = queue.runs[0]
        run.snapshots = [snapshot_at("classifier", epoch, seed=1) for epoch in range(5)]
        run.tell()
        assert [point["epoch"] for point in trained._previous] == [0, 1, 2, 3]

    def test_a_queue_without_pictures_yet_trains_digits(self, pad, sent):
        queue = FakeQueue()
        pictures, labels = queue.validation
        late = TrainingMonitor(pad, queue=LateQueue((pictures[:0], labels[:0])))
        assert late.class_names == [*"0123456789"]
        late._queue.validation = pictures, labels
        late._handle_msg({"kind": "ready"})
        late.start()
        late.run.learn(1)
        assert of_kind(sent, "network")[-1]["confusion"].sum() == len(labels)


class LateQueue(FakeQueue):
    """It has its pictures later."""

    validation = None

    def __init__(self, validation):
        super().__init__()
        self.validation = validation


class TestEpochs:
    def test_the_newest_is_in_sight(self, trained, queue):
        queue.runs[0].learn(4)
        assert trained.epoch is None
        assert trained.snapshot is queue.runs[0].snapshots[-1]

    def test_a_past_one_stays_in_sight_until_one_returns(self, trained, queue, sent):
        trained._handle_msg({"kind": "look", "index": 1, "number": 7})
        assert sent[-1][1] == {"kind": "done", "number": 7}
        assert trained.epoch == 1
        queue.runs[0].learn(4)
        assert trained.snapshot is queue.runs[0].snapshots[1]
        trained._handle_msg({"kind": "look", "index": 4, "number": 8})
        assert trained.epoch is None

    def test_python_turns_to_the_one_nearest(self, trained, sent):
        trained.epoch = 1.9
        assert trained.snapshot.epoch == 2
        assert of_kind(sent, "network")[-1]["index"] == 2

    def test_a_new_training_begins_in_sight(self, trained):
        trained.epoch = 1
        trained._handle_msg({"kind": "again"})
        assert trained.epoch is None


class TestClassifier:
    def test_filters_and_maps_are_those_of_the_epoch(self, trained, pad, sent):
        trained.epoch = 2
        network = network_of(snapshot_at("classifier", 2))
        shown, drawing = of_kind(sent, "network")[-1], of_kind(sent, "drawing")[-1]
        assert (shown["filters"][5, 0] == network.filters("conv1")[:, :, 0, 5]).all()
        assert shown["second"] == 16
        maps = network.feature_maps(pad.steps.digit)
        assert drawing["probabilities"] == pytest.approx(maps["probabilities"])
        for layer, shades in zip(["conv1", "conv2"], drawing["maps"], strict=True):
            expected = maps[layer].transpose(2, 0, 1) / maps[layer].max()
            assert shades / 255 == pytest.approx(expected, abs=0.003)

    def test_they_follow_the_drawing(self, trained, pad, sent):
        pad.strokes = [THREE[:6]]
        (drawing,) = of_kind(sent, "drawing")
        read = network_of(trained.snapshot)(pad.steps.digit[None])[0]
        assert drawing["probabilities"] == pytest.approx(read, abs=1e-6)

    @pytest.mark.usefixtures("trained")
    def test_an_empty_sketchpad_claims_nothing(self, pad, sent):
        pad.strokes = []
        assert of_kind(sent, "drawing") == [{"kind": "drawing", "empty": True}]

    def test_the_confusion_counts_every_picture_once(self, trained, sent):
        trained.epoch = 2
        counts = of_kind(sent, "network")[-1]["confusion"].reshape(10, 10)
        expected = np.zeros((10, 10), int)
        for label, read in zip(validation()[1], trained.snapshot.predictions, strict=True):
            expected[label, read] += 1
        assert (counts == expected).all()

    def test_a_cell_opens_the_misread_pictures(self, trained, sent):
        images, labels = validation()
        trained.epoch = 1
        counts = of_kind(sent, "network")[-1]["confusion"].reshape(10, 10)
        row, column = np.unravel_index((counts - np.diag(np.diag(counts))).argmax(), (10, 10))
        trained._handle_msg({"kind": "open", "cell": [int(row), int(column)]})
        (opened,) = of_kind(sent, "misread")
        assert trained.cell == (row, column)
        assert opened["count"] == counts[row, column] > 24
        assert len(opened["indices"]) == 24
        for index, picture in zip(opened["indices"], opened["pictures"], strict=True):
            assert (labels[index], trained.snapshot.predictions[index]) == (row, column)
            assert (picture == images[index]).all()

    def test_it_follows_the_epoch(self, trained, sent):
        trained._handle_msg({"kind": "open", "cell": [9, 4]})
        counts = []
        for epoch in (1, 2, 3):
            trained.epoch = epoch
            opened = of_kind(sent, "misread")[-1]
            wrong = (validation()[1] == 9) & (trained.snapshot.predictions == 4)
            assert opened["count"] == wrong.sum()
            counts.append(opened["count"])
        assert len(set(counts)) > 1

    def test_any_of_them_can_be_put_on_the_sketchpad(self, trained, pad):
        trained._handle_msg({"kind": "pick", "index": 7})
        assert (pad.picture == validation()[0][7]).all()

    def test_without_predictions_there_is_no_confusion(self, monitor, sent):
        run = FakeRun(Settings())
        run.snapshots = [Snapshot(0, {}, snapshot_at("classifier", 0).weights)]
        monitor.follow(run)
        assert of_kind(sent, "network")[-1]["confusion"] is None
        monitor._handle_msg({"kind": "open", "cell": [0, 1]})
        assert of_kind(sent, "misread")[-1]["count"] == 0


class TestVAE:
    def test_the_codes_are_those_of_the_epoch(self, imagining, sent):
        imagining.epoch = 1
        shown = of_kind(sent, "network")[-1]
        codes, labels = snapshot_at("vae", 1).codes, validation()[1]
        assert shown["codes"].reshape(-1, 2) == pytest.approx(codes)
        assert (shown["labels"] == labels).all()
        for label, *centre in shown["centres"]:
            assert centre == pytest.approx(np.median(codes[labels == label], axis=0))

    def test_one_extent_shows_them_all_in_every_epoch(self, imagining, sent):
        halves = set()
        for epoch in (0, 1, 2):
            imagining.epoch = epoch
            imagining.param.trigger("epoch")
            halves.add(of_kind(sent, "network")[-1]["half"])
        (half,) = halves
        for epoch in (0, 1, 2):
            inside = np.abs(snapshot_at("vae", epoch).codes) <= half
            assert inside.mean() > 0.99

    def test_a_vae_that_comes_apart_still_has_an_extent(self):
        codes = np.full((5, 2), np.nan, np.float32)
        assert half_side(Snapshot(1, {}, {}, codes=codes)) == 3

    def test_the_drawing_is_remembered(self, imagining, pad, sent):
        imagining._queue.runs[0].snapshots = [snapshot_at("vae", 40)]  # all but the shipped one
        imagining._queue.runs[0].tell()
        memory = of_kind(sent, "drawing")[-1]
        mean, _ = shared_vae().encoder(pad.steps.digit[None])
        assert memory["mean"] == pytest.approx(mean[0], abs=0.01)
        expected = 255 * shared_vae().decoder(mean)[0]
        assert memory["reconstruction"] == pytest.approx(expected, abs=3)


class TestKeeping:
    def test_the_snapshot_in_sight_is_chosen(self, trained, sent):
        trained.epoch = 2
        trained._handle_msg({"kind": "use", "own": True})
        assert trained.chosen == {"classifier": trained.snapshot}
        assert sent[-1][1] == {"kind": "chosen", "any": True, "index": 2}

    def test_it_stays_chosen_while_others_are_trained(self, trained, sent):
        trained._handle_msg({"kind": "use", "own": True})
        chosen = trained.snapshot
        trained._handle_msg({"kind": "again"})
        assert trained.chosen == {"classifier": chosen}
        assert of_kind(sent, "chosen")[-1] == {"kind": "chosen", "any": True, "index": None}

    def test_and_the_shipped_one_again(self, trained):
        trained._handle_msg({"kind": "use", "own": True})
        trained._handle_msg({"kind": "use", "own": False})
        assert trained.chosen == {}

    def test_each_kind_has_its_own(self, imagining, queue):
        imagining._handle_msg({"kind": "use", "own": True})
        vae = imagining.snapshot
        imagining.settings = Settings()
        imagining.start()
        queue.runs[1].learn(0)
        imagining._handle_msg({"kind": "use", "own": True})
        assert imagining.chosen == {"vae": vae, "classifier": imagining.snapshot}

    def save(self, queue, pad, sent, save):
        monitor = TrainingMonitor(pad, queue=queue, save=save)
        monitor._handle_msg({"kind": "ready"})
        monitor.start()
        queue.runs[0].learn(0)

        async def ask():
            monitor._handle_msg({"kind": "save"})
            await eventually(lambda: not monitor._line._working)

        asyncio.run(ask())
        return sent[-1][1]

    def test_the_weights_go_to_the_page_as_a_file(self, queue, pad, sent):
        def save(snapshot, settings):
            return snapshot.weights["conv1"][0].tobytes(), f"{settings.kind}.h5"

        message = self.save(queue, pad, sent, save)
        assert message["name"] == "classifier.h5"
        kernel = snapshot_at("classifier", 0).weights["conv1"][0]
        assert message["data"].tobytes() == kernel.tobytes()

    def test_or_the_page_is_told_why_not(self, queue, pad, sent):
        def save(*_):
            raise OSError("The disk is full.")

        message = self.save(queue, pad, sent, save)
        assert message == {"kind": "problem", "of": "file", "text": "The disk is full."}


class TestThreads:
    def test_another_thread_is_heard_in_the_event_loop_once(self):
        heard = []

        async def page():
            ask = hand_over(lambda: heard.append(threading.get_ident()))

            def train():
                for _ in range(5):
                    ask()

            thread = threading.Thread(target=train)
            thread.start()
            thread.join()  # the loop cannot turn meanwhile
            await asyncio.sleep(0)
            assert heard == [threading.get_ident()]
            ask()  # where one is, at once
            assert len(heard) == 2

        asyncio.run(page())

    def test_a_training_that_one_no_longer_follows_is_closed_and_not_heard(self, trained, queue):
        first = queue.runs[0]
        trained.start()
        assert first.closed
        assert first.callbacks == []

    def test_a_visitor_who_leaves_frees_the_place_in_the_queue(self, queue, pad):
        document = Document()
        session = Mock(**{"request.arguments": {}, "session.connection_count": 1})
        document._session_context = lambda: session  # as one that a server has opened
        with set_curdoc(document):
            monitor = TrainingMonitor(pad, queue=queue)
            monitor.start()
        assert not queue.runs[0].closed
        for leave in document.session_destroyed_callbacks:
            leave(None)
        assert queue.runs[0].closed
        assert queue.runs[0].callbacks == []

    def test_other_class_names(self, queue, pad):
        names = [f"class {i}" for i in range(10)]
        assert TrainingMonitor(pad, queue=queue, class_names=names).class_names == names


class TestLoading:
    """Of files that are no use, and what is said of each."""

    @pytest.fixture
    def file(self):
        content, name = weights_file(snapshot_at("classifier", 1), Settings())
        assert name == "classifier-epoch-1.weights.h5"
        return content

    def changed(self, file, change):
        stream = io.BytesIO(file)
        with h5py.File(stream, "r+") as opened:
            change(opened)
        return stream.getvalue()

    def load(self, content):
        kind, snapshot = read_file(content, 10)
        return kind, prepare(kind, snapshot, validation()[0])

    def test_what_was_downloaded_comes_back_to_the_bit(self, file):
        kind, snapshot = self.load(file)
        assert (kind, snapshot.epoch) == ("classifier", 1)
        for name, (kernel, bias) in snapshot_at("classifier", 1).weights.items():
            np.testing.assert_array_equal(snapshot.weights[name][0], kernel)
            np.testing.assert_array_equal(snapshot.weights[name][1], bias)

    @pytest.mark.parametrize("length", [0, 7, 600, 60_000, -1])
    def test_a_part_of_a_file_is_told_so(self, file, length):
        with pytest.raises(ValueError, match="This file is damaged, or of another network"):
            self.load(file[:length])

    def test_so_is_a_network_of_another_kind(self, file):
        def change(opened):
            del opened["layers/conv2d/vars/1"]

        with pytest.raises(ValueError, match="This file is damaged, or of another network"):
            self.load(self.changed(file, change))

    def test_one_that_has_come_apart_is_told_so(self, file):
        def change(opened):
            opened["layers/conv2d/vars/1"][...] = np.nan

        with pytest.raises(ValueError, match="This network has come apart"):
            self.load(self.changed(file, change))

    def test_nothing_is_lost_by_any_of_them(self, trained, file, sent):
        trained._handle_msg({"kind": "use", "own": True})
        before = trained.chosen

        async def ask():
            data = np.frombuffer(file[:600], np.uint8)
            trained._handle_msg({"kind": "load", "data": data})
            await eventually(lambda: not trained._line._working)

        asyncio.run(ask())
        assert of_kind(sent, "problem")[-1]["of"] == "file"
        assert trained.chosen == before
        assert len(trained._snapshots) == 4
