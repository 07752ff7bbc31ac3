"""How one output value of a layer came about: what it was made of, and where that came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats

Places = npt.NDArray[np.intp]
Unit = tuple[int, ...]
UnitIndex = SupportsIndex | Sequence[SupportsIndex]  # as somebody gives it, NumPy's numbers too


class Where(NamedTuple):
    """Which unit of which layer is traced, and which layers that one reads."""

    layer: str
    unit: Unit
    sources: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class UnitTrace:
    """What all traces have in common.

    Attributes
    ----------
    layer : str
        The name of the layer.
    unit : tuple of int
        Which of its output values: ``(row, column, channel)`` of a map, ``(index,)`` of a vector.
    sources : tuple of str
        The layers whose outputs it reads, in the end the model's input; one, or one for each
        input of a sum of layers, or none for the model's input itself.
    kind : str
        What the layer does: "convolution", "max pooling", "dense", ...
    inputs : float32 array (...)
        The values that it reads: ``(rows, columns, channels)`` of a convolution, ``(rows,
        columns)`` of a pooling window, ``(n,)`` of a dense unit, ``(1,)`` of what has one input.
    places : int array (..., axes)
        The index of each input in the output of its source; -1 along every axis for padding.
    value : float
        The output.
    """

    layer: str
    unit: Unit
    sources: tuple[str, ...]
    kind: str
    inputs: Floats
    places: Places
    value: float

    def origin(self, index: UnitIndex) -> tuple[str, Unit] | None:
        """Tell where an input came from, to trace that next.

        Parameters
        ----------
        index : int or sequence of int
            Of the input, in `inputs`.

        Returns
        -------
        tuple of str and tuple of int, or None
            The layer and the unit; None for padding, and before the model's input.
        """
        where = tuple(int(number) for number in np.atleast_1d(np.asarray(index)))
        place = self.places[where]
        if not self.sources or (place < 0).any():
            return None
        source = self.sources[where[0] if len(self.sources) > 1 else 0]
        return source, tuple(int(number) for number in place)

    @property
    def formula(self) -> str:
        """The computation in one line, rounded."""
        return _text(self.value)

    def __str__(self) -> str:
        unit = ", ".join(map(str, self.unit))
        return f"{self.layer}[{unit}] = {self.formula}"


@dataclass(frozen=True, eq=False)
class Softmax:
    """How scores become shares of one: ``exp(logit - largest) / normaliser``.

    To take the largest logit away changes no share, and no exponential overflows.

    Attributes
    ----------
    logits, exponentials : float32 array (n,)
        All the scores, and ``exp(logit - largest)`` of each.
    largest, normaliser : float
        The largest logit, and the sum of the exponentials.
    index : int
        Which of them is traced.
    """

    logits: Floats
    exponentials: Floats
    largest: float
    normaliser: float
    index: int

    @property
    def shares(self) -> Floats:
        """What each logit becomes; together one."""
        return self.exponentials / np.float32(self.normaliser)

    @property
    def value(self) -> float:
        """The share of the one that is traced."""
        return float(self.exponentials[self.index]) / self.normaliser

    @property
    def formula(self) -> str:
        """The share in one line, rounded."""
        logit, largest = _text(self.logits[self.index]), _text(self.largest)
        return f"exp({logit} − {largest}) / {_text(self.normaliser)} = {_text(self.value)}"


@dataclass(frozen=True, eq=False)
class SumTrace(UnitTrace):
    """A weighted sum: of a convolution, a dense layer, an average, a normalisation, layers added.

    ``value = activation(total + bias)``, and `total` is the sum of `products`.

    Attributes
    ----------
    weights, products : float32 array (...)
        The weight of each input, and input times weight.
    total : float
        The sum of the products.
    bias : float or None
        What is added; None where the layer has no bias.
    before : float
        The value before the activation, ``total + bias``.
    activation : str
        The name of the activation, with its options; "linear" for none.
    softmax : Softmax or None
        How the value came from all the logits, if the activation is softmax.
    """

    weights: Floats
    products: Floats
    total: float
    bias: float | None
    before: float
    activation: str
    softmax: Softmax | None

    @property
    def formula(self) -> str:
        """The computation in one line, rounded."""
        line = _text(self.total)
        if self.bias is not None:
            sign = "−" if self.bias < 0 else "+"
            line = f"{line} {sign} {_text(abs(self.bias))} = {_text(self.before)}"
        if self.softmax:
            return f"{line}; softmax: {self.softmax.formula}"
        if self.activation != "linear":
            return f"{line}; {self.activation}: {_text(self.value)}"
        return line


@dataclass(frozen=True, eq=False)
class MaximumTrace(UnitTrace):
    """The largest value of a pooling window.

    Padding cannot win; it stands as minus infinity in `inputs`.

    Attributes
    ----------
    winner : tuple of int
        The index of the largest value, in `inputs`; of equal ones, the first in the order of
        reading.
    """

    winner: Unit

    @property
    def formula(self) -> str:
        """The computation in one line, rounded."""
        return f"max of {np.isfinite(self.inputs).sum()}: {_text(self.value)}"


@dataclass(frozen=True, eq=False)
class ActivationTrace(UnitTrace):
    """An activation that is a layer of its own.

    Attributes
    ----------
    before : float
        The value before it.
    activation : str
        Its name, with its options.
    softmax : Softmax or None
        How the value came from all the inputs, if it is softmax.
    """

    before: float
    activation: str
    softmax: Softmax | None

    @property
    def formula(self) -> str:
        """The computation in one line, rounded."""
        if self.softmax:
            return f"softmax: {self.softmax.formula}"
        return f"{_text(self.before)}; {self.activation}: {_text(self.value)}"


@dataclass(frozen=True, eq=False)
class PassTrace(UnitTrace):
    """A value that a layer only passes on: flattening, reshaping, dropout, padding, the input."""


def _text(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")
