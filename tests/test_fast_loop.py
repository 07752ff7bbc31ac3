"""The fast loop against Keras's ``fit`` on the same batches."""

import logging
import subprocess
import sys

import numpy as np
import pytest

from mnist_visual import build_classifier, train_classifier
from mnist_visual._backend import keras
from mnist_visual.fast import objective, steps
from mnist_visual.fast.layers import UnknownKindError
from mnist_visual.fast.objective import CompiledObjective
from mnist_visual.training import fit_epochs
from mnist_visual.vae import VAE, build_vae
from mnist_visual.vae_training import ElboObjective

layers = keras.layers


def spots(n=48, seed=0):
    """Small pictures of one spot each, whose place says which of four classes it is."""
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=n).astype(np.int32)
    pictures = random.integers(0, 80, size=(n, 8, 8)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 + 3 * (label // 2), 2 + 3 * (label % 2)] += 150
    return pictures, labels


def small_model(optimizer=None, *, loss="sparse_categorical_crossentropy", parts=()):
    weights = keras.initializers.GlorotUniform
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(3, 3, activation="relu", kernel_initializer=weights(seed=1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *parts,
            layers.Dense(4, activation="softmax", kernel_initializer=weights(seed=2)),
        ]
    )
    sgd = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(sgd if optimizer is None else optimizer, loss, metrics=["accuracy"])
    return model


def refuse(model):
    raise UnknownKindError("what a test hides from it")


def trained(model, way=CompiledObjective, *, data=None, validation=None, **options):
    """Train with fit_epochs, in the fast way or in Keras's."""
    data = spots() if data is None else data
    options = {"epochs": 3, "batch_size": 16, "seed": 1, "callbacks": [], "verbose": 0, **options}
    history = fit_epochs(
        model, lambda _: data, validation_data=validation, objective_of=way, **options
    )
    return model, history.history


def assert_alike(one, other, rtol=1e-5, atol=1e-5):
    (first, first_logs), (second, second_logs) = one, other
    assert sorted(first_logs) == sorted(second_logs)
    for name in first_logs:
        np.testing.assert_allclose(first_logs[name], second_logs[name], 1e-5, 1e-6, err_msg=name)
    for ours, right in zip(first.variables, second.variables, strict=True):
        np.testing.assert_allclose(ours.value, right.value, rtol=rtol, atol=atol)


def floats(pictures):
    return pictures / np.float32(255)


# The same numbers as Keras


def test_losses_and_weights_are_those_of_keras():
    # The last batch of an epoch is a smaller one, and so is that of the validation.
    pictures, labels = spots(20, 5)
    options = {"data": spots(44), "validation": (floats(pictures), labels)}
    fast = trained(small_model(), **options)
    assert_alike(fast, trained(small_model(), refuse, **options))
    assert len(fast[1]["val_accuracy"]) == 3
    assert int(fast[0].optimizer.iterations) == 9


def test_classifier_and_its_recipe_train_as_with_keras():
    pictures = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    targets = np.random.default_rng(1).dirichlet(np.ones(10), 20).astype(np.float32)
    results = []
    for way in (CompiledObjective, refuse):
        model = build_classifier(seed=1)
        rate = keras.optimizers.schedules.CosineDecay(1e-4, 10, warmup_target=1e-3, warmup_steps=2)
        optimizer = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=0.9)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.05)
        model.compile(optimizer, loss, metrics=["accuracy"])
        callbacks = [keras.callbacks.SwapEMAWeights()]
        options = {"validation": (floats(pictures), targets), "callbacks": callbacks}
        results.append(trained(model, way, data=(pictures, targets), batch_size=10, **options))
    assert_alike(*results)


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
        lambda y_true, y_pred: keras.ops.max(y_pred) - keras.ops.min(y_pred),
    ],
)
def test_any_loss_will_do(loss):
    results = [
        trained(small_model(keras.optimizers.SGD(0.01), loss=loss), way, epochs=1)
        for way in (CompiledObjective, refuse)
    ]
    assert_alike(*results)


def test_frozen_layers_stay_as_they_are():
    results = []
    for way in (CompiledObjective, refuse):
        model = small_model()
        model.layers[1].trainable = False
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        kernel = np.asarray(model.layers[1].kernel.value)
        results.append(trained(model, way))
        np.testing.assert_array_equal(model.layers[1].kernel.value, kernel)
    assert_alike(*results)


def test_dropout_is_that_of_keras_and_comes_from_the_seed():
    def model():
        return small_model(parts=[layers.Dropout(0.5)])

    fast = trained(model())
    assert_alike(fast, trained(model(), refuse))
    assert_same_bits(fast[0], trained(model())[0])
    assert differ(fast[0], trained(model(), seed=2)[0])


