"""Keras's ``fit``, with whole stretches of an epoch as one program on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._backend import keras
from mnist_visual._processes import is_first

from .objective import Objective
from .steps import Steps

# How often a progress bar moves in an epoch.
UPDATES = 20

Data = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def fit(
    objective: Objective,
    epoch_data: Callable[[int], Data],
    epoch_order: Callable[[int, int], npt.NDArray[np.int64]],
    *,
    validation_data: Data | None,
    epochs: int,
    batch_size: int,
    callbacks: Iterable[keras.callbacks.Callback],
    verbose: int | str,
    initial_epoch: int = 0,
) -> keras.callbacks.History:
    """Train a model as Keras's ``fit`` would, with the same callbacks at the same times.

    A callback that looks at batches gets each of them, at some cost: the weights go back to the
    model, and on from there, after every batch. Where it has an attribute
    ``stretch``, so many may pass before it looks again, which it may change whenever it looks;
    the model's ``steps_per_execution`` says so for others. Otherwise an epoch is one stretch,
    or some twenty with a progress bar.

    Parameters
    ----------
    objective : Objective
        What to make smaller.
    epoch_data : callable
        From the number of an epoch to its pictures (n, height, width) and targets (n, ...).
    epoch_order : callable
        From the number of an epoch and n to the order of the pictures.
    validation_data : tuple (pictures, targets), optional
        Measured after every epoch.
    epochs, batch_size, callbacks, verbose, initial_epoch
        As for Keras's ``fit``.

    Returns
    -------
    keras.callbacks.History
    """
    model = objective.model
    pictures, targets = epoch_data(0)
    _build(model, pictures, targets)
    loop = _Loop(objective, batch_size)
    calls = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0 and is_first(),
        verbose=verbose,
        epochs=epochs,
        steps=-(-len(pictures) // batch_size),
        model=model,
    )
    model.stop_training = False
    logs: dict[str, float] = {}
    loop.compile((pictures, targets), validation_data)
    calls.on_train_begin()
    try:
        # Where Keras's own callback has taken up an earlier training, it says so there.
        for epoch in range(getattr(model, "_initial_epoch", None) or initial_epoch, epochs):
            model.reset_metrics()
            calls.on_epoch_begin(epoch)
            data = epoch_data(epoch)
            logs = loop.train(data, epoch_order(epoch, len(data[0])), calls, verbose)
            if validation_data is not None:
                measured = loop.measure(validation_data, calls)
                logs |= {f"val_{name}": value for name, value in measured.items()}
            calls.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    finally:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    calls.on_train_end(logs)
    return model.history


def _build(model: keras.Model, pictures: Any, targets: Any) -> None:
    """Let Keras make the variables of the optimizer and of the metrics, as its ``fit`` does."""
    batch = np.zeros((1, *pictures.shape[1:]), np.float32), targets[:1]
    model._symbolic_build(data_batch=batch)


class _Loop:
    """The epochs of one training."""

    def __init__(self, objective: Objective, batch_size: int) -> None:
        self._model = objective.model
        self._batch_size = batch_size
        self._steps = Steps.of(objective)
        self._put: dict[str, tuple[Any, Any]] = {}

    def compile(self, data: Data, validation_data: Data | None) -> None:
        """Compile all that is to run, by running it for no batch: nobody waits for it later."""
        for kind, run, each in (
            ("training", self._steps.train, data),
            ("validation", self._steps.measure, validation_data),
        ):
            if each is not None:
                pictures, targets = self._on_device(kind, each)
                order = np.arange(len(pictures))
                for *_, batches, _ in self._stretches(order, order.__len__):
                    run(pictures, targets, batches, 0, 0)

    def train(
        self, data: Data, order: npt.NDArray[np.int64], calls: Any, verbose: int | str
    ) -> dict[str, float]:
        """Train for one epoch and give its loss and metrics."""
        n_batches = -(-len(order) // self._batch_size)
        shown = verbose in (1, "auto")
        length = max(n_batches // UPDATES, 1) if shown else n_batches
        hooks = ("on_train_batch_begin", "on_train_batch_end")
        pictures, targets = self._on_device("training", data)
        for first, last, batches, begin in self._stretches(
            order, self._length(calls, hooks, length)
        ):
            calls.on_train_batch_begin(first)
            self._steps.train(pictures, targets, batches, begin, begin + last - first)
            calls.on_train_batch_end(last - 1, self._model.get_metrics_result())
            if self._model.stop_training:
                break
        return _plain(self._model.get_metrics_result())

    def measure(self, data: Data, calls: Any) -> dict[str, float]:
        """Measure the loss and the metrics, as Keras's ``evaluate`` would within ``fit``."""
        calls.on_test_begin()
        self._model.reset_metrics()
        pictures, targets = self._on_device("validation", data)
        order = np.arange(len(data[0]))
        length = self._length(calls, ("on_test_batch_begin", "on_test_batch_end"), len(order))
        for first, last, batches, begin in self._stretches(order, length):
            calls.on_test_batch_begin(first)
            self._steps.measure(pictures, targets, batches, begin, begin + last - first)
            calls.on_test_batch_end(last - 1, self._model.get_metrics_result())
        logs = _plain(self._model.get_metrics_result())
        calls.on_test_end(logs)
        return logs

    def _length(self, calls: Any, hooks: tuple[str, str], unseen: int) -> Callable[[], int]:
        """Say how long the next stretch may be, where it may be `unseen` if no callback looks."""
        looking = [callback for callback in calls.callbacks if _looks(callback, hooks)]
        usual = self._model.steps_per_execution
        return lambda: min(
            (getattr(callback, "stretch", usual) for callback in looking), default=unseen
        )

    def _on_device(self, kind: str, data: Data) -> Any:
        """Copy data to the devices, unless the same arrays are there already."""
        kept = self._put.get(kind)
        if kept is None or any(a is not b for a, b in zip(kept[0], data, strict=True)):
            self._put.pop(kind, None)  # its memory first
            kept = self._put[kind] = data, tuple(map(self._steps.put, data))
        _, arrays = kept
        return arrays

    def _stretches(
        self, order: npt.NDArray[np.int64], length: Callable[[], int]
    ) -> Iterator[tuple[int, int, Any, int]]:
        """Give stretches of batches: their numbers, the rows of batches, and where they begin."""
        size = self._batch_size
        n_whole = len(order) // size
        whole = self._steps.put(order[: n_whole * size].astype(np.int32).reshape(n_whole, size))
        first = 0
        while first < n_whole:
            last = min(first + length(), n_whole)
            yield first, last, whole, first
            first = last
        if len(order) % size:  # the last batch is a smaller one
            rest = order[None, n_whole * size :].astype(np.int32)
            yield n_whole, n_whole + 1, self._steps.put(rest), 0


def _plain(logs: Any) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}


def _looks(callback: Any, hooks: tuple[str, str]) -> bool:
    """Say whether a callback wants to be called for every batch."""
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        return False  # it takes what it gets
    if getattr(callback, "save_freq", None) == "epoch":
        return False  # Keras's own that save the model leave batches alone then
    base = keras.callbacks.Callback
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(base, hook)
        for hook in (*hooks, "on_batch_begin", "on_batch_end")
    )
