"""The file of a checkpoint: named arrays and a record in JSON, in an archive of NumPy's.

Nothing in it is code, and nothing is believed before it is checked.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._files import (
    ANY,
    MAX_BYTES,
    Layout,
    broken_is_value_error,
    file_size,
    read_npz,
    write_whole,
)

# What Keras's own callbacks remember from one epoch to the next.
REMEMBERED = (
    "best",
    "best_epoch",
    "best_weights",
    "cooldown_counter",
    "stopped_epoch",
    "wait",
    "_ema_weights_in_model",
)

_MAX_RECORD_BYTES = 1 << 20  # ten thousand epochs

Values = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class Best:
    """The best epoch so far: that of the highest ``val_accuracy``, or else the lowest ``val_loss``.

    Attributes
    ----------
    epoch : int
        After which it was, counted from 1.
    logs : dict
        The loss and the metrics of that epoch by name.
    """

    epoch: int
    logs: dict[str, float]

    def beats(self, other: Best | None) -> bool:
        """Say whether it is at least as good as another."""
        return other is None or self._merit() >= other._merit()

    def _merit(self) -> tuple[float, float]:
        loss = self.logs.get("val_loss", 0.0)
        return self.logs.get("val_accuracy", 0.0), -math.inf if math.isnan(loss) else -loss


@dataclass(frozen=True)
class Record:
    """What a checkpoint holds besides arrays.

    Attributes
    ----------
    fingerprint : dict
        Of the training that wrote it.
    epoch : int
        How many epochs are done.
    stopped : bool
        Whether a callback ended the training there.
    history : dict
        The values of all epochs, by the name of the metric.
    best : Best or None
        None where nothing has been measured.
    memories : list of dict
        What each of Keras's own callbacks remembers.
    """

    fingerprint: dict[str, Any]
    epoch: int
    stopped: bool
    history: dict[str, list[float]]
    best: Best | None
    memories: list[dict[str, Any]]


def write_checkpoint(path: Path, record: Record, groups: Mapping[str, Sequence[Any]]) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    record : Record
        What it says.
    groups : dict
        Lists of arrays by name.

    Raises
    ------
    ValueError
        If it would be too large to be read.
    OSError
        If the file cannot be written.
    """
    text = json.dumps(dataclasses.asdict(record), default=float).encode()
    if len(text) > _MAX_RECORD_BYTES:
        raise ValueError(
            f"A checkpoint tells of a training in at most {_MAX_RECORD_BYTES:,} bytes. Received: "
            f"{record.epoch:,} epochs, which need {len(text):,}. Train fewer, or without it."
        )
    arrays = {"record": np.frombuffer(text, np.uint8)}
    for group, values in groups.items():
        for number, value in enumerate(values):
            flat = np.ascontiguousarray(value).reshape(-1)
            arrays[f"{group}{number}"] = flat.view(_stored(flat.dtype))
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    if packed.tell() > MAX_BYTES:
        raise ValueError(
            f"A checkpoint has at most {MAX_BYTES:,} bytes. Received: a model that needs "
            f"{packed.tell():,}. Train it without."
        )
    write_whole(path, packed.getvalue())


def read_record(path: Path) -> Record:
    """Read what a checkpoint says.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Record

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged or no checkpoint.
    """
    layout: Layout = {"record": ("|u1", (ANY,))}
    text = _read_arrays(path, layout, most=_MAX_RECORD_BYTES)["record"].tobytes()
    with broken(path):
        try:
            found = json.loads(text)
            best = None if found["best"] is None else Best(**found["best"])
            record = Record(**{**found, "best": best})
            _check(record)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"it says something else: {error}") from error
    return record


def read_values(path: Path, group: str, variables: Sequence[Any]) -> Values:
    """Read a group of arrays, one for each of some variables of Keras.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    group : str
        The name of the group.
    variables : sequence of keras.Variable
        Whose shapes and types the arrays must have.

    Returns
    -------
    list of arrays

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or its arrays are others.
    """
    types = [np.dtype(variable.dtype) for variable in variables]
    shapes = [tuple(variable.shape) for variable in variables]
    layout = {
        f"{group}{number}": (_stored(dtype).str, (math.prod(shape),))
        for number, (dtype, shape) in enumerate(zip(types, shapes, strict=True))
    }
    arrays = _read_arrays(path, layout)
    values = [
        array.view(dtype).reshape(shape)
        for array, dtype, shape in zip(arrays.values(), types, shapes, strict=True)
    ]
    with broken(path):
        for name, value in zip(arrays, values, strict=True):
            numbers = value.view("bfloat16") if value.dtype.kind == "V" else value
            if not np.isfinite(numbers).all():
                raise ValueError(f"{name} has NaN or infinite values")
    return values


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    # NumPy has no bfloat16 of its own: its two bytes are stored as they are.
    return np.dtype(f"u{dtype.itemsize}") if dtype.kind == "V" else dtype


def _read_arrays(
    path: Path, layout: Layout, *, most: int = MAX_BYTES
) -> dict[str, npt.NDArray[Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"A checkpoint must be a file that exists. Received: {path}.")
    with broken(path), path.open("rb") as file:
        return read_npz(file, file_size(file), layout, most=most)


def broken(path: Path) -> AbstractContextManager[None]:
    """Give every way in which a checkpoint can be damaged one type, and a sentence."""
    return broken_is_value_error(
        str(path),
        "A checkpoint must be whole, and written in training such a model.",
        "Delete it to begin anew.",
    )


def _check(record: Record) -> None:
    """Raise a TypeError unless the parts of a record are what they should be."""
    best = record.best or Best(1, {})
    numbers = [record.epoch, best.epoch, *best.logs.values()]
    numbers += [value for values in record.history.values() for value in values]
    numbers += [value for memory in record.memories for value in memory.values()]
    counts = record.epoch, best.epoch
    for rule, holds in (
        ("it has numbers, of which floats can be made", all(map(_is_number, numbers))),
        ("epochs are counted", all(isinstance(count, int) and count >= 0 for count in counts)),
        ("it says who wrote it", isinstance(record.fingerprint, dict)),
        ("a training stopped or did not", isinstance(record.stopped, bool)),
        ("a history is that of its epochs", _longest(record.history) == record.epoch),
        ("the best is one of them", best.epoch <= max(record.epoch, 1)),
        ("memories have known names", all(set(m) <= set(REMEMBERED) for m in record.memories)),
    ):
        if not holds:
            raise TypeError(f"{rule}, which is not so here")


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 63)


def _longest(history: Mapping[str, list[float]]) -> int:
    if not all(isinstance(values, list) for values in history.values()):
        raise TypeError("a history has lists, which is not so here")
    return max(map(len, history.values()), default=0)
