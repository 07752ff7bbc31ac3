"""What the latent plane's script asks, checked before it is believed, and the answers to it.

================  ================================  ==============================================
asked             with                              answered
================  ================================  ==============================================
``decode``        ``point``                         ``decoded``: ``point``, ``picture``,
                                                    ``probabilities``
``path``          ``start``, ``end``, ``method``    ``path``: ``codes``, ``images``,
                                                    ``probabilities``
``film``          the same                          ``film``: a GIF as ``data``
``sample``                                          ``sampled``: ``point``
``regions``       ``extent``                        ``regions``: ``extent``, ``side``, ``data``
``grid``          ``extent``, ``n``                 ``grid``: ``extent``, ``n``, ``height``,
                                                    ``width``, ``data``
================  ================================  ==============================================

A question has a ``number`` and the ``view`` that asks; an answer has them, too, and the question's
kind in ``of``. Where there is no answer, ``problem`` says why in ``text``. Points are lists of two
numbers; pictures are bytes; ``data`` of ``regions`` (all labels, then all confidences) and of
``grid`` is compressed, since a phone's network is slow.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import param

from mnist_visual._arrays import Bytes
from mnist_visual._checks import Extent, checked_extent
from mnist_visual._numbers import checked_count
from mnist_visual.films import save_gif
from mnist_visual.interpolation import METHODS, Method

from ._messages import Message
from ._shades import as_bytes
from .latent_plane import FARTHEST, MAX_GRID, RESOLUTION, LatentPlane, Point

FILM_STEPS = 48

Compute = Callable[[], Message]
# What a question says of the points on the page, and how it is answered.
Question = tuple[dict[str, Point], Compute]


def read_decode(plane: LatentPlane, message: Message, _: np.random.Generator) -> Question:
    """Answer with the picture at a point, and what is read in it."""
    point = read_point(message["point"])

    def compute() -> Message:
        picture, probabilities = plane.look(point)
        answer = {"picture": as_bytes(picture), "probabilities": probabilities}
        return {"kind": "decoded", "point": point, **answer}

    return {"cursor": point}, compute


def read_path(plane: LatentPlane, message: Message, _: np.random.Generator) -> Question:
    """Answer with a path, its pictures, and what is read in them."""
    start, end, method = read_ends(message)

    def compute() -> Message:
        path = plane.path(start, end, method=method)
        return {
            "kind": "path",
            "codes": path.codes.ravel(),
            "images": as_bytes(path.images),
            "probabilities": path.probabilities,
        }

    return {"start": start, "end": end}, compute


def read_film(plane: LatentPlane, message: Message, _: np.random.Generator) -> Question:
    """Answer with a path as a GIF, there and back, so that it can run on and on."""
    start, end, method = read_ends(message)

    def compute() -> Message:
        film = io.BytesIO()
        images = plane.path(start, end, method=method, steps=FILM_STEPS).images
        save_gif(np.concatenate([images, images[-2:0:-1]]), film, seconds=6)
        return {"kind": "film", "data": np.frombuffer(film.getvalue(), np.uint8)}

    return {}, compute


def read_sample(_: LatentPlane, __: Message, random: np.random.Generator) -> Question:
    """Answer with a point drawn from the prior, a standard normal distribution."""
    point = random.standard_normal(2).tolist()
    return {}, lambda: {"kind": "sampled", "point": point}


def read_regions(plane: LatentPlane, message: Message, _: np.random.Generator) -> Question:
    """Answer with the class that is read at every point, and how surely."""
    extent = read_extent(message["extent"])

    def compute() -> Message:
        regions = plane.regions(extent)
        layers = np.stack([regions.labels.astype(np.uint8), as_bytes(regions.confidence)])
        return {"kind": "regions", "extent": extent, "side": RESOLUTION, "data": packed(layers)}

    return {}, compute


def read_grid(plane: LatentPlane, message: Message, _: np.random.Generator) -> Question:
    """Answer with pictures from all over an extent."""
    extent = read_extent(message["extent"])
    n = checked_count("n", message["n"], most=MAX_GRID)

    def compute() -> Message:
        images = as_bytes(plane.grid(extent, n).images)
        shape = {"n": n, "height": images.shape[2], "width": images.shape[3]}
        return {"kind": "grid", "extent": extent, **shape, "data": packed(images)}

    return {}, compute


QUESTIONS: dict[str | None, Callable[[LatentPlane, Message, np.random.Generator], Question]] = {
    "decode": read_decode,
    "path": read_path,
    "film": read_film,
    "sample": read_sample,
    "regions": read_regions,
    "grid": read_grid,
}
SLOW = {"film", "regions", "grid"}


def read_point(value: Any) -> Point:
    """Read a point; ValueError or TypeError where it is none."""
    x, y = map(float, value)
    if not max(abs(x), abs(y)) <= FARTHEST:  # True for NaN, too
        raise ValueError(f"A point is two numbers within {FARTHEST:g} of 0. Received: {value!r}.")
    return x, y


def read_ends(message: Message) -> tuple[Point, Point, Method]:
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


class PlaneSight(param.NumericTuple):
    """A parameter of a point in the middle of what is seen, and half the width of that."""

    def __init__(self, default: Any = None, **params: Any) -> None:
        super().__init__(default=default, length=3, **params)

    def _validate_value(self, val: Any, allow_None: bool) -> None:  # noqa: N803 - Param's name
        super()._validate_value(val, allow_None)
        if val is not None:
            read_sight(val)


def read_sight(value: Any) -> tuple[float, float, float]:
    """Read where one looks; ValueError or TypeError where it is nowhere."""
    x, y, half = map(float, value)
    if not 0 < half <= FARTHEST:
        raise ValueError(f"Half a width is from 0 to {FARTHEST:g}. Received: {half!r}.")
    return *read_point((x, y)), half


def packed(values: Bytes) -> Bytes:
    """Compress what is large, for slow networks."""
    return np.frombuffer(zlib.compress(values.tobytes(), 1), np.uint8)
