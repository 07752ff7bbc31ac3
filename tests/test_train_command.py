"""What `mnist-visual train` does, and what Ctrl-C leaves of it."""

import gc
import logging
import os
import re
import signal
import subprocess
import sys
import warnings
from functools import partial

import h5py
import numpy as np
import pytest

from mnist_visual import build_classifier, cli, datasets, digit_mixture, pretraining, vae_training
from mnist_visual.checkpoints import load_best
from mnist_visual.commands import train_recipes
from mnist_visual.commands.interrupts import SIGNALS, Interrupts
from mnist_visual.datasets import load_digits
from mnist_visual.vae import build_vae
from mnist_visual.weights import load_weights

EPOCHS = 4


@pytest.fixture
def mnist(tmp_path, test_digits):
    """The path of a small data set."""
    images, labels = (part[::9] for part in test_digits)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=images[20:],
        y_train=labels[20:],
        x_test=images[:20],
        y_test=labels[:20],
    )
    return tmp_path / "mnist.npz"


@pytest.fixture
def train(mnist, monkeypatch):
    """Run the command in this process, whose devices and logs stay as they are."""
    monkeypatch.setattr(train_recipes, "prepare_jax", lambda: None)
    monkeypatch.setattr(train_recipes, "_show_log", lambda: None)
    monkeypatch.setattr(logging.getLogger("mnist_visual"), "handlers", [])
    # The autoencoder's recipe is the same for all architectures, and this one compiles faster.
    for module in (train_recipes, pretraining):
        monkeypatch.setattr(module, "build_vae", partial(build_vae, architecture="dense"))

    def run(folder, *arguments, epochs=EPOCHS):
        folder.mkdir(exist_ok=True)
        name = "vae" if "vae" in arguments else "classifier"
        output = folder / f"{name}.weights.h5"
        options = ["--mnist", mnist, "--epochs", epochs, "--output", output]
        return cli.main(["train", *map(str, [*arguments, *options])])

    return run


@pytest.fixture
def press(monkeypatch):
    """Press Ctrl-C in the middle of an epoch, once."""

    def at(epoch, *, swallowed=False):
        def press_in(original):
            def data(*arguments):
                if arguments[-1] == epoch and not pressed:
                    pressed.append(epoch)
                    try:
                        signal.raise_signal(signal.SIGINT)
                    except KeyboardInterrupt:
                        if not swallowed:
                            raise
                return original(*arguments)

            return data

        pressed = []
        mixture = digit_mixture.DigitMixture
        monkeypatch.setattr(mixture, "epoch", press_in(mixture.epoch))
        original = vae_training.fit_epochs
        monkeypatch.setattr(
            vae_training,
            "fit_epochs",
            lambda vae, data, **options: original(vae, press_in(data), **options),
        )

    return at


def contents(folder):
    """Give the files of a folder: weights as arrays, since Keras counts optimizers up in a file."""

    def arrays(path):
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda name, item: found.update({name: getattr(item, "shape", None)}))
            return {name: file[name][()].tobytes() for name, shape in found.items() if shape}

    return {
        file.name: arrays(file) if file.suffix == ".h5" else file.read_bytes()
        for file in sorted(folder.iterdir())
    }


@pytest.mark.parametrize("arguments", [[], ["vae"]], ids=["classifier", "vae"])
def test_after_ctrl_c_it_goes_on_to_the_same_bits(train, press, tmp_path, arguments, capsys):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert train(whole, *arguments) == 0
    press(2)
    assert train(stopped, *arguments) == 130
    assert set(contents(stopped)) > set(contents(whole))  # the checkpoint, too
    capsys.readouterr()
    assert train(stopped, *arguments, "--resume") == 0
    assert "Epoch 3/4" in capsys.readouterr().out
    assert contents(stopped) == contents(whole)


def test_ctrl_c_keeps_the_best_weights_and_says_so(train, press, tmp_path, capsys):
    before = [signal.getsignal(number) for number in SIGNALS]
    press(3)
    assert train(tmp_path / "out") == 130
    assert [signal.getsignal(number) for number in SIGNALS] == before
    saved, best = build_classifier(), build_classifier()
    load_weights(saved, tmp_path / "out" / "classifier.weights.h5")
    epoch = load_best(best, tmp_path / "out" / "classifier.checkpoint")
    for ours, right in zip(saved.weights, best.weights, strict=True):
        np.testing.assert_array_equal(ours.value, right.value)
    out, err = capsys.readouterr()
    assert err == ""
    share = f"{epoch.logs['val_accuracy']:.2%} of 20 other digits read correctly"
    assert (
        f"Stopped. The best weights so far, after epoch {epoch.epoch} of 4, are in "
        f"{tmp_path / 'out' / 'classifier.weights.h5'}: {share}. "
        "The same command with --resume goes on."
    ) in out


def test_ctrl_c_that_something_swallows_still_stops(train, press, tmp_path):
    press(1, swallowed=True)
    assert train(tmp_path / "out") == 130
    assert len(contents(tmp_path / "out")) == 2


