"""The digits from which the shipped classifier learned, other ones in every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from .augmentation import affine_maps, warp
from .drawing import normalize_strokes
from .outliers import random_outliers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pen_digits import PenDigits


# MNIST's digits are warped with full strength until there, then less and less: the network is
# to settle on them as they are. Pen digits are always redrawn: there are few people behind them.
FULL_WARPS = 0.6  # of all epochs

# How a pen digit is redrawn, besides the maps of a warp: standard deviations, of its longer side.
BEND = 0.03
LIFT = 0.02  # a stroke lands beside where it was meant to

OUTLIERS = 24_000  # drawn once
OUTLIER_SHARE = 0.1  # of the pictures of an epoch

# The last number of a seed: apart from what else is drawn in an epoch.
CHOICES, WARPS, OUTLIER_WARPS = 1, 2, 3


class DigitMixture:
    """What is learned in each epoch: MNIST's digits, pen digits, and pictures of no digit.

    Parameters
    ----------
    pictures : float32 array (n, 28, 28)
        MNIST's digits, in [0, 1], ink bright.
    targets : float32 array (n, classes)
        What they show, see `one_hot`.
    pen_digits : PenDigits or None
        Digits as pen strokes.
    epochs : int
        How many there will be.
    seed : int
        Where all random numbers start.
    """

    def __init__(
        self,
        pictures: Floats,
        targets: Floats,
        pen_digits: PenDigits | None,
        *,
        epochs: int,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._pens = None if pen_digits is None else _Pens(pen_digits.strokes)
        self._epochs = epochs
        self._seed = seed
        classes = targets.shape[1]
        parts = [targets]
        if pen_digits is not None:
            parts.append(one_hot(pen_digits.labels, classes))
        digits = sum(map(len, parts))
        self._outliers_an_epoch = round(digits * OUTLIER_SHARE / (1 - OUTLIER_SHARE))
        self._outliers = random_outliers(min(OUTLIERS, epochs * self._outliers_an_epoch), seed=seed)
        # A target that smoothing leaves as it is: no class is more likely than another.
        parts.append(np.full((self._outliers_an_epoch, classes), 1 / classes, np.float32))
        self._targets = np.concatenate(parts)

    def __len__(self) -> int:
        return len(self._targets)

    def epoch(self, epoch: int) -> tuple[Floats, Floats]:
        """Give the pictures, float32 (n, 28, 28), and targets, float32 (n, classes)."""
        random = np.random.default_rng((self._seed, epoch, CHOICES))
        chosen = random.integers(len(self._outliers), size=self._outliers_an_epoch)
        parts = [
            warp(self._pictures, seed=(self._seed, epoch, WARPS), strength=self._strength(epoch))
        ]
        if self._pens is not None:
            parts.append(self._pens.redrawn(random))
        parts.append(warp(self._outliers[chosen], seed=(self._seed, epoch, OUTLIER_WARPS)))
        return np.concatenate(parts), self._targets

    def _strength(self, epoch: int) -> float:
        done = epoch / max(self._epochs - 1, 1)
        return float(np.interp(done, [FULL_WARPS, 1], [1, 0]))


class _Pens:
    """Pen digits that can be redrawn, each a little differently, before they are normalised."""

    def __init__(self, digits: Sequence[Sequence[npt.ArrayLike]]) -> None:
        strokes = [stroke for digit in digits for stroke in _of_unit_size(digit)]
        lengths = [len(stroke) for stroke in strokes]
        counts = [len(digit) for digit in digits]
        self._points = np.concatenate(strokes)
        self._stroke_ends = np.cumsum(lengths)[:-1]
        self._digit_ends = np.cumsum([0, *counts])
        # The stroke and the digit to which each point belongs.
        self._stroke_of = np.repeat(np.arange(len(strokes)), lengths)
        self._digit_of = np.repeat(np.arange(len(digits)), counts)[self._stroke_of]

    def redrawn(self, random: np.random.Generator) -> Floats:
        """Draw all digits, float32 (n, 28, 28), each in its own new way."""
        n = len(self._digit_ends) - 1
        maps = affine_maps(random, n, 1.0)[self._digit_of]
        lifts = LIFT * random.standard_normal((len(self._stroke_ends) + 1, 2))
        points = np.einsum("pij,pj->pi", maps, self._points) + lifts[self._stroke_of]
        points = points + self._bends(random)
        strokes = np.split(points, self._stroke_ends)
        return np.stack(
            [
                normalize_strokes(strokes[first:last])
                for first, last in zip(self._digit_ends[:-1], self._digit_ends[1:], strict=True)
            ]
        )

    def _bends(self, random: np.random.Generator) -> npt.NDArray[np.float64]:
        """Displace every point by two plane waves over the paper, other ones for every digit."""
        n = len(self._digit_ends) - 1
        total = np.zeros(self._points.shape)
        for _ in range(2):
            waves = random.uniform(-8, 8, (n, 2))[self._digit_of]
            phases = random.uniform(0, 2 * np.pi, n)[self._digit_of]
            heights = (BEND * random.standard_normal((n, 2)))[self._digit_of]
            angles = np.einsum("pi,pi->p", waves, self._points) + phases
            total += np.sin(angles)[:, None] * heights
        return total


def _of_unit_size(digit: Sequence[npt.ArrayLike]) -> list[Floats]:
    """Move a digit's strokes around 0 and scale its longer side to 1; a dot stays a dot."""
    strokes = [np.asarray(stroke, dtype=np.float32) for stroke in digit]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / max((high - low).max(), 1) for stroke in strokes]


def one_hot(labels: npt.ArrayLike, classes: int) -> Floats:
    """Give labels (n,) as what a classifier is to answer, (n, classes)."""
    return np.equal.outer(labels, np.arange(classes)).astype(np.float32)
