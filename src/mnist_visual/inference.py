"""The shipped networks on NumPy alone: they answer without Keras or JAX being loaded.

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
    affine,
    convolve,
    in_pieces,
    max_pool,
    overlay,
    relu,
    sigmoid,
    silu,
    softmax,
)
from ._nonlinear import Activation
from .arithmetic import Computation, Layer, Operation
from .convolution import Window
from .operations import Convolution, Dense, Pooling
from .rearrangements import Input, Reshape

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class DigitNetwork:
    """The trained classifier as arrays; a call reads pictures.

    Attributes
    ----------
    weights : mapping of str to tuple of float32 arrays
        Kernel and bias of ``conv1``, ``conv2``, ``dense`` and ``probabilities``, in Keras's
        layouts.
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
        float32 array (n, 10)
            The probability of each digit.

        Raises
        ------
        ValueError
            If the pictures have another shape.
        """

        def read(piece: Floats) -> list[Floats]:
            *_, (_, probabilities) = self._maps(piece)
            return [probabilities]

        return in_pieces(read, _checked_pictures(pictures), (10,))[0]

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
        return {
            name: np.ascontiguousarray(np.moveaxis(values[..., 0], 0, -1))
            for name, values in self._maps(image[..., None])
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
        """Give the kernel of a convolution, float32 (3, 3, input channels, filters)."""
        return self.weights[layer][0].copy()

    @cached_property
    def _layers(self) -> dict[str, Affine]:
        return {name: affine(*weights) for name, weights in self.weights.items()}

    def _maps(self, pictures: Floats) -> Iterator[tuple[str, Floats]]:
        """Yield what every layer makes of pictures (28, 28, n), (channels, ..., n)."""
        values = pictures[None]
        for number in "12":
            values = relu(convolve(values, self._layers[f"conv{number}"], 3))
            yield f"conv{number}", values
            values = max_pool(values)
            yield f"pool{number}", values
        flat = np.moveaxis(values, 0, 2).reshape(400, -1)
        dense = relu(self._layers["dense"](flat))
        yield "dense", dense
        yield "probabilities", softmax(self._layers["probabilities"](dense))


@dataclass(frozen=True, eq=False)
class DigitVAE:
    """The trained autoencoder as arrays, in two functions, as the latent functions take them.

    Attributes
    ----------
    encoder : callable
        From pictures ``(n, 28, 28)`` or ``(n, 28, 28, 1)`` in [0, 1], ink bright, to the means
        of their codes and the logarithms of the variances, two float32 arrays ``(n, 2)``.
    decoder : callable
        From codes ``(n, 2)`` to pictures, float32 ``(n, 28, 28)`` in [0, 1].
    """

    encoder: _Encoder
    decoder: _Decoder


@dataclass(frozen=True, eq=False)
class _Encoder:
    layers: Mapping[str, Affine]

    input_shape = (28, 28)

    def __call__(self, pictures: npt.ArrayLike) -> tuple[Floats, Floats]:
        z_mean, z_log_var = in_pieces(self._codes, _checked_pictures(pictures), (2,), (2,))
        return z_mean, z_log_var

    def _codes(self, pictures: Floats) -> tuple[Floats, Floats]:
        # Patches of four by four pixels, side by side.
        patches = pictures.reshape(7, 4, 7, 4, -1).swapaxes(1, 2).reshape(49, 16, -1)
        values = silu(self.layers["conv"](patches)).reshape(784, -1)
        for name in ("dense1", "dense2", "dense3"):
            values = silu(self.layers[name](values))
        # As limited_log_var of vae_parts bends it, which needs Keras.
        z_log_var = 10 * np.tanh(self.layers["z_log_var"](values) / 10)
        return self.layers["z_mean"](values), z_log_var


@dataclass(frozen=True, eq=False)
class _Decoder:
    layers: Mapping[str, Affine]
    bias: Floats

    input_shape = (2,)

    def __call__(self, codes: npt.ArrayLike) -> Floats:
        points = np.asarray(codes, dtype=np.float32)
        if points.shape[1:] != (2,):
            raise ValueError(f"Codes have the shape (n, 2). Received: {points.shape}.")
        return in_pieces(lambda piece: [self._pictures(piece)], points, (28, 28))[0]

    def _pictures(self, codes: Floats) -> Floats:
        values = codes
        for name in ("dense1", "dense2", "seed"):
            values = silu(self.layers[name](values))
        blocks = silu(self.layers["conv1"](values.reshape(49, 32, -1)))
        squares = self.layers["conv2"](blocks).reshape(7, 7, 6, 6, -1)
        # The squares reach one pixel beyond the picture on every side.
        return sigmoid(overlay(squares, 4)[1:29, 1:29] + self.bias)


# Where Keras keeps each layer in a weights file (by its kind and position), and its kernel.
_CLASSIFIER = {
    "conv1": ("layers/conv2d", (3, 3, 1, 8)),
    "conv2": ("layers/conv2d_1", (3, 3, 8, 16)),
    "dense": ("layers/dense", (400, 128)),
    "probabilities": ("layers/dense_1", (128, 10)),
}
_ENCODER = {
    "conv": ("encoder/layers/conv2d", (4, 4, 1, 16)),
    "dense1": ("encoder/layers/dense", (784, 512)),
    "dense2": ("encoder/layers/dense_1", (512, 256)),
    "dense3": ("encoder/layers/dense_2", (256, 128)),
    "z_mean": ("encoder/layers/dense_3", (128, 2)),
    "z_log_var": ("encoder/layers/dense_4", (128, 2)),
}
_DECODER = {
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
    return DigitNetwork(_shipped_weights("classifier", _CLASSIFIER))


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
    encoder = _shipped_weights("vae", _ENCODER)
    decoder = _shipped_weights("vae", _DECODER)
    first, second = decoder.pop("conv1"), decoder.pop("conv2")
    layers = {name: affine(*weights) for name, weights in decoder.items()}
    # Every pixel of the 7 by 7 becomes a square of 2 by 2 pixels ...
    layers["conv1"] = Affine(first[0].reshape(64, 32), np.tile(first[1], 4))
    # ... and each of these paints one of 4 by 4, two pixels apart: together one of 6 by 6.
    squares = np.zeros((6, 6, 2, 2, 16), np.float32)
    for down, right in np.ndindex(2, 2):
        squares[2 * down :, 2 * right :, down, right][:4, :4] = second[0][:, :, 0]
    layers["conv2"] = Affine(squares.reshape(36, 64), np.zeros(36, np.float32))
    return DigitVAE(
        _Encoder({name: affine(*weights) for name, weights in encoder.items()}),
        _Decoder(layers, second[1]),
    )


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


def _checked_pictures(pictures: npt.ArrayLike) -> Floats:
    images = np.asarray(pictures, dtype=np.float32)
    if images.shape[1:] not in ((28, 28), (28, 28, 1)):
        raise ValueError(f"Pictures have the shape (n, 28, 28). Received: {images.shape}.")
    return images.reshape(-1, 28, 28)


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
