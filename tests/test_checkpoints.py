"""A training that was interrupted goes on to the bits of one that was not."""

import contextlib
import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_visual import train_classifier, train_vae, training
from mnist_visual._backend import keras
from mnist_visual.checkpoints import load_best, remove_checkpoint
from mnist_visual.vae import VAE

layers = keras.layers
EPOCHS = 4


def pictures(n=40, seed=0):
    """Small pictures of one spot each, and which of four corners it lies in."""
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=n)
    images = random.integers(0, 120, size=(n, 6, 6)).astype(np.uint8)
    images[np.arange(n), 1 + 3 * (labels // 2), 1 + 3 * (labels % 2)] += 130
    return images, labels


def bars(n=40):
    images = np.zeros((n, 28, 28), np.uint8)
    for number, image in enumerate(images):
        image[4:24, 3 + 2 * number % 20 :][:, :4] = 200
    return images


def small_model(*, loop="fast", units=4, optimizer=None, seed=1):
    """Build a classifier with noise; for Keras's loop one that the fast loop does not know."""
    weights = keras.initializers.GlorotUniform
    model = keras.Sequential(
        [
            keras.Input((6, 6)),
            layers.Flatten(),
            layers.Dense(8, activation="relu", kernel_initializer=weights(seed=seed)),
            layers.BatchNormalization() if loop == "Keras" else layers.Dropout(0.2),
            layers.Dense(units, activation="softmax", kernel_initializer=weights(seed=seed + 1)),
        ]
    )
    adam = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer or adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Slow(VAE):
    """A class of its own, which the fast loop leaves to Keras."""

    def compute_loss(self, *arguments, **options):
        return super().compute_loss(*arguments, **options)


def small_vae(*, loop="fast"):
    vae = (Slow if loop == "Keras" else VAE)(architecture="dense", seed=3)
    vae.compile(keras.optimizers.AdamW(1e-3, use_ema=True, ema_momentum=0.9))
    return vae


def train_small(model, **options):
    defaults = {"validation_data": pictures(12, 9), "epochs": EPOCHS, "batch_size": 16, "seed": 5}
    averages = [keras.callbacks.SwapEMAWeights()]
    options["callbacks"] = [*options.pop("first", averages), *options.pop("callbacks", [])]
    data = options.pop("data", pictures())
    return train_classifier(model, *data, augment=True, verbose=0, **{**defaults, **options})


def train_small_vae(model, **options):
    options["callbacks"] = [keras.callbacks.SwapEMAWeights(), *options.pop("callbacks", [])]
    measured = bars(8)[:, ::-1]
    return train_vae(
        model, bars(), validation_data=measured, epochs=EPOCHS, batch_size=16, verbose=0, **options
    )


KINDS = {
    f"{name}, {loop} loop": (lambda build=build, loop=loop: build(loop=loop), train)
    for name, build, train in (
        ("classifier", small_model, train_small),
        ("VAE", small_vae, train_small_vae),
    )
    for loop in ("fast", "Keras")
}


def values(model):
    """Copy the weights, the states of random generators, and the optimizer's variables."""
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(variable.value) for variable in variables]


def assert_same_bits(one, other):
    assert len(one) == len(other)
    for ours, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours, right)


class Stop(keras.callbacks.LambdaCallback):
    """Interrupt a training after one step, counted from the first epoch on, or before one epoch."""

    def __init__(self, *, step=None, epoch=None, error=KeyboardInterrupt):
        def after_step(_batch, logs=None):
            if int(self.model.optimizer.iterations) >= step:
                raise error

        def before_epoch(number, logs=None):
            if number == epoch:
                raise error

        hooks = {"on_train_batch_end": after_step} if step else {"on_epoch_begin": before_epoch}
        super().__init__(**hooks)
        self.error = error


def interrupt(model, train, path, stop, **options):
    with pytest.raises(stop.error):
        train(model, checkpoint=path, callbacks=[stop], **options)


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    """How to build a model and train it, and what an uninterrupted training makes of it."""
    build, train = KINDS[request.param]
    model = build()
    history = train(model)
    return build, train, values(model), history


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.checkpoint"


# The same bits


def test_interrupted_wherever_it_goes_on_to_the_same_bits(kind, path):
    build, train, right, history = kind
    # In the first epoch, in the middle of others and between them, one after the other.
    for stop in (Stop(step=1), Stop(step=5, error=InterruptedError), Stop(epoch=2), Stop(step=11)):
        interrupt(build(), train, path, stop)
        assert [file.name for file in path.parent.iterdir()] == [path.name]
    model = build()
    resumed = train(model, checkpoint=path)
    assert_same_bits(values(model), right)
    assert resumed.history == history.history
    assert resumed.epoch == list(range(EPOCHS))
    assert not any(path.parent.iterdir())


