"""The arithmetic of each kind of layer, in plain NumPy: one output value at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats

from .convolution import Window
from .nonlinear import Activation
from .traces import ActivationTrace, MaximumTrace, Places, Softmax, SumTrace, UnitTrace, Where

LINEAR = Activation()


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution, also in groups of channels: with one channel each, a depthwise one.

    Attributes
    ----------
    kernel : float32 array (*size, channels of a group, filters)
    bias : float32 array (filters,) or None
    window : Window
    groups : int
    activation : Activation
    """

    kernel: Floats
    bias: Floats | None
    window: Window
    groups: int = 1
    activation: Activation = LINEAR

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return _weights(self.kernel, self.bias)

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace the value of one filter at one position."""
        (values,), (*position, channel) = arrays, where.unit
        filters, depth = self.kernel.shape[-1], self.kernel.shape[-2]
        pixels = self.window.places(values.shape[:-1], tuple(position))

        def read(each: int) -> tuple[Places, Floats]:
            first = each // (filters // self.groups) * depth
            places = _with_channels(pixels, np.arange(first, first + depth))
            return places, _gather(values, places, 0)

        def logit(each: int) -> float:
            total = np.sum(read(each)[1] * self.kernel[..., each], dtype=np.float64)
            return float(total) + (0 if self.bias is None else float(self.bias[each]))

        softmax = None
        if self.activation.name == "softmax":
            softmax = softmax_of([logit(each) for each in range(filters)], channel)
        kinds = {values.shape[-1]: "depthwise convolution", 1: "convolution"}
        kind = kinds.get(self.groups, "grouped convolution")
        places, inputs = read(channel)
        weights = self.kernel[..., channel]
        bias = None if self.bias is None else float(self.bias[channel])
        return _sum(where, kind, inputs, places, weights, bias, self.activation, softmax)


@dataclass(frozen=True, eq=False)
class Dense:
    """A dense layer.

    Attributes
    ----------
    kernel : float32 array (inputs, units)
    bias : float32 array (units,) or None
    activation : Activation
    """

    kernel: Floats
    bias: Floats | None
    activation: Activation = LINEAR

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return _weights(self.kernel, self.bias)

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one unit."""
        *position, index = where.unit
        inputs = arrays[0][tuple(position)]
        places = _with_channels(np.array(position, dtype=np.intp), np.arange(len(inputs)))
        softmax = None
        if self.activation.name == "softmax":
            logits = inputs.astype(np.float64) @ self.kernel
            softmax = softmax_of(logits if self.bias is None else logits + self.bias, index)
        bias = None if self.bias is None else float(self.bias[index])
        weights = self.kernel[:, index]
        return _sum(where, "dense", inputs, places, weights, bias, self.activation, softmax)


@dataclass(frozen=True, eq=False)
class Pooling:
    """The largest value, or the mean, of a window on one channel; padding does not count.

    Attributes
    ----------
    window : Window or None
        None for the whole map.
    average : bool
        Whether the mean is taken.
    """

    window: Window | None
    average: bool = False
    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        (values,), (*position, channel) = arrays, where.unit
        lengths = values.shape[:-1]
        if self.window is None:
            pixels = np.moveaxis(np.indices(lengths), 0, -1)
        else:
            pixels = self.window.places(lengths, tuple(position))
        places = _with_channels(pixels, np.array([channel]))[..., 0, :]
        if self.average:
            real = places[..., 0] >= 0
            weights = real / np.float32(np.count_nonzero(real))
            inputs = _gather(values, places, 0)
            return _sum(where, "average pooling", inputs, places, weights.astype(np.float32))
        inputs = _gather(values, places, -np.inf)
        winner = np.unravel_index(int(inputs.argmax()), inputs.shape)
        return MaximumTrace(
            *where,
            kind="max pooling",
            inputs=inputs,
            places=places,
            value=float(inputs[winner]),
            winner=tuple(int(number) for number in winner),
        )


