"""A classifier on NumPy alone, which answers without Keras or JAX being loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._layers import Affine, Weights, affine, convolve, in_batches, max_pool, relu, softmax
from ._pictures import as_digits, as_floats, check_numbers
from .arithmetic.computation import Computation, Layer, Operation
from .arithmetic.convolution import Window
from .arithmetic.nonlinear import Activation
from .arithmetic.operations import Convolution, Dense, Pooling
from .arithmetic.rearrangements import Input, Reshape


@dataclass(frozen=True, eq=False)
class DigitNetwork:
    """A classifier as arrays; a call reads pictures.

    Attributes
    ----------
    weights : mapping of str to tuple of float32 arrays
        Kernel and bias of ``conv1``, ``conv2``, ``dense`` and ``probabilities``, in Keras's
        layouts and with any number of filters, units and classes, as `build_classifier` makes
        them.
    """

    weights: Weights

    input_shape = (28, 28)

    def __call__(self, pictures: npt.ArrayLike) -> Floats:
        """Read pictures.

        Parameters
        ----------
        pictures : array_like (n, 28, 28) or (n, 28, 28, 1)
            A picture, uint8 in 0..255 or floats in [0, 1], ink bright.

        Returns
        -------
        float32 array (n, classes)
            The probability of each class: of each digit, if it is the shipped network.

        Raises
        ------
        ValueError
            If the pictures have another shape or type.
        """

        def read(batch: Floats) -> list[Floats]:
            *_, (_, probabilities) = self.batch_maps(batch)
            return [probabilities]

        return in_batches(read, [as_digits(pictures)], (self.classes,))[0]

    def __repr__(self) -> str:
        filters = tuple(len(self.weights[name][1]) for name in ("conv1", "conv2"))
        units = len(self.weights["dense"][1])
        return f"DigitNetwork(filters={filters}, units={units}, classes={self.classes})"

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return len(self.weights["probabilities"][1])

    def feature_maps(self, digit: npt.ArrayLike) -> dict[str, Floats]:
        """Compute what every layer makes of one digit.

        Parameters
        ----------
        digit : array_like (28, 28)
            A picture, uint8 in 0..255 or floats in [0, 1], ink bright.

        Returns
        -------
        dict of str to float32 array
            ``conv1`` (26, 26, 8), ``pool1`` (13, 13, 8), ``conv2`` (11, 11, 16), ``pool2``
            (5, 5, 16), ``dense`` (128,) and ``probabilities`` (10,); where there are other
            numbers of filters, units and classes, those instead of 8, 16, 128 and 10.

        Raises
        ------
        ValueError
            If the digit has another shape or type, or holds NaN or an infinity.
        """
        image = as_floats(digit)
        if image.shape != (28, 28):
            raise ValueError(f"A digit has the shape (28, 28). Received: {image.shape}.")
        check_numbers(image)
        return {
            name: np.ascontiguousarray(np.moveaxis(values[..., 0], 0, -1))
            for name, values in self.batch_maps(image[..., None])
        }

    def computation(self, digit: npt.ArrayLike) -> Computation:
        """Compute what every layer makes of one digit, so that any value can be traced.

        Parameters
        ----------
        digit : array_like (28, 28)
            A picture, uint8 in 0..255 or floats in [0, 1], ink bright.

        Returns
        -------
        Computation
            As `mnist_visual.trace_network` gives it for the same network in Keras.

        Raises
        ------
        ValueError
            If the digit has another shape or type, or holds NaN or an infinity.
        """
        image = as_floats(digit)
        maps = self.feature_maps(image)
        given = {"image": image, "reshape": image[..., None], "flatten": maps["pool2"].ravel()}
        return Computation(self._operations, given | maps, "probabilities")

    @cached_property
    def _operations(self) -> dict[str, Layer]:
        walk, pool = Window((3, 3), (1, 1), (1, 1)), Window((2, 2), (2, 2), (1, 1))
        rectified, shares = Activation("relu"), Activation("softmax")
        operations: list[tuple[str, Operation]] = [
            ("reshape", Reshape((28, 28, 1))),
            ("conv1", Convolution(*self.weights["conv1"], walk, activation=rectified)),
            ("pool1", Pooling(pool)),
            ("conv2", Convolution(*self.weights["conv2"], walk, activation=rectified)),
            ("pool2", Pooling(pool)),
            ("flatten", Reshape()),
            ("dense", Dense(*self.weights["dense"], rectified)),
            ("probabilities", Dense(*self.weights["probabilities"], shares)),
        ]
        layers, before = {"image": Layer((), Input())}, "image"
        for name, operation in operations:
            layers[name] = Layer((before,), operation)
            before = name
        return layers

    def filters(self, layer: str) -> Floats:
        """Give the kernel of a convolution.

        Parameters
        ----------
        layer : str
            Its name.

        Returns
        -------
        float32 array (3, 3, input channels, filters)
            A copy.

        Raises
        ------
        ValueError
            If the network has no such convolution.
        """
        kernels = {name: kernel for name, (kernel, _) in self.weights.items() if kernel.ndim == 4}
        if not (isinstance(layer, str) and layer in kernels):
            raise ValueError(f"The convolutions are {[*kernels]}. Received: {layer!r}.")
        return kernels[layer].copy()

    @cached_property
    def layers(self) -> dict[str, Affine]:
        """The weights, as they meet values with the pictures along the last axis."""
        return {name: affine(*weights) for name, weights in self.weights.items()}

    def batch_maps(self, pictures: Floats) -> Iterator[tuple[str, Floats]]:
        """Yield what every layer makes of pictures.

        Parameters
        ----------
        pictures : float32 array (28, 28, n)
            As many as one batch.

        Yields
        ------
        tuple of str and float32 array (channels, ..., n)
            The names and values of the layers, as in `feature_maps`.
        """
        values = pictures[None]
        for number in "12":
            values = relu(convolve(values, self.layers[f"conv{number}"], 3))
            yield f"conv{number}", values
            values = max_pool(values)
            yield f"pool{number}", values
        flat = np.moveaxis(values, 0, 2).reshape(-1, values.shape[-1])
        dense = relu(self.layers["dense"](flat))
        yield "dense", dense
        yield "probabilities", softmax(self.layers["probabilities"](dense))
