"""The scores of the classes of any Keras classifier, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._backend import keras
from mnist_visual._graph import check_model
from mnist_visual._models import reads_bytes, structure

from .scores import FEW, MANY

# After these, the order of the classes is that before, but the values flatten out.
_LAST = (
    keras.activations.softmax,
    keras.activations.log_softmax,
    keras.activations.sigmoid,
)


@dataclass(frozen=True, eq=False)
class KerasScores:
    """A Keras classifier as `Scores`.

    Attributes
    ----------
    shape : tuple of int or None
        Of one picture, as the model reads it.
    classes : int
        How many there are.
    precision : float
        The step from 1 to the next number that it can give.
    reads_bytes : bool
        Whether it reads 0 to 255.
    """

    shape: tuple[int | None, ...]
    classes: int
    precision: float
    reads_bytes: bool
    _variables: list[Any]
    _compute: Callable[..., Any]
    _differentiate: Callable[..., Any]

    def logits(self, batch: Floats) -> Floats:
        """Compute the logits of pictures as the model reads them, float32 (n, classes)."""
        return self._in_chunks(self._compute, batch)[0]

    def leads(
        self, batch: Floats, weights: Floats, rivals: npt.NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Compute weighted sums of the logits, less the largest rival, and their gradients."""
        leads, gradients = self._in_chunks(self._differentiate, batch, weights, rivals)
        return leads, gradients

    def _in_chunks(self, function: Callable[..., Any], *arrays: npt.NDArray[Any]) -> list[Floats]:
        count = len(arrays[0])
        size = FEW if count <= FEW else MANY
        # Read anew every time: what trains or predicts gives the old arrays away.
        state = [variable.value for variable in self._variables]
        parts = []
        for first in range(0, count, size):
            chunks = [array[first : first + size] for array in arrays]
            missing = size - len(chunks[0])
            chunks = [np.pad(each, [(0, missing), *[(0, 0)] * (each.ndim - 1)]) for each in chunks]
            results = jax.tree.leaves(function(state, *chunks))
            parts.append([np.asarray(each, np.float32)[: count - first] for each in results])
        return [np.concatenate(each) for each in zip(*parts, strict=True)]


def keras_scores(model: keras.Model) -> KerasScores:
    """Find the logits of a classifier: the values before its last softmax or sigmoid.

    Where it ends otherwise, its outputs stand for the logits.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or Functional classifier of one picture.

    Returns
    -------
    KerasScores

    Raises
    ------
    ValueError
        If it is not as described.
    """
    check_model(model)
    shape = tuple(model.outputs[0].shape)
    if len(model.outputs) != 1 or len(shape) != 2 or shape[1] is None:
        raise ValueError(
            "A classifier gives one vector, a number for each class. "
            f"Received: {model.name!r}, which gives {[each.shape for each in model.outputs]}."
        )
    precision = float(jnp.finfo(model.outputs[0].dtype).eps)
    picture = tuple(model.inputs[0].shape[1:])
    return KerasScores(picture, shape[1], precision, reads_bytes(model), *_compiled(model))


_Compiled = tuple[list[Any], Callable[..., Any], Callable[..., Any]]
_functions: WeakKeyDictionary[Any, dict[tuple[Any, ...], _Compiled]] = WeakKeyDictionary()


def _compiled(model: keras.Model) -> _Compiled:
    known = _functions.setdefault(model, {})
    key = structure(model)
    if key not in known:
        score = _before_last_activation(model)
        variables = list(model.variables)

        def compute(state: list[Any], batch: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, state, strict=True))):
                return jnp.asarray(score(batch), jnp.float32)

        def lead(batch: Any, state: list[Any], weights: Any, rivals: Any) -> Any:
            logits = compute(state, batch)
            best = jnp.where(rivals, logits, -jnp.inf).max(axis=1)
            leads = (logits * weights).sum(axis=1) - jnp.where(rivals.any(axis=1), best, 0)
            return leads.sum(), leads

        def differentiate(state: list[Any], batch: Any, weights: Any, rivals: Any) -> Any:
            slope = jax.grad(lead, has_aux=True)
            gradients, leads = slope(batch, state, weights, rivals)
            return leads, gradients

        known[key] = variables, jax.jit(compute), jax.jit(differentiate)
    return known[key]


def _before_last_activation(model: keras.Model) -> Callable[[Any], Any]:
    """Build a function like a model, but without its last softmax or sigmoid."""
    layer, number, _ = model.outputs[0]._keras_history
    node = layer._inbound_nodes[number]
    inner = keras.Model(model.inputs, node.input_tensors)
    if _passes_on(layer):
        return _before_last_activation(inner)
    nested = isinstance(layer, keras.Model) and getattr(layer, "outputs", None)
    last = _before_last_activation(layer) if nested else _without_activation(layer)

    def compute(batch: Any) -> Any:
        values = jax.tree.leaves(inner(batch, training=False))
        known = {
            id(tensor): value for tensor, value in zip(node.input_tensors, values, strict=True)
        }
        # Some layers take one list of them, others each by itself.
        arguments, options = node.arguments.fill_in(known)
        return last(*arguments, **(options if last is layer else {}))

    return compute


def _passes_on(layer: Any) -> bool:
    """Say whether a layer gives what it gets, except in training."""
    layers = keras.layers
    activation = getattr(layer, "activation", None)
    linear = isinstance(layer, layers.Activation) and activation is keras.activations.linear
    return linear or isinstance(layer, layers.Dropout | layers.Identity)


def _without_activation(layer: Any) -> Callable[..., Any]:
    layers, ops = keras.layers, keras.ops
    function = layer if isinstance(layer, layers.Softmax) else getattr(layer, "activation", None)
    known = isinstance(function, layers.Softmax) or function in _LAST
    if known and isinstance(layer, layers.Softmax | layers.Activation):
        return lambda values: values
    # Not by isinstance: what somebody made of a layer does something else.
    if not known or type(layer) is not layers.Dense or layer.quantization_mode:
        return layer

    def weigh(values: Any) -> Any:
        # In the precision of the layer, so that the classes come in the model's own order.
        dtype = layer.compute_dtype
        total = ops.matmul(ops.cast(values, dtype), ops.cast(layer.kernel, dtype))
        return total if layer.bias is None else total + ops.cast(layer.bias, dtype)

    return weigh