@dataclass(frozen=True, eq=False)
class Scaling:
    """Each value times a factor, and a shift: a normalisation with fixed numbers.

    Attributes
    ----------
    kind : str
    factor, shift : float32 arrays
        That broadcast to the layer's output.
    parameters : int
        How many numbers the layer keeps, from which these are made.
    """

    kind: str
    factor: Floats
    shift: Floats
    parameters: int = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        factor, shift = (
            np.broadcast_to(each, arrays[0].shape)[where.unit] for each in (self.factor, self.shift)
        )
        inputs, places = _single(arrays[0], where.unit)
        return _sum(where, self.kind, inputs, places, np.array([factor]), float(shift))


@dataclass(frozen=True, eq=False)
class Addition:
    """The sum of several layers; a length of one is repeated."""

    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        lengths = np.array([values.shape for values in arrays])
        places = np.where(lengths == 1, 0, np.array(where.unit, dtype=np.intp))
        inputs = np.array(
            [values[tuple(each)] for values, each in zip(arrays, places, strict=True)]
        )
        return _sum(where, "sum", inputs, places, np.ones_like(inputs))


@dataclass(frozen=True, eq=False)
class Activate:
    """An activation that is a layer of its own.

    Attributes
    ----------
    activation : Activation
    axis : int
        Along which softmax works.
    """

    activation: Activation
    axis: int = -1
    parameters = 0

    def trace(self, where: Where, arrays: Sequence[Floats]) -> UnitTrace:
        """Trace one value."""
        (values,), unit = arrays, where.unit
        before = float(values[unit])
        inputs, places = _single(values, unit)
        softmax = None
        if self.activation.name == "softmax":
            axis = self.axis % values.ndim
            places = np.tile(places, (values.shape[axis], 1))
            places[:, axis] = np.arange(values.shape[axis])
            inputs = _gather(values, places, 0)
            softmax = softmax_of(inputs, unit[axis])
        return ActivationTrace(
            *where,
            kind="softmax" if softmax else "activation",
            inputs=inputs,
            places=places,
            value=softmax.value if softmax else self.activation(before),
            before=before,
            activation=str(self.activation),
            softmax=softmax,
        )


def softmax_of(logits: npt.ArrayLike, index: int) -> Softmax:
    """Compute a softmax, step by step.

    Parameters
    ----------
    logits : array_like (n,)
        Finite.
    index : int
        Which of them is traced.

    Returns
    -------
    Softmax
    """
    scores = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(scores - scores.max())
    return Softmax(
        logits=scores.astype(np.float32),
        exponentials=exponentials.astype(np.float32),
        largest=float(scores.max()),
        normaliser=float(exponentials.sum()),
        index=index,
    )


def _weights(kernel: Floats, bias: Floats | None) -> int:
    return kernel.size + (0 if bias is None else bias.size)


def _sum(
    where: Where,
    kind: str,
    inputs: Floats,
    places: Places,
    weights: Floats,
    bias: float | None = None,
    activation: Activation = LINEAR,
    softmax: Softmax | None = None,
) -> SumTrace:
    products = inputs * weights
    total = float(products.sum(dtype=np.float64))
    before = total if bias is None else total + bias
    return SumTrace(
        *where,
        kind=kind,
        inputs=inputs,
        places=places,
        value=softmax.value if softmax else activation(before),
        weights=weights,
        products=products,
        total=total,
        bias=bias,
        before=before,
        activation=str(activation),
        softmax=softmax,
    )


def _single(values: Floats, unit: tuple[int, ...]) -> tuple[Floats, Places]:
    """Read the one value at the same place."""
    return values[unit].reshape(1), np.array([unit], dtype=np.intp)


def _with_channels(pixels: Places, channels: npt.NDArray[np.intp]) -> Places:
    """Cross pixels (..., axes) with channels: places (..., channels, axes + 1)."""
    places = np.empty((*pixels.shape[:-1], len(channels), pixels.shape[-1] + 1), dtype=np.intp)
    places[..., :-1] = pixels[..., None, :]
    places[..., -1] = channels
    places[(pixels < 0).any(axis=-1)] = -1
    return places


def _gather(values: Floats, places: Places, padding: float) -> Floats:
    """Read the values at places, and the padding where there is none."""
    found = values[tuple(np.moveaxis(places, -1, 0))]
    found[places[..., 0] < 0] = padding
    return found
