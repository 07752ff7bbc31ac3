"""Digits of the data set for the sketchpad."""

from __future__ import annotations

import logging
import random
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual.clusters import class_modes
from mnist_visual.codes import load_test_codes
from mnist_visual.datasets import load_mnist
from mnist_visual.inference import shared_vae


@cache
def _test_digits() -> npt.NDArray[np.uint8]:
    return load_mnist()[1][0]


def random_digit() -> npt.NDArray[Any]:
    """Give one of MNIST's test digits, or of the offline sample where that is all there is.

    Returns
    -------
    uint8 array (28, 28)

    Raises
    ------
    OSError
        If there is no data set and no network to fetch it from; the log says what to do.
    ValueError
        If the data set is damaged.

    Examples
    --------
    >>> from mnist_visual.components import Sketchpad, random_digit
    >>> pad = Sketchpad(samples=random_digit)  # with a button that puts one on it
    """
    try:
        digits = _test_digits()
    except FileNotFoundError as error:
        logging.getLogger(__name__).warning("%s", error)
        raise FileNotFoundError(
            "There are no digits on this computer, and none can be fetched. Draw one yourself."
        ) from error
    return digits[random.randrange(len(digits))]  # noqa: S311 - a choice, not a secret


@cache
def typical_digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Give one digit of each class, as the shipped autoencoder imagines it: no data set is needed.

    Returns
    -------
    pictures : float32 array (10, 28, 28)
        Decoded where most test digits of the class lie on the plane.
    labels : int array (10,)
        0 to 9.
    """
    codes = load_test_codes()
    modes = class_modes(codes, codes.labels)
    pictures = shared_vae().decoder(np.array([modes[label] for label in sorted(modes)]))
    pictures.flags.writeable = False  # all share them
    return pictures, np.array(sorted(modes))