def test_checkpoint_changes_nothing(kind, path):
    build, train, right, _ = kind
    model = build()
    train(model, checkpoint=path)
    assert_same_bits(values(model), right)


def test_same_model_goes_on(path):
    """As in a notebook, where the call is made again after an interruption."""
    uninterrupted, model = small_model(), small_model()
    train_small(uninterrupted)
    interrupt(model, train_small, path, Stop(step=2))
    train_small(model, checkpoint=path)
    assert_same_bits(values(model), values(uninterrupted))


def test_weights_that_nobody_seeded_are_kept_from_the_first_step_on(path):
    models = [small_model(seed=seed) for seed in (1, 7)]
    for model in models:
        for layer in model.layers:
            if hasattr(layer, "kernel_initializer"):
                layer.kernel_initializer = keras.initializers.GlorotUniform()
    right = keras.models.clone_model(models[0])
    right.set_weights(models[0].get_weights())
    adam = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)
    right.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    train_small(right)
    interrupt(models[0], train_small, path, Stop(step=1))
    train_small(models[1], checkpoint=path)
    assert_same_bits(values(models[1]), values(right))


def test_training_that_is_done_is_not_done_again(path, monkeypatch):
    """As if it had been killed before the checkpoint was removed."""
    monkeypatch.setattr(training, "remove_checkpoint", lambda _: None)
    first, again = small_model(), small_model()
    train_small(first, checkpoint=path)
    steps = []
    count = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: steps.append(1))
    history = train_small(again, checkpoint=path, callbacks=[count])
    assert not steps
    assert len(history.history["loss"]) == EPOCHS
    assert_same_bits(values(again), values(first))


def halting():
    """Make Keras's callbacks do something soon: stop, lower the rate, and look back."""
    return [
        keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=2, min_delta=9),
        keras.callbacks.EarlyStopping(
            "val_loss", mode="max", patience=4, restore_best_weights=True
        ),
        keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
    ]


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_callbacks_of_keras_remember(path, epoch):
    uninterrupted, model = small_model(), small_model()
    right = train_small(uninterrupted, epochs=9, first=halting())
    assert len(right.history["loss"]) < 9
    interrupt(small_model(), train_small, path, Stop(epoch=epoch), epochs=9, first=halting())
    history = train_small(model, checkpoint=path, epochs=9, first=halting())
    assert history.history == right.history
    assert len(set(history.history["learning_rate"])) > 1
    assert_same_bits(values(model), values(uninterrupted))


def test_training_that_a_callback_ended_stays_ended(path, monkeypatch):
    monkeypatch.setattr(training, "remove_checkpoint", lambda _: None)
    first, again = small_model(), small_model()
    for model in (first, again):
        history = train_small(model, epochs=9, first=halting(), checkpoint=path)
        assert len(history.history["loss"]) < 9
    assert_same_bits(values(first), values(again))


def test_half_precision_is_kept(path):
    def build():
        model = keras.Sequential(
            [keras.Input((6, 6)), layers.Flatten(), layers.Dense(4, "softmax", dtype="bfloat16")]
        )
        model.layers[1].set_weights([np.linspace(-1, 1, 144).reshape(36, 4), np.zeros(4)])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    uninterrupted, model = build(), build()
    train_small(uninterrupted, first=[])
    interrupt(build(), train_small, path, Stop(epoch=2), first=[])
    train_small(model, checkpoint=path, first=[])
    assert_same_bits(values(model), values(uninterrupted))


KILLED = """
import sys
from tests import test_checkpoints as here
class Tell(here.keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if (batches := int(self.model.optimizer.iterations)) == 20:
            print(batches, flush=True)
            sys.stdin.read()  # until it is killed
here.train_small(here.small_model(), checkpoint=sys.argv[1], callbacks=[Tell()], epochs=40)
"""


def test_killed_process_is_taken_up_to_the_same_bits(path):
    command = [sys.executable, "-c", KILLED, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "20\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    uninterrupted, model = small_model(), small_model()
    train_small(uninterrupted, epochs=40)
    epochs = []
    record = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: epochs.append(epoch))
    train_small(model, checkpoint=path, callbacks=[record], epochs=40)
    assert epochs[0] >= 6
    assert_same_bits(values(model), values(uninterrupted))
    assert not any(path.parent.iterdir())


