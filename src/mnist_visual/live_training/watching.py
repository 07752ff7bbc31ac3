"""A Keras callback that tells how a training goes on, and what the network has become."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._backend import keras
from mnist_visual._models import ModelOutputError, input_shape
from mnist_visual._passes import run_in_batches
from mnist_visual._pictures import as_read, batched_pictures
from mnist_visual.latent import encode

from .records import Progress, Snapshot

# So many seconds of training pass between two looks at it: what a visitor takes for at once, and
# long enough to cost little.
LOOK_SECONDS = 0.1

Weights = dict[str, tuple[npt.NDArray[Any], ...]]


class Watch(keras.callbacks.Callback):
    """Tell of a training what `Progress` and `Snapshot` say.

    The loop of `train_classifier` and `train_vae` lets many batches pass from one look to the
    next; Keras's own calls it after each.

    Parameters
    ----------
    pictures : array (n, height, width) or None
        What predictions or codes are wanted of, after every epoch.
    progress : callable
        It is given the newest Progress, some ten times a second and at all turns.
    snapshot : callable
        It is given the newest Snapshot.
    """

    def __init__(
        self,
        pictures: npt.NDArray[Any] | None,
        *,
        progress: Callable[[Progress], object],
        snapshot: Callable[[Snapshot], object],
    ) -> None:
        super().__init__()
        self.stretch = 1  # see fast.loop.fit
        self._pictures = pictures
        self._tell = progress
        self._keep = snapshot
        self._epoch = self._batch = 0
        self._logs: dict[str, float] = {}
        self._speed = Speed()
        self._told = -math.inf

    @property
    def place(self) -> float:
        """How much of the training is done, in epochs."""
        return self._epoch + self._batch / self._batches

    @property
    def _batches(self) -> int:
        return self.params.get("steps") or 1

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras gives it
        """Keep the initial weights."""
        self.take_snapshot({})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note which epoch it is."""
        self._epoch, self._batch = epoch, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note when a stretch begins."""
        self._batch = batch
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell how far it is, and choose how long not to look."""
        now = time.perf_counter()
        if batch + 1 < self._batches:  # the last one is of another size, and compiled apart
            self._speed.stretch(batch + 1 - self._batch, now - self._began)
        self._batch = batch + 1
        self.stretch = self._speed.batches_in(LOOK_SECONDS)
        if now - self._told >= LOOK_SECONDS / 2:
            self._logs = finite(logs)
            self.tell_progress("running")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep what the network has become."""
        self._epoch, self._batch = epoch + 1, 0
        self._logs = finite(logs)
        self.take_snapshot(self._logs)
        self._speed.between(time.perf_counter() - self._began)
        self.tell_progress("running")

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Tell that it is over."""
        self.tell_progress("finished" if self._epoch == self.params.get("epochs") else "stopped")

    def tell_progress(self, state: Any) -> None:
        """Tell how far the training is."""
        self._told = time.perf_counter()
        epochs = self.params.get("epochs") or 0
        left = epochs * self._batches - self._epoch * self._batches - self._batch
        self._tell(
            Progress(
                state=state,
                epoch=self._epoch,
                epochs=epochs,
                batch=self._batch,
                batches=self._batches,
                seconds_left=self._speed.seconds(left, epochs - self._epoch),
                logs=self._logs,
            )
        )

    def take_snapshot(self, logs: Mapping[str, float]) -> None:
        """Keep what the network is now."""
        self._keep(snapshot_of(self.model, self._pictures, epoch=self.place, logs=logs))


class Speed:
    """How fast a training goes. The first time of everything does not count: then JAX compiles."""

    def __init__(self) -> None:
        self._stretches = self._batches = self._ends = 0
        self._seconds = self._between = 0.0

    def stretch(self, batches: int, seconds: float) -> None:
        """Note that so many batches took so long."""
        self._stretches += 1
        if self._stretches > 1:
            self._batches += batches
            self._seconds += seconds

    def between(self, seconds: float) -> None:
        """Note how long it took from the last batch to the end of the epoch."""
        self._ends += 1
        self._between = seconds if self._ends > 1 else 0.0

    def batches_in(self, seconds: float) -> int:
        """Say how many batches are trained in so many seconds, at least one."""
        if not self._batches:
            return 1
        return max(int(seconds * self._batches / max(self._seconds, 1e-9)), 1)

    def seconds(self, batches: int, epochs: int) -> float | None:
        """Say how long so many batches will take, and the ends of so many epochs."""
        if not (self._batches or self._between):
            return None
        return batches * self._seconds / max(self._batches, 1) + epochs * self._between


