"""Numbers that a caller may give, and one sentence for all else."""

from __future__ import annotations

from typing import Any

import numpy as np


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