# The best so far


def averages(model):
    return [np.array(value) for value in model.optimizer._model_variables_moving_average]


@pytest.mark.parametrize("loop", ["fast", "Keras"])
def test_best_weights_are_those_that_were_measured_best(path, loop):
    seen, trained, model = [], small_model(loop=loop), small_model(loop=loop)
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _, logs: seen.append((averages(trained), dict(logs)))
    )
    options = {"epochs": 8, "first": [keras.callbacks.SwapEMAWeights(), record]}
    interrupt(trained, train_small, path, Stop(epoch=7), **options)
    best = load_best(model, path)
    weights, logs = seen[best.epoch - 1]
    assert best.logs == logs
    merits = [(logs["val_accuracy"], -logs["val_loss"]) for _, logs in seen]
    assert merits[best.epoch - 1] == max(merits)
    assert_same_bits([np.array(weight.value) for weight in model.trainable_weights], weights)
    measured = model.evaluate(*floats(pictures(12, 9)), verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(logs["val_loss"], rel=1e-5)


def floats(data):
    return data[0] / np.float32(255), data[1]


def test_best_of_an_autoencoder_has_the_lowest_loss(path):
    model = small_vae()
    interrupt(model, train_small_vae, path, Stop(epoch=3))
    losses = model.history.history["val_loss"]
    assert load_best(small_vae(), path).epoch == 1 + int(np.argmin(losses))


def test_without_validation_or_epochs_there_is_no_best(path):
    for stop in (Stop(step=1), Stop(epoch=2)):
        interrupt(small_model(), train_small, path, stop, validation_data=None, first=[])
        model = small_model()
        before = values(model)
        assert load_best(model, path) is None
        assert_same_bits(values(model), before)


def test_what_is_not_a_number_is_never_best(path):
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: np.inf if epoch else 0.01)
    optimizer = keras.optimizers.SGD(0.01)
    model = small_model(optimizer=optimizer)
    interrupt(model, train_small, path, Stop(epoch=3), first=[rates])
    assert np.isnan(model.history.history["val_loss"][-1])
    assert load_best(small_model(), path).epoch == 1


