"""A training of one's own, followed by a monitor through a callback of Keras."""

import threading

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.components import Sketchpad, TrainingMonitor

from .drawings import THREE
from .test_training_monitor import of_kind

layers = keras.layers


def data(n, classes, seed=0):
    random = np.random.default_rng(seed)
    return random.random((n, 28, 28), dtype=np.float32), random.integers(classes, size=n)


def foreign_model():
    """Somebody else's classifier of three kinds: a branch, a state, other names, and logits."""
    picture = keras.Input((28, 28, 1))
    x = layers.Conv2D(3, 5, strides=2, activation="relu", name="stem")(picture)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="sum")([x, layers.Conv2D(3, 1, name="branch")(x)])
    model = keras.Model(picture, layers.Dense(3, name="scores")(layers.Flatten()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def follow(sent, classes, **options):
    """Show a monitor without a queue."""
    names = [f"kind {i}" for i in range(classes)] if classes != 10 else None
    monitor = TrainingMonitor(Sketchpad(strokes=[THREE]), class_names=names, **options)
    monitor._handle_msg({"kind": "ready"})
    sent.clear()
    return monitor


@pytest.fixture
def fitted(sent):
    """Two epochs of the foreign model in Keras's own fit."""
    monitor, model = follow(sent, 3), foreign_model()
    pictures, labels = data(48, 3)
    history = model.fit(
        pictures[..., None],
        labels,
        epochs=2,
        batch_size=16,
        verbose=0,
        callbacks=[monitor.callback(data(20, 3, seed=1))],
    )
    return monitor, model, history.history


def test_a_foreign_model_is_shown_while_keras_trains_it(fitted, sent):
    monitor, model, history = fitted
    assert monitor.progress.state == "finished"
    assert [each.epoch for each in monitor._snapshots] == [0, 1, 2]
    for number, snapshot in enumerate(monitor._snapshots[1:]):
        assert snapshot.logs == {name: values[number] for name, values in history.items()}
    # As each came, not when all was over.
    assert [each["index"] for each in of_kind(sent, "network")] == [0, 1, 2]
    shown, drawing = of_kind(sent, "network")[-1], of_kind(sent, "drawing")[-1]
    kernel = model.get_layer("stem").kernel
    assert shown["filters"] == pytest.approx(np.asarray(kernel).transpose(3, 2, 0, 1))
    assert shown["second"] == 3
    pictures, labels = data(20, 3, seed=1)
    read = model.predict(pictures[..., None], verbose=0).argmax(1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (labels, read), 1)
    assert (shown["confusion"].reshape(3, 3) == expected).all()
    digit = monitor._sketchpad.steps.digit
    logits = model.predict(digit[None, ..., None], verbose=0)[0]
    shares = np.exp(logits) / np.exp(logits).sum()
    assert drawing["probabilities"] == pytest.approx(shares, abs=1e-4)
    assert [maps.shape for maps in drawing["maps"]] == [(3, 12, 12), (3, 12, 12)]


def test_one_can_look_back_on_it(fitted, sent):
    monitor, model, _ = fitted
    digit = monitor._sketchpad.steps.digit
    last = of_kind(sent, "drawing")[-1]["probabilities"]
    monitor.epoch = 0
    first = of_kind(sent, "drawing")[-1]["probabilities"]
    kernel, _ = monitor._snapshots[0].weights["stem"]
    assert of_kind(sent, "network")[-1]["filters"] == pytest.approx(kernel.transpose(3, 2, 0, 1))
    assert np.abs(first - last).max() > 1e-4
    monitor.epoch = None
    assert of_kind(sent, "drawing")[-1]["probabilities"] == pytest.approx(last)
    assert model.predict(digit[None, ..., None], verbose=0).shape == (1, 3)  # left alone


def test_without_pictures_there_are_curves_and_filters(sent):
    monitor, model = follow(sent, 10), mv.build_classifier(filters=(2, 3), units=8)
    model.fit(*data(32, 10), epochs=1, verbose=0, callbacks=[monitor.callback()])
    shown = of_kind(sent, "network")[-1]
    assert shown["confusion"] is None
    assert shown["filters"].shape == (2, 1, 3, 3)
    assert of_kind(sent, "drawing")[-1]["probabilities"].sum() == pytest.approx(1)


def test_a_model_of_other_pictures_has_curves_alone(sent):
    monitor = follow(sent, 10)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(
        np.ones((8, 5)), np.arange(8) % 4, epochs=1, verbose=0, callbacks=[monitor.callback()]
    )
    assert monitor.snapshot.logs.keys() == {"loss"}
    assert of_kind(sent, "network")[-1]["filters"] is None
    assert of_kind(sent, "drawing")[-1] == {"kind": "drawing", "empty": True}


def test_an_autoencoder_has_its_map(sent):
    monitor, vae = follow(sent, 10), mv.build_vae()
    pictures, labels = data(16, 10)
    callback = monitor.callback((pictures, labels))
    mv.train_vae(vae, pictures, epochs=1, batch_size=16, verbose=0, callbacks=[callback])
    assert monitor.kind == "vae"
    codes = mv.encode(vae, pictures).mean
    assert of_kind(sent, "network")[-1]["codes"].reshape(-1, 2) == pytest.approx(codes, abs=1e-4)
    drawn = mv.encode(vae, monitor._sketchpad.steps.digit).mean
    assert of_kind(sent, "drawing")[-1]["mean"] == pytest.approx(drawn, abs=1e-4)


def test_it_can_be_stopped_but_not_started(sent):
    monitor, model = follow(sent, 10), mv.build_classifier(filters=(1, 1), units=8)

    class Impatient(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002 -- Keras gives it
            monitor._handle_msg({"kind": "stop"})

    model.fit(*data(16, 10), epochs=9, verbose=0, callbacks=[monitor.callback(), Impatient()])
    assert (monitor.progress.state, monitor.progress.epoch) == ("stopped", 1)
    monitor._handle_msg({"kind": "start"})
    assert "callbacks=[monitor.callback()]" in of_kind(sent, "problem")[-1]["text"]


def test_callbacks_in_the_thread_that_trains_come_at_once(fitted):
    monitor, model, _ = fitted
    told = []
    monitor.param.watch(lambda _: told.append(threading.get_ident()), "progress")
    pictures, labels = data(16, 3)
    model.fit(pictures[..., None], labels, verbose=0, callbacks=[monitor.callback()])
    assert set(told) == {threading.get_ident()}
