"""How well a variational autoencoder explains pictures that it did not learn from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._mnist import SIZE
from ._numbers import checked_count
from ._pictures import as_floats, checked_pictures

if TYPE_CHECKING:
    from .vae import VAE

BATCH_SIZE = 500
DRAWS = 7  # the last number of a seed: other noise than in training


@dataclass(frozen=True)
class VAEEvaluation:
    """The evidence lower bound of pictures, in nats a picture, and its two parts.

    With ``reconstruction="mse"`` the errors are squared grey values and no nats, and `elbo` is no
    evidence lower bound: compare it with that of no other kind of reconstruction.

    Attributes
    ----------
    reconstruction : float
        The mean reconstruction error over pictures and draws.
    kl : float
        The mean KL divergence of the codes from the standard normal distribution.
    elbo : float
        ``-(reconstruction + kl)``, whatever weight beta gave to the second in training.
    spread : float
        The standard deviation over the draws of `elbo`, each averaged over the pictures.
    n : int
        How many pictures there were.
    """

    reconstruction: float
    kl: float
    elbo: float
    spread: float
    n: int


def evaluate_vae(
    vae: VAE, images: npt.ArrayLike, *, draws: int = 5, seed: int = 0
) -> VAEEvaluation:
    """Measure the evidence lower bound of pictures.

    Greys are taken as the probabilities that a pixel is ink, as in training: compare the bound
    only with others that were measured so, not with those of pictures in black and white. The
    noise of the model's own training goes on afterwards as if nothing had happened.

    Parameters
    ----------
    vae : VAE
        With ``reconstruction="bce"``; with "mse" the result is no evidence lower bound, see
        `VAEEvaluation`.
    images : array_like (n, 28, 28) or (n, 28, 28, 1)
        Pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    draws : int, default 5
        Codes that are drawn for every picture.
    seed : int, default 0
        Where their noise starts.

    Returns
    -------
    VAEEvaluation
        The bound and its parts.

    Raises
    ------
    ValueError
        If it is no such autoencoder, the pictures have a wrong shape, type or range or are none,
        or `draws` or `seed` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> evaluation = evaluate_vae(build_vae(), np.zeros((8, 28, 28)), draws=2)
    >>> evaluation.n, evaluation.elbo < 0
    (8, True)
    """
    if not hasattr(vae, "start_noise"):
        raise ValueError(
            "evaluate_vae measures a VAE as from build_vae, whose loss has both parts of the "
            f"bound. Received: {type(vae).__name__}."
        )
    draws, seed = checked_count("draws", draws), checked_count("seed", seed, least=0)
    pictures = as_floats(checked_pictures(images, (SIZE, SIZE)))
    parts = []
    from .fast.devices import undivided  # Keras loads only where it is needed

    with _noise_kept(vae), undivided():
        for draw in range(draws):
            vae.start_noise((seed, draw, DRAWS))
            result = vae.evaluate(pictures, batch_size=BATCH_SIZE, return_dict=True, verbose=0)
            parts.append((result["reconstruction_loss"], result["kl_loss"]))
    errors, divergences = np.transpose(parts)
    reconstruction, kl = float(errors.mean()), float(divergences.mean())
    return VAEEvaluation(
        reconstruction, kl, -(reconstruction + kl), float(errors.std()), len(pictures)
    )


@contextmanager
def _noise_kept(vae: VAE) -> Iterator[None]:
    """Put the noise of a model back to where it was."""
    states = [generator.state for generator in vae.seed_generators()]
    before = [state.numpy() for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)
