"""Who computes when, and what visitors are told, without a process that trains."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

from mnist_visual.live_training import notices, queue
from mnist_visual.live_training.history import History
from mnist_visual.live_training.queue import TrainingQueue
from mnist_visual.live_training.records import Progress, Settings, Snapshot, checked_settings


class FakeProcess:
    """Write down what the process that trains is told."""

    def __init__(self, _, *, on_report, on_death):
        self.commands = []
        self._on_report, self._on_death = on_report, on_death

    def send(self, *command):
        self.commands.append(command)

    def close(self):
        pass

    def report(self, *message):
        self._on_report(self, *message)

    def die(self):
        self._on_death(self)

    def take(self):
        commands, self.commands = self.commands, []
        return commands


@pytest.fixture
def processes(monkeypatch):
    made = []

    def make(*arguments, **options):
        made.append(FakeProcess(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(queue, "WorkerProcess", make)
    return made


@pytest.fixture
def trainings(processes):
    return TrainingQueue(limit=3, turn=0.0)  # every turn is over at once


def submit(trainings, count):
    return [trainings.submit(Settings(seed=seed)) for seed in range(count)]


def states(runs):
    return [(run.progress.state, run.progress.place) for run in runs]


def snapshot(epoch, size=1):
    weights = {"dense": (np.zeros(size, np.float32), np.zeros(0, np.float32))}
    return Snapshot(epoch, {}, weights)


def progress(batch=1):
    return Progress(state="running", epoch=0, epochs=10, batch=batch, batches=5, seconds_left=9.0)


class TestTurns:
    def test_the_first_begins_and_the_others_wait_in_line(self, trainings, processes):
        runs = submit(trainings, 3)
        assert states(runs) == [("starting", 0), ("queued", 1), ("queued", 2)]
        assert processes[0].take() == [("begin", 1, runs[0].settings)]

    def test_initial_weights_first_then_it_goes_on(self, trainings, processes):
        (run,) = submit(trainings, 1)
        processes[0].take()
        processes[0].report("snapshot", 1, snapshot(0.0))
        processes[0].report("held", 1, 0, False)
        assert processes[0].take() == [("go", 1, 1, None)]
        processes[0].report("progress", 1, progress())
        assert run.progress == progress()
        assert [kept.epoch for kept in run.snapshots] == [0]

    def test_they_take_turns_so_that_nobody_starves(self, trainings, processes):
        runs = submit(trainings, 3)
        order = []
        for _ in range(7):
            computing = next(run for run in runs if run.progress.state in ("starting", "running"))
            order.append(runs.index(computing))
            number, fake = computing._number, processes[0]
            if not computing._ticket:
                fake.report("held", number, 0, False)
            fake.take()
            fake.report("progress", number, progress())
            fake.report("progress", number, progress(2))
            assert fake.take() == [("hold", number)]  # asked once
            fake.report("held", number, computing._ticket, False)
            waiting = [run.progress.place for run in runs if run.progress.state == "queued"]
            assert sorted(waiting) == [1, 2]
        assert order == [0, 1, 2, 0, 1, 2, 0]

    def test_alone_it_keeps_its_turn(self, trainings, processes):
        submit(trainings, 1)
        processes[0].report("held", 1, 0, False)
        processes[0].take()
        processes[0].report("progress", 1, progress())
        assert processes[0].take() == []

    def test_a_pause_gives_way_and_comes_back_to_the_end_of_the_line(self, trainings, processes):
        first, *_ = runs = submit(trainings, 3)
        processes[0].report("held", 1, 0, False)
        first.pause()
        assert processes[0].take()[-1] == ("hold", 1)
        processes[0].report("held", 1, 1, False)
        assert states(runs) == [("paused", 0), ("starting", 0), ("queued", 1)]
        first.play()
        assert states(runs) == [("queued", 2), ("starting", 0), ("queued", 1)]

    def test_one_that_waits_can_pause_without_having_begun(self, trainings):
        runs = submit(trainings, 3)
        runs[1].pause()
        assert states(runs) == [("starting", 0), ("paused", 0), ("queued", 1)]

    def test_the_end_of_one_is_the_beginning_of_the_next(self, trainings, processes):
        runs = submit(trainings, 3)
        processes[0].report("finished", 1)
        assert states(runs) == [("finished", 0), ("starting", 0), ("queued", 1)]

    @pytest.mark.parametrize("way", ["stop", "reset", "close"])
    def test_who_gives_up_holds_the_turn_until_it_has_ended(self, trainings, processes, way):
        runs = submit(trainings, 2)
        getattr(runs[0], way)()
        assert processes[0].take()[-1] == ("end", 1)
        assert states(runs)[1] == ("queued", 1)
        processes[0].report("ended", 1)
        assert states(runs)[1] == ("starting", 0)

    def test_too_many_are_refused_and_no_place_is_lost(self, trainings):
        runs = submit(trainings, 4)
        with pytest.raises(ValueError, match="At most 3 trainings wait at once"):
            submit(trainings, 1)
        runs[2].close()
        assert submit(trainings, 1)[0].progress.place == 3

    def test_of_too_many_paused_the_oldest_is_stopped(self, trainings, processes):
        runs = []
        for number in range(1, 5):
            runs += submit(trainings, 1)
            runs[-1].pause()
            processes[0].report("held", number, 0, False)
        assert [run.progress.state for run in runs] == ["stopped", *["paused"] * 3]
        assert "Start it again later" in runs[0].progress.message
        assert processes[0].take()[-1] == ("end", 1)


class TestPresence:
    """Turns are long here: only who is there matters."""

    @pytest.fixture
    def trainings(self, processes):  # noqa: ARG002 -- there are none without them
        return TrainingQueue(limit=3, turn=1000.0)

    def test_who_goes_away_gives_way_at_once_and_loses_nothing(self, trainings, processes):
        runs = submit(trainings, 2)
        processes[0].report("held", 1, 0, False)
        processes[0].take()
        runs[0].attend(attended=False)
        assert processes[0].take() == [("hold", 1)]
        processes[0].report("held", 1, 1, False)
        assert states(runs) == [("queued", 1), ("starting", 0)]
        processes[0].report("finished", 2)
        assert processes[0].take()[-1] == ("go", 1, 2, None)

    def test_whose_turn_comes_while_they_are_away_is_passed_over(self, trainings, processes):
        runs = submit(trainings, 3)
        runs[1].attend(attended=False)
        assert [run.progress.place for run in runs] == [0, 2, 1]
        processes[0].report("finished", 1)
        assert states(runs)[1:] == [("queued", 1), ("starting", 0)]

    def test_one_that_nobody_watches_goes_on_until_somebody_comes(self, trainings, processes):
        (run,) = submit(trainings, 1)
        run.attend(attended=False)
        processes[0].report("held", 1, 0, False)
        processes[0].report("progress", 1, progress())
        assert run.progress.state == "running"
        processes[0].take()
        trainings.submit(Settings(seed=1))
        assert processes[0].take() == [("hold", 1)]

    def test_who_comes_back_goes_before_those_who_are_away(self, trainings, processes):
        runs = submit(trainings, 2)
        processes[0].report("held", 1, 0, False)
        for run in (runs[1], runs[0]):
            run.attend(attended=False)
        processes[0].take()
        runs[1].attend(attended=True)
        runs[1].attend(attended=True)
        assert processes[0].take() == [("hold", 1)]

    def test_the_turn_of_one_who_is_there_is_not_over_for_those_who_are_not(self, processes):
        trainings = TrainingQueue(turn=0.0)
        runs = submit(trainings, 2)
        runs[1].attend(attended=False)
        processes[0].report("held", 1, 0, False)
        processes[0].take()
        processes[0].report("progress", 1, progress())
        assert processes[0].take() == []


class TestReadiness:
    def test_what_will_be_trained_is_prepared_while_nothing_computes(self, trainings, processes):
        trainings.warm_up(Settings(units=16))
        assert processes[0].take() == [("warm up", 0, Settings(units=16))]
        trainings.submit(Settings())
        trainings.warm_up(Settings())
        assert processes[0].take() == [("begin", 1, Settings())]

    def test_those_who_wait_hear_of_the_data(self, trainings, processes):
        heard = threading.Event()
        trainings.subscribe(lambda _: heard.set())
        trainings.warm_up()
        pictures, labels = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
        processes[0].report("data", 0, (pictures, labels), True)
        assert heard.wait(30)
        assert trainings.is_sample
        assert trainings.validation[0] is pictures

    def test_a_visitor_knows_when_a_program_is_compiled(self, trainings, processes):
        (run,) = submit(trainings, 1)
        processes[0].report("compiling", 1, True)
        assert run.progress.compiling
        processes[0].report("compiling", 1, False)
        assert not run.progress.compiling
        processes[0].report("compiling", 1, True)
        run.stop()
        assert not run.progress.compiling


class TestOrders:
    @pytest.fixture
    def run(self, trainings, processes):
        run = trainings.submit(Settings())
        processes[0].report("snapshot", 1, snapshot(0.0))
        processes[0].report("held", 1, 0, False)
        processes[0].report("progress", 1, progress())
        processes[0].take()
        return run

    def test_a_step_ends_in_a_pause(self, run, processes):
        run.pause()
        processes[0].report("held", 1, 1, False)
        run.step("epoch")
        assert processes[0].take() == [("hold", 1), ("go", 1, 2, "epoch")]
        assert run.progress.state == "running"
        processes[0].report("held", 1, 2, True)
        assert run.progress.state == "paused"
        assert processes[0].take() == []

    def test_a_step_right_after_the_start_is_all_that_is_done(self, trainings, processes):
        run = trainings.submit(Settings())
        run.step("batch")
        processes[0].report("held", 1, 0, False)
        assert processes[0].take()[1:] == [("go", 1, 1, "batch")]

    def test_an_answer_to_an_older_order_is_no_answer(self, run, processes):
        run.pause()
        run.play()
        processes[0].report("held", 1, 1, False)
        assert run.progress.state == "running"
        assert processes[0].take() == [("hold", 1), ("go", 1, 2, None)]

    def test_changes_are_passed_on_and_stay_for_a_reset(self, run, processes):
        run.set(learning_rate=0.01)
        run.set(beta=2)
        assert processes[0].take() == [
            ("set", 1, {"learning_rate": 0.01}),
            ("set", 1, {"beta": 2.0}),
        ]
        assert (run.settings.learning_rate, run.settings.beta) == (0.01, 2.0)
        with pytest.raises(ValueError, match=r"beta is a number, 0 to 10\. Received: nan"):
            run.set(learning_rate=0.5, beta=math.nan)
        assert run.settings.learning_rate == 0.01

    def test_a_reset_keeps_the_initial_weights_and_hears_no_more(self, run, processes):
        processes[0].report("snapshot", 1, snapshot(1.0))
        run.reset()
        assert (run.progress.state, run.progress.batch) == ("paused", 0)
        processes[0].report("progress", 1, progress(4))
        processes[0].report("snapshot", 1, snapshot(2.0))
        processes[0].report("ended", 1)
        assert [kept.epoch for kept in run.snapshots] == [0]
        assert run.progress.batch == 0
        run.play()
        assert processes[0].take()[-1] == ("begin", 2, run.settings)

    def test_a_stop_keeps_what_comes_last(self, run, processes):
        run.stop()
        processes[0].report("progress", 1, progress(3))
        processes[0].report("snapshot", 1, snapshot(0.6))
        processes[0].report("ended", 1)
        assert (run.progress.state, run.progress.batch) == ("stopped", 3)
        assert [kept.epoch for kept in run.snapshots] == [0, 0.6]
        run.play()
        run.step("batch")
        run.pause()
        assert run.progress.state == "stopped"

    def test_what_went_wrong_is_one_sentence(self, run, processes):
        processes[0].report("failed", 1, "There is no data.")
        assert (run.progress.state, run.progress.message) == ("failed", "There is no data.")
        run.reset()
        assert (run.progress.state, run.progress.message) == ("paused", "")

    def test_a_death_fails_what_had_begun_and_the_others_go_on(self, run, trainings, processes):
        other = trainings.submit(Settings(seed=1))
        processes[0].die()
        assert run.progress.state == "failed"
        assert "ended unexpectedly" in run.progress.message
        assert other.progress.state == "starting"
        assert processes[1].take() == [("begin", 2, other.settings)]

    def test_one_that_is_closed_does_and_keeps_nothing(self, run, processes):
        run.close()
        processes[0].take()
        for act in (run.play, run.pause, run.stop, run.reset, run.close):
            act()
        assert processes[0].take() == []
        assert run.snapshots == []

    def test_other_steps_are_refused(self, run):
        with pytest.raises(ValueError, match=r"'batch' or 'epoch'. Received: 'year'"):
            run.step("year")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("kind", "diffusion"),
        ("epochs", 101),
        ("epochs", 2.0),
        ("epochs", True),
        ("batch_size", 7),
        ("batch_size", None),
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("learning_rate", "1"),
        ("beta", -0.1),
        ("beta", math.inf),
        ("filters", (8,)),
        ("filters", (8, 33)),
        ("filters", 8),
        ("units", 513),
        ("seed", -1),
    ],
)
def test_settings_out_of_range_are_refused(trainings, setting, value):
    with pytest.raises(ValueError, match="Received: "):
        trainings.submit(replace(Settings(), **{setting: value}))


def test_settings_are_plain_numbers():
    settings = Settings(epochs=np.int64(3), filters=[4, np.int32(5)], learning_rate=1)
    checked = checked_settings(settings)
    assert checked == Settings(epochs=3, filters=(4, 5), learning_rate=1.0)
    assert all(type(number) is int for number in (checked.epochs, *checked.filters))


class TestHistory:
    def epochs(self, history):
        return [kept.epoch for kept in history.list()]

    def test_one_from_within_an_epoch_gives_way(self):
        history = History()
        for epoch in (0.0, 0.25, 0.5, 1.0, 1.0, 1.5):
            history.add(snapshot(epoch))
        assert self.epochs(history) == [0, 1, 1.5]

    def test_memory_is_bounded_and_the_ends_stay(self):
        history = History(most_bytes=40)  # of ten numbers
        for epoch in range(26):
            history.add(snapshot(float(epoch)))
            assert len(self.epochs(history)) <= 10
            assert self.epochs(history)[-1] == epoch
        assert self.epochs(history) == [0, 4, 8, 12, 16, 20, 24, 25]

    def test_a_large_network_keeps_the_first_and_the_newest(self):
        history = History(most_bytes=40)
        for epoch in range(5):
            history.add(snapshot(float(epoch), size=100))
        assert self.epochs(history) == [0, 4]


class TestNotices:
    @pytest.fixture
    def told(self, monkeypatch):
        monkeypatch.setattr(notices, "INTERVAL", 0.01)
        box = {"value": 0}
        told = notices.Notices(box)
        yield told, box
        told.close()

    def test_the_last_change_is_told_and_not_every_one(self, told):
        notices_, box = told
        seen, last = [], threading.Event()

        def hear(subject):
            seen.append(subject["value"])
            if seen[-1] == 20_000:
                last.set()

        notices_.subscribe(hear)
        for box["value"] in range(1, 20_001):
            notices_.changed()
        assert last.wait(30)
        assert len(seen) < 10_000
        assert seen == sorted(seen)

    def test_a_callback_that_fails_is_logged_and_others_hear(self, told, caplog):
        heard = threading.Event()

        def fail(subject):
            raise RuntimeError("no")

        told[0].subscribe(fail)
        told[0].subscribe(lambda _: heard.set())
        told[0].changed()
        assert heard.wait(30)
        assert "failed" in caplog.text

    def test_who_unsubscribes_hears_no_more_and_the_thread_ends(self, told):
        heard = []
        unsubscribe = told[0].subscribe(heard.append)
        thread = told[0]._thread
        unsubscribe()
        unsubscribe()
        told[0].changed()
        thread.join(30)
        assert not thread.is_alive()
        assert heard == []
        again = threading.Event()
        told[0].subscribe(lambda _: again.set())
        assert again.wait(30)
