"""Kernels that a person may slide over a drawing: well-known ones, and a network's own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual.digit_network import DigitNetwork

from .reading import Reading

SIDE = 3
LARGEST = 99.0
OWN = "your own"
DECIMALS = 2  # of what people are to check by hand


class Kernel(NamedTuple):
    """Nine numbers and what they are for.

    Attributes
    ----------
    name : str
        What code calls it.
    label : str
        What the page calls it, in a word or two.
    what : str
        What it does, in one sentence.
    values : float32 array (3, 3)
        Its numbers.
    """

    name: str
    label: str
    what: str
    values: Floats

    def message(self) -> dict[str, Any]:
        """Give it as plain values for the page."""
        return {**self._asdict(), "values": self.values.ravel().tolist()}


def _kernel(name: str, label: str, what: str, values: npt.ArrayLike) -> Kernel:
    numbers = np.array(values, dtype=np.float32)
    numbers.setflags(write=False)  # shared by all who choose it
    return Kernel(name, label, what, numbers)


_TO_THE_RIGHT = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_BELL = np.array([0.3, 0.4, 0.3])  # its products are hundredths, and add up to exactly 1

PRESETS = [
    _kernel(
        "identity",
        "Copy",
        "Only the middle pixel counts, so the picture stays as it is (identity).",
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    ),
    _kernel(
        "blur",
        "Blur",
        "Each new pixel is an average of nine, so the strokes turn soft (Gaussian blur).",
        np.outer(_BELL, _BELL),
    ),
    _kernel(
        "sharpen",
        "Sharpen",
        "Five times the middle, minus its four neighbours: the rim of a stroke stands out.",
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    ),
    _kernel(
        "edges",
        "Outline",
        "Eight times the middle, minus all around it: only outlines remain (Laplacian).",
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    ),
    _kernel(
        "vertical edges",
        "Vertical edges",
        "Right side minus left side: it finds edges that run up and down (Sobel).",
        _TO_THE_RIGHT,
    ),
    _kernel(
        "horizontal edges",
        "Horizontal edges",
        "Lower side minus upper side: it finds edges that run from left to right (Sobel).",
        _TO_THE_RIGHT.T,
    ),
]


def learned_kernels(reading: Reading, layer: str | None = None) -> list[Kernel]:
    """Give the kernels that a network has learned for pictures of one channel.

    Parameters
    ----------
    reading : Reading
        Of the network.
    layer : str, optional
        The name of a convolution; by default the first one of the network.

    Returns
    -------
    list of Kernel
        One for each filter, rounded to hundredths. Without a `layer`, none if the first
        convolution reads more channels than one, or its kernels are not 3x3.

    Raises
    ------
    ValueError
        If there is no such layer, or its kernels are of another shape.
    """
    filters = _first_filters(reading) if layer is None else reading.filters(layer)
    if filters is None or filters.shape[:3] != (SIDE, SIDE, 1):
        if filters is None or layer is None:
            return []
        raise ValueError(
            f"The kernels have to be {SIDE}x{SIDE} and read one channel. Received: {layer!r}, "
            f"kernels of {filters.shape[:3]}. Name the convolution that reads the picture, or none."
        )
    return [
        _kernel(
            f"learned {number}",
            str(number),
            f"Filter {number} of the network. Training found its numbers, here rounded.",
            np.round(values, DECIMALS) + 0.0,  # no minus zero
        )
        for number, values in enumerate(np.moveaxis(filters[:, :, 0], -1, 0), start=1)
    ]


def _first_filters(reading: Reading) -> Floats | None:
    classifier = reading.classifier
    shipped = isinstance(classifier, DigitNetwork)
    names = [*classifier.weights] if shipped else [layer.name for layer in classifier.layers]
    for name in names:
        try:
            return reading.filters(name)
        except ValueError:
            continue  # no convolution
    return None


def checked_kernel(values: Any) -> Floats:
    """Check a kernel of somebody's own.

    Parameters
    ----------
    values : array_like (3, 3), or 9 numbers row by row
        None stands for a number that could not be read.

    Returns
    -------
    float32 array (3, 3)

    Raises
    ------
    ValueError
        If it has another shape, or a number that is not finite or beyond -99..99.
    """
    rule = f"Each of the nine numbers lies between −{LARGEST:g} and {LARGEST:g}"
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{rule}. Received: {error}. Give numbers.") from error
    if numbers.shape not in ((SIDE, SIDE), (SIDE * SIDE,)):
        raise ValueError(
            f"A kernel here has {SIDE}x{SIDE} numbers. Received: the shape {numbers.shape}."
        )
    numbers = numbers.reshape(SIDE, SIDE)
    wrong = np.argwhere(~(np.abs(numbers) <= LARGEST))  # True for NaN, too
    if wrong.size:
        row, column = wrong[0]
        value = numbers[row, column]
        received = "no number" if np.isnan(value) else f"{value:g}".replace("-", "−")
        raise ValueError(
            f"{rule}. Received: {received} in row {row + 1}, column {column + 1}. "
            "Type another, such as 0.5."
        )
    return (numbers + 0.0).astype(np.float32)


def write_kernel(kernel: str | Floats) -> str:
    """Write a kernel as a part of an address: its name, or its nine numbers."""
    if isinstance(kernel, str):
        return kernel
    return ",".join(f"{value:.6g}" for value in kernel.ravel())


def read_kernel(text: str) -> str | npt.NDArray[np.float64]:
    """Read what `write_kernel` wrote; ValueError for other numbers than nine."""
    if "," not in text:
        return text
    return np.array([float(each) for each in text.split(",")]).reshape(3, 3)
