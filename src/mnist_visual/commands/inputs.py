"""The pictures and networks that a command line names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_visual.datasets import Dataset
    from mnist_visual.pen_digits import PenDigits

MODELS = "classifier", "vae"


@dataclass(frozen=True)
class ChosenData:
    """Which pictures a command is about.

    Attributes
    ----------
    load : callable
        Gives them.
    are_digits : bool
        Whether they are the digits of MNIST.
    """

    load: Callable[[], Dataset]
    are_digits: bool


def choose_data(options: argparse.Namespace) -> ChosenData:
    """Find out which data are meant."""
    from mnist_visual.datasets import load_dataset, load_digits

    are_digits = options.data in (None, "mnist")
    if options.pen is not None and not are_digits:
        raise ValueError(
            f"Pen-drawn digits go with MNIST. Received: --pen and --data {options.data}. "
            "Leave out one of them."
        )
    if options.mnist:
        return ChosenData(partial(load_digits, options.mnist), are_digits)
    return ChosenData(partial(load_dataset, options.data or "mnist"), are_digits)


def load_pen(options: argparse.Namespace) -> PenDigits | None:
    """Load the pen-drawn digits, if there are to be any."""
    from mnist_visual.pen_digits import load_pen_digits

    if options.pen is None:
        return None
    digits = load_pen_digits(options.pen)
    return digits if options.writers is None else digits.of_writers(*options.writers)


def load_model(name: str, weights: Path | None, classes: int = 10) -> Any:
    """Load a network with weights from a file, or with the shipped ones."""
    from mnist_visual.classifier import build_classifier
    from mnist_visual.vae import build_vae
    from mnist_visual.weights import load_pretrained, load_weights

    if weights is None:
        return load_pretrained(name)
    model = build_classifier(num_classes=classes) if name == "classifier" else build_vae()
    load_weights(model, weights)
    return model