def test_ctrl_c_while_garbage_is_collected_is_not_lost():
    """Where Python would print a KeyboardInterrupt and forget it, as it does one of JAX's."""

    def callback(phase, info):
        if phase == "stop":
            signal.raise_signal(signal.SIGINT)

    with Interrupts() as interrupts:
        interrupts.check()
        gc.callbacks.append(callback)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(callback)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


def test_ctrl_c_in_the_first_epoch_leaves_nothing(train, press, tmp_path, capsys):
    press(0)
    assert train(tmp_path / "out") == 130
    assert "No epoch was done" in capsys.readouterr().out
    assert contents(tmp_path / "out") == {}


def test_unfinished_training_is_not_overwritten(train, press, tmp_path, capsys):
    press(1)
    train(tmp_path / "out")
    left = contents(tmp_path / "out")
    capsys.readouterr()
    assert train(tmp_path / "out") == 2
    assert "--resume" in capsys.readouterr().err
    assert train(tmp_path / "out", "--resume", "--seed", "1") == 2
    assert "seed 0 (now 1)" in capsys.readouterr().err
    assert train(tmp_path / "out", "--resume", epochs=9) == 2
    assert "written with epochs 4 (now 9). Train as then" in capsys.readouterr().err
    assert contents(tmp_path / "out") == left


def test_without_a_checkpoint_resume_begins_anew_and_says_so_before_loading(
    train, tmp_path, capsys
):
    assert train(tmp_path / "out", "--resume", epochs=1) == 0
    said = capsys.readouterr().out.splitlines()
    checkpoint = tmp_path / "out" / "classifier.checkpoint"
    assert said[0] == f"There is no {checkpoint}: the training begins anew."
    assert said[1] == "Loading Keras and the pictures …"
    assert said[2].startswith("Measured (val_) and saved is an average of the weights")
    assert list(contents(tmp_path / "out")) == ["classifier.weights.h5"]


def test_sample_is_told_in_a_plain_line(train, tmp_path, monkeypatch, caplog):
    def sample(path):
        warnings.warn("MNIST is replaced by a sample.", UserWarning, stacklevel=2)
        return load_digits(path)

    monkeypatch.setattr(datasets, "load_digits", sample)
    with caplog.at_level(logging.INFO, "mnist_visual"):
        assert train(tmp_path / "out", epochs=1) == 0
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "MNIST is replaced by a sample."
    assert [line for line in lines if "Compil" in line] == [
        "Compiling the training, once: up to a minute. Ctrl-C waits for it."
    ]


def test_codes_of_the_test_pictures_are_kept_where_they_are_wanted(train, mnist, tmp_path):
    out, codes = tmp_path / "out", tmp_path / "places.npz"
    assert train(out, "vae", "--codes", codes, epochs=1) == 0
    assert [*contents(out)] == ["vae.weights.h5"]
    vae = build_vae(architecture="dense")
    load_weights(vae, out / "vae.weights.h5")
    with np.load(mnist) as digits, np.load(codes) as found:
        mean, _ = vae.encoder.predict(digits["x_test"] / np.float32(255), verbose=0)
        np.testing.assert_allclose(found["z_mean"], mean, atol=1e-2)
        np.testing.assert_array_equal(found["labels"], digits["y_test"])


def test_seeds_give_different_weights(train, tmp_path):
    for seed in "01":
        train(tmp_path / seed, "--seed", seed, epochs=1)
    assert contents(tmp_path / "0") != contents(tmp_path / "1")


@pytest.mark.parametrize("seed", ["-1", "1.5", "40000001", "9" * 20])
def test_seed_out_of_range_is_said_in_one_sentence(seed, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", f"--seed={seed}"])
    assert ended.value.code == cli.BAD_USAGE
    assert (
        f"argument --seed: has to be a whole number from 0 to 40,000,000. Received: {seed}.\n"
    ) in capsys.readouterr().err


def test_time_left_is_told_before_an_epoch(train, tmp_path, capsys):
    train(tmp_path / "out")
    told = re.findall(r"About \d+ s left\.\nEpoch (\d)/4", capsys.readouterr().out)
    assert told == ["3", "4"]  # the first epoch compiles, and says little of the others


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_process_cleanly(mnist, tmp_path, number, code):
    """In a process of its own, started as a shell does in the background: Ctrl-C ignored."""
    output = tmp_path / "own.weights.h5"
    arguments = ["train", "--mnist", mnist, "--epochs", "400", "--output", output]
    ignoring = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
    command = [*ignoring, sys.executable, "-u", "-m", "mnist_visual.cli", *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    ) as process:
        for line in process.stdout:
            if line.startswith("Epoch 3/"):
                process.send_signal(number)
                break
        out, err = process.communicate()
    assert process.returncode == code
    assert "Stopped. The best weights so far, after epoch" in out
    assert "Traceback" not in err
    load_weights(build_classifier(), output)
    assert (tmp_path / "own.checkpoint").is_file()
