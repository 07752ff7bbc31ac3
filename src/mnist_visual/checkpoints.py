"""Checkpoints: what a training needs to go on as if it had never stopped.

A checkpoint is written after every epoch, whole or not at all. It holds the weights, the variables
of the optimizer, its averages and its learning rate among them, the history, the best weights so
far, and what Keras's own callbacks remember. Random numbers need no state in it: the order, the
warps and the noise of an epoch come from the seed and the number of the epoch. An epoch that was
cut off is trained again from its beginning, and so to the same bits.

It also says which training wrote it, and no other one goes on from it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._backend import keras
from ._checkpoint_file import (
    REMEMBERED,
    Best,
    Record,
    Values,
    broken,
    read_record,
    read_values,
    write_checkpoint,
)
from ._files import PathLike, checked_target, plain, remove_parts
from ._fingerprint import differences
from ._processes import file_of_first, is_first

__all__ = ["Best", "load_best", "remove_checkpoint"]

logger = logging.getLogger(__name__)

_WITH_MEMORY = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.SwapEMAWeights,
)


def load_best(model: keras.Model, path: PathLike) -> Best | None:
    """Load the best weights that an unfinished training has had so far.

    The best are those of the highest ``val_accuracy``, or else the lowest ``val_loss``, and as
    they were measured: averaged ones where ``keras.callbacks.SwapEMAWeights`` is in use.

    Parameters
    ----------
    model : keras.Model
        Built, with the shapes of the one in training.
    path : path
        The checkpoint.

    Returns
    -------
    Best or None
        The number of the epoch, from 1, and its metrics; None, and the model left as it was, if
        no epoch is done or there is no validation data to tell the best by.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, no checkpoint, or of a model of other shapes.

    Examples
    --------
    >>> load_best(model, "classifier.checkpoint")  # doctest: +SKIP
    """
    path = Path(path).expanduser()
    record = read_record(path)
    if record.best is not None:
        _assign(model.weights, read_values(path, "best", model.weights))
    return record.best


def remove_checkpoint(path: PathLike) -> None:
    """Remove a checkpoint that is no longer needed, and what killed processes left beside it.

    Parameters
    ----------
    path : path
        The checkpoint, which need not exist.

    Raises
    ------
    OSError
        If it cannot be removed.
    """
    path = Path(path).expanduser()
    if not is_first():
        return
    path.unlink(missing_ok=True)
    remove_parts(path)


class Checkpoint(keras.callbacks.Callback):
    """Write a checkpoint after every epoch, and take up one that is there.

    It has to be the last of the callbacks, with `history` before it.

    Parameters
    ----------
    path : path
        The file. Its folder must exist.
    model : keras.Model
        Built and compiled.
    fingerprint : dict
        Of the training, as from `fingerprint`.
    callbacks : sequence of keras.callbacks.Callback
        All others.

    Attributes
    ----------
    history : keras.callbacks.History
        Of the whole training.

    Raises
    ------
    ValueError
        If the path is that of a folder.
    FileNotFoundError
        If there is no folder to write it to.
    """

    def __init__(
        self,
        path: PathLike,
        model: keras.Model,
        fingerprint: Mapping[str, Any],
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        super().__init__()
        self.set_model(model)
        self.history = keras.callbacks.History()
        self._path = Path(path).expanduser()
        if is_first():  # no other process writes it
            checked_target(path, "checkpoint")
        self._callbacks = [each for each in callbacks if isinstance(each, _WITH_MEMORY)]
        names = ", ".join(type(each).__name__ for each in self._callbacks)
        self._fingerprint = {**fingerprint, "callbacks": names or "none"}
        self._epoch = 0  # how many are done
        self._memories: list[dict[str, Any]] | None = None
        self._measured: Values = []
        self._best: Best | None = None
        self._best_weights: Values = []

    def take_up(self, epochs: int) -> int:
        """Put the model where the checkpoint left it, if there is one.

        Parameters
        ----------
        epochs : int
            How many there will be.

        Returns
        -------
        int
            The number of the epoch that comes next, from 0; `epochs` if there is none.

        Raises
        ------
        ValueError
            If the file is damaged, no checkpoint, or of another training. It stays, and so does
            the model.
        """
        with file_of_first(self._path) as path:
            return 0 if path is None else self._take_up(path, epochs)

    def _take_up(self, path: Path, epochs: int) -> int:
        record = read_record(path)
        if different := differences(record.fingerprint, self._fingerprint):
            raise ValueError(
                "Only the training that wrote a checkpoint goes on from it. Received: "
                f"{self._path}, written with {plain(different)}. "
                "Train as then, or delete the file to begin anew."
            )
        with broken(self._path):
            if len(record.memories) != len(self._callbacks):
                raise ValueError(f"it has {len(record.memories)} memories of callbacks")
        state, weights = self._state(), self.model.weights
        values = read_values(path, "state", state)
        if record.best is not None:
            self._best_weights = read_values(path, "best", weights)
        for number, memory in enumerate(record.memories):
            if "best_weights" in memory:
                memory["best_weights"] = read_values(path, f"memory{number}-", weights)
        _assign(state, values)
        self._epoch, self._best = record.epoch, record.best
        self._memories, self.history.history = record.memories, record.history
        logger.info("Going on after epoch %d of %d: %s.", self._epoch, epochs, self._path)
        return epochs if record.stopped else self._epoch

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002 -- Keras gives it
        """Give the other callbacks the memories back that they have just lost."""
        if self._memories is None:
            self._save()  # so that a folder that cannot be written to is found out now
            return
        self.history.epoch = list(range(self._epoch))
        for callback, memory in zip(self._callbacks, self._memories, strict=True):
            vars(callback).update(memory)

    def on_test_begin(self, logs: object = None) -> None:  # noqa: ARG002
        """Keep the weights that are measured now, which may be averages."""
        self._measured = [np.array(weight.value) for weight in self.model.weights]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the checkpoint."""
        if self._measured:
            measured = Best(epoch + 1, {name: float(value) for name, value in (logs or {}).items()})
            if measured.beats(self._best):
                self._best, self._best_weights = measured, self._measured
        self._epoch = epoch + 1
        self._save()

    def _state(self) -> list[Any]:
        model = self.model
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        return [
            *model.trainable_variables,
            *model.non_trainable_variables,
            *model.optimizer.variables,
        ]

    def _save(self) -> None:
        if not is_first():
            return
        groups: dict[str, Sequence[Any]] = {
            "state": [variable.value for variable in self._state()],
            "best": self._best_weights,
        }
        memories = [
            {name: value for name in REMEMBERED if (value := vars(each).get(name)) is not None}
            for each in self._callbacks
        ]
        for number, memory in enumerate(memories):
            if "best_weights" in memory:
                groups[f"memory{number}-"] = memory["best_weights"]
                memory["best_weights"] = True
        record = Record(
            fingerprint=self._fingerprint,
            epoch=self._epoch,
            stopped=bool(self.model.stop_training),
            history=self.history.history,
            best=self._best,
            memories=memories,
        )
        write_checkpoint(self._path, record, groups)


def _assign(variables: Sequence[Any], values: Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
