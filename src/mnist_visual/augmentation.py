"""Random warps: what other hands would have made of the same digits.

A small random affine map stands for another slant, size and tilt of the paper, and a smooth
random field of displacements for the wobble of a hand [1]_.

References
----------
.. [1] P. Y. Simard, D. Steinkraus, J. C. Platt, "Best Practices for Convolutional Neural
   Networks Applied to Visual Document Analysis", ICDAR 2003.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._numbers import checked_number

__all__ = ["warp"]

Seed = int | Sequence[int]

# The random parts at strength 1, as standard deviations; all but the wobble end at twice that.
TURN = 0.13  # radians
SLANT = 0.14  # columns a row
STRETCH = 0.09  # of the logarithm of each side
SHIFT = 0.6  # pixels
WOBBLE = 0.9  # pixels

# The wobble is white noise through a Gaussian filter in the paper: bumps of that width, whose
# centres need be no closer to each other than the width is, give the same fields with a
# twelfth of the random numbers.
BUMP_WIDTH = 4.0  # pixels
BUMPS = 8  # a side

# Pictures warped at a time: enough to keep all cores busy, few enough to stay in the cache.
CHUNK = 1024


def warp(images: npt.ArrayLike, *, seed: Seed = 0, strength: float = 1.0) -> Floats:
    """Turn, slant, stretch, move and bend every picture at random.

    Parameters
    ----------
    images : array_like (n, height, width)
        Grey pictures on a background of 0, such as float32 in [0, 1].
    seed : int or sequence of int, default 0
        Where the random numbers start; the same seed gives the same bits. Of the same pictures
        in another epoch, give another.
    strength : float, default 1.0
        0 leaves the pictures as they are; 1 is about what sets one writer apart from another.

    Returns
    -------
    float32 array (n, height, width)
        Within the range of each picture and 0, since pixels are averages of their neighbours.

    Raises
    ------
    ValueError
        If `images` is not 3-D or the strength is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> bar = np.zeros((1, 28, 28), dtype="float32")
    >>> bar[0, 4:24, 13:15] = 1
    >>> warp(bar).shape
    (1, 28, 28)
    """
    pictures = np.asarray(images, dtype=np.float32)
    if pictures.ndim != 3:
        raise ValueError(
            f"Pictures to warp are an array (n, height, width). Received: shape {pictures.shape}."
        )
    strength = checked_number("strength", strength)
    if strength == 0 or len(pictures) == 0:
        return pictures.copy()
    random = np.random.default_rng(seed)
    warped = np.empty_like(pictures)
    for first in range(0, len(pictures), CHUNK):
        chunk = pictures[first : first + CHUNK]
        matrices, shifts, bumps = _draw_warps(random, strength)
        whole = np.zeros((CHUNK, *chunk.shape[1:]), dtype=np.float32)  # one shape, one compilation
        whole[: len(chunk)] = chunk
        warped[first : first + CHUNK] = _bend(whole, matrices, shifts, bumps)[: len(chunk)]
    return warped


def affine_maps(random: np.random.Generator, n: int, strength: float) -> Floats:
    """Draw small random maps of the plane: a turn, a slant and a stretch of either side.

    Parameters
    ----------
    random : numpy.random.Generator
        The source of random numbers.
    n : int
        How many maps.
    strength : float
        As for `warp`.

    Returns
    -------
    float32 array (n, 2, 2)
        Matrices for column vectors ``(x, y)``.
    """
    turn, slant, wide, tall = strength * _bounded(random, (4, n))
    turn, slant = TURN * turn, SLANT * slant
    wide, tall = np.exp(STRETCH * wide), np.exp(STRETCH * tall)
    cos, sin = np.cos(turn), np.sin(turn)
    rotation = np.stack([cos, -sin, sin, cos], axis=-1).reshape(n, 2, 2)
    zero = np.zeros_like(slant)
    sheared = np.stack([wide, slant * tall, zero, tall], axis=-1).reshape(n, 2, 2)
    return np.asarray(rotation @ sheared, dtype=np.float32)


def _bounded(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return np.clip(random.standard_normal(shape, dtype=np.float32), -2, 2)


def _draw_warps(random: np.random.Generator, strength: float) -> tuple[Floats, Floats, Floats]:
    """Draw a chunk of warps: matrices, shifts, and the heights of the wobble's bumps."""
    matrices = affine_maps(random, CHUNK, strength)
    shifts = SHIFT * strength * _bounded(random, (CHUNK, 2))
    bumps = random.standard_normal((CHUNK, 2, BUMPS, BUMPS), dtype=np.float32)
    return matrices, shifts, WOBBLE * strength * bumps


def _spread(size: int) -> Floats:
    """Spread bumps over pixels, (size, BUMPS), so that heights of variance 1 stay so."""
    centres = np.linspace(0, size - 1, BUMPS)
    distance = np.arange(size)[:, None] - centres
    weights = np.exp(-0.5 * (distance / BUMP_WIDTH) ** 2)
    return np.asarray(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)), np.float32)


@jax.jit
def _bend(
    pictures: jax.Array, matrices: jax.Array, shifts: jax.Array, bumps: jax.Array
) -> jax.Array:
    height, width = pictures.shape[1:]
    wobble = jnp.einsum("yj,nkji,xi->nkyx", _spread(height), bumps, _spread(width))
    x = jnp.arange(width, dtype=jnp.float32) - (width - 1) / 2
    y = jnp.arange(height, dtype=jnp.float32)[:, None] - (height - 1) / 2

    def source(axis: int) -> jax.Array:
        # Where each pixel of the warped picture lies in the old one.
        a, b = matrices[:, axis, 0], matrices[:, axis, 1]
        straight = a[:, None, None] * x + b[:, None, None] * y
        return straight + shifts[:, axis, None, None] + wobble[:, axis]

    return _interpolate(pictures, source(0) + (width - 1) / 2, source(1) + (height - 1) / 2)


def _interpolate(pictures: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """Read pictures between their pixels, linearly; 0 outside."""
    n, height, width = pictures.shape
    padded = jnp.pad(pictures, ((0, 0), (1, 1), (1, 1))).reshape(-1)
    x, y = jnp.clip(x + 1, 0, width + 1), jnp.clip(y + 1, 0, height + 1)
    left = jnp.minimum(x.astype(jnp.int32), width)
    top = jnp.minimum(y.astype(jnp.int32), height)
    right_share, down_share = x - left, y - top
    corner = jnp.arange(n, dtype=jnp.int32)[:, None, None] * ((height + 2) * (width + 2))
    corner = corner + top * (width + 2) + left

    def at(down: int, right: int) -> jax.Array:
        return padded.at[corner + (down * (width + 2) + right)].get(mode="promise_in_bounds")

    upper = at(0, 0) * (1 - right_share) + at(0, 1) * right_share
    lower = at(1, 0) * (1 - right_share) + at(1, 1) * right_share
    return upper * (1 - down_share) + lower * down_share
