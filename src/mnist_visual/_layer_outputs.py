"""The outputs and the kernels of the layers of a Keras model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

from ._arrays import Floats
from ._backend import keras
from ._graph import model_steps, named_outputs
from ._models import structure

# One compiled pass for each model and choice of layers, as long as the model lives.
_Pass = tuple[list[Any], Callable[..., Any]]
_passes: WeakKeyDictionary[Any, dict[Any, _Pass]] = WeakKeyDictionary()

_BATCH = 128


def kernel_of(layer: Any) -> Floats:
    """Give the kernel of a convolution (height, width, channels, filters); see `filters`."""
    layers = keras.layers
    if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Conv2DTranspose):
        raise ValueError(
            f"filters needs a layer with kernels (height, width, channels, filters). "
            f"Received: {layer.name!r}, a {type(layer).__name__}."
        )
    kernel = np.array(keras.ops.convert_to_numpy(layer.kernel), dtype=np.float32)
    # Keras has the filters of a transposed convolution before its input channels.
    return kernel.swapaxes(2, 3) if isinstance(layer, layers.Conv2DTranspose) else kernel


def outputs_of(model: keras.Model, names: Sequence[str], batch: Floats) -> dict[str, Floats]:
    """Compute what steps of a model give for pictures that it can read, in one compiled pass.

    Parameters
    ----------
    model : keras.Model
        Built.
    names : sequence of str
        Of steps that have one output and are used once.
    batch : float32 array (n, ...)
        Pictures as the model reads them.

    Returns
    -------
    dict of str to float32 array (n, ...)
    """
    variables, compute = _compiled_pass(model, tuple(names))
    state = [variable.value for variable in variables]
    parts = []
    for first in range(0, len(batch), _BATCH):
        chunk = batch[first : first + _BATCH]
        if len(batch) > 1:  # two shapes in all, so two compilations
            chunk = np.pad(chunk, [(0, _BATCH - len(chunk)), *[(0, 0)] * (chunk.ndim - 1)])
        outputs = compute(state, chunk)
        parts.append([np.asarray(values, np.float32)[: len(batch) - first] for values in outputs])
    joined = [np.concatenate(maps) for maps in zip(*parts, strict=True)]
    return dict(zip(names, joined, strict=True))


def _compiled_pass(model: keras.Model, names: tuple[str, ...]) -> _Pass:
    passes = _passes.setdefault(model, {})
    key = names, structure(model)
    if key not in passes:
        tensors = named_outputs(model)
        for name in names:
            if name not in tensors:
                raise ValueError(
                    "A layer has to be used once and to have one output. "
                    f"Received: {name!r}, used {_uses(model, name)} times. "
                    "Name other layers with layers=[...]."
                )
        inner = keras.Model(model.inputs, [tensors[name] for name in names])
        variables = list(model.variables)

        def compute(state: list[Any], batch: Any) -> list[Any]:
            with keras.StatelessScope(state_mapping=list(zip(variables, state, strict=True))):
                return jax.tree.leaves(inner(batch, training=False))

        passes[key] = variables, jax.jit(compute)
    return passes[key]


def _uses(model: keras.Model, name: str) -> int:
    return sum(step.operation.name == name for step in model_steps(model))
