"""A network as the arithmetic of its layers, and what it made of one picture.

From that every unit is traced in plain NumPy, without running the network again. Whatever can give
a `Computation` can be traced, Keras model or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from mnist_visual._arrays import Floats

from .traces import SumTrace, Unit, UnitIndex, UnitTrace, Where

# Float32 rounds far more finely, but a GPU may round to fewer digits. What is beyond is wrong.
_TOLERANCE = 1e-3


class Operation(Protocol):
    """What a layer does, one unit at a time."""

    @property
    def parameters(self) -> int:
        """How many numbers it keeps, as Keras counts them."""

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace a unit, given the outputs of all sources for one picture."""


class Layer(NamedTuple):
    """A layer of a network.

    Attributes
    ----------
    sources : tuple of str
        The names of the layers that it reads; none for the input.
    operation : Operation
        What it does with their outputs.
    """

    sources: tuple[str, ...]
    operation: Operation


@dataclass(frozen=True, eq=False)
class Computation:
    """A network's layers, and what they made of one picture.

    Attributes
    ----------
    layers : mapping of str to Layer
        By their names, the input's among them.
    maps : mapping of str to float32 array
        The output of each for the picture, without an axis for the batch; the input's, too.
    output : str
        The name of the last layer.
    """

    layers: Mapping[str, Layer]
    maps: Mapping[str, Floats]
    output: str

    def trace(self, layer: str, unit: UnitIndex) -> UnitTrace:
        """Trace one output value of a layer.

        Parameters
        ----------
        layer : str
            Its name.
        unit : int or sequence of int
            The index of the value in the layer's output, from 0.

        Returns
        -------
        UnitTrace
            A `SumTrace`, `MaximumTrace`, `ActivationTrace` or `PassTrace`.

        Raises
        ------
        ValueError
            If there is no such layer or unit, or the layer's arithmetic is not known.
        """
        if not (isinstance(layer, str) and layer in self.layers):
            raise ValueError(f"The model's layers are {[*self.layers]}. Received: {layer!r}.")
        sources, operation = self.layers[layer]
        missing = [name for name in dict.fromkeys((layer, *sources)) if name not in self.maps]
        if missing:
            raise ValueError(
                "A layer can be traced if it and what it reads are used once and have one output. "
                f"Received: {layer!r}, for which {missing} would have to be."
            )
        own = self.maps[layer]
        where = Where(layer, checked_unit(layer, unit, own.shape), sources)
        trace = operation.trace(where, [self.maps[name] for name in sources] or [own])
        _check_value(trace, float(own[where.unit]))
        return trace


def checked_unit(layer: str, unit: Any, shape: tuple[int, ...]) -> Unit:
    """Give the index of a unit in an output of a shape; ValueError where there is none such."""
    try:
        index = np.asarray(unit)
        if index.dtype.kind not in "iu":
            raise TypeError
        numbers = tuple(int(number) for number in np.atleast_1d(index))
        inside = len(numbers) == len(shape) and all(
            0 <= number < length for number, length in zip(numbers, shape, strict=True)
        )
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ValueError(
            f"A unit of {layer!r} has an index from 0 in each axis of the shape {shape}. "
            f"Received: {unit!r}."
        )
    return numbers


def _check_value(trace: UnitTrace, own: float) -> None:
    """Refuse a trace that is not what the network itself computed: no number is better."""
    scale = max(abs(own), abs(trace.value), abs(getattr(trace, "before", 0)))
    if isinstance(trace, SumTrace):
        scale = max(scale, float(np.abs(trace.products).sum()) + abs(trace.bias or 0))
    if abs(trace.value - own) > _TOLERANCE * scale:
        raise ValueError(
            f"The arithmetic of {trace.layer!r} as {trace.kind} has to give what the layer gave. "
            f"Received: {trace.value:g} instead of {own:g}. The layer does something else, or its "
            "output is of another picture or other weights."
        )
