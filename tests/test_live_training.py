"""Trainings in a process of their own, against the same trainings here."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.datasets import Dataset
from mnist_visual.live_training import worker
from mnist_visual.live_training.obedience import ObedientWatch, build_model
from mnist_visual.live_training.queue import TrainingQueue, shared_queue
from mnist_visual.live_training.records import Settings
from mnist_visual.live_training.snapshot_files import save_snapshot
from mnist_visual.live_training.snapshots import network_of, vae_of
from mnist_visual.live_training.watching import Speed, weights_of
from mnist_visual.live_training.worker import DivergedError

SMALL = Settings(epochs=2, batch_size=16, filters=(2, 3), units=8, seed=5)
PATIENCE = 300  # seconds, of a machine that is busy


@pytest.fixture(scope="module")
def data(test_digits):
    pictures, labels = test_digits
    # Three batches of 16 in an epoch, and two of validation.
    return (pictures[:48], labels[:48]), (pictures[100:132], labels[100:132])


@pytest.fixture(scope="module")
def trainings(data):
    with pytest.MonkeyPatch.context() as patch:
        # As this process has it: other layouts add in another order.
        patch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=1")
        queue = TrainingQueue(data)
        queue.warm_up(SMALL)
        deadline = time.monotonic() + PATIENCE
        while len(queue.validation[0]) == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
    yield queue
    queue.close()


class Collect(keras.callbacks.Callback):
    """Copy the weights after every batch."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_train_begin(self, logs=None):  # noqa: ARG002 -- Keras gives it
        self.weights.append(weights_of(self.model))

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002
        self.weights.append(weights_of(self.model))


@pytest.fixture(scope="module")
def reference(data):
    """The same training by the library, in this process: model, history, weights per batch."""
    model, collect = build_model(SMALL), Collect()
    options = {"epochs": 2, "batch_size": 16, "seed": 5, "verbose": 0, "callbacks": [collect]}
    history = mv.train_classifier(model, *data[0], validation_data=data[1], **options).history
    return model, history, collect.weights


def wait(run, *states):
    deadline = time.monotonic() + PATIENCE
    while run.progress.state not in states:
        assert time.monotonic() < deadline, run.progress
        assert run.progress.state != "failed" or "failed" in states, run.progress
        time.sleep(0.005)
    return run


def assert_same_bits(snapshot, weights):
    assert snapshot.weights.keys() == weights.keys()
    for name, arrays in weights.items():
        for ours, right in zip(snapshot.weights[name], arrays, strict=True):
            np.testing.assert_array_equal(ours, right)


