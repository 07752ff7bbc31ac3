"""Following a training of one's own, the library's or Keras's."""

import threading

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.live_training.recorder import Recorder
from mnist_visual.live_training.watching import set_weights

layers = keras.layers


def foreign_model():
    """Somebody else's classifier, with a branch, a state and other names."""
    picture = keras.Input((10, 12, 1))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="stem")(picture)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="sum")([x, layers.Conv2D(3, 1, name="branch")(x)])
    outputs = layers.Dense(4, name="scores")(layers.Flatten()(x))
    model = keras.Model(picture, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def data(n, shape=(10, 12)):
    random = np.random.default_rng(n)
    return random.random((n, *shape), dtype=np.float32), random.integers(4, size=n)


@pytest.fixture(scope="module")
def fitted():
    """A foreign model in Keras's own fit: the recorder, the history, the model."""
    recorder, model = Recorder(data(20)), foreign_model()
    pictures, labels = data(40)
    history = model.fit(
        pictures[..., None],
        labels,
        epochs=3,
        batch_size=16,
        verbose=0,
        validation_data=(data(20)[0][..., None], data(20)[1]),
        callbacks=[recorder.callback()],
    )
    return recorder, history.history, model


def test_keras_own_fit_is_recorded(fitted):
    recorder, history, model = fitted
    assert [snapshot.epoch for snapshot in recorder.snapshots] == [0, 1, 2, 3]
    for number, snapshot in enumerate(recorder.snapshots[1:]):
        assert snapshot.logs == {name: values[number] for name, values in history.items()}
    assert recorder.snapshots[-1].weights.keys() == {"stem", "norm", "branch", "scores"}
    assert len(recorder.snapshots[-1].weights["norm"]) == 4
    expected = model.predict(recorder.validation[0][..., None], verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(recorder.snapshots[-1].predictions, expected)
    progress = recorder.progress
    assert (progress.state, progress.epoch, progress.batches) == ("finished", 3, 3)


def test_a_model_of_the_same_kind_becomes_what_it_was(fitted):
    recorder, _, model = fitted
    other = foreign_model()
    for snapshot in recorder.snapshots:
        set_weights(other, snapshot)
        scores = other.predict(recorder.validation[0][..., None], verbose=0)
        np.testing.assert_array_equal(scores.argmax(axis=1), snapshot.predictions)
    for ours, right in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, right)


def test_other_models_do_not(fitted):
    snapshot = fitted[0].snapshots[0]
    with pytest.raises(ValueError, match="has the layers of the snapshot"):
        set_weights(mv.build_classifier(), snapshot)
    picture = keras.Input((10, 12, 1))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(3, 3, name="stem")(picture))
    x = layers.Flatten()(layers.Conv2D(3, 1, name="branch")(x))
    with pytest.raises(ValueError, match="in 'scores'"):
        set_weights(keras.Model(picture, layers.Dense(4, name="scores")(x)), snapshot)


def test_the_librarys_training_is_recorded_and_not_disturbed():
    weights = []
    for callbacks in ([], [Recorder().callback()]):
        model = mv.build_classifier(filters=(2, 2), units=8, seed=1)
        options = {"epochs": 2, "batch_size": 16, "seed": 1, "callbacks": callbacks, "verbose": 0}
        mv.train_classifier(model, *data(40, (28, 28)), **options)
        weights.append(model.get_weights())
    for alone, watched in zip(*weights, strict=True):
        np.testing.assert_array_equal(alone, watched)


def test_who_subscribes_hears_of_the_end():
    recorder, over = Recorder(), threading.Event()
    unsubscribe = recorder.subscribe(
        lambda heard: over.set() if heard.progress.state == "finished" else None
    )
    model = keras.Sequential([keras.Input((10, 12)), layers.Flatten(), layers.Dense(4)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(*data(8), epochs=1, verbose=0, callbacks=[recorder.callback()])
    assert over.wait(30)
    unsubscribe()
    assert recorder.snapshots[-1].predictions is None
    recorder.callback()
    assert recorder.snapshots == []


def test_an_autoencoder_has_codes():
    recorder = Recorder((data(6, (28, 28))[0], np.arange(6)))
    vae = mv.build_vae(architecture="dense")
    vae.fit(data(8, (28, 28))[0], epochs=1, verbose=0, callbacks=[recorder.callback()])
    codes = mv.encode(vae, recorder.validation[0]).mean
    np.testing.assert_array_equal(recorder.snapshots[-1].codes, codes)
    assert "encoder/z_mean" in recorder.snapshots[-1].weights


def test_weights_that_are_no_numbers_have_no_predictions():
    recorder, model = Recorder(data(5)), foreign_model()
    model.get_layer("scores").bias.assign([np.nan] * 4)
    pictures, labels = data(16)
    callbacks = [recorder.callback()]
    model.fit(pictures[..., None], labels, epochs=1, verbose=0, callbacks=callbacks)
    assert recorder.snapshots[-1].predictions is None
    assert "loss" not in recorder.snapshots[-1].logs


def test_pictures_have_labels():
    with pytest.raises(ValueError, match=r"one label for each.*\(5, 10, 12\) and \(4,\)"):
        Recorder((data(5)[0], np.arange(4)))
