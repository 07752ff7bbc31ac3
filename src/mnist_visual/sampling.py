"""Codes drawn at random, from the prior or from what the encoder says of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._checks import MAX_CODES
from ._models import find_part, input_shape
from ._numbers import checked_count
from .latent import LatentCodes, decode, encode


@dataclass(frozen=True, eq=False)
class LatentSamples:
    """Codes drawn at random, and their pictures.

    Attributes
    ----------
    codes : float32 array (..., n, latent_dim)
        The codes; those of several posteriors are apart in the first axis.
    images : float32 array (..., n, height, width)
        What the decoder makes of them.
    """

    codes: Floats
    images: Floats


def sample_posterior(
    vae: Any, source: npt.ArrayLike | LatentCodes, *, n: int = 16, seed: int = 0
) -> LatentSamples:
    """Draw codes that a picture may have, and their pictures: what its sigma means.

    Parameters
    ----------
    vae : object with .encoder and .decoder
        As for `encode` and `decode`; for codes, a decoder will do.
    source : array_like (height, width) or (k, height, width), or LatentCodes
        One picture or many, as for `encode`, or their codes.
    n : int, default 16
        How many for each picture, from 1 up.
    seed : int, default 0
        Where the random numbers start; the same seed gives the same codes.

    Returns
    -------
    LatentSamples
        Codes ``(n, latent_dim)`` for one picture and ``(k, n, latent_dim)`` for many.

    Raises
    ------
    ValueError
        As for `encode` and `decode`, or if `n` or `seed` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> samples = sample_posterior(build_vae(latent_dim=2), np.zeros((28, 28)), n=5, seed=1)
    >>> samples.codes.shape, samples.images.shape
    ((5, 2), (5, 28, 28))
    """
    count = checked_count("n", n, most=MAX_CODES)
    rng = np.random.default_rng(checked_count("seed", seed, least=0))
    posterior = source if isinstance(source, LatentCodes) else encode(vae, source)
    if count * posterior.mean[..., 0].size > MAX_CODES:
        raise ValueError(
            f"At most {MAX_CODES:,} codes at once, n for each picture. "
            f"Received: n {count:,} for {posterior.mean[..., 0].size:,} pictures."
        )
    mean = posterior.mean[..., None, :]
    shape = (*posterior.mean.shape[:-1], count, posterior.mean.shape[-1])
    codes = mean + posterior.sigma[..., None, :] * rng.standard_normal(shape, dtype=np.float32)
    return LatentSamples(codes, decode(vae, codes))


def sample_prior(vae: Any, *, n: int = 16, seed: int = 0) -> LatentSamples:
    """Draw codes from the prior, the standard normal distribution, and their pictures.

    Parameters
    ----------
    vae : object with .decoder, or a decoder
        As for `decode`.
    n : int, default 16
        How many, from 1 up.
    seed : int, default 0
        Where the random numbers start; the same seed gives the same codes.

    Returns
    -------
    LatentSamples
        Codes ``(n, latent_dim)`` and pictures ``(n, height, width)``.

    Raises
    ------
    ValueError
        As for `decode`, or if `n` or `seed` is out of range.

    Examples
    --------
    >>> from mnist_visual.vae import build_vae
    >>> sample_prior(build_vae(latent_dim=3), n=5).codes.shape
    (5, 3)
    """
    count = checked_count("n", n, most=MAX_CODES)
    rng = np.random.default_rng(checked_count("seed", seed, least=0))
    decoder = find_part(vae, "decoder", "sample_prior")
    codes = rng.standard_normal((count, _latent_dim(decoder)), dtype=np.float32)
    return LatentSamples(codes, decode(decoder, codes))


def _latent_dim(decoder: Any) -> int:
    shape = input_shape(decoder)
    if shape is None or len(shape) != 1 or shape[0] is None:
        raise ValueError(
            "The decoder has to say how many numbers a code has; give it an Input, or a function "
            "an input_shape. "
            f"Received: an input of the shape {shape}."
        )
    return shape[0]
