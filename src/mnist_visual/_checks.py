"""What the latent functions accept, and one sentence for all else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._models import input_shape
from ._numbers import finite_floats, real_numbers

Extent = tuple[float, float, float, float]

MAX_CODES = 10_000_000  # of one call; the next mistake would be out of memory


def checked_extent(extent: Any) -> Extent:
    """Check that an extent has four finite numbers, the smaller before the larger.

    Parameters
    ----------
    extent : sequence of 4 numbers
        ``(x_min, x_max, y_min, y_max)``.

    Returns
    -------
    tuple of 4 floats

    Raises
    ------
    ValueError
        If it is not as described.
    """
    rule = "An extent is (x_min, x_max, y_min, y_max), finite, each min below its max"
    try:
        limits = tuple(extent)
        if any(isinstance(limit, str | bytes) for limit in limits):  # float would read them
            raise TypeError("text")
        limits = tuple(map(float, limits))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{rule}. Received: {extent!r}.") from error
    if len(limits) != 4:
        raise ValueError(f"{rule}. Received: {len(limits)} numbers.")
    x_min, x_max, y_min, y_max = limits
    # Beyond 1e6, float32 could not tell one point from the next.
    if not (max(map(abs, limits)) <= 1e6 and x_min < x_max and y_min < y_max):
        raise ValueError(f"{rule}, within -1e6..1e6. Received: {extent!r}.")
    return x_min, x_max, y_min, y_max


def checked_codes(codes: npt.ArrayLike, decoder: Any = None) -> Floats:
    """Check codes: their type, shape, number, and that they are finite.

    Parameters
    ----------
    codes : array_like (..., latent_dim)
        At least one code.
    decoder : keras.Model or function, optional
        Which is to read them.

    Returns
    -------
    float32 array (..., latent_dim)

    Raises
    ------
    ValueError
        If they are not as described.
    """
    dim = None if decoder is None else input_shape(decoder)
    if dim is not None and len(dim) != 1:
        raise ValueError(
            f"A decoder reads codes (n, latent_dim). Received: a model that reads {dim}, as an "
            "encoder does."
        )
    length = dim[-1] if dim else "latent_dim"
    rule = f"Codes are finite real numbers of the shape (..., {length})"
    try:
        points = real_numbers(codes)
    except ValueError as error:
        raise ValueError(f"{rule}. Received: {error}.") from error
    if points.ndim == 0 or points.size == 0 or (dim and dim[-1] not in (None, points.shape[-1])):
        raise ValueError(f"{rule}, one or more. Received: shape {points.shape}.")
    if math.prod(points.shape[:-1]) > MAX_CODES:
        raise ValueError(f"At most {MAX_CODES:,} codes at once. Received: shape {points.shape}.")
    try:
        return finite_floats(points, copy=True)
    except ValueError as error:
        raise ValueError(f"{rule}. Received: {error}.") from error


def check_plane(decoder: Any) -> None:
    """Raise ValueError unless a decoder reads codes of two numbers, if it says what it reads."""
    shape = input_shape(decoder)
    if shape is not None and shape not in ((2,), (None,)):
        raise ValueError(
            "Only a latent space of two dimensions is a plane. "
            f"Received: a decoder of codes of the shape {shape}. Give a function of two numbers "
            "that calls it with the others fixed."
        )


def even_centres(low: float, high: float, count: int) -> npt.NDArray[np.float64]:
    """Give the centres of equal cells between two limits, ascending."""
    return low + (high - low) * ((np.arange(count) + 0.5) / count)


def are_probabilities(values: npt.NDArray[Any]) -> bool:
    """Say whether values (..., classes) are from 0 up with the sum 1, but for some rounding."""
    # False for NaN, too.
    return bool((values >= -1e-6).all() and (abs(values.sum(axis=-1) - 1) <= 0.01).all())


def check_probabilities(found: Floats) -> None:
    """Raise ValueError unless a classifier's outputs (n, classes) are probabilities."""
    total = found.sum(axis=1)
    if not are_probabilities(found):
        raise ValueError(
            "The classifier has to end in probabilities that sum to 1; add a Softmax layer to "
            "one that gives logits, and make [1 - p, p] of a single sigmoid p. "
            f"Received: values from {found.min():g} to {found.max():g}, "
            f"sums from {total.min():g} to {total.max():g}."
        )