def test_a_played_training_is_the_librarys_to_the_bit(trainings, reference):
    model, history, weights = reference
    run = wait(trainings.submit(SMALL), "finished")
    assert [snapshot.epoch for snapshot in run.snapshots] == [0, 1, 2]
    for snapshot, right in zip(run.snapshots, weights[::3], strict=True):
        assert_same_bits(snapshot, right)
    for number, snapshot in enumerate(run.snapshots[1:]):
        assert snapshot.logs == {name: values[number] for name, values in history.items()}
    expected = model.predict(trainings.validation[0] / np.float32(255), verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(run.snapshots[-1].predictions, expected)
    assert (run.progress.epoch, run.progress.epochs) == (2, 2)
    run.close()


def test_whoever_waits_is_told_when_programs_are_compiled(trainings, monkeypatch):
    told, hear = [], TrainingQueue._on_report

    def listen(self, process, word, number, *details):
        if word == "compiling":
            told.append(details[0])
        hear(self, process, word, number, *details)

    queue = TrainingQueue(trainings._data)
    monkeypatch.setattr(TrainingQueue, "_on_report", listen)
    run = queue.submit(SMALL)
    wait(run, "running", "finished")
    queue.close()
    assert told[:2] == [True, False]
    assert told.count(True) == told.count(False) > 4  # two programs of either kind, and more


def test_what_is_trained_as_it_was_rehearsed_waits_for_the_rehearsal(data, monkeypatch):
    began, go_on, order = threading.Event(), threading.Event(), []

    def run(training):
        order.append(training.number)
        if not training.number:
            began.set()
            assert go_on.wait(PATIENCE)

    monkeypatch.setattr(worker.Training, "run", run)
    done = {1: threading.Event(), 2: threading.Event()}
    both = worker.Worker(lambda word, number: done[number].set(), Dataset(*data, ("0", "1")))
    both.obey("warm up", 0, SMALL)
    assert began.wait(PATIENCE)
    both.obey("begin", 1, SMALL)
    both.obey("begin", 2, replace(SMALL, units=9))
    assert done[2].wait(PATIENCE)
    assert order == [0, 2]
    go_on.set()
    assert done[1].wait(PATIENCE)


def test_of_many_wishes_the_last_is_rehearsed_and_by_one_thread(data, monkeypatch):
    began, go_on, rehearsed, done = threading.Event(), threading.Event(), [], threading.Event()

    def run(training):
        rehearsed.append(training.settings.units)
        began.set()
        assert go_on.wait(PATIENCE)
        if training.settings.units == 108:
            done.set()

    monkeypatch.setattr(worker.Training, "run", run)
    warm = worker.Worker(lambda *_: None, Dataset(*data, ("0", "1")))
    before = threading.active_count()
    warm.obey("warm up", 0, SMALL)
    assert began.wait(PATIENCE)
    for units in range(9, 109):
        warm.obey("warm up", 0, replace(SMALL, units=units))
    assert threading.active_count() == before + 1
    go_on.set()
    assert done.wait(PATIENCE)
    assert rehearsed == [SMALL.units, 108]


def test_validation_is_what_predictions_are_of(trainings, data):
    for ours, right in zip(trainings.validation, data[1], strict=True):
        np.testing.assert_array_equal(ours, right)


def test_steps_are_exact_and_a_reset_gives_the_same_bits(trainings, reference):
    weights = reference[2]
    run = trainings.submit(SMALL)
    for portion, batches in (("batch", 1), ("batch", 2), ("batch", 3), ("batch", 4), ("epoch", 6)):
        run.step(portion)
        wait(run, "paused", "finished")
        assert run.snapshots[-1].epoch == pytest.approx(batches / 3)
        assert_same_bits(run.snapshots[-1], weights[batches])
    assert [snapshot.epoch for snapshot in run.snapshots] == [0, 1, 2]
    assert run.progress.state == "finished"
    run.reset()
    assert [snapshot.epoch for snapshot in run.snapshots] == [0]
    run.step("batch")
    wait(run, "paused")
    assert_same_bits(run.snapshots[0], weights[0])
    assert_same_bits(run.snapshots[1], weights[1])
    assert run.progress.logs["loss"] == pytest.approx(run.snapshots[1].logs["loss"])
    run.close()


def test_changes_count_from_the_next_batch_on(trainings, reference):
    run = trainings.submit(replace(SMALL, epochs=1))
    run.step("batch")
    wait(run, "paused")
    run.set(learning_rate=1e-6)
    run.play()
    wait(run, "finished")
    before, after = reference[2][1]["dense"][0], run.snapshots[-1].weights["dense"][0]
    assert 0 < abs(after - before).max() < 4e-6  # two of Adam's steps
    run.close()


def test_two_at_once_both_finish_and_a_stop_keeps_where_it_was(trainings):
    long = trainings.submit(replace(SMALL, epochs=100))
    wait(long, "running")
    short = trainings.submit(SMALL)
    assert (short.progress.state, short.progress.place) == ("queued", 1)
    long.stop()
    assert long.progress.state == "stopped"
    wait(short, "finished")
    newest = long.snapshots[-1]
    assert 0 < newest.epoch < 100
    assert set(newest.logs) >= {"loss", "accuracy"}
    long.close()
    short.close()


@pytest.fixture(scope="module")
def painted(trainings):
    """A run of the autoencoder, with another beta in its second half."""
    run = trainings.submit(Settings(kind="vae", epochs=2, batch_size=16, beta=2.0, seed=5))
    run.step("epoch")
    wait(run, "paused")
    run.set(beta=0.0)
    run.play()
    yield wait(run, "finished")
    run.close()


def test_an_autoencoder_is_the_librarys(painted, trainings, data):
    vae = build_model(Settings(kind="vae", beta=2.0, seed=5))
    history = mv.train_vae(
        vae, data[0][0], validation_data=data[1][0], epochs=1, batch_size=16, seed=5, verbose=0
    ).history
    snapshot = painted.snapshots[1]
    assert snapshot.logs == {name: values[0] for name, values in history.items()}
    for name, arrays in weights_of(vae).items():
        for ours, right in zip(snapshot.weights[name], arrays, strict=True):
            np.testing.assert_allclose(ours, right, rtol=1e-3, atol=1e-6)  # float16
    codes = mv.encode(vae, trainings.validation[0]).mean
    np.testing.assert_array_equal(snapshot.codes, codes)
    numpy = vae_of(snapshot)
    z_mean, _ = numpy.encoder(trainings.validation[0] / np.float32(255))
    np.testing.assert_allclose(z_mean, codes, atol=2e-3)
    np.testing.assert_allclose(numpy.decoder(codes), mv.decode(vae, codes), atol=2e-3)


def test_another_beta_counts_from_then_on(painted):
    first, second = (snapshot.logs for snapshot in painted.snapshots[1:])
    for logs, beta in ((first, 2.0), (second, 0.0)):
        total = logs["reconstruction_loss"] + beta * logs["kl_loss"]
        assert logs["loss"] == pytest.approx(total, rel=1e-5)


def test_a_saved_autoencoder_is_loaded_by_the_library_and_by_keras(painted, tmp_path):
    path = tmp_path / "mine.weights.h5"
    save_snapshot(painted.snapshots[-1], painted.settings, path)
    for load in (mv.load_weights, lambda model, path: model.load_weights(path)):
        vae = mv.build_vae()
        load(vae, path)
        assert_same_bits(painted.snapshots[-1], weights_of(vae))


def test_a_saved_classifier_is_loaded_and_reads_as_the_snapshot(trainings, data, tmp_path):
    run = wait(trainings.submit(replace(SMALL, epochs=1)), "finished")
    path = tmp_path / "mine.weights.h5"
    save_snapshot(run.snapshots[-1], run.settings, path)
    pictures = data[1][0] / np.float32(255)
    for load in (mv.load_weights, lambda model, path: model.load_weights(path)):
        model = mv.build_classifier(filters=(2, 3), units=8)
        load(model, path)
        assert_same_bits(run.snapshots[-1], weights_of(model))
    ours = network_of(run.snapshots[-1])(pictures)
    np.testing.assert_allclose(ours, model.predict(pictures, verbose=0), atol=1e-5)
    content = io.BytesIO()
    save_snapshot(run.snapshots[-1], run.settings, content)
    assert content.getvalue() == path.read_bytes()
    with pytest.raises(ValueError, match="without encoder/conv"):
        vae_of(run.snapshots[-1])
    with pytest.raises(ValueError, match=r"end in \.weights\.h5"):
        save_snapshot(run.snapshots[-1], run.settings, tmp_path / "mine.h5")
    run.close()


def test_a_killed_process_fails_the_run_and_the_next_one_works(trainings, reference):
    run = trainings.submit(replace(SMALL, epochs=100))
    wait(run, "running")
    os.kill(trainings._process.pid, signal.SIGTERM)
    wait(run, "failed")
    assert "ended unexpectedly" in run.progress.message
    run.set(learning_rate=1e-3)
    run.reset()
    run.step("batch")
    wait(run, "paused")
    assert_same_bits(run.snapshots[1], reference[2][1])
    run.close()


@pytest.fixture
def processes_are_files():
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")


PARENT = """
import sys, time
from mnist_visual.live_training.queue import shared_queue
shared_queue().warm_up()
while shared_queue()._process.pid is None:
    time.sleep(0.01)
print(shared_queue()._process.pid, {"keras", "jax"} & set(sys.modules), flush=True)
time.sleep(600)
"""


@pytest.mark.usefixtures("processes_are_files")
def test_the_process_ends_with_the_one_that_started_it():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        pid, heavy = parent.stdout.readline().decode().split(maxsplit=1)
        assert heavy.strip() == "set()"
        parent.kill()
    deadline = time.monotonic() + PATIENCE
    while is_running(int(pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid):
    """Say whether there is a process, and not only what is left until somebody asks for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_data_the_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setenv("MNIST_VISUAL_DATA", "no-such-file.npz")
    queue = TrainingQueue()
    try:
        run = wait(queue.submit(Settings()), "failed")
        assert "MNIST_VISUAL_DATA must name a file that exists" in run.progress.message
    finally:
        queue.close()


def test_a_loss_beyond_all_numbers_says_what_to_do():
    class Training:
        tell_progress = keep = staticmethod(id)

    watch = ObedientWatch(Training(), None)
    watch.set_params({"steps": 5, "epochs": 2})
    watch.on_epoch_begin(0)
    watch.on_train_batch_begin(0)
    with pytest.raises(DivergedError, match=r"in epoch 1: .* smaller learning rate"):
        watch.on_train_batch_end(0, {"loss": float("nan")})


def test_the_time_that_is_left_does_not_count_what_compiles():
    speed = Speed()
    speed.stretch(1, 100.0)
    assert (speed.seconds(50, 1), speed.batches_in(0.1)) == (None, 1)
    speed.stretch(10, 0.5)
    speed.between(100.0)
    assert speed.seconds(50, 1) == pytest.approx(2.5)
    speed.between(0.25)
    assert speed.seconds(50, 2) == pytest.approx(3.0)
    assert speed.batches_in(0.1) == 2


def test_the_shared_queue_is_one():
    assert shared_queue() is shared_queue()
