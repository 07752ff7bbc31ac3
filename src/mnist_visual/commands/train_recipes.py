"""The recipe of each network that ``mnist-visual train`` knows, with Keras loaded."""

from __future__ import annotations

import argparse
import logging
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mnist_visual import pretraining
from mnist_visual._backend import keras
from mnist_visual._devices import prepare_jax
from mnist_visual._processes import check_alike, is_first, join, others_go_on
from mnist_visual.checkpoints import load_best, remove_checkpoint
from mnist_visual.classifier import build_classifier
from mnist_visual.codes import save_codes
from mnist_visual.datasets import Dataset
from mnist_visual.pen_digits import PenDigits
from mnist_visual.vae import build_vae
from mnist_visual.weights import save_weights

from .inputs import ChosenData
from .interrupts import Interrupts
from .train_files import TrainingFiles, check_checkpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Recipe:
    """How one of the networks is trained.

    Attributes
    ----------
    epochs : int
        Rounds through the data, where nobody says.
    build : callable
        Makes the untrained network.
    train : callable
        From the options of `pretrain_classifier` to the trained network.
    save : callable
        Writes what is kept of a network.
    praise : callable
        From the metrics of an epoch to words.
    """

    epochs: int
    build: Callable[[], Any]
    train: Callable[..., Any]
    save: Callable[[Any], None]
    praise: Callable[[dict[str, float]], str]


def train(
    options: argparse.Namespace,
    data: ChosenData,
    files: TrainingFiles,
    pen_digits: Callable[[], PenDigits | None],
    interrupts: Interrupts,
) -> None:
    """Train a network, from scratch or from where it stopped, and save its weights.

    Parameters
    ----------
    options : argparse.Namespace
        What the command line says.
    data : ChosenData
    files : TrainingFiles
    pen_digits : callable
        Loads the pen-drawn digits that it names.
    interrupts : Interrupts
        Of this process.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when the best weights so far have been saved.
    ConnectionError
        If another process of the training ended, likewise.
    """
    prepare_jax()
    _show_log()
    if options.process is not None:
        join(options.process, options.coordinator, check=interrupts.check)
        # JAX itself says it of the first weights that differ, and at length.
        with others_go_on():
            check_alike(f"{options.model} {options.epochs} {options.seed} {options.hold_out}")
        if is_first():
            check_checkpoint(files.checkpoint, resume=options.resume)
    output, checkpoint = files.output, files.checkpoint
    recipe = _recipe(options, data, files, pen_digits)
    epochs = options.epochs or recipe.epochs
    if is_first():
        print(
            "Measured (val_) and saved is an average of the weights over the last 1,000 batches or "
            "so. In the first epochs, and in short runs, it lags behind.",
            flush=True,
        )
    try:
        model = recipe.train(
            epochs=epochs,
            seed=options.seed,
            callbacks=[_Progress(interrupts)] if is_first() else [],
            checkpoint=checkpoint,
        )
        if is_first():
            recipe.save(_of_this_process(recipe, model))
    except (KeyboardInterrupt, ConnectionError):  # that is another process which ended
        interrupts.end_at_the_next()
        if is_first():
            keras.distribution.set_distribution(None)
            print(f"\nStopped. {_keep_best(recipe, epochs, output, checkpoint)}", flush=True)
        raise
    remove_checkpoint(checkpoint)
    if is_first():
        print(f"The weights are in {output}.")


def _of_this_process(recipe: _Recipe, model: Any) -> Any:
    """Copy a model that several processes hold, so that one can compute with it alone."""
    if keras.distribution.distribution() is None:
        return model
    keras.distribution.set_distribution(None)
    own = recipe.build()
    for mine, value in zip(own.weights, model.weights, strict=True):
        mine.assign(np.asarray(value.value))
    return own


def _show_log() -> None:
    """Show what the library logs, which is settings of the process, whose own it is."""
    logger = logging.getLogger("mnist_visual")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())


def _keep_best(recipe: _Recipe, epochs: int, output: Path, checkpoint: Path) -> str:
    """Save the best weights so far, and say so."""
    model = recipe.build()
    best = load_best(model, checkpoint) if checkpoint.exists() else None
    if best is None:
        remove_checkpoint(checkpoint)
        return "No epoch was done, so there are no weights to keep."
    recipe.save(model)
    return (
        f"The best weights so far, after epoch {best.epoch} of {epochs}, are in {output}: "
        f"{recipe.praise(best.logs)}. The same command with --resume goes on."
    )


def _recipe(
    options: argparse.Namespace,
    chosen: ChosenData,
    files: TrainingFiles,
    pen_digits: Callable[[], PenDigits | None],
) -> _Recipe:
    data = _loaded(chosen)
    if options.hold_out is not None:
        images, labels = data.train
        first = max(len(labels) - options.hold_out, 0)
        held_out, kept = (images[first:], labels[first:]), (images[:first], labels[:first])
        data = replace(data, train=kept, test=held_out)
    noun = "digits" if chosen.are_digits else "pictures"
    if options.model == "vae":
        return _vae(data, noun, files)
    return _classifier(data, noun, pen_digits(), files.output)


def _loaded(chosen: ChosenData) -> Dataset:
    """Load the data, and say as plain sentences what Python would show with a line of code."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        data = chosen.load()
    for warning in said:
        logger.warning("%s", warning.message)
    return data


def _classifier(data: Dataset, noun: str, pen_digits: PenDigits | None, output: Path) -> _Recipe:
    held_out, classes = data.test, len(data.class_names)

    def praise(logs: dict[str, float]) -> str:
        return f"{logs['val_accuracy']:.2%} of {len(held_out[0]):,} other {noun} read correctly"

    return _Recipe(
        epochs=pretraining.CLASSIFIER_EPOCHS,
        build=partial(build_classifier, num_classes=classes),
        train=partial(
            pretraining.pretrain_classifier,
            data.train,
            pen_digits,
            num_classes=classes,
            are_digits=noun == "digits",
            validation_data=held_out,
        ),
        save=partial(save_weights, path=output),
        praise=praise,
    )


def _vae(data: Dataset, noun: str, files: TrainingFiles) -> _Recipe:
    (images, _), held_out = data.train, data.test

    def save(vae: Any) -> None:
        save_weights(vae, files.output)
        if files.codes is not None:
            save_codes(vae, *held_out, files.codes)

    def praise(logs: dict[str, float]) -> str:
        return f"an ELBO of {-logs['val_loss']:.2f} nats on {len(held_out[0]):,} other {noun}"

    return _Recipe(
        epochs=pretraining.VAE_EPOCHS,
        build=build_vae,
        train=partial(pretraining.pretrain_vae, images, validation_data=held_out[0]),
        save=save,
        praise=praise,
    )


class _Progress(keras.callbacks.ProgbarLogger):
    """Keras's progress bar, and before every epoch the time that is left for all of them."""

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()
        self._interrupts = interrupts
        self._seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        typical = self._seconds[1:]  # the first one compiles
        if typical:
            left = (self.epochs - epoch) * statistics.median(typical)
            print(f"About {_duration(left)} left.")
        self._begin = time.monotonic()
        super().on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._interrupts.check()
        super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        self._seconds.append(time.monotonic() - self._begin)


def _duration(seconds: float) -> str:
    """Round a time to what people say.

    Examples
    --------
    >>> _duration(9.2), _duration(200), _duration(4000)
    ('9 s', '3 min', '1 h 7 min')
    """
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
