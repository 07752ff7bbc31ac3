"""Training on several devices, and in several processes, as Keras's distribution names them."""

import os
import socket
import subprocess
import sys

import h5py
import numpy as np
import pytest

from mnist_visual import cli

ON_TWO_DEVICES = """
import jax
jax.config.update("jax_num_cpu_devices", 2)
import sys
from mnist_visual._backend import keras
from mnist_visual.fast import objective, steps
distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
keras.distribution.set_distribution(distribution)
from tests import test_fast_loop as here
if sys.argv[1] == "xla":
    for module in (objective, steps):
        module.divides_by_hand = lambda: False
way = here.refuse if sys.argv[1] == "keras" else here.CompiledObjective
pictures, labels = here.spots(int(sys.argv[2]))
data = here.floats(pictures), labels
model, history = here.trained(here.small_model(), way, data=data, validation=data)
for value in model.variables:
    assert len(value.value.devices()) == 2
print(*here.weights_of(model), *history["val_accuracy"])
"""


def on_two_devices(way, n):
    return subprocess.run(
        [sys.executable, "-c", ON_TWO_DEVICES, way, str(n)],
        capture_output=True,
        text=True,
        check=False,
    )


# A last batch that cannot be divided is computed whole, but not by Keras.
@pytest.mark.parametrize(("way", "n"), [("by hand", 49), ("xla", 49), ("keras", 48)])
def test_devices_of_a_distribution_train_to_the_weights_of_one(way, n):
    from tests import test_fast_loop as here

    pictures, labels = here.spots(n)
    data = here.floats(pictures), labels
    model, history = here.trained(here.small_model(), data=data, validation=data)
    result = on_two_devices(way, n)
    assert result.returncode == 0, result.stderr
    expected = [*here.weights_of(model), *history["val_accuracy"]]
    np.testing.assert_allclose(np.array(result.stdout.split(), float), expected, 1e-4, 1e-5)


def test_batch_that_keras_cannot_divide_is_refused():
    result = on_two_devices("keras", 49)
    assert "evenly among 2 devices, the last one too. Received: a batch of 1." in result.stderr


# Several processes


@pytest.fixture
def mnist(tmp_path, test_digits):
    images, labels = (part[::9] for part in test_digits)
    parts = {"x_train": images[20:], "y_train": labels[20:]}
    np.savez(tmp_path / "mnist.npz", **parts, x_test=images[:20], y_test=labels[:20])
    return tmp_path / "mnist.npz"


@pytest.fixture
def start(mnist, tmp_path):
    """Start a process that trains with others, or alone."""
    with socket.create_server(("localhost", 0)) as listener:
        free = listener.getsockname()[1]
    running = []

    def start(number, *, of, folder, data=mnist, resume=False):
        folder.mkdir(exist_ok=True)
        command = ["train", "--mnist", data, "--epochs", 3, "--output", folder / "c.weights.h5"]
        command += ["--resume"] if resume else []
        if of > 1:
            command += ["--process", f"{number}/{of}", "--coordinator", f"localhost:{free}"]
        environment = {
            "XDG_CACHE_HOME": str(tmp_path),
            "JAX_COORDINATOR_BIND_ADDRESS": f"localhost:{free}",
        }
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "mnist_visual.cli", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def weights_in(path):
    values = []
    with h5py.File(path) as file:
        file.visititems(
            lambda _, item: values.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return values


@pytest.mark.parametrize("killed", [0, 1])
def test_killed_process_ends_the_training_and_all_take_it_up_again(start, tmp_path, killed):
    # Each in a folder of its own, as on two machines.
    folders = [tmp_path / "first", tmp_path / "second"]
    pair = [start(number, of=2, folder=folders[number]) for number in range(2)]
    for line in pair[0].stdout:
        if line.startswith("Epoch 2/"):
            break
    pair[killed].kill()
    survivor = pair[1 - killed]
    _, complaint = survivor.communicate(timeout=60)
    assert survivor.returncode == cli.BAD_USAGE
    assert "A training goes on while all its processes do." in complaint
    assert "Traceback" not in complaint
    pair[killed].communicate()
    assert (folders[0] / "c.checkpoint").is_file()

    pair = [start(number, of=2, folder=folders[number], resume=True) for number in range(2)]
    alone = start(0, of=1, folder=tmp_path / "alone")
    for process in (*pair, alone):
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert not list(folders[1].iterdir())
    found, expected = (weights_in(f / "c.weights.h5") for f in (folders[0], tmp_path / "alone"))
    for value, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, right, 1e-3, 1e-5)


def test_processes_with_other_data_are_refused(start, mnist, tmp_path):
    with np.load(mnist) as arrays:
        other = dict(arrays)
    other["x_train"] = other["x_train"][::-1]
    np.savez(tmp_path / "other.npz", **other)
    first = start(0, of=2, folder=tmp_path / "a")
    second = start(1, of=2, folder=tmp_path / "b", data=tmp_path / "other.npz")
    for process in (first, second):
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == cli.BAD_USAGE
        assert "Received: something else in process 1 than in the first." in complaint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--process", "2/2"], "like 0/2 for the first of two"),
        (["--process", "0/2"], "Add --coordinator HOST:PORT"),
        (["--process", "0/2", "--coordinator", "nowhere"], "A coordinator is HOST:PORT."),
    ],
)
def test_process_that_cannot_be_is_refused(options, words):
    command = [sys.executable, "-m", "mnist_visual.cli", "train", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == cli.BAD_USAGE
    assert words in result.stderr
