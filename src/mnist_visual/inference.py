"""The shipped classifier on NumPy alone: it reads a digit without Keras or JAX being loaded.

Importing Keras on JAX takes seconds, and a call costs more in dispatch than in arithmetic for
one small picture. The dashboard answers every stroke with this instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import h5py
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DigitNetwork:
    """The trained classifier as arrays.

    Attributes
    ----------
    weights : mapping of str to tuple of float32 arrays
        Kernel and bias of ``conv1``, ``conv2``, ``dense`` and ``probabilities``, in Keras's
        layouts.
    """

    weights: Mapping[str, tuple[Floats, Floats]]

    def feature_maps(self, digit: npt.ArrayLike) -> dict[str, Floats]:
        """Compute what every layer makes of one digit.

        Parameters
        ----------
        digit : array_like (28, 28)
            In [0, 1], ink bright.

        Returns
        -------
        dict of str to float32 array
            ``conv1`` (26, 26, 8), ``pool1`` (13, 13, 8), ``conv2`` (11, 11, 16), ``pool2``
            (5, 5, 16), ``dense`` (128,) and ``probabilities`` (10,).

        Raises
        ------
        ValueError
            If the digit is not (28, 28).
        """
        image = np.asarray(digit, dtype=np.float32)
        if image.shape != (28, 28):
            raise ValueError(f"A digit has the shape (28, 28). Received: {image.shape}.")
        maps = {"conv1": _relu(_convolve(image[..., None], *self.weights["conv1"]))}
        maps["pool1"] = _max_pool(maps["conv1"])
        maps["conv2"] = _relu(_convolve(maps["pool1"], *self.weights["conv2"]))
        maps["pool2"] = _max_pool(maps["conv2"])
        maps["dense"] = _relu(_dense(maps["pool2"].ravel(), *self.weights["dense"]))
        logits = _dense(maps["dense"], *self.weights["probabilities"])
        maps["probabilities"] = _softmax(logits)
        return maps

    def filters(self, layer: str) -> Floats:
        """Give the kernel of a convolution, float32 (3, 3, input channels, filters)."""
        return self.weights[layer][0].copy()


# Where Keras keeps each layer in a weights file (by its kind and position), and its kernel.
_LAYERS = {
    "conv1": ("layers/conv2d", (3, 3, 1, 8)),
    "conv2": ("layers/conv2d_1", (3, 3, 8, 16)),
    "dense": ("layers/dense", (400, 128)),
    "probabilities": ("layers/dense_1", (128, 10)),
}


def load_digit_network() -> DigitNetwork:
    """Load the shipped classifier as arrays.

    Returns
    -------
    DigitNetwork

    Raises
    ------
    FileNotFoundError
        If the package has lost its weights.
    ValueError
        If they are damaged.

    Examples
    --------
    >>> import numpy as np
    >>> network = load_digit_network()
    >>> maps = network.feature_maps(np.zeros((28, 28)))
    >>> maps["conv1"].shape
    (26, 26, 8)
    """
    shipped = resources.files(__package__) / "pretrained" / "classifier.weights.h5"
    if not shipped.is_file():
        raise FileNotFoundError(
            f"The package has to hold its weights. Received: an installation without {shipped}. "
            "Install mnist-visual again."
        )
    try:
        with resources.as_file(shipped) as path, h5py.File(path) as file:
            return DigitNetwork(
                {layer: _read_layer(file, *where) for layer, where in _LAYERS.items()}
            )
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(
            f"The shipped weights have to be whole. Received: {shipped} ({error}). "
            "Install mnist-visual again."
        ) from error


@cache
def shared_network() -> DigitNetwork:
    """Load the shipped classifier once for all who use it in this process.

    Returns
    -------
    DigitNetwork
        As `load_digit_network` gives it.
    """
    return load_digit_network()


def _read_layer(file: h5py.File, group: str, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    kernel, bias = file[f"{group}/vars/0"], file[f"{group}/vars/1"]
    if kernel.shape != shape or bias.shape != shape[-1:]:
        raise ValueError(f"{group} of the shapes {kernel.shape} and {bias.shape}")
    return np.asarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32)


def _convolve(image: Floats, kernel: Floats, bias: Floats) -> Floats:
    size = kernel.shape[0]
    # (rows, columns, channels, size, size), a view
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    rows, columns = windows.shape[:2]
    patches = windows.transpose(0, 1, 3, 4, 2).reshape(rows * columns, -1)
    return (patches @ kernel.reshape(-1, kernel.shape[-1]) + bias).reshape(rows, columns, -1)


def _max_pool(maps: Floats) -> Floats:
    rows, columns, channels = maps.shape
    even = maps[: rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))


def _dense(values: Floats, kernel: Floats, bias: Floats) -> Floats:
    return values @ kernel + bias


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0)


def _softmax(logits: Floats) -> Floats:
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum())