def finite(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Give logs as floats, without those that are no finite numbers."""
    floats = {name: float(value) for name, value in (logs or {}).items()}
    return {name: value for name, value in floats.items() if math.isfinite(value)}


def snapshot_of(
    model: Any, pictures: npt.NDArray[Any] | None, *, epoch: float, logs: Mapping[str, float]
) -> Snapshot:
    """Take a snapshot of a Keras model.

    Parameters
    ----------
    model : keras.Model
        A classifier, or an autoencoder with ``.encoder`` and ``.decoder``.
    pictures : array (n, height, width) or None
        What predictions or codes are wanted of. Where the model cannot read them, or gives no
        numbers, there are none.
    epoch, logs
        As in `Snapshot`.

    Returns
    -------
    Snapshot
    """
    is_vae = hasattr(model, "encoder")
    predictions = codes = None
    if pictures is not None:
        try:
            if is_vae:
                codes = encode(model, pictures).mean
            else:
                predictions = predict(model, pictures)
        except ModelOutputError:  # its weights are no numbers any more
            pass
    return Snapshot(epoch, dict(logs), weights_of(model), predictions, codes)


def predict(model: Any, pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Say what a classifier reads in pictures, (n,): uint8, or uint16 beyond 256 classes."""
    _, shape, _ = batched_pictures(pictures, input_shape(model))

    def prepare(batch: npt.NDArray[Any]) -> Floats:
        return as_read(model, batch).reshape(len(batch), *shape)

    (scores,) = run_in_batches([model], _scores, pictures, prepare)
    return scores.argmax(axis=1).astype(np.min_scalar_type(scores.shape[1] - 1))


def _scores(classifier: Any, pictures: Any) -> list[Any]:
    return [classifier(pictures)]


def weights_of(model: Any) -> Weights:
    """Copy the weights of a model: those of each layer under its name, of a part in its part's."""
    return {
        path: tuple(np.array(variable.value) for variable in layer.weights)
        for path, layer in _layers_with_weights(model)
    }


def set_weights(model: Any, snapshot: Snapshot) -> None:
    """Give a Keras model the weights of a snapshot of it, or of one like it.

    Parameters
    ----------
    model : keras.Model
        Built, with layers of the same names and shapes.
    snapshot : Snapshot
        As from `recorder.Recorder`.

    Raises
    ------
    ValueError
        If the layers or their shapes differ; the model is left as it was.

    Examples
    --------
    >>> from mnist_visual import build_classifier
    >>> from mnist_visual.live_training import set_weights
    >>> from mnist_visual.live_training.watching import snapshot_of
    >>> model, copy = build_classifier(seed=0), build_classifier(seed=1)
    >>> set_weights(copy, snapshot_of(model, None, epoch=0, logs={}))
    >>> bool((copy.get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    pairs: list[tuple[Any, Any]] = []
    layers = dict(_layers_with_weights(model))
    if layers.keys() != snapshot.weights.keys():
        raise ValueError(
            "The model has the layers of the snapshot. "
            f"Received: {[*layers]} instead of {[*snapshot.weights]}. Build it the same way."
        )
    for path, layer in layers.items():
        shapes = [tuple(variable.shape) for variable in layer.weights]
        arrays = snapshot.weights[path]
        if shapes != [array.shape for array in arrays]:
            raise ValueError(
                "The model has the shapes of the snapshot. "
                f"Received: {shapes} in {path!r}. Build it with the same numbers."
            )
        pairs += zip(layer.weights, arrays, strict=True)
    for variable, array in pairs:
        variable.assign(array)


def _layers_with_weights(model: Any, part: str = "") -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _layers_with_weights(layer, f"{part}{layer.name}/")
        elif layer.weights:
            yield f"{part}{layer.name}", layer
