"""Both terms of the evidence lower bound of an autoencoder, see `vae`."""

from __future__ import annotations

from typing import Any

from ._backend import keras

ops = keras.ops


def kl_divergence(z_mean: Any, z_log_var: Any) -> Any:
    """Compute the KL divergence of normal distributions from the standard one.

    Kingma and Welling (2014), appendix B: ``sum(exp(z_log_var) + z_mean**2 - 1 - z_log_var) / 2``.

    Parameters
    ----------
    z_mean, z_log_var : tensor (n, latent_dim)
        Means and logarithms of the variances.

    Returns
    -------
    tensor (n,)
        In nats, from 0 up.

    Examples
    --------
    >>> import numpy as np
    >>> float(kl_divergence(np.array([[1.0, 0.0]]), np.zeros((1, 2)))[0])
    0.5
    """
    terms = ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var
    return ops.sum(terms, axis=-1) / 2


def reconstruction_error(pictures: Any, logits: Any, kind: str) -> Any:
    """Compare pictures with the logits of their reconstructions, summed over the pixels.

    Parameters
    ----------
    pictures : tensor (n, height, width)
        In [0, 1]: for "bce", the probabilities that a pixel is ink.
    logits : tensor (n, height, width)
        The reconstructions before their sigmoid.
    kind : {"bce", "mse"}
        ``-x log(p) - (1 - x) log(1 - p)``, computed as ``softplus(logit) - x logit``, which is
        finite for any logit; or ``(x - p)**2``.

    Returns
    -------
    tensor (n,)
        In nats, or in squared grey values.

    Examples
    --------
    >>> import numpy as np
    >>> error = reconstruction_error(np.ones((1, 1, 1)), np.full((1, 1, 1), -1000.0), "bce")
    >>> float(error[0])
    1000.0
    """
    return ops.sum(pixel_errors(pictures, logits, kind), axis=(-2, -1))


def pixel_errors(pictures: Any, logits: Any, kind: str) -> Any:
    """Compare pictures with the logits of their reconstructions, each pixel apart.

    Parameters
    ----------
    pictures, logits : tensor
        Alike in shape, with the axes in any order.
    kind : {"bce", "mse"}
        As for `reconstruction_error`.

    Returns
    -------
    tensor
        Of the same shape.
    """
    if kind == "mse":
        return ops.square(pictures - ops.sigmoid(logits))
    return ops.softplus(logits) - pictures * logits
