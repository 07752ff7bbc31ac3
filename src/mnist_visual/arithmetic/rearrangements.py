"""Layers that only pass values on, and those that cannot be traced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_visual._arrays import Floats

from .traces import PassTrace, Places, UnitTrace, Where


@dataclass(frozen=True, eq=False)
class Reshape:
    """The same values, in the same order, in another shape.

    Attributes
    ----------
    shape : tuple of int
        Of the output; one length may be -1, for what is left.
    """

    shape: tuple[int, ...] = (-1,)
    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        rest = arrays[0].size // abs(math.prod(self.shape))
        shape = [rest if length == -1 else length for length in self.shape]
        place = np.unravel_index(np.ravel_multi_index(where.unit, shape), arrays[0].shape)
        return _pass(where, "reshape", arrays[0], np.array(place, dtype=np.intp))


@dataclass(frozen=True, eq=False)
class Shift:
    """The same values, so many places further along each axis; with zeros where there were none.

    Attributes
    ----------
    kind : str
    offset : tuple of int
        Positive for padding, negative for cropping; empty where all stay where they are.
    """

    kind: str
    offset: tuple[int, ...] = ()
    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        place = np.array(where.unit, dtype=np.intp)
        place[: len(self.offset)] -= np.array(self.offset, dtype=np.intp)
        if (place < 0).any() or (place >= arrays[0].shape).any():
            place[:] = -1
        return _pass(where, self.kind, arrays[0], place)


@dataclass(frozen=True, eq=False)
class Concatenation:
    """Several layers, one after the other.

    Attributes
    ----------
    axis : int
        Along which, without the axis of the batch.
    """

    axis: int = -1
    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        axis = self.axis % len(where.unit)
        lengths = [values.shape[axis] for values in arrays]
        which = int(np.searchsorted(np.cumsum(lengths), where.unit[axis], side="right"))
        place = np.array(where.unit, dtype=np.intp)
        place[axis] -= sum(lengths[:which])
        only = where._replace(sources=(where.sources[which],))
        return _pass(only, "concatenation", arrays[which], place)


@dataclass(frozen=True, eq=False)
class Input:
    """What the model is given."""

    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value: it comes from nowhere."""
        return _pass(where, "input", arrays[0], np.array(where.unit, dtype=np.intp))


@dataclass(frozen=True, eq=False)
class Unsupported:
    """A layer whose arithmetic is not known.

    Attributes
    ----------
    reason : str
        What it is, for the error.
    parameters : int
        How many numbers it keeps.
    """

    reason: str
    parameters: int = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:  # noqa: ARG002
        """Raise ValueError."""
        raise ValueError(
            "The layers whose arithmetic is known are convolutions, pooling, dense layers, "
            "activations, batch normalisation, sums, and what only passes values on. "
            f"Received: {where.layer!r}, {self.reason}."
        )


def keeps_values(operation: object) -> bool:
    """Say whether an operation gives the values it is given, all in their order."""
    return isinstance(operation, Reshape) or (isinstance(operation, Shift) and not operation.offset)


def _pass(where: Where, kind: str, values: Floats, place: Places) -> PassTrace:
    inside = bool((place >= 0).all())
    value = values[tuple(place)] if inside else np.float32(0)
    return PassTrace(
        *where,
        kind=kind,
        inputs=np.array([value], dtype=np.float32),
        places=place[None],
        value=float(value),
    )
