"""Digits of the data set for the sketchpad."""

from __future__ import annotations

import logging
import random
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual.datasets import load_mnist


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
    """
    try:
        digits = _test_digits()
    except FileNotFoundError as error:
        logging.getLogger(__name__).warning("%s", error)
        raise FileNotFoundError(
            "There are no digits on this computer, and none can be fetched. Draw one yourself."
        ) from error
    return digits[random.randrange(len(digits))]  # noqa: S311 - a choice, not a secret
