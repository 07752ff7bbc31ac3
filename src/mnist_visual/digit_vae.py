"""The trained autoencoder on NumPy alone, as `inference` loads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._layers import LOG_VAR_LIMIT, Affine, Weights, affine, in_batches, overlay, sigmoid, silu
from ._pictures import as_digits


@dataclass(frozen=True, eq=False)
class DigitVAE:
    """The trained autoencoder as arrays, in two functions, as the latent functions take them.

    Attributes
    ----------
    encoder : callable
        From pictures ``(n, 28, 28)`` or ``(n, 28, 28, 1)``, uint8 in 0..255 or floats in
        [0, 1], ink bright, to the means of their codes and the logarithms of the variances, two
        float32 arrays ``(n, 2)``.
    decoder : callable
        From codes ``(n, 2)`` to pictures, float32 ``(n, 28, 28)`` in [0, 1].
    """

    encoder: _Encoder
    decoder: _Decoder

    def __repr__(self) -> str:
        return "DigitVAE(latent_dim=2)"


@dataclass(frozen=True, eq=False)
class _Encoder:
    layers: Mapping[str, Affine]

    input_shape = (28, 28)

    def __repr__(self) -> str:
        return "the encoder of DigitVAE(latent_dim=2)"

    def __call__(self, pictures: npt.ArrayLike) -> tuple[Floats, Floats]:
        z_mean, z_log_var = in_batches(self._codes, [as_digits(pictures)], (2,), (2,))
        return z_mean, z_log_var

    def _codes(self, pictures: Floats) -> tuple[Floats, Floats]:
        # Patches of four by four pixels, side by side.
        patches = pictures.reshape(7, 4, 7, 4, -1).swapaxes(1, 2).reshape(49, 16, -1)
        values = silu(self.layers["conv"](patches)).reshape(784, -1)
        for name in ("dense1", "dense2", "dense3"):
            values = silu(self.layers[name](values))
        # As limited_log_var of vae_parts bends it, which needs Keras.
        z_log_var = LOG_VAR_LIMIT * np.tanh(self.layers["z_log_var"](values) / LOG_VAR_LIMIT)
        return self.layers["z_mean"](values), z_log_var


@dataclass(frozen=True, eq=False)
class _Decoder:
    layers: Mapping[str, Affine]
    bias: Floats

    input_shape = (2,)

    def __repr__(self) -> str:
        return "the decoder of DigitVAE(latent_dim=2)"

    def __call__(self, codes: npt.ArrayLike) -> Floats:
        points = np.asarray(codes, dtype=np.float32)
        if points.shape[1:] != (2,):
            raise ValueError(f"Codes have the shape (n, 2). Received: {points.shape}.")
        return in_batches(lambda batch: [self._pictures(batch)], [points], (28, 28))[0]

    def _pictures(self, codes: Floats) -> Floats:
        values = codes
        for name in ("dense1", "dense2", "seed"):
            values = silu(self.layers[name](values))
        blocks = silu(self.layers["conv1"](values.reshape(49, 32, -1)))
        squares = self.layers["conv2"](blocks).reshape(7, 7, 6, 6, -1)
        # The squares reach one pixel beyond the picture on every side.
        return sigmoid(overlay(squares, 4)[1:29, 1:29] + self.bias)


def digit_vae(encoder: Weights, decoder: Weights) -> DigitVAE:
    """Make the autoencoder of its weights.

    Parameters
    ----------
    encoder : mapping of str to tuple of float32 arrays
        Kernel and bias of ``conv``, ``dense1`` to ``dense3``, ``z_mean`` and ``z_log_var``, in
        Keras's layouts.
    decoder : mapping of str to tuple of float32 arrays
        Those of ``dense1``, ``dense2``, ``seed``, ``conv1`` and ``conv2``.

    Returns
    -------
    DigitVAE
    """
    layers = {name: affine(*decoder[name]) for name in ("dense1", "dense2", "seed")}
    (first, first_bias), (second, bias) = decoder["conv1"], decoder["conv2"]
    # Every pixel of the 7 by 7 becomes a square of 2 by 2 pixels ...
    layers["conv1"] = Affine(first.reshape(64, 32), np.tile(first_bias, 4))
    # ... and each of these paints one of 4 by 4, two pixels apart: together one of 6 by 6.
    squares = np.zeros((6, 6, 2, 2, 16), np.float32)
    for down, right in np.ndindex(2, 2):
        squares[2 * down :, 2 * right :, down, right][:4, :4] = second[:, :, 0]
    layers["conv2"] = Affine(squares.reshape(36, 64), np.zeros(36, np.float32))
    return DigitVAE(
        _Encoder({name: affine(*weights) for name, weights in encoder.items()}),
        _Decoder(layers, bias),
    )
