"""Running models over many inputs, in batches, with flat memory.

A model is one of Keras, or a plain function of NumPy arrays. Those of Keras run compiled; only
for them are Keras and JAX imported, in `_compiled_passes`. Whatever a model makes of one batch is
gone before the next one starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._models import (
    BATCH_SIZE,
    ModelOutputError,
    Part,
    Prepare,
    Steps,
    check_counts,
    is_keras,
    name_of,
    readable,
)
from ._numbers import finite_floats, real_numbers


def run_in_batches(
    models: Sequence[Any], steps: Steps, inputs: npt.NDArray[Any], prepare: Prepare
) -> list[Floats]:
    """Run one or two models over inputs.

    Parameters
    ----------
    models : sequence of keras.Model or function
        One or two, built.
    steps : callable
        From the models, as functions of tensors or arrays, and a batch ``(k, ...)`` to a list of
        such ``(k, ...)``. A function of a module: it is compiled once for models of Keras.
    inputs : array (n, ...)
        In any form that `prepare` understands.
    prepare : callable
        From a batch of the inputs to what the first model reads, float32; it may raise.

    Returns
    -------
    list of float32 arrays (n, ...)

    Raises
    ------
    ValueError
        If the models cannot read such inputs, functions give other than finite numbers in
        arrays of one shape, or `prepare` refuses a batch.
    """
    if all(map(is_keras, models)):
        from ._compiled_passes import run_compiled

        return run_compiled(models, steps, inputs, prepare)
    parts = [Part(model, partial(_call, model)) for model in models]
    results: list[Floats] = []
    for first in range(0, len(inputs), BATCH_SIZE):
        batch = prepare(inputs[first : first + BATCH_SIZE])
        with readable(models, batch.shape[1:]):
            found = steps(*parts, batch)
        check_counts([values.shape for values in found], len(batch))
        if not results:
            results = [np.empty((len(inputs), *values.shape[1:]), np.float32) for values in found]
        for result, values in zip(results, found, strict=True):
            if values.shape[1:] != result.shape[1:]:
                raise ValueError(
                    "A function gives results of one shape, whatever their number. "
                    f"Received: {result.shape[1:]}, and later {values.shape[1:]}."
                )
            result[first : first + BATCH_SIZE] = values
    return results


def _call(model: Any, inputs: Floats) -> Any:
    """Call a function, or a Keras model beside one, from arrays to arrays."""
    if is_keras(model):
        return run_in_batches([model], _whole, inputs, lambda batch: batch)[0]
    found = model(inputs.copy())  # what a function does to its inputs is its own affair
    if isinstance(found, Mapping):
        return {key: _numbers(model, values) for key, values in found.items()}
    if isinstance(found, list | tuple):
        return [_numbers(model, values) for values in found]
    return _numbers(model, found)


def _whole(model: Part, inputs: Any) -> list[Any]:
    found = model(inputs)
    if not hasattr(found, "shape"):
        raise ModelOutputError(
            f"A model beside a function gives one array. Received: {type(found).__name__}."
        )
    return [found]


def _numbers(function: Any, values: Any) -> Floats:
    try:
        return finite_floats(real_numbers(values))
    except ValueError as error:
        raise ModelOutputError(
            "A function gives arrays of finite numbers. "
            f"Received: {error} from {name_of(function)!r}."
        ) from error
