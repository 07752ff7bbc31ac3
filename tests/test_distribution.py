"""Training on several devices, and in several processes, as Keras's distribution names them."""

import functools
import signal
import socket

import h5py
import numpy as np
import pytest

from mnist_visual import build_classifier, cli
from mnist_visual._processes import join
from mnist_visual.checkpoints import load_best

from . import inside, test_fast_loop
from .processes import Process

EPOCHS = 12  # so that there is time to kill one


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of these tests."""
    return tmp_path_factory.mktemp("several")


@pytest.fixture(scope="module")
def start(own):
    """Start a process, with whoever has the same port."""
    running = []

    def start(function, *arguments, port=None):
        settings = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # compiles in half the time
        if port:
            settings["JAX_COORDINATOR_BIND_ADDRESS"] = f"localhost:{port}"
        process = Process(own / f"said{len(running)}", function, *arguments, **settings)
        running.append(process)
        return process

    yield start
    for process in running:
        process.end()


@pytest.fixture
def port():
    return free_port()


def free_port():
    with socket.create_server(("localhost", 0)) as listener:
        return listener.getsockname()[1]


# Several devices


@pytest.fixture(scope="module")
def of_two_devices(own, start):
    """What two devices found, and what their process said at the end."""
    process = start(inside.train_and_draw, own / "two.npz")
    assert process.code() == 1
    return dict(np.load(own / "two.npz")), process.said


@functools.cache
def of_one_device_alone(n):
    pictures, labels = test_fast_loop.spots(n)
    data = test_fast_loop.floats(pictures), labels
    model, history = test_fast_loop.trained(
        test_fast_loop.small_model(), data=data, validation=data
    )
    return [*test_fast_loop.weights_of(model), *history["val_accuracy"]]


# A last batch that cannot be divided is computed whole, but not by Keras.
@pytest.mark.parametrize(("way", "n"), [("by hand", 49), ("xla", 49), ("keras", 48)])
def test_devices_of_a_distribution_train_to_the_weights_of_one(of_two_devices, way, n):
    expected = of_one_device_alone(n)
    np.testing.assert_allclose(of_two_devices[0][way], expected, 1e-4, 1e-5)


def test_batch_that_keras_cannot_divide_is_refused(of_two_devices):
    assert "evenly among 2 devices, the last one too. Received: a batch of 1." in of_two_devices[1]


def test_networks_are_evaluated_on_any_number_of_pictures(of_two_devices):
    np.testing.assert_allclose(of_two_devices[0]["evaluated"], inside.evaluate(), 1e-5)


# The plane


@pytest.fixture(scope="module")
def of_two_processes(own, start):
    """What two processes found, with a device each."""
    port = free_port()
    pair = [
        start(
            inside.draw_with_others,
            own / f"process{number}.npz",
            f"{number}/2",
            f"localhost:{port}",
            port=port,
        )
        for number in range(2)
    ]
    for process in pair:
        assert process.code() == 0, process.said
    return [dict(np.load(own / f"process{number}.npz")) for number in range(2)]


@pytest.fixture(scope="module")
def of_one_device():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inside._compiled_passes, "_compiled", inside._compiled_passes._compiled)
        return inside.draw_plane()


def assert_same_plane(found, expected):
    # Two devices or processes of a device each, and each has a batch of its own.
    assert found["shares"].tolist() == [[2, 128]]
    np.testing.assert_array_equal(found["labels"], expected["labels"])
    for name in ("confidence", "images"):
        np.testing.assert_allclose(found[name], expected[name], 1e-5, 1e-6)


def test_plane_is_divided_among_devices(of_two_devices, of_one_device):
    assert of_one_device["shares"] == []
    assert_same_plane(of_two_devices[0], of_one_device)


@pytest.mark.parametrize("number", [0, 1])
def test_plane_is_divided_among_processes(of_two_processes, of_one_device, number):
    assert_same_plane(of_two_processes[number], of_one_device)


# Training in several processes


@pytest.fixture(scope="module")
def train(own, test_digits, start):
    """Start a process that trains, with others or alone."""
    images, labels = (part[::9] for part in test_digits)
    arrays = {"x_test": images[:20], "y_test": labels[:20]}
    np.savez(own / "mnist.npz", x_train=images[20:], y_train=labels[20:], **arrays)

    def train(number, folder, *options, of=2, port=None, epochs=EPOCHS):
        folder = own / folder
        folder.mkdir(exist_ok=True)
        data = ("--mnist", own / "mnist.npz", "--epochs", epochs)
        others = ("--process", f"{number}/{of}", "--coordinator", f"localhost:{port}")
        output = ("--output", folder / "c.weights.h5")
        return start(
            inside.command,
            "train",
            *data,
            *output,
            *options,
            *(others if of > 1 else ()),
            port=port,
        )

    return train


def weights_in(path):
    values = []
    with h5py.File(path) as file:
        file.visititems(
            lambda _, item: values.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return values


@pytest.fixture(scope="module")
def unbroken(own, train):
    """The weights of two processes that nothing disturbed."""
    for process in started(train, "unbroken", free_port()):
        assert process.code() == 0, process.said
    return weights_in(own / "unbroken0" / "c.weights.h5")


def test_two_processes_train_to_the_weights_of_one(own, train, unbroken):
    alone = train(0, "alone", of=1)
    assert alone.code() == 0, alone.said
    expected = weights_in(own / "alone" / "c.weights.h5")
    for value, right in zip(unbroken, expected, strict=True):
        np.testing.assert_allclose(value, right, 1e-3, 1e-5)


def started(train, folder, port, *options, epochs=EPOCHS):
    """Start two processes, each in a folder of its own, as on two machines."""
    return [
        train(number, f"{folder}{number}", *options, port=port, epochs=epochs)
        for number in range(2)
    ]


def test_killed_process_ends_the_training_and_all_go_on_to_the_same_bits(
    own, train, unbroken, port
):
    first, second = started(train, "killed", port)
    first.wait_for("Epoch 3/")
    second.send(signal.SIGKILL)
    assert first.code() == cli.BAD_USAGE
    assert "Stopped. The best weights so far, after epoch" in first.said
    assert "A training goes on while all its processes do." in first.said
    assert "Traceback" not in first.said
    assert (own / "killed0" / "c.weights.h5").is_file()

    pair = started(train, "killed", port, "--resume")
    for process in pair:
        assert process.code() == 0, process.said
    assert "Going on after epoch" in pair[0].said
    assert not list((own / "killed1").iterdir())
    for value, right in zip(weights_in(own / "killed0" / "c.weights.h5"), unbroken, strict=True):
        np.testing.assert_array_equal(value, right)


def test_killed_first_process_leaves_a_checkpoint(own, train, port):
    first, second = started(train, "first", port, epochs=400)
    first.wait_for("Epoch 3/")
    first.send(signal.SIGKILL)
    # JAX, which notices it at the same time, may be the one that ends the process.
    code = second.code()
    ours = "A training goes on while all its processes do." in second.said
    assert (code, ours) == (cli.BAD_USAGE, True) or (
        code == -signal.SIGABRT and "another task died" in second.said
    )
    assert "Traceback" not in second.said
    assert load_best(build_classifier(), own / "first0" / "c.checkpoint").epoch >= 1


@pytest.mark.parametrize(
    ("signalled", "codes"),
    [({0: signal.SIGINT, 1: signal.SIGINT}, [130, 130]), ({0: signal.SIGTERM}, [143, 2])],
    ids=["ctrl-c in all", "sigterm to the first alone"],
)
def test_signals_keep_the_best_weights(own, train, port, signalled, codes):
    folder = f"signalled{len(signalled)}"
    pair = started(train, folder, port, epochs=400)
    pair[0].wait_for("Epoch 3/")
    for number, which in signalled.items():
        pair[number].send(which)
    assert [process.code() for process in pair] == codes
    assert "Stopped. The best weights so far, after epoch" in pair[0].said
    assert "Traceback" not in pair[0].said + pair[1].said
    kept = {path.name for path in (own / f"{folder}0").iterdir()}
    assert kept == {"c.weights.h5", "c.checkpoint"}
    assert not list((own / f"{folder}1").iterdir())


@pytest.mark.parametrize("options", [("--seed", 1), ("--hold-out", 30)])
def test_processes_with_other_options_or_data_are_refused(train, port, options):
    pair = [train(0, "a", port=port), train(1, "b", *options, port=port)]
    for process in pair:
        assert process.code() == cli.BAD_USAGE
        assert "Received: something else in process 1 than in the first." in process.said
        assert "Traceback" not in process.said


def test_processes_that_do_not_fit_end_with_a_sentence(train, port):
    pair = [train(0, "a", port=port), train(2, "b", of=3, port=port)]
    for process in pair:
        assert process.code() == cli.BAD_USAGE
        assert "mnist-visual train: All processes say the same number" in process.said
        assert "Traceback" not in process.said


@pytest.mark.parametrize(
    ("process", "coordinator", "words"),
    [
        ("2/2", None, "like 0/2 for the first of two"),
        ("0/2", None, "Add --coordinator HOST:PORT"),
        ("0/2", "nowhere", "A coordinator is HOST:PORT, with a port from 1 to 65535."),
        ("0/2", "127.0.0.1:99999", "Received: '127.0.0.1:99999'."),
        ("0/2", "127.0.0.1:0", "Received: '127.0.0.1:0'."),
        ("0/2", "5325", "Received: '5325'."),
        ("0/2", ":5325", "Received: ':5325'."),
        ("0/2", "here:100000", "Received: 'here:100000'."),
    ],
)
def test_process_that_cannot_be_is_refused(process, coordinator, words):
    with pytest.raises(ValueError, match=words):
        join(process, coordinator)
