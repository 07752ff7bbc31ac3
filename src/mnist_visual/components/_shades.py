"""Pictures and maps as bytes, for the screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Bytes, Floats

_LEAST = 1e-6  # largest value of a layer that is not dead


def as_bytes(values: npt.NDArray[Any]) -> Bytes:
    """Give values in [0, 1] as bytes, for the screen."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def as_greys(maps: Floats) -> Bytes:
    """Give the maps of a layer as bytes, one scale for all of them, channels first.

    Parameters
    ----------
    maps : float32 array (height, width, channels)
        The output of a layer.

    Returns
    -------
    uint8 array (channels, height, width)
        0 is zero or less, 255 the largest number; a dead layer is 0 everywhere.
    """
    largest = max(float(maps.max()), _LEAST)
    return np.ascontiguousarray(as_bytes(np.moveaxis(maps, -1, 0) / largest))


def as_shades(maps: Floats) -> Bytes:
    """Give the maps of a layer as bytes of both signs, one scale for all, channels first.

    Parameters
    ----------
    maps : float32 array (height, width, channels), (height, width) or (units,)
        The output of a layer.

    Returns
    -------
    uint8 array (channels, height, width), (1, height, width) or (units,)
        128 is zero, 255 the largest number by its size; a dead layer is 128 everywhere.
    """
    largest = max(float(np.abs(maps).max(initial=0)), _LEAST)
    shades = np.rint(128 + maps * (127 / largest)).astype(np.uint8)
    if maps.ndim == 2:
        shades = shades[..., None]
    return np.ascontiguousarray(np.moveaxis(shades, -1, 0))
