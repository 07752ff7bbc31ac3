"""What the latent plane's script sends, checked before it is believed, and what it is sent."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._checks import Extent, checked_extent
from mnist_visual.interpolation import METHODS

from .latent_plane import Point

FARTHEST = 1e4  # from 0; beyond, no decoder has anything to show

Bytes = npt.NDArray[np.uint8]
Message = dict[str, Any]


def read_point(value: Any) -> Point:
    """Read a point; ValueError or TypeError where it is none."""
    x, y = map(float, value)
    if not max(abs(x), abs(y)) <= FARTHEST:  # True for NaN, too
        raise ValueError(f"A point is two numbers within {FARTHEST:g} of 0. Received: {value!r}.")
    return x, y


def read_ends(message: Message) -> tuple[Point, Point, str]:
    """Read the two ends of a path, and how it goes."""
    if message["method"] not in METHODS:
        raise ValueError(f"method {message['method']!r}")
    return read_point(message["start"]), read_point(message["end"]), message["method"]


def read_extent(value: Any) -> Extent:
    """Read an extent in which every corner is a point."""
    x_min, x_max, y_min, y_max = checked_extent(value)
    read_point((x_min, y_min))
    read_point((x_max, y_max))
    return x_min, x_max, y_min, y_max


class PlanePoint(param.NumericTuple):
    """A parameter of two finite numbers, not far off any plane."""

    def _validate_value(self, val: Any, allow_None: bool) -> None:  # noqa: N803 - Param's name
        super()._validate_value(val, allow_None)
        read_point(val)


def as_bytes(values: npt.NDArray[Any]) -> Bytes:
    """Give values in [0, 1] as bytes, for the screen."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def packed(values: Bytes) -> Bytes:
    """Compress what is large, for slow networks."""
    return np.frombuffer(zlib.compress(values.tobytes(), 1), np.uint8)
