"""A function on the plane, evaluated where it has to be and interpolated elsewhere.

Most of the plane is dull: for long stretches the classifier is sure of one class. So the plane
is evaluated on a coarse lattice, and between its points the logarithms of the probabilities are
interpolated; they change far more evenly than the probabilities. A new point is evaluated after
all where the interpolation may be wrong, and so from lattice to lattice, each twice as dense,
as in Harten's multiresolution schemes [1]_.

How wrong an interpolated value may be is judged from the second differences around it. A jump
of a function by J between two points of a row or a column makes second differences of J beside
it, and an error of the interpolation between them of J/2; for smooth functions half of the
second difference is many times the error. So a label is trusted if its lead holds against half
of them. In the middle of four points of which a jump cuts off one, the error may be 3J/4: there
the tip of a sharp corner may be missed, if the class around it leads by more than three times as
much as the class in it. A confidence is trusted if an eighth of them changes it little: that is
the error of linear interpolation of a smooth function, and the cubic one used does better.

References
----------
.. [1] A. Harten, "Multiresolution algorithms for the numerical solution of hyperbolic
   conservation laws", Communications on Pure and Applied Mathematics 48 (1995) 1305-1342.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ._arrays import Floats

# From rows and columns of points of the finest lattice to log-probabilities (classes, points).
Evaluate = Callable[[npt.NDArray[np.intp], npt.NDArray[np.intp]], Floats]

# The coarse lattice has steps of so many points, until it has twice so many points a side.
COARSE_STEP = 4
COARSE_SIDE = 128

_LABEL_SAFETY = 1 / 2
_CONFIDENCE_SAFETY = 1 / 8
_CONFIDENCE_TOLERANCE = 0.03  # by the bound; the errors are mostly far smaller
_CLEAR_LEAD = 8.0  # of ten classes, all rivals have less than 1 in 100, whatever the safety
_BAND = 1 << 16  # points that are worked on at once


def coarse_step(n: int) -> int:
    """Give the distance between the points of the coarse lattice, a power of two."""
    step = 1
    while step < COARSE_STEP and n >= 32 * step:
        step *= 2
    while n >= 2 * COARSE_SIDE * step:
        step *= 2
    return step


def lattice_bands(
    evaluate: Evaluate, n: int, *, coarse: int, step: int = 1
) -> Iterator[tuple[int, Floats]]:
    """Yield a lattice of log-probabilities, a band of rows at a time from the top down.

    Parameters
    ----------
    evaluate : callable
        From rows and columns, int arrays ``(points,)`` of n by n points and a little beyond, to
        log-probabilities, float32 ``(classes, points)``.
    n : int
        Points along each axis.
    coarse : int
        The step of the lattice of which every point is evaluated, as `coarse_step` gives it.
    step : int, default 1
        From each point to the next, up to `coarse`: a power of two. The lattice starts at point
        0 and covers the last one, so that its own last row and column may lie beyond.

    Yields
    ------
    first : int
        The first row of the band.
    values : float32 array (classes, rows, columns)
        What was evaluated or interpolated.
    """
    side = _side(n, step)
    height = max(2, _BAND // side // 2 * 2)
    coarser = None
    if step < coarse:
        bands = lattice_bands(evaluate, n, coarse=coarse, step=2 * step)
        coarser = _FramedRows(bands, _side(n, 2 * step))
    for first in range(0, side, height):
        rows = min(height, side - first)
        if coarser is not None:
            # The coarser rows between which these lie, and one more above and below.
            around = coarser.take(first // 2 - 1, (first + rows) // 2 + 2)
            yield first, _refined(evaluate, around, step, first, rows, side)
        else:
            row, column = (axis.ravel() * step for axis in np.indices((rows, side)))
            found = evaluate(row + first * step, column)
            yield first, found.reshape(-1, rows, side)


def _side(n: int, step: int) -> int:
    """Count the points of the lattice of a step along each axis."""
    return -(-(n - 1) // step) + 1


class _FramedRows:
    """The rows of a lattice from the top down, in a frame that goes on as the edges do.

    Rows are computed when they are asked for and forgotten when later ones are: the memory is
    that of a few bands, however large the lattice.
    """

    def __init__(self, bands: Iterator[tuple[int, Floats]], side: int) -> None:
        self._bands, self._side = bands, side
        self._first, self._kept = next(bands)

    def take(self, start: int, stop: int) -> Floats:
        """Give rows (classes, stop - start, side + 2); the frame has the rows -1 and side."""
        begin, end = max(start, 0), min(stop, self._side)
        self._first, self._kept = begin, self._kept[:, begin - self._first :]
        while begin + self._kept.shape[1] < end:
            self._kept = np.concatenate([self._kept, next(self._bands)[1]], axis=1)
        frame = [(0, 0), (begin - start, stop - end), (1, 1)]
        return np.pad(self._kept[:, : end - begin], frame, "reflect", reflect_type="odd")


def _refined(
    evaluate: Evaluate, coarser: Floats, step: int, first: int, rows: int, side: int
) -> Floats:
    """Give rows of a lattice from a frame of the coarser one: interpolated, or evaluated."""
    inner = coarser[:, 1:-1, 1:-1]
    rough = np.maximum(
        abs(coarser[:, 2:, 1:-1] - 2 * inner + coarser[:, :-2, 1:-1]),
        abs(coarser[:, 1:-1, 2:] - 2 * inner + coarser[:, 1:-1, :-2]),
    )
    values = _across(_interpolated(_across(_interpolated(coarser))))[:, :rows, :side]
    rough = _across(_largest(_across(_largest(rough))))[:, :rows, :side]
    doubtful = _doubtful(values, rough)
    doubtful[::2, ::2] = False  # points of the coarser lattice
    row, column = np.nonzero(doubtful)
    if len(row):
        values[:, row, column] = evaluate((row + first) * step, column * step)
    return values


def _across(values: Floats) -> Floats:
    return np.ascontiguousarray(values.swapaxes(1, 2))


def _interpolated(values: Floats) -> Floats:
    """Put a row between any two, on the cubic through four; the outermost rows go."""
    inner = values[:, 1:-1]
    result = np.empty((len(values), 2 * inner.shape[1] - 1, values.shape[2]), dtype=np.float32)
    result[:, ::2] = inner
    result[:, 1::2] = (9 * (inner[:, :-1] + inner[:, 1:]) - values[:, :-3] - values[:, 3:]) / 16
    return result


def _largest(values: Floats) -> Floats:
    """Put a row between any two that has the larger of their values."""
    result = np.empty((len(values), 2 * values.shape[1] - 1, values.shape[2]), dtype=np.float32)
    result[:, ::2] = values
    np.maximum(values[:, :-1], values[:, 1:], out=result[:, 1::2])
    return result


def _doubtful(values: Floats, rough: Floats) -> npt.NDArray[np.bool_]:
    """Tell where the label or the confidence of interpolated values may be wrong."""
    winner = values.argmax(axis=0)[None]
    lead = values - np.take_along_axis(values, winner, axis=0)  # of each class, at most 0
    slack = rough + np.take_along_axis(rough, winner, axis=0)
    rival = lead + _LABEL_SAFETY * slack
    np.put_along_axis(rival, winner, -np.inf, axis=0)
    best_rival = rival.max(axis=0)
    doubtful = best_rival >= 0
    clear_lead = _CLEAR_LEAD + math.log(max(len(values) / 10, 1))
    unclear = (best_rival > -clear_lead) & ~doubtful
    lead, slack, winner = lead[:, unclear], slack[:, unclear], winner[:, unclear]
    np.put_along_axis(slack, winner, 0, axis=0)
    confidence = 1 / np.exp(lead).sum(axis=0)
    # Here no lead is eaten up, so the exponential stays below 1.
    least = 1 / np.exp(lead + _CONFIDENCE_SAFETY * slack).sum(axis=0)
    doubtful[unclear] = confidence - least > _CONFIDENCE_TOLERANCE
    return doubtful
