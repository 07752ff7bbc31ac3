"""The outputs and the kernels of the layers of a Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

from ._arrays import Floats
from ._backend import keras
from ._compiled_passes import run_compiled
from ._graph import model_steps, named_outputs
from ._models import Part, structure

# One for each model and choice of layers, as long as the model lives, so that it compiles once.
_inner_models: WeakKeyDictionary[Any, dict[Any, keras.Model]] = WeakKeyDictionary()


def kernel_of(layer: Any) -> Floats:
    """Give the kernel of a convolution (height, width, channels, filters); see `filters`."""
    layers = keras.layers
    if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Conv2DTranspose):
        raise ValueError(
            "Filters are kernels (height, width, channels, filters), as a convolution has them. "
            f"Received: {layer.name!r}, a {type(layer).__name__}. Its maps are in feature_maps."
        )
    kernel = np.array(keras.ops.convert_to_numpy(layer.kernel), dtype=np.float32)
    # Keras has the filters of a transposed convolution before its input channels.
    return kernel.swapaxes(2, 3) if isinstance(layer, layers.Conv2DTranspose) else kernel


def is_depthwise(layer: Any) -> bool:
    """Say whether each map of a layer is a convolution of one of its input channels alone."""
    return isinstance(layer, keras.layers.DepthwiseConv2D)


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
    found = run_compiled(
        [_inner_model(model, tuple(names))], _all_outputs, batch, lambda part: part
    )
    return dict(zip(names, found, strict=True))


def _all_outputs(inner: Part, batch: Any) -> list[Any]:
    return jax.tree.leaves(inner(batch))


def _inner_model(model: keras.Model, names: tuple[str, ...]) -> keras.Model:
    known = _inner_models.setdefault(model, {})
    key = names, structure(model)
    if key not in known:
        tensors = named_outputs(model)
        for name in names:
            if name not in tensors:
                raise ValueError(
                    "A layer has to be used once and to have one output. "
                    f"Received: {name!r}, used {_uses(model, name)} times. "
                    "Name other layers with layers=[...]."
                )
        known[key] = keras.Model(model.inputs, [tensors[name] for name in names])
    return known[key]


def _uses(model: keras.Model, name: str) -> int:
    return sum(step.operation.name == name for step in model_steps(model))
