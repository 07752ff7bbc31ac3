"""Networks on NumPy alone, the shipped ones too: they answer without Keras or JAX being loaded.

Importing Keras on JAX takes seconds, and a call costs more in dispatch than in arithmetic for
one small picture. The dashboard answers every stroke with this instead. The latent functions
take these networks as they take Keras models.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ._arrays import Floats
from ._files import broken_is_value_error
from ._hdf5 import HDF5
from ._shipped import shipped_file
from ._weights_file import read_layer
from .digit_network import DigitNetwork
from .digit_vae import DigitVAE, digit_vae

__all__ = [
    "DigitNetwork",
    "DigitVAE",
    "load_digit_network",
    "load_digit_vae",
    "shared_network",
    "shared_vae",
]

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
    shipped = shipped_file(f"{model}.weights.h5", f"the weights of the {model}")
    rule = "The shipped weights have to be whole."
    with broken_is_value_error(str(shipped), rule, "Install mnist-visual again."):
        datasets = HDF5(shipped.read_bytes()).datasets
        return {layer: read_layer(datasets, *where) for layer, where in layers.items()}
