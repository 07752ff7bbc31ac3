"""The units of one map, or of a whole layer without maps, laid out in rows for the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mnist_visual._arrays import Floats
from mnist_visual.arithmetic.traces import Unit


@dataclass(frozen=True)
class Sheet:
    """Which units of a layer are shown.

    Attributes
    ----------
    shape : tuple of int
        Of the layer's output.
    channel : int or None
        Which of its maps; None for a layer of one axis, all of whose units are shown.
    """

    shape: tuple[int, ...]
    channel: int | None

    @property
    def lengths(self) -> tuple[int, ...]:
        """The axes of the output that are shown."""
        return self.shape if self.channel is None else self.shape[:-1]

    @property
    def count(self) -> int:
        """How many units are shown."""
        return math.prod(self.lengths)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns; the last row may not be full."""
        if len(self.lengths) == 2:
            return self.lengths[0], self.lengths[1]
        columns = math.ceil(math.sqrt(self.count))
        return math.ceil(self.count / columns), columns

    def take(self, output: Floats) -> Floats:
        """Give the values of these units, one after the other."""
        return np.ravel(output if self.channel is None else output[..., self.channel])

    def place(self, unit: Unit) -> int:
        """Tell which of these units one is."""
        return int(np.ravel_multi_index(unit[: len(self.lengths)], self.lengths))

    def unit(self, place: int) -> Unit:
        """Give the index of a unit in the layer's output."""
        index = tuple(int(number) for number in np.unravel_index(place, self.lengths))
        return index if self.channel is None else (*index, self.channel)


def sheet_of(shape: tuple[int, ...], unit: Unit) -> Sheet:
    """Give the units that are shown beside one."""
    return Sheet(shape, unit[-1] if len(shape) > 1 else None)
