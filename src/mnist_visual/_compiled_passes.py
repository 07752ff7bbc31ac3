"""Running Keras models over many inputs, compiled once.

A batch has one fixed length, so a model is compiled at most twice: for a batch, and for a single
input, which somebody may be waiting for. Where there are several devices, see `fast.devices`, each
computes a batch of its own at the same time, by a third program.
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
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from . import _backend as _backend  # refuses any Keras but one on JAX
from ._arrays import Floats
from ._models import (
    BATCH_SIZE,
    Part,
    Prepare,
    Steps,
    check_counts,
    check_finite,
    readable,
    structure,
)
from .fast.devices import DEVICES, divides_batches, mesh_of_devices, put

# Held by both models weakly, so that a model that nobody uses any more can go.
_passes: WeakKeyDictionary[Any, WeakKeyDictionary[Any, dict[Any, Any]]] = WeakKeyDictionary()


def run_compiled(
    models: Sequence[Any], steps: Steps, inputs: npt.NDArray[Any], prepare: Prepare
) -> list[Floats]:
    """Run one or two Keras models over inputs; see `run_in_batches`."""
    mesh = _mesh_for(len(inputs))
    compute, state = _compiled(models, steps, mesh), _state(models)
    if mesh is not None:
        state = put(state, mesh)
    shapes = _result_shapes(models, steps, prepare(inputs[:1]).shape[1:])
    results = [np.empty((len(inputs), *shape), dtype=np.float32) for shape in shapes]
    size = BATCH_SIZE * (1 if mesh is None else mesh.size)

    def store(first: int, found: list[Any]) -> None:
        for result, values in zip(results, found, strict=True):
            room = result[first : first + size]
            room[:] = np.asarray(values)[: len(room)]
            check_finite(models, room)

    waiting: list[tuple[int, list[Any]]] = []
    for first in range(0, len(inputs), size):
        batch = prepare(inputs[first : first + size])
        if (len(inputs) > 1 or mesh is not None) and len(batch) < size:
            batch = np.pad(batch, [(0, size - len(batch)), *[(0, 0)] * (batch.ndim - 1)])
        if mesh is not None:
            batch = put(batch, mesh, divided=True)
        # JAX computes this batch while the one before is put away.
        waiting.append((first, compute(state, batch)))
        if len(waiting) > 1:
            store(*waiting.pop(0))
    for first, found in waiting:
        store(first, found)
    return results


def _mesh_for(count: int) -> Mesh | None:
    """Give the devices that share the work, or None if one does it."""
    mesh = mesh_of_devices() if divides_batches() else None
    # One device has done a batch before several have shared it; other processes have to join in.
    shared = mesh is not None and (count > BATCH_SIZE or mesh.is_multi_process)
    return mesh if shared else None


def _result_shapes(
    models: Sequence[Any], steps: Steps, shape: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Find what a pass gives for one input of a shape, without computing it."""
    one = jax.ShapeDtypeStruct((1, *shape), np.float32)
    with readable(models, shape):
        results = jax.eval_shape(_compiled(models, steps, None), _state(models), one)
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


def _compiled(models: Sequence[Any], steps: Steps, mesh: Mesh | None) -> Any:
    partners = _passes.setdefault(models[0], WeakKeyDictionary())
    compiled = partners.setdefault(models[-1], {})
    key = steps, mesh, *map(structure, models)
    if key not in compiled:
        compiled[key] = _compile([ref(model) for model in models], steps, mesh)
    return compiled[key]


def _compile(models: list[Any], steps: Steps, mesh: Mesh | None) -> Any:
    def compute(state: list[Any], batch: Any) -> list[Any]:
        parts = [
            Part(model(), partial(_call, model(), *held))
            for model, held in zip(models, state, strict=True)
        ]
        return [jnp.asarray(result, jnp.float32) for result in steps(*parts, batch)]

    if mesh is None:
        return jax.jit(compute)
    whole, parts = PartitionSpec(), PartitionSpec(DEVICES)
    shared = jax.shard_map(
        compute, mesh=mesh, in_specs=(whole, parts), out_specs=parts, check_vma=False
    )
    # Of other processes' devices NumPy can read nothing, so all get everything then.
    found = whole if mesh.is_multi_process else parts
    return jax.jit(shared, out_shardings=NamedSharding(mesh, found))


def _call(model: Any, trainable: list[Any], other: list[Any], inputs: Any) -> Any:
    """Call a model with given weights."""
    # Not every model of somebody's own has a training mode.
    modes = inspect.signature(model.call).parameters
    options = {"training": False} if "training" in modes else {}
    return model.stateless_call(trainable, other, inputs, **options)[0]