# What is refused


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint after two epochs, its bytes."""
    path = tmp_path_factory.mktemp("checkpoint") / "training.checkpoint"
    interrupt(small_model(), train_small, path, Stop(epoch=2))
    return path.read_bytes()


@pytest.fixture
def refused(path, written):
    """Expect a ValueError that leaves the file and the model as they were."""

    def expect(words, model=None, content=written, **options):
        path.write_bytes(content)
        model = small_model() if model is None else model
        model.optimizer.build(model.trainable_variables)
        before = values(model)
        with pytest.raises(ValueError, match=words):
            train_small(model, checkpoint=path, **options)
        assert path.read_bytes() == content
        assert_same_bits(values(model), before)

    return expect


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 6}, r"written with seed 5 \(now 6\)\. Train as then"),
        ({"epochs": 5}, r"written with epochs 4 \(now 5\)\."),
        ({"batch_size": 8}, r"written with batch_size 16 \(now 8\)\."),
        ({"data": pictures(41)}, r"written with other training data\."),
        ({"validation_data": pictures(12, 8)}, r"written with other validation data\."),
        ({"validation_data": None}, r"written with other validation data\."),
        ({"first": []}, r"written with callbacks SwapEMAWeights \(now none\)\."),
    ],
)
def test_checkpoint_of_another_run_is_refused_and_the_difference_named(refused, options, words):
    refused(words, **options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 5}, "another model"),
        ({"seed": 2}, "another model"),
        ({"loop": "Keras"}, r"another model.*loop the fast one \(now Keras's fit\)|loop .*model"),
        ({"optimizer": keras.optimizers.Adam(0.01)}, "another optimizer"),
        (
            {"optimizer": keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9)},
            r"learning_rate 0\.0099\d* \(now 0\.0199\d*\)",
        ),
    ],
)
def test_checkpoint_of_another_model_is_refused(refused, change, words):
    refused(words, small_model(**change))


def test_checkpoint_of_another_loss_is_refused(refused):
    model = small_model()
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=3)
    model.compile(model.optimizer, loss, metrics=["accuracy"])
    refused("another loss", model)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("mnist_visual._fingerprint.jax.__version__", r"jax .* \(now 0\.0\.1\)"),
        ("mnist_visual._fingerprint.platform.machine", r"devices .* \(now .*abacus\)"),
    ],
)
def test_what_would_change_the_bits_is_refused(refused, monkeypatch, target, words):
    monkeypatch.setattr(target, "0.0.1" if "version" in target else lambda: "abacus")
    refused(words)


def test_truncated_checkpoint_is_refused(refused, written):
    for end in range(0, len(written), len(written) // 12):
        refused("A checkpoint must be whole", content=written[:end])


def test_file_of_something_else_is_refused(refused, tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    for content in (b"no archive", (tmp_path / "other.npz").read_bytes()):
        refused("A checkpoint must be whole, .* Delete it", content=content)


def with_record(written, path, change):
    """Write a checkpoint anew with its record changed."""
    path.write_bytes(written)
    arrays = dict(np.load(path))
    record = json.loads(arrays["record"].tobytes())
    change(record)
    arrays["record"] = np.frombuffer(json.dumps(record).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path.read_bytes()


CHANGES = {
    "epoch that is text": lambda record: record.update(epoch="two"),
    "epoch too low": lambda record: record.update(epoch=1),
    "unknown part": lambda record: record.update(more=1),
    "no history": lambda record: record.pop("history"),
    "list as history": lambda record: record.update(history=[]),
    "text in history": lambda record: record.update(history={"loss": ["x"]}),
    "empty best": lambda record: record.update(best={}),
    "no number in best": lambda record: record["best"]["logs"].update(val_loss=None),
    "unknown memory": lambda record: record.update(memories=[{"model": 1}]),
    "list as fingerprint": lambda record: record.update(fingerprint=[]),
    "text for stopped": lambda record: record.update(stopped="no"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_record_of_something_else_is_refused(refused, written, path, change):
    refused("A checkpoint must be whole", content=with_record(written, path, CHANGES[change]))


@pytest.fixture(scope="module")
def reader():
    return small_model()


@settings(max_examples=60, derandomize=True, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_checkpoint_with_bytes_changed_is_refused_or_read(written, reader, tmp_path, data):
    content = bytearray(written)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "training.checkpoint"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        load_best(reader, path)


def test_nothing_in_a_checkpoint_is_a_pickle(written, path):
    path.write_bytes(written)
    with zipfile.ZipFile(path) as archive:
        assert all(archive.read(name)[:6] == b"\x93NUMPY" for name in archive.namelist())
    with np.load(path, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_place_that_cannot_be_written_is_found_out_before_the_training(tmp_path):
    for place, error, words in (
        (tmp_path, ValueError, "A checkpoint is a file. Received: the folder"),
        (tmp_path / "no" / "such", FileNotFoundError, "The folder of a checkpoint must exist"),
    ):
        with pytest.raises(error, match=words):
            train_small(small_model(), checkpoint=place)
    with pytest.raises(FileNotFoundError, match="must be a file that exists"):
        load_best(small_model(), tmp_path / "no.checkpoint")


# Writing


def test_write_that_fails_leaves_the_checkpoint_before_it(path, monkeypatch):
    uninterrupted, model = small_model(), small_model()
    train_small(uninterrupted)
    replace, calls = Path.replace, []

    def full(self, target):
        calls.append(target)
        if len(calls) == 4:  # the first is written before the first epoch
            raise OSError("disk full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        train_small(small_model(), checkpoint=path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    train_small(model, checkpoint=path)
    assert_same_bits(values(model), values(uninterrupted))


def test_what_a_killed_process_left_is_removed_and_nothing_else(path):
    part = path.with_name(f".{path.name}.0123456789abcdef.part")
    other = path.with_name("other.checkpoint")
    for file in (path, part, other):
        file.write_bytes(b"")
    remove_checkpoint(path)
    remove_checkpoint(path)
    assert list(path.parent.iterdir()) == [other]


def test_model_that_is_too_large_is_refused_before_the_training(path, monkeypatch):
    monkeypatch.setattr("mnist_visual._checkpoint_file.MAX_BYTES", 1000)
    model = small_model()
    before = values(model)
    with pytest.raises(ValueError, match="A checkpoint has at most 1,000 bytes"):
        train_small(model, checkpoint=path)
    assert_same_bits(values(model)[: len(before)], before)


# Seeds


@pytest.mark.parametrize("loop", ["fast", "Keras"])
def test_two_seeds_differ_and_one_does_not(loop):
    models = [small_model(loop=loop) for _ in range(3)]
    for model, seed in zip(models, (5, 5, 6), strict=True):
        train_small(model, seed=seed)
    assert_same_bits(values(models[0]), values(models[1]))
    assert any((a != b).any() for a, b in zip(values(models[0]), values(models[2]), strict=True))