def bars(n):
    pictures = np.zeros((n, 28, 28), np.uint8)
    for number, picture in enumerate(pictures):
        picture[4:24, 3 + 2 * number % 20 :][:, :4] = 200
    return pictures


@pytest.mark.parametrize("reconstruction", ["bce", "mse"])
def test_autoencoder_trains_as_with_keras(reconstruction):
    pictures, results = bars(16), []
    validation = (floats(pictures[:8]), np.zeros(8)) if reconstruction == "bce" else None
    for way in (ElboObjective, refuse):
        vae = build_vae(reconstruction=reconstruction, beta=2.0)
        vae.compile(keras.optimizers.SGD(1e-4))
        data = pictures, np.zeros(16)
        results.append(trained(vae, way, data=data, validation=validation, batch_size=8, epochs=2))
    assert_alike(*results)


# Callbacks


class Batches(keras.callbacks.Callback):
    """Look at every batch, and stop at one of them."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.seen = []
        self.stop_at = stop_at

    def on_train_batch_begin(self, batch, logs=None):  # noqa: ARG002
        self.seen.append((batch,))

    def on_train_batch_end(self, batch, logs=None):
        norm = sum(float((weight.value**2).sum()) for weight in self.model.trainable_weights)
        self.seen.append((batch, logs["loss"], norm))
        if batch == self.stop_at:
            self.model.stop_training = True


@pytest.mark.parametrize("stop_at", [None, 1])
def test_callbacks_see_every_batch_and_can_stop_there(stop_at):
    seen = []
    results = []
    for way in (CompiledObjective, refuse):
        callback = Batches(stop_at)
        results.append(trained(small_model(), way, epochs=2, callbacks=[callback]))
        seen.append(callback.seen)
    assert_alike(*results)
    assert [entry[0] for entry in seen[0]] == [entry[0] for entry in seen[1]]
    for ours, right in zip(*seen, strict=True):
        assert ours[1:] == pytest.approx(right[1:], rel=1e-5)


def test_callbacks_of_keras_do_what_they_do(tmp_path):
    results = []
    for name, way in (("fast", CompiledObjective), ("keras", refuse)):
        (tmp_path / name).mkdir()
        callbacks = [
            keras.callbacks.LearningRateScheduler(lambda _, rate: rate * 0.5),
            keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=0, min_delta=9),
            keras.callbacks.EarlyStopping("loss", patience=2, min_delta=9, start_from_epoch=1),
            keras.callbacks.CSVLogger(tmp_path / name / "log.csv"),
            keras.callbacks.ModelCheckpoint(
                tmp_path / name / "{epoch}.weights.h5", save_weights_only=True
            ),
            keras.callbacks.TerminateOnNaN(),
        ]
        results.append(trained(small_model(), way, epochs=6, callbacks=callbacks))
    assert_alike(*results)
    logs = [np.genfromtxt(tmp_path / name / "log.csv", delimiter=",") for name in ("fast", "keras")]
    np.testing.assert_allclose(logs[0][1:], logs[1][1:], rtol=1e-4)
    assert len(logs[0]) == 1 + len(results[0][1]["loss"]) < 7
    saved = results[1][0]
    saved.load_weights(tmp_path / "fast" / f"{len(logs[0]) - 1}.weights.h5")
    assert_same_bits(saved, results[0][0])


def test_what_a_callback_changes_is_trained_on():
    def set_rate(batch, logs):
        model.optimizer.learning_rate = 0.0

    model = small_model(keras.optimizers.SGD(0.1))
    before = model.get_weights()
    zero = keras.callbacks.LambdaCallback(on_train_batch_begin=set_rate)
    trained(model, epochs=1, callbacks=[zero])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


class Longer(Batches):
    """Let one batch more pass at once, every time."""

    stretch = 1

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        self.stretch += 1


def test_a_callback_says_how_many_batches_pass_at_once():
    longer = Longer()
    model = trained(small_model(), epochs=1, batch_size=4, callbacks=[longer])[0]
    assert [seen[0] for seen in longer.seen] == [0, 0, 1, 2, 3, 5, 6, 9, 10, 11]
    assert_same_bits(model, trained(small_model(), epochs=1, batch_size=4)[0])


def test_beta_that_a_callback_changes_counts_at_once():
    def change(epoch, logs):
        vae.beta = 2.0 * epoch

    weights, logs = {}, {}
    for name, beta, callbacks in (
        ("changed", 1.0, [keras.callbacks.LambdaCallback(on_epoch_begin=change)]),
        ("zero", 0.0, []),
    ):
        vae = build_vae(architecture="dense", beta=beta)
        vae.compile(keras.optimizers.SGD(0.0))
        options = {"data": (bars(8), np.zeros(8)), "epochs": 2, "batch_size": 8}
        weights[name], logs[name] = trained(vae, ElboObjective, callbacks=callbacks, **options)
    changed, zero = logs["changed"], logs["zero"]
    assert changed["loss"][0] == zero["loss"][0] == zero["reconstruction_loss"][0]
    expected = changed["reconstruction_loss"][1] + 2 * changed["kl_loss"][1]
    assert changed["loss"][1] == pytest.approx(expected, rel=1e-6)


def test_progress_is_shown(capsys):
    trained(small_model(), epochs=2, verbose=1)
    shown = capsys.readouterr().out
    assert "Epoch 2/2" in shown
    assert "3/3" in shown
    assert "accuracy" in shown


# What it does not know


class OwnStep(keras.Model):
    def train_step(self, *arguments):
        return super().train_step(*arguments)


class OwnLoss(VAE):
    def compute_loss(self, *arguments, **options):
        return super().compute_loss(*arguments, **options)


def own_step():
    model = small_model()
    own = OwnStep(model.inputs, model.outputs)
    own.compile("sgd", "sparse_categorical_crossentropy")
    return own


def compiled_with(**options):
    model = small_model()
    model.compile("sgd", "sparse_categorical_crossentropy", **options)
    return model


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: small_model(parts=[layers.BatchNormalization()]), "BatchNormalization"),
        (lambda: small_model(parts=[layers.Dense(4, kernel_regularizer="l2")]), "regularizers"),
        (own_step, "OwnStep"),
        (lambda: compiled_with(run_eagerly=True), "run_eagerly"),
        (lambda: compiled_with(auto_scale_loss=True, jit_compile=False), "jit_compile"),
        (
            lambda: small_model(keras.optimizers.SGD(0.1, loss_scale_factor=8.0)),
            "scaled losses",
        ),
        (lambda: keras.Sequential(small_model().layers), "not compiled"),
    ],
)
def test_other_models_are_left_to_keras(model, reason):
    with pytest.raises(UnknownKindError, match=reason):
        CompiledObjective(model())


@pytest.mark.parametrize("kind", [OwnLoss])
def test_other_autoencoders_are_left_to_keras(kind):
    vae = kind(architecture="dense")
    vae.compile("adam")
    with pytest.raises(UnknownKindError, match="compute_loss of OwnLoss"):
        ElboObjective(vae)


def test_keras_trains_them_and_the_log_says_so(caplog):
    model = small_model(parts=[layers.BatchNormalization()])
    before = weights_of(model)
    with caplog.at_level(logging.INFO, "mnist_visual"):
        train_classifier(model, *spots(), epochs=1, verbose=0)
    assert (weights_of(model) != before).any()
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert "does not know the layer BatchNormalization" in record.getMessage()


def test_a_model_compiles_once_until_something_changes(caplog):
    model = small_model()
    options = {"data": spots(16), "epochs": 1}
    with caplog.at_level(logging.INFO, "mnist_visual"):
        for _ in range(2):
            trained(model, **options)
        assert len(caplog.records) == 1
        model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
        before = weights_of(model)
        trained(model, **options)
        assert len(caplog.records) == 2
    np.testing.assert_array_equal(before, weights_of(model))


def test_on_other_devices_the_functions_are_those_of_keras(monkeypatch):
    fast = trained(small_model(), epochs=1)
    for module in (objective, steps):
        monkeypatch.setattr(module.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(objective, "Network", None)
    assert_alike(fast, trained(small_model(), epochs=1))


# The same bits


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def assert_same_bits(one, other):
    np.testing.assert_array_equal(weights_of(one), weights_of(other))


def differ(one, other):
    return (weights_of(one) != weights_of(other)).any()


def test_stretches_and_progress_change_nothing(monkeypatch):
    whole = trained(small_model())[0]
    assert_same_bits(whole, trained(small_model(), callbacks=[Batches()])[0])


ON_TWO_DEVICES = """
import jax
jax.config.update("jax_num_cpu_devices", 2)
from tests import test_fast_loop as here
models = [here.trained(here.small_model(parts=[here.layers.Dropout(0.5)])) for _ in range(2)]
here.assert_same_bits(models[0][0], models[1][0])
for value in models[0][0].variables:
    assert len(value.value.devices()) == 1
print(*here.weights_of(models[0][0]), *models[0][1]["accuracy"])
"""


def test_two_devices_train_to_the_same_weights():
    here = trained(small_model(parts=[layers.Dropout(0.5)]))
    result = subprocess.run(
        [sys.executable, "-c", ON_TWO_DEVICES], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    expected = [*weights_of(here[0]), *here[1]["accuracy"]]
    # The seed of the dropout is a weight, too, but for its size one like others.
    np.testing.assert_allclose(np.array(result.stdout.split(), float), expected, 1e-4, 1e-5)
