"""Networks on NumPy alone, the shipped ones too: they answer without Keras or JAX being loaded.

Importing Keras on JAX takes seconds, and a call costs more in dispatch than in arithmetic for
one small picture. The dashboard answers every stroke with this instead. The latent functions
take these networks as they take Keras models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import h5py
import numpy as np
import numpy.typing as npt

from ._layers import (
    Affine,
    Floats,
    Weights,
    affine,
    as_digits,
    convolve,
    in_batches,
    max_pool,
    relu,
    softmax,
)
from .arithmetic.computation import Computation, Layer, Operation
from .arithmetic.convolution import Window
from .arithmetic.nonlinear import Activation
from .arithmetic.operations import Convolution, Dense, Pooling
from .arithmetic.rearrangements import Input, Reshape
from .digit_vae import DigitVAE, digit_vae


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
            In [0, 1], ink bright.

        Returns
        -------
        float32 array (n, classes)
            The probability of each class: of each digit, if it is the shipped network.

        Raises
        ------
        ValueError
            If the pictures have another shape.
        """

        def read(batch: Floats) -> list[Floats]:
            *_, (_, probabilities) = self.batch_maps(batch)
            return [probabilities]

        return in_batches(read, as_digits(pictures), (self.classes,))[0]

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return len(self.weights["probabilities"][1])

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
            (5, 5, 16), ``dense`` (128,) and ``probabilities`` (10,); where there are other
            numbers of filters, units and classes, those instead of 8, 16, 128 and 10.

        Raises
        ------
        ValueError
            If the digit is not (28, 28).
        """
        image = np.asarray(digit, dtype=np.float32)
        if image.shape != (28, 28):
            raise ValueError(f"A digit has the shape (28, 28). Received: {image.shape}.")
        return {
            name: np.ascontiguousarray(np.moveaxis(values[..., 0], 0, -1))
            for name, values in self.batch_maps(image[..., None])
        }

    def computation(self, digit: npt.ArrayLike) -> Computation:
        """Compute what every layer makes of one digit, so that any value can be traced.

        Parameters
        ----------
        digit : array_like (28, 28)
            In [0, 1], ink bright.

        Returns
        -------
        Computation
            As `mnist_visual.trace_network` gives it for the same network in Keras.

        Raises
        ------
        ValueError
            If the digit is not (28, 28).
        """
        maps = self.feature_maps(digit)
        image = np.asarray(digit, dtype=np.float32)
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
        """Give the kernel of a convolution, float32 (3, 3, input channels, filters).

        ValueError if the network has no such convolution.
        """
        kernels = {name: kernel for name, (kernel, _) in self.weights.items() if kernel.ndim == 4}
        if layer not in kernels:
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


# Where Keras keeps each layer in a weights file (by its kind and position), and its kernel.
CLASSIFIER_LAYERS = {
    "conv1": ("layers/conv2d", (3, 3, 1, 8)),
    "conv2": ("layers/conv2d_1", (3, 3, 8, 16)),
    "dense": ("layers/dense", (400, 128)),
    "probabilities": ("layers/dense_1", (128, 10)),
}
ENCODER_LAYERS = {
    "conv": ("encoder/layers/conv2d", (4, 4, 1, 16)),
    "dense1": ("encoder/layers/dense", (784, 512)),
    "dense2": ("encoder/layers/dense_1", (512, 256)),
    "dense3": ("encoder/layers/dense_2", (256, 128)),
    "z_mean": ("encoder/layers/dense_3", (128, 2)),
    "z_log_var": ("encoder/layers/dense_4", (128, 2)),
}
DECODER_LAYERS = {
    "dense1": ("decoder/layers/dense", (2, 128)),
    "dense2": ("decoder/layers/dense_1", (128, 256)),
    "seed": ("decoder/layers/dense_2", (256, 1568)),
    "conv1": ("decoder/layers/blockwise_conv2d_transpose", (2, 2, 16, 32)),
    "conv2": ("decoder/layers/blockwise_conv2d_transpose_1", (4, 4, 1, 16)),
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
    >>> network(np.zeros((5, 28, 28))).shape
    (5, 10)
    >>> network.feature_maps(np.zeros((28, 28)))["conv1"].shape
    (26, 26, 8)
    """
    return DigitNetwork(_shipped_weights("classifier", CLASSIFIER_LAYERS))


def load_digit_vae() -> DigitVAE:
    """Load the shipped autoencoder as arrays.

    Returns
    -------
    DigitVAE

    Raises
    ------
    FileNotFoundError
        If the package has lost its weights.
    ValueError
        If they are damaged.

    Examples
    --------
    >>> import numpy as np
    >>> vae = load_digit_vae()
    >>> z_mean, z_log_var = vae.encoder(np.zeros((5, 28, 28)))
    >>> z_mean.shape, vae.decoder(z_mean).shape
    ((5, 2), (5, 28, 28))
    """
    encoder, decoder = (_shipped_weights("vae", part) for part in (ENCODER_LAYERS, DECODER_LAYERS))
    return digit_vae(encoder, decoder)


@cache
def shared_network() -> DigitNetwork:
    """Load the shipped classifier once for all who use it in this process.

    Returns
    -------
    DigitNetwork
        As `load_digit_network` gives it.
    """
    return load_digit_network()


@cache
def shared_vae() -> DigitVAE:
    """Load the shipped autoencoder once for all who use it in this process.

    Returns
    -------
    DigitVAE
        As `load_digit_vae` gives it.
    """
    return load_digit_vae()


def _shipped_weights(
    model: str, layers: Mapping[str, tuple[str, tuple[int, ...]]]
) -> dict[str, tuple[Floats, Floats]]:
    shipped = resources.files(__package__) / "pretrained" / f"{model}.weights.h5"
    if not shipped.is_file():
        raise FileNotFoundError(
            f"The package has to hold its weights. Received: an installation without {shipped}. "
            "Install mnist-visual again."
        )
    try:
        with resources.as_file(shipped) as path, h5py.File(path) as file:
            return {layer: _read_layer(file, *where) for layer, where in layers.items()}
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(
            f"The shipped weights have to be whole. Received: {shipped} ({error}). "
            "Install mnist-visual again."
        ) from error


def _read_layer(file: h5py.File, group: str, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    kernel, bias = file[f"{group}/vars/0"], file[f"{group}/vars/1"]
    # A transposed convolution's kernel has the filters before the channels.
    filters = shape[-2:-1] if "transpose" in group else shape[-1:]
    if kernel.shape != shape or bias.shape != filters:
        raise ValueError(f"{group} of the shapes {kernel.shape} and {bias.shape}")
    return np.asarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32)
