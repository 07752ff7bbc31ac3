"""Numbers that a caller may give, and one sentence for all else."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_SEED = 40_000_000  # each layer makes a seed of its own of it, all below 2**32


def checked_count(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """Check that a number is whole and in its range.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
        What was given for it.
    least, most : int
        The range; without an end if `most` is None.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it is not as described.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        limits = f"from {least} up" if most is None else f"{least} to {most:,}"
        raise ValueError(f"{name} is a whole number, {limits}. Received: {value!r}.")
    return int(value)


def checked_number(
    name: str, value: Any, *, least: float = 0, most: float = math.inf, above: bool = False
) -> float:
    """Check that a number is real, finite and in its range.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
        What was given for it.
    least, most : float
        The range; without an end if `most` is infinite.
    above : bool, default False
        Whether `least` itself is too little.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is not as described.
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    # False for NaN, too.
    inside = real and least <= value <= min(most, sys.float_info.max)
    if not inside or (above and value == least):
        limits = f"{least:g} to {most:g}" if most < math.inf else f"{least:g} or more"
        limits = f"above {least:g}" if above else limits
        raise ValueError(f"{name} is a number, {limits}. Received: {value!r:.80}.")
    return float(value)


def checked_filters(value: Any, *, most: int | None = None) -> tuple[int, int]:
    """Check how many filters each of the two convolutions of the small classifier has.

    Parameters
    ----------
    value : object
        What was given for `filters`.
    most : int, optional
        As for `checked_count`.

    Returns
    -------
    tuple (int, int)

    Raises
    ------
    ValueError
        If it is not as described.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(
            f"filters are two numbers, one for each convolution. Received: {value!r:.80}."
        )
    first, second = (checked_count("filters", number, most=most) for number in value)
    return first, second


def real_numbers(values: Any) -> npt.NDArray[Any]:
    """Make an array of real numbers of anything that NumPy understands.

    Parameters
    ----------
    values : array_like
        Booleans, integers or floats.

    Returns
    -------
    array
        Of any type of them.

    Raises
    ------
    ValueError
        With nothing but the reason, to follow "Received:".
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"dtype {array.dtype}")
    return array


def checked_floats(rule: str, values: Any) -> npt.NDArray[np.float32]:
    """Give finite real numbers as float32; ValueError with a rule where they are others."""
    try:
        return finite_floats(real_numbers(values))
    except ValueError as error:
        raise ValueError(f"{rule}. Received: {error}.") from error


def finite_floats(array: npt.NDArray[Any], *, copy: bool = False) -> npt.NDArray[np.float32]:
    """Give real numbers as float32.

    Parameters
    ----------
    array : array
        As `real_numbers` gives it.
    copy : bool, default False
        Whether to copy what is float32 already.

    Returns
    -------
    float32 array

    Raises
    ------
    ValueError
        With nothing but the reason, if one is not finite or is too large for float32.
    """
    with np.errstate(over="ignore"):  # what overflows is refused with the infinities
        floats = array.astype(np.float32, copy=copy)
    if not np.isfinite(floats).all():
        raise ValueError("NaN or an infinity, in float32")
    return floats
