"""Pen strokes, checked and drawn as lines with soft edges."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._mnist import SIZE, STROKE_WIDTH

MAX_STROKES = 10_000
MAX_POINTS = 100_000
MAX_COORDINATE = 1e6


def checked_strokes(strokes: Sequence[npt.ArrayLike]) -> list[npt.NDArray[np.float64]]:
    """Give strokes as float64 arrays (k, 2); ValueError if one is none, or they are too many."""
    if not hasattr(strokes, "__len__"):
        raise ValueError(f"A drawing is a sequence of strokes. Received: {strokes!r}.")
    if len(strokes) > MAX_STROKES:
        raise ValueError(
            f"A drawing has at most {MAX_STROKES:,} strokes. Received: {len(strokes):,}."
        )
    checked, points = [], 0
    for index, stroke in enumerate(strokes):
        rule = f"A stroke is an array (k, 2) of finite numbers up to {MAX_COORDINATE:g}"
        try:
            line = np.asarray(stroke)
            if line.dtype.kind not in "buif":
                raise TypeError(f"dtype {line.dtype}")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{rule}. Received for stroke {index}: {error}.") from error
        if line.size == 0:
            line = np.empty((0, 2))
        if line.ndim != 2 or line.shape[1] != 2:
            raise ValueError(f"{rule}. Received for stroke {index}: shape {line.shape}.")
        points += len(line)
        if points > MAX_POINTS:
            raise ValueError(
                f"A drawing has at most {MAX_POINTS:,} points. "
                f"Received: {points:,} by stroke {index}."
            )
        line = line.astype(np.float64)
        if not (np.abs(line) <= MAX_COORDINATE).all():  # False for NaN, too
            worst = line[~(np.abs(line) <= MAX_COORDINATE)][0]
            raise ValueError(f"{rule}. Received for stroke {index}: {worst}.")
        checked.append(line)
    return checked


def cut_lines(lines: list[npt.NDArray[np.float64]]) -> tuple[Floats, Floats]:
    """Cut lines, in pixels, into straight pieces of a pixel at the most: starts and ends."""
    lines = [_thinned(line) for line in lines]
    starts = np.concatenate([line[:-1] if len(line) > 1 else line for line in lines])
    along = np.concatenate([line[1:] if len(line) > 1 else line for line in lines]) - starts
    counts = np.maximum(1, np.ceil(np.hypot(*along.T))).astype(int)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    step = (np.arange(counts.sum()) - first)[:, None]
    along = np.repeat(along / counts[:, None], counts, axis=0)
    starts = np.repeat(starts, counts, axis=0) + step * along
    return starts.astype(np.float32), (starts + along).astype(np.float32)


def _thinned(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out points that are closer along the line than anyone can see."""
    if len(line) < 50:
        return line
    length = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    keep = np.diff(np.floor(length * 6), prepend=-1.0) > 0
    keep[-1] = True
    return line[keep]


def draw_pieces(starts: Floats, ends: Floats) -> Floats:
    """Draw short pieces of lines, in pixels of the picture, with round ends and soft edges."""
    reach = STROKE_WIDTH / 2 + 0.5
    border = math.ceil(reach) + 2  # so that no piece reaches beyond
    side = SIZE + 2 * border
    squared = np.full(side * side, reach**2, dtype=np.float32)
    # A piece of one pixel reaches the pixels of a small square around its middle, and no others.
    window = np.arange(math.floor(2 * reach + 1) + 1, dtype=np.float32)
    for first in range(0, len(starts), 4096):  # memory stays flat for a long scribble
        a, b = starts[first : first + 4096], ends[first : first + 4096]
        corner = np.ceil((a + b) / 2 - reach - 0.5)
        x = corner[:, :1] + window - a[:, :1]
        y = corner[:, 1:] + window - a[:, 1:]
        corner = np.clip(corner, -border, side - border - len(window)).astype(int) + border
        rows = (corner[:, 1:] + window.astype(int))[:, :, None]
        places = rows * side + (corner[:, :1] + window.astype(int))[:, None, :]
        np.minimum.at(squared, places.ravel(), _squared_distance(x, y, b - a).ravel())
    distance = np.sqrt(squared.reshape(side, side)[border:-border, border:-border])
    return np.clip(reach - distance, 0, 1)


def _squared_distance(x: Floats, y: Floats, along: Floats) -> Floats:
    """Give the squared distance of pixels, seen from a piece's start, to the piece."""
    length = np.einsum("sk,sk->s", along, along)
    length[length == 0] = 1
    along_x, along_y = along[:, 0, None, None], along[:, 1, None, None]
    x, y = x[:, None, :], y[:, :, None]
    share = np.clip((x * along_x + y * along_y) / length[:, None, None], 0, 1)
    return np.asarray((x - share * along_x) ** 2 + (y - share * along_y) ** 2)
