"""Pooling of a whole map at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count, checked_floats


class Pooled(NamedTuple):
    """A map after max and after average pooling.

    Attributes
    ----------
    maximum, average : float32 array (rows, columns)
        The largest and the mean of each window.
    """

    maximum: Floats
    average: Floats


def pool_map(values: npt.ArrayLike, *, size: int | None = None) -> Pooled:
    """Pool a map in windows that lie side by side, as Keras does without padding [1]_.

    What is left over at the lower and the right edge, less than a window, is dropped.

    Parameters
    ----------
    values : array_like (height, width)
        Finite real numbers.
    size : int, optional
        Rows and columns of a window, which are its step, too; by default the window is the whole
        map, which is called global pooling.

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        If the map is not as described, or smaller than a window.

    References
    ----------
    .. [1] I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", MIT Press 2016, section 9.3.

    Examples
    --------
    >>> pooled = pool_map([[1, 2, 0], [3, 6, 0], [9, 9, 9]], size=2)
    >>> pooled.maximum, pooled.average
    (array([[6.]], dtype=float32), array([[3.]], dtype=float32))
    """
    rule = "A map is a table of finite real numbers"
    table = checked_floats(rule, values)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"{rule}. Received: shape {table.shape}.")
    down, right = table.shape
    if size is not None:
        down = right = checked_count("size", size, most=min(table.shape))
    rows, columns = table.shape[0] // down, table.shape[1] // right
    windows = table[: rows * down, : columns * right].reshape(rows, down, columns, right)
    average = windows.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return Pooled(windows.max(axis=(1, 3)), average)
