"""What the layers of any Keras classifier make of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np
import numpy.typing as npt

from ._backend import keras
from ._graph import check_model, layer_names, model_steps, named_outputs
from ._models import picture_batch

Floats = npt.NDArray[np.float32]

# One compiled pass for each model and choice of layers, as long as the model lives.
_Pass = tuple[list[Any], Callable[..., Any]]
_passes: WeakKeyDictionary[Any, dict[Any, _Pass]] = WeakKeyDictionary()

_BATCH = 128


def feature_maps(
    model: keras.Model, images: npt.ArrayLike, *, layers: Sequence[str] | None = None
) -> dict[str, Floats]:
    """Compute what each layer of a model makes of one picture or many, in one compiled pass.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or Functional model of one picture, whose layers have one output each.
        A model within it counts as one layer; its own layers are seen by giving it, as `model`,
        what the layer before it gives, as `images`.
    images : array_like (28, 28) or (n, 28, 28)
        One picture or many, of the model's own input size: uint8 in 0..255, or floats in the
        range that it learned from.
    layers : sequence of str, optional
        The names of the layers; all by default.

    Returns
    -------
    dict of str to float32 array
        The output of each layer by its name, ``(height, width, channels)`` for one picture and
        ``(n, height, width, channels)`` for many.

    Raises
    ------
    ValueError
        If the model has no such layer or is not built, or the pictures do not fit its input.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, feature_maps
    >>> maps = feature_maps(build_classifier(), np.zeros((28, 28)), layers=["conv1", "conv2"])
    >>> {name: values.shape for name, values in maps.items()}
    {'conv1': (26, 26, 8), 'conv2': (11, 11, 16)}
    """
    names = _chosen_layers(model, layers)
    batch, single = as_batch(model, images)
    maps = outputs_of(model, names, batch)
    return {name: values[0] if single else values for name, values in maps.items()}


def filters(model: keras.Model, layer: str) -> Floats:
    """Give the kernels of a convolution, with all their input channels.

    Parameters
    ----------
    model : keras.Model
        A built model.
    layer : str
        The name of one of its convolutions.

    Returns
    -------
    float32 array (height, width, input channels, filters)
        A copy. Of a depthwise convolution, the filters are those of each input channel; of a
        grouped one, the input channels are those of one group.

    Raises
    ------
    ValueError
        If the model has no such layer, or the layer has no kernel of this kind.

    Examples
    --------
    >>> from mnist_visual import build_classifier, filters
    >>> filters(build_classifier(), "conv2").shape
    (3, 3, 8, 16)
    """
    (name,) = _chosen_layers(model, [layer])
    found = model.get_layer(name)
    layers = keras.layers
    if not isinstance(found, layers.Conv2D | layers.DepthwiseConv2D | layers.Conv2DTranspose):
        raise ValueError(
            f"filters needs a layer with kernels (height, width, channels, filters). "
            f"Received: {name!r}, a {type(found).__name__}."
        )
    kernel = np.array(keras.ops.convert_to_numpy(found.kernel), dtype=np.float32)
    # Keras has the filters of a transposed convolution before its input channels.
    return kernel.swapaxes(2, 3) if isinstance(found, layers.Conv2DTranspose) else kernel


def _chosen_layers(model: keras.Model, layers: Sequence[str] | None) -> tuple[str, ...]:
    check_model(model)
    known = layer_names(model)
    if layers is None:
        return tuple(known)
    if isinstance(layers, str):
        raise ValueError(f"layers is a sequence of names. Received: {layers!r}; put it in a list.")
    layers = list(layers)
    if not layers:
        raise ValueError(f"Name at least one layer of {known}. Received: none.")
    for name in layers:
        if name not in known:
            raise ValueError(
                f"The model's layers are {known}. Received: {name!r}. "
                "Of a model within the model, show its own layers what the layer before it gives."
            )
    return tuple(layers)


def as_batch(model: keras.Model, images: npt.ArrayLike) -> tuple[Floats, bool]:
    """Give pictures as a model reads them.

    Parameters
    ----------
    model : keras.Model
        Of one input.
    images : array_like
        As for `feature_maps`.

    Returns
    -------
    tuple of float32 array (n, ...) and bool
        The pictures, and whether there was one alone.

    Raises
    ------
    ValueError
        If they do not fit the model's input.
    """
    return picture_batch(tuple(model.inputs[0].shape[1:]), images)


def outputs_of(model: keras.Model, names: Sequence[str], batch: Floats) -> dict[str, Floats]:
    """Compute what steps of a model give for pictures that it can read, in one compiled pass.

    Parameters
    ----------
    model : keras.Model
        Built.
    names : sequence of str
        Of steps that have one output and are used once.
    batch : float32 array (n, ...)
        As from `as_batch`.

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
    # By the layers themselves, too: a model can exchange one for another of the same name.
    key = (names, tuple(map(id, model.layers)))
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
