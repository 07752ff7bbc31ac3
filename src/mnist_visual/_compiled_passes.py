"""Running Keras models over many inputs, compiled once.

A batch has one fixed length, so a model is compiled at most twice: for a batch, and for a single
input, which somebody may be waiting for.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from . import _backend as _backend  # refuses any Keras but one on JAX
from ._models import BATCH_SIZE, Floats, Part, Prepare, Steps, check_counts, check_finite, readable

# Held by both models weakly, so that a model that nobody uses any more can go.
_passes: WeakKeyDictionary[Any, WeakKeyDictionary[Any, dict[Steps, Any]]] = WeakKeyDictionary()


def run_compiled(
    models: Sequence[Any], steps: Steps, inputs: npt.NDArray[Any], prepare: Prepare
) -> list[Floats]:
    """Run one or two Keras models over inputs; see `run_in_batches`."""
    compute, state = _compiled(models, steps), _state(models)
    shapes = _result_shapes(models, steps, prepare(inputs[:1]).shape[1:])
    results = [np.empty((len(inputs), *shape), dtype=np.float32) for shape in shapes]

    def store(first: int, found: list[Any]) -> None:
        for result, values in zip(results, found, strict=True):
            room = result[first : first + BATCH_SIZE]
            room[:] = np.asarray(values)[: len(room)]
            check_finite(models, room)

    waiting: list[tuple[int, list[Any]]] = []
    for first in range(0, len(inputs), BATCH_SIZE):
        batch = prepare(inputs[first : first + BATCH_SIZE])
        if len(inputs) > 1 and len(batch) < BATCH_SIZE:
            batch = np.pad(batch, [(0, BATCH_SIZE - len(batch)), *[(0, 0)] * (batch.ndim - 1)])
        # JAX computes this batch while the one before is put away.
        waiting.append((first, compute(state, batch)))
        if len(waiting) > 1:
            store(*waiting.pop(0))
    for first, found in waiting:
        store(first, found)
    return results


def _result_shapes(
    models: Sequence[Any], steps: Steps, shape: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Find what a pass gives for one input of a shape, without computing it."""
    one = jax.ShapeDtypeStruct((1, *shape), np.float32)
    with readable(models, shape):
        results = jax.eval_shape(_compiled(models, steps), _state(models), one)
    check_counts([result.shape for result in results], 1)
    return [result.shape[1:] for result in results]


def _state(models: Sequence[Any]) -> list[Any]:
    """Read the weights anew for every run: they may have been trained since."""
    return [
        (
            [variable.value for variable in model.trainable_variables],
            [variable.value for variable in model.non_trainable_variables],
        )
        for model in models
    ]


def _compiled(models: Sequence[Any], steps: Steps) -> Any:
    partners = _passes.setdefault(models[0], WeakKeyDictionary())
    compiled = partners.setdefault(models[-1], {})
    if steps not in compiled:
        compiled[steps] = _compile([ref(model) for model in models], steps)
    return compiled[steps]


def _compile(models: list[Any], steps: Steps) -> Any:
    def compute(state: list[Any], batch: Any) -> list[Any]:
        parts = [
            Part(model(), partial(_call, model(), *held))
            for model, held in zip(models, state, strict=True)
        ]
        return [jnp.asarray(result, jnp.float32) for result in steps(*parts, batch)]

    return jax.jit(compute)


def _call(model: Any, trainable: list[Any], other: list[Any], inputs: Any) -> Any:
    """Call a model with given weights."""
    # Not every model of somebody's own has a training mode.
    modes = inspect.signature(model.call).parameters
    options = {"training": False} if "training" in modes else {}
    return model.stateless_call(trainable, other, inputs, **options)[0]
