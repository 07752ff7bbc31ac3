"""Models of Keras, and plain functions of NumPy arrays: what they are and read, without Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats

BATCH_SIZE = 128
_SMALL_SCALE = 0.1  # 1/255 and 1/127.5 are meant for 0 to 255; larger ones for other pictures

Shape = tuple[int | None, ...]
# From the models, as functions of their inputs, and a batch of inputs to a list of results.
Steps = Callable[..., list[Any]]
Prepare = Callable[[npt.NDArray[Any]], Floats]


class ModelOutputError(ValueError):
    """A model is of another kind than needed, as its outputs show."""


@dataclass(frozen=True)
class Part:
    """A model as a function of its inputs, with the weights that it has now.

    Attributes
    ----------
    model : keras.Model or function
        Which.
    call : callable
        From inputs to outputs, both tensors or both arrays.
    """

    model: Any
    call: Callable[[Any], Any]

    def __call__(self, inputs: Any) -> Any:
        return self.call(inputs)


def find_part(model: Any, part: str, task: str) -> Any:
    """Find the encoder, the decoder or the classifier in what a caller gave.

    Parameters
    ----------
    model : object
        Anything with such an attribute, or the part itself.
    part : {"encoder", "decoder", "classifier"}
        Which.
    task : str
        The name of the function that needs it, for the error.

    Returns
    -------
    keras.Model or function
        The part; a Keras model is built.

    Raises
    ------
    ValueError
        If there is none, or it is not built.
    """
    found = getattr(model, part, model)
    if not callable(found):
        raise ValueError(
            f"{task} needs a model with .{part}, or the {part} itself, a Keras model or a "
            f"function of arrays. Received: {found!r}."
        )
    if is_keras(found) and not getattr(found, "built", False):
        raise ValueError(
            f"The {part} has to be built; call it once on data, or give it an Input. "
            f"Received: {found!r}."
        )
    return found


def input_shape(model: Any) -> Shape | None:
    """Give the shape of one input of a model, or None where the model does not say."""
    if not is_keras(model):
        return _stated_shape(model)
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return _first_shape(model)
    if len(inputs) != 1:
        raise ValueError(
            f"A model has one input here. Received: {model.name!r} with {len(inputs)}."
        )
    return tuple(inputs[0].shape[1:])


def reads_bytes(model: Any) -> bool:
    """Say whether a Keras model divides its pictures itself, so that it reads 0 to 255."""
    inputs = getattr(model, "inputs", None)
    if not (is_keras(model) and inputs):
        return False
    if "float" not in str(inputs[0].dtype):
        return True
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Rescaling":
            return bool(np.abs(layer.scale).max() < _SMALL_SCALE)
        if kind not in ("InputLayer", "Reshape", "Flatten"):
            return reads_bytes(layer)
    return False


def check_reads_units(model: Any, name: str) -> None:
    """Raise ValueError where a model of pictures in [0, 1] is needed, and it reads 0 to 255."""
    if reads_bytes(model):
        raise ValueError(
            f"{name} needs a classifier of pictures in [0, 1]. Received: {name_of(model)!r}, "
            "which divides them itself. Give a model of the layers after its Rescaling layer."
        )


def structure(model: Any) -> tuple[Any, ...]:
    """Identify the layers that a model has now, and their activations: both can be exchanged."""
    return tuple(
        (id(layer), id(getattr(layer, "activation", None)), structure(layer))
        for layer in getattr(model, "layers", ())
    )


@contextmanager
def readable(models: Sequence[Any], shape: tuple[int, ...]) -> Iterator[None]:
    """Give what a model raises for inputs that it cannot read one sentence with its name."""
    try:
        yield
    except ModelOutputError:
        raise
    except Exception as error:  # a function of somebody's own may raise anything
        names = " and ".join(repr(name_of(model)) for model in models)
        raise ValueError(f"{names} cannot read an input of the shape {shape}: {error}") from error


def check_counts(shapes: Sequence[tuple[int, ...]], count: int) -> None:
    """Raise ValueError unless there is one result for each of a number of inputs."""
    if any(shape[:1] != (count,) for shape in shapes):
        raise ValueError(
            f"A model gives one result for each input. Received: {shapes} for inputs: {count}."
        )


def check_finite(models: Sequence[Any], values: npt.NDArray[Any]) -> None:
    """Raise ValueError unless all that models gave are finite numbers."""
    if not np.isfinite(values).all():
        names = " and ".join(repr(name_of(model)) for model in models)
        raise ModelOutputError(
            "A model gives finite numbers; NaN in its weights, or inputs far from those that it "
            f"learned from, may be why it does not. Received: NaN or an infinity from {names}."
        )


def is_keras(model: Any) -> bool:
    """Tell a Keras model from a function, without Keras."""
    return hasattr(model, "stateless_call")


def name_of(model: Any) -> str:
    """Give the name of a model or function, for errors."""
    name = getattr(model, "name" if is_keras(model) else "__name__", None)
    return str(name or type(model).__name__)


def _first_shape(model: Any) -> Shape | None:
    """Give what a model of somebody's own class was built with; a picture can have any size."""
    built = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(built, tuple | list) or not all(
        size is None or isinstance(size, int) for size in built
    ):
        return None
    shape = tuple(built[1:])
    return shape if len(shape) < 2 else (None, None, *shape[2:])


def functional_advice(model: Any) -> str:
    """Say how a model comes to show its layers, and what it reads."""
    if not is_keras(model):
        return "Give a Keras model; one in a file is opened by keras.saving.load_model."
    if type(model).__name__ in ("Sequential", "Functional"):
        return "Call it once on data, or give it an Input."
    return (
        "One of a class of your own shows its layers as keras.Model(picture, "
        "model.call(picture)), with picture = keras.Input((28, 28, 1)), or what it reads."
    )


def _stated_shape(function: Any) -> Shape | None:
    shape = getattr(function, "input_shape", None)
    if shape is None:
        return None
    whole = isinstance(shape, tuple | list) and all(
        size is None or isinstance(size, int | np.integer) for size in shape
    )
    if not whole:
        raise ValueError(
            "The input_shape of a function is that of one input: a tuple of whole numbers, or "
            f"None for any. Received: {shape!r} of {name_of(function)!r}."
        )
    return tuple(shape)
