"""What ``mnist-visual train`` does."""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import pretraining, vae_training
from ._backend import keras
from ._devices import prepare_jax
from ._files import checked_target
from ._interrupts import Interrupts
from ._processes import is_first, join
from .checkpoints import load_best, remove_checkpoint
from .classifier import build_classifier
from .codes import save_codes
from .datasets import Dataset
from .pen_digits import PenDigits
from .vae import build_vae
from .weights import save_weights


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
    pen_digits: Callable[[], PenDigits | None],
    interrupts: Interrupts,
) -> None:
    """Train a network, from scratch or from where it stopped, and save its weights.

    Parameters
    ----------
    options : argparse.Namespace
        What the command line says; ``load()`` gives the data, which ``are_digits`` or not.
    pen_digits : callable
        Loads the pen-drawn digits that it names.
    interrupts : Interrupts
        Of this process.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when the best weights so far have been saved.
    """
    prepare_jax()
    if options.process is not None:
        join(options.process, options.coordinator)
    _show_log()
    # Found out before the training, not after it.
    output = checked_target(options.output or f"{options.model}.weights.h5")
    checkpoint = output.with_name(f"{output.name.removesuffix('.weights.h5')}.checkpoint")
    _check_checkpoint(checkpoint, resume=options.resume)
    recipe = _recipe(options, pen_digits, output)
    epochs = options.epochs or recipe.epochs
    try:
        model = recipe.train(
            epochs=epochs,
            seed=options.seed,
            callbacks=[_Progress(interrupts)] if is_first() else [],
            checkpoint=checkpoint,
        )
        if is_first():
            recipe.save(_of_this_process(recipe, model))
    except KeyboardInterrupt:
        interrupts.end_at_the_next()
        if not is_first():
            raise
        keras.distribution.set_distribution(None)
        print(f"\nStopped. {_keep_best(recipe, epochs, output, checkpoint)}")
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


def _check_checkpoint(checkpoint: Path, *, resume: bool) -> None:
    if not is_first():
        return
    if checkpoint.exists() and not resume:
        raise FileExistsError(
            f"An unfinished training is not overwritten. Received: {checkpoint}, which is there. "
            "Add --resume to go on with it, or delete the file to begin anew."
        )
    if resume and not checkpoint.exists():
        print(f"There is no {checkpoint}: the training begins anew.")


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
    options: argparse.Namespace, pen_digits: Callable[[], PenDigits | None], output: Path
) -> _Recipe:
    data = options.load()
    if options.hold_out is not None:
        images, labels = data.train
        first = max(len(labels) - options.hold_out, 0)
        held_out, kept = (images[first:], labels[first:]), (images[:first], labels[:first])
        data = replace(data, train=kept, test=held_out)
    noun = "digits" if options.are_digits else "pictures"
    if options.model == "vae":
        return _vae(data, noun, output)
    return _classifier(data, noun, pen_digits(), output)


def _classifier(data: Dataset, noun: str, pen_digits: PenDigits | None, output: Path) -> _Recipe:
    held_out, classes = data.test, len(data.class_names)

    def praise(logs: dict[str, float]) -> str:
        return f"{logs['val_accuracy']:.2%} of {len(held_out[0]):,} other {noun} read correctly"

    return _Recipe(
        epochs=pretraining.EPOCHS,
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


def _vae(data: Dataset, noun: str, output: Path) -> _Recipe:
    (images, _), held_out = data.train, data.test

    def save(vae: Any) -> None:
        save_weights(vae, output)
        save_codes(vae, *held_out, output.with_name("vae_test_codes.npz"))

    def praise(logs: dict[str, float]) -> str:
        return f"an ELBO of {-logs['val_loss']:.2f} nats on {len(held_out[0]):,} other {noun}"

    return _Recipe(
        epochs=vae_training.EPOCHS,
        build=build_vae,
        train=partial(vae_training.pretrain_vae, images, validation=held_out[0]),
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
