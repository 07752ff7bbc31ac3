"""What the layers of any Keras classifier make of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np
import numpy.typing as npt

from ._backend import keras

Floats = npt.NDArray[np.float32]

# One compiled pass for each model and choice of layers, as long as the model lives.
_Pass = tuple[keras.Model, Callable[..., Any]]
_passes: WeakKeyDictionary[Any, dict[tuple[str, ...], _Pass]] = WeakKeyDictionary()

_BATCH = 128


def feature_maps(
    model: keras.Model, images: npt.ArrayLike, *, layers: Sequence[str] | None = None
) -> dict[str, Floats]:
    """Compute what each layer of a model makes of one picture or many, in one compiled pass.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or Functional model of pictures.
    images : array_like (28, 28) or (n, 28, 28)
        One picture or many, of the model's own input size, in the range that it learned from.
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
    batch, single = _as_batch(model, images)
    inner, compute = _compiled_pass(model, names)
    trainable = [variable.value for variable in inner.trainable_variables]
    other = [variable.value for variable in inner.non_trainable_variables]
    parts = []
    for first in range(0, len(batch), _BATCH):
        chunk = batch[first : first + _BATCH]
        if len(batch) > 1:  # two shapes in all, so two compilations
            chunk = np.pad(chunk, [(0, _BATCH - len(chunk)), *[(0, 0)] * (chunk.ndim - 1)])
        outputs = compute(trainable, other, chunk)
        parts.append([np.asarray(values)[: len(batch) - first] for values in outputs])
    results = {
        name: np.concatenate(maps)
        for name, maps in zip(names, zip(*parts, strict=True), strict=True)
    }
    return {name: maps[0] for name, maps in results.items()} if single else results


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
        A copy.

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
    kernel = getattr(model.get_layer(name), "kernel", None)
    if kernel is None or len(kernel.shape) != 4:
        raise ValueError(
            f"filters needs a layer with kernels (height, width, channels, filters). "
            f"Received: {name!r}, a {type(model.get_layer(name)).__name__}."
        )
    return np.array(kernel.value, dtype=np.float32)


def _chosen_layers(model: keras.Model, layers: Sequence[str] | None) -> tuple[str, ...]:
    if not getattr(model, "inputs", None):
        raise ValueError(
            "The model has to be a built Sequential or Functional model. "
            f"Received: {model!r}. Call it once on data, or give it an Input."
        )
    known = [layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if layers is None:
        return tuple(known)
    if isinstance(layers, str):
        raise ValueError(f"layers is a sequence of names. Received: {layers!r}; put it in a list.")
    for name in layers:
        if name not in known:
            raise ValueError(f"The model's layers are {known}. Received: {name!r}.")
    return tuple(layers)


def _as_batch(model: keras.Model, images: npt.ArrayLike) -> tuple[Floats, bool]:
    values = np.asarray(images)
    shape = tuple(model.inputs[0].shape[1:])

    def fits(candidate: tuple[int, ...]) -> bool:
        return len(candidate) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, candidate, strict=True)
        )

    # A channel axis of one is the network's business, not the caller's.
    bare = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
    for wanted in {shape, bare}:
        single = values.ndim == len(wanted)
        if values.ndim - len(wanted) not in (0, 1):
            continue
        batch = values[None] if single else values
        if wanted is not shape:
            batch = batch[..., None]
        if fits(batch.shape[1:]) and len(batch):
            return batch.astype(np.float32), single
    raise ValueError(
        f"This model reads pictures of the shape {bare}, one or many. Received: {values.shape}."
    )


def _compiled_pass(model: keras.Model, names: tuple[str, ...]) -> _Pass:
    passes = _passes.setdefault(model, {})
    if names not in passes:
        outputs = [model.get_layer(name).output for name in names]
        inner = keras.Model(model.inputs, outputs)

        def compute(trainable: list[Any], other: list[Any], batch: Any) -> list[Any]:
            results, _ = inner.stateless_call(trainable, other, batch, training=False)
            return jax.tree.leaves(results)

        passes[names] = inner, jax.jit(compute)
    return passes[names]
