"""The architecture of a network: its layers, what they learned, and how much they compute."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mnist_visual._models import input_shape
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.rearrangements import Unsupported
from mnist_visual.arithmetic.traces import (
    ActivationTrace,
    MaximumTrace,
    PassTrace,
    SumTrace,
    UnitTrace,
)

from .tracing import trace_network


@dataclass(frozen=True)
class LayerArchitecture:
    """A layer of a network, and what it costs.

    Attributes
    ----------
    name : str
    kind : str
        What it does: "convolution", "max pooling", "dense", ..., as in a `UnitTrace`; "input" of
        the picture, and "unknown" where its arithmetic is not known.
    shape : tuple of int
        Of its output for one picture.
    sources : tuple of str
        The layers that it reads; none for the picture.
    parameters : int
        The numbers that it keeps, as Keras counts them: weights, biases, and the statistics of a
        batch normalisation.
    step : str
        What it does to each value: "multiplication", "comparison", "addition", "evaluation" of an
        activation; "" for what computes nothing, or nothing known.
    steps_each : int
        How many of these for one output value. Padding counts as any other value. The bias, and
        an activation that is part of the layer, are not counted.
    passes : bool
        Whether it only hands on the values of one layer.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    sources: tuple[str, ...]
    parameters: int
    step: str
    steps_each: int
    passes: bool

    @property
    def size(self) -> int:
        """How many values it gives."""
        return math.prod(self.shape)

    @property
    def operations(self) -> int:
        """How many steps one picture takes."""
        return self.size * self.steps_each


@dataclass(frozen=True)
class Architecture:
    """A network as its layers.

    Attributes
    ----------
    layers : tuple of LayerArchitecture
        Each after all that it reads; the picture is the first.
    """

    layers: tuple[LayerArchitecture, ...]

    @property
    def parameters(self) -> int:
        """All numbers that the network keeps."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiplications(self) -> int:
        """What one picture takes, in the layers whose arithmetic is known."""
        return sum(each.operations for each in self.layers if each.step == "multiplication")

    @property
    def is_known(self) -> bool:
        """Whether the arithmetic of every layer is known."""
        return all(layer.kind != "unknown" for layer in self.layers)

    def computing(self) -> Architecture:
        """Leave out the layers that only pass values on: what reads them reads their sources.

        Returns
        -------
        Architecture
            Of the layers that compute something.
        """
        passed: dict[str, str] = {}
        kept = []
        for layer in self.layers:
            sources = (*dict.fromkeys(passed.get(name, name) for name in layer.sources),)
            if layer.passes:
                passed[layer.name] = sources[0]
            else:
                kept.append(replace(layer, sources=sources))
        return Architecture(tuple(kept))


def architecture(model: Any) -> Architecture:
    """Describe how a network is built: shapes, parameters, and operations, layer by layer.

    Parameters
    ----------
    model : keras.Model, DigitNetwork or Computation
        As for `trace_network`, of pictures whose size is known. Or what that gives for any
        picture.

    Returns
    -------
    Architecture

    Raises
    ------
    ValueError
        If the model is not as described, or a layer is used more than once or has several
        outputs.

    Examples
    --------
    >>> from mnist_visual import architecture
    >>> from mnist_visual.inference import load_digit_network
    >>> found = architecture(load_digit_network())
    >>> found.parameters, found.multiplications
    (53866, 240544)
    >>> for layer in found.computing().layers[:3]:
    ...     print(layer.name, layer.kind, layer.shape, layer.parameters, layer.operations)
    image input (28, 28) 0 0
    conv1 convolution (26, 26, 8) 80 48672
    pool1 max pooling (13, 13, 8) 0 4056
    """
    computation = model if isinstance(model, Computation) else blank_computation(model)
    missing = [name for name in computation.layers if name not in computation.maps]
    if missing:
        raise ValueError(
            "A network can be drawn if every layer is used once and has one output. "
            f"Received: {missing}, for which that is not so."
        )
    return Architecture(tuple(_describe(computation, name) for name in computation.layers))


def blank_computation(model: Any) -> Computation:
    """Run a model on an empty picture.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        As for `trace_network`.

    Returns
    -------
    Computation

    Raises
    ------
    ValueError
        If the model is not as described, or reads pictures of any size.
    """
    shape = input_shape(model)
    if shape is not None and None not in shape:
        return trace_network(model, np.zeros(shape, np.float32))
    from mnist_visual._graph import check_model  # Keras loads only where it is needed

    check_model(model)
    raise ValueError(
        f"The size of a picture has to be known. Received: a model that reads {shape}. Give one "
        "with an Input of that size, a Reading, or what trace_network makes of a picture."
    )


def _describe(computation: Computation, name: str) -> LayerArchitecture:
    sources, operation = computation.layers[name]
    shape = computation.maps[name].shape
    kind, step, each, passes = "unknown", "", 0, False
    if not isinstance(operation, Unsupported):
        trace = computation.trace(name, (0,) * len(shape))
        kind, (step, each) = trace.kind, _steps(trace)
        passes = isinstance(trace, PassTrace) and len({*sources}) == 1
    return LayerArchitecture(name, kind, shape, sources, operation.parameters, step, each, passes)


def _steps(trace: UnitTrace) -> tuple[str, int]:
    """Say what one value takes, of all values of a layer alike."""
    count = trace.inputs.size
    match trace:
        case SumTrace(kind="sum" | "average pooling"):
            return "addition", count - 1
        case SumTrace():
            return "multiplication", count
        case MaximumTrace():
            return "comparison", count - 1
        case ActivationTrace():
            return "evaluation", 1
    return "", 0
