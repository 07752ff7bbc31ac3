"""What decides the bits of a training, so that no other one goes on from its checkpoint."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from . import __version__
from ._backend import keras

_DIGEST_LENGTH = 64  # of SHA-256, in hexadecimal

# A recipe may make its pictures and its schedule from these options: then both are other ones too.
_OPTIONS = {"seed", "epochs", "batch_size"}
_MADE_FROM_THEM = {"training data", "optimizer"}


def fingerprint(
    model: keras.Model,
    *,
    training_data: tuple[npt.NDArray[Any], ...],
    validation_data: tuple[npt.NDArray[Any], ...] | None,
    **options: Any,
) -> dict[str, Any]:
    """Say which training it is.

    The weights that the model begins with are not part of it: a checkpoint replaces them.

    Parameters
    ----------
    model : keras.Model
        Built and compiled, its optimizer built.
    training_data, validation_data : tuple of arrays
        What is learned from, and what is measured.
    **options : int or str
        All else that plays a part.

    Returns
    -------
    dict
        Text or numbers by name, the contents of data and models as their digests; None where
        something cannot be known.
    """
    optimizer, loss = model.optimizer, model.loss
    settings = _plain(optimizer.get_config())
    # Those of a used optimizer may have moved, and come from the checkpoint.
    rate = settings.pop("learning_rate", None)
    schedule = rate if isinstance(rate, dict) else None
    fresh = schedule is None and int(optimizer.iterations) == 0
    return {
        **options,
        "model": _digest_of_text([_parts(model), _shapes(model.variables)]),
        "loss": _digest_of_text(_plain(loss)),
        "optimizer": _digest_of_text([type(optimizer).__name__, settings, schedule]),
        "learning_rate": rate if fresh else None,
        "training data": digest(training_data),
        "validation data": "none" if validation_data is None else digest(validation_data),
        "devices": _devices(),
        "mnist_visual": __version__,
        **{package.__name__: package.__version__ for package in (keras, jax, np)},
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in words in what two fingerprints differ; no words where they do not."""
    names = [*new, *(old.keys() - new.keys())]
    different = [name for name in names if old.get(name) != new.get(name)]
    if not _OPTIONS.isdisjoint(different):
        different = [name for name in different if name not in _MADE_FROM_THEM]
    found = []
    for name in different:
        before, now = old.get(name), new.get(name)
        if name == "learning_rate" and None in (before, now):
            continue
        if len(f"{before}") < _DIGEST_LENGTH > len(f"{now}"):
            found.append(f"{name} {before} (now {now})")
        else:
            found.append(f"{'other' if name.endswith('data') else 'another'} {name}")
    return ", ".join(found)


def digest(arrays: tuple[npt.NDArray[Any], ...]) -> str:
    """Compute the SHA-256 of arrays: their types, shapes and values."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _digest_of_text(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _parts(model: Any) -> list[Any]:
    """List the settings of a model and of its layers, and so on for models within it."""
    own, inner = _plain(model), getattr(model, "layers", None) or []
    is_its_layers = isinstance(own[1], dict) and "layers" in own[1]  # with their names
    return [own[0] if is_its_layers else own, *map(_parts, inner)]


def _shapes(variables: list[Any]) -> list[Any]:
    return [[list(each.shape), each.dtype, bool(each.trainable)] for each in variables]


def _plain(value: Any) -> Any:
    """Turn settings into what JSON knows, without names, which Keras counts up in a process."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if key != "name"}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return [getattr(value, "__name__", type(value).__name__), _plain(_settings(value))]


def _settings(value: Any) -> Any:
    try:
        return value.get_config() if hasattr(value, "get_config") else None
    except NotImplementedError:  # as Keras's layers raise where their class does not say
        return None


def _devices() -> str:
    devices, processes = jax.devices(), jax.process_count()
    spread = f" in {processes} processes" if processes > 1 else ""
    return f"{len(devices)} {devices[0].device_kind} of {platform.machine()}{spread}"
