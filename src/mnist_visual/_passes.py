"""Running Keras models over many inputs: compiled once, in chunks, with flat memory.

A chunk has one fixed length, so a model is compiled at most twice: for a chunk, and for a single
input, which somebody may be waiting for. Whatever a model makes of one chunk is gone before the
next one starts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from . import _backend as _backend  # refuses any Keras but one on JAX

CHUNK = 128

Floats = npt.NDArray[np.float32]
Shape = tuple[int | None, ...]
# From the models, as functions of their inputs, and a chunk of inputs to a list of results.
Steps = Callable[..., list[Any]]

# Held by both models weakly, so that a model that nobody uses any more can go.
_passes: WeakKeyDictionary[Any, WeakKeyDictionary[Any, dict[Steps, Any]]] = WeakKeyDictionary()


class MisfitError(ValueError):
    """A model is of another kind than needed, as its outputs show."""


def find_part(model: Any, part: str, task: str) -> Any:
    """Find the encoder or the decoder in what a caller gave.

    Parameters
    ----------
    model : object
        Anything with such an attribute, or the part itself, a Keras model.
    part : {"encoder", "decoder"}
        Which.
    task : str
        The name of the function that needs it, for the error.

    Returns
    -------
    keras.Model
        The part, built.

    Raises
    ------
    ValueError
        If there is none, or it is not built.
    """
    found = getattr(model, part, model)
    if not hasattr(found, "stateless_call"):
        raise ValueError(
            f"{task} needs a model with .{part}, or the {part} itself, a Keras model. "
            f"Received: {found!r}."
        )
    if not getattr(found, "built", False):
        raise ValueError(
            f"The {part} has to be built; call it once on data, or give it an Input. "
            f"Received: {found!r}."
        )
    return found


def input_shape(model: Any) -> Shape | None:
    """Give the shape of one input of a model, or None where the model does not say."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None
    if len(inputs) != 1:
        raise ValueError(
            f"A model has one input here. Received: {model.name!r} with {len(inputs)}."
        )
    return tuple(inputs[0].shape[1:])


def result_shapes(models: Sequence[Any], steps: Steps, shape: tuple[int, ...]) -> list[Any]:
    """Find what a pass gives for one input of a shape, without computing it.

    Parameters
    ----------
    models : sequence of keras.Model
        One or two.
    steps : callable
        As for `run_in_chunks`.
    shape : tuple of int
        Of one input.

    Returns
    -------
    list of tuples
        The shapes of the results for one input.

    Raises
    ------
    ValueError
        If the models cannot read such an input.
    """
    one = jax.ShapeDtypeStruct((1, *shape), np.float32)
    try:
        results = jax.eval_shape(_compiled(models, steps), _state(models), one)
    except MisfitError:
        raise
    except (TypeError, ValueError) as error:
        names = " and ".join(repr(model.name) for model in models)
        raise ValueError(f"{names} cannot read an input of the shape {shape}: {error}") from error
    if any(not result.shape or result.shape[0] != 1 for result in results):
        raise ValueError(
            "A model gives one result for each input. "
            f"Received: {[result.shape for result in results]} for one input."
        )
    return [result.shape[1:] for result in results]


def run_in_chunks(
    models: Sequence[Any],
    steps: Steps,
    inputs: npt.NDArray[Any],
    prepare: Callable[[npt.NDArray[Any]], Floats],
) -> list[Floats]:
    """Run one or two models over inputs.

    Parameters
    ----------
    models : sequence of keras.Model
        One or two, built.
    steps : callable
        From the models, as functions of tensors, and a chunk ``(k, ...)`` to a list of tensors
        ``(k, ...)``. A function of a module: it is compiled once for these models.
    inputs : array (n, ...)
        In any form that `prepare` understands.
    prepare : callable
        From a piece of the inputs to what the first model reads, float32; it may raise.

    Returns
    -------
    list of float32 arrays (n, ...)

    Raises
    ------
    ValueError
        If the models cannot read such inputs, or `prepare` refuses a piece.
    """
    shapes = result_shapes(models, steps, prepare(inputs[:1]).shape[1:])
    results = [np.empty((len(inputs), *shape), dtype=np.float32) for shape in shapes]
    compute, state = _compiled(models, steps), _state(models)

    def store(first: int, found: list[Any]) -> None:
        for result, values in zip(results, found, strict=True):
            room = result[first : first + CHUNK]
            room[:] = np.asarray(values)[: len(room)]

    waiting: list[tuple[int, list[Any]]] = []
    for first in range(0, len(inputs), CHUNK):
        piece = prepare(inputs[first : first + CHUNK])
        if len(inputs) > 1 and len(piece) < CHUNK:
            piece = np.pad(piece, [(0, CHUNK - len(piece)), *[(0, 0)] * (piece.ndim - 1)])
        # JAX computes this chunk while the one before is put away.
        waiting.append((first, compute(state, piece)))
        if len(waiting) > 1:
            store(*waiting.pop(0))
    for first, found in waiting:
        store(first, found)
    return results


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
    def compute(state: list[Any], chunk: Any) -> list[Any]:
        functions = [Part(model(), *held) for model, held in zip(models, state, strict=True)]
        return [jnp.asarray(result, jnp.float32) for result in steps(*functions, chunk)]

    return jax.jit(compute)


@dataclass(frozen=True)
class Part:
    """A model as a function of its inputs, with given weights.

    Attributes
    ----------
    model : keras.Model
        Which.
    trainable, other : list of tensors
        Its weights.
    """

    model: Any
    trainable: list[Any]
    other: list[Any]

    def __call__(self, inputs: Any) -> Any:
        # Not every model of somebody's own has a training mode.
        modes = inspect.signature(self.model.call).parameters
        options = {"training": False} if "training" in modes else {}
        return self.model.stateless_call(self.trainable, self.other, inputs, **options)[0]


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    """Tell whether a shape is what a model wants, where None stands for any length."""
    return len(shape) == len(wanted) and all(
        size in (None, length) for size, length in zip(wanted, shape, strict=True)
    )


def reshaped_picture(shape: tuple[int, ...], wanted: Shape | None) -> tuple[int, ...] | None:
    """Add or take away a channel axis of one, so that a picture fits a model.

    Parameters
    ----------
    shape : tuple of int
        Of a picture, ``(height, width)`` or ``(height, width, channels)``.
    wanted : tuple of int or None
        What the model reads; None where it does not say.

    Returns
    -------
    tuple of int or None
        The shape to give the picture, or None if it does not fit.
    """
    if wanted is None:
        return shape
    candidates = [shape, (*shape, 1)]
    if len(shape) > 1 and shape[-1] == 1:
        candidates.append(shape[:-1])
    return next((each for each in candidates if _fits(each, wanted)), None)
