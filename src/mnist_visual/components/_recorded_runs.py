"""Somebody's own training, which a monitor follows: its progress, and networks of its snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._checks import are_probabilities
from mnist_visual.live_training.recorder import Recorder
from mnist_visual.live_training.records import Kind, Progress, Settings, Snapshot
from mnist_visual.live_training.snapshots import network_of, vae_of


class RecordedRun:
    """A training by somebody's own ``fit``; it cannot be steered, but stopped.

    Parameters
    ----------
    validation : tuple (pictures, labels), optional
        As for `Recorder`.
    """

    def __init__(self, validation: tuple[npt.ArrayLike, npt.ArrayLike] | None) -> None:
        self._recorder = Recorder(validation, on_change=self._tell)
        self._callback: Callable[[Any], None] = lambda _: None
        self._copy: Any = None
        self.watch = self._recorder.callback()

    @property
    def validation(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
        """What predictions or codes are of."""
        return self._recorder.validation

    @property
    def settings(self) -> Settings:
        """What is known of it: its kind, and how many epochs there will be."""
        kind: Kind = "vae" if hasattr(self._model, "encoder") else "classifier"
        return Settings(kind=kind, epochs=max(self.progress.epochs, 1))

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._recorder.progress

    @property
    def snapshots(self) -> list[Snapshot]:
        """What the network was."""
        return self._recorder.snapshots

    @property
    def _model(self) -> Any:
        # A callback has none before its training begins.
        return getattr(self.watch, "model", None)

    def network(self, snapshot: Snapshot) -> Any:
        """Make the network of a snapshot; None if it cannot be made."""
        try:
            return (vae_of if self.settings.kind == "vae" else network_of)(snapshot)
        except ValueError:  # it is none of ours
            pass
        try:
            if self._copy is None and self.settings.kind == "classifier":
                self._copy = KerasNetwork(self._model)
            if self._copy is not None:
                self._copy.be(snapshot)
        except (TypeError, ValueError):  # only Keras's own kinds of models can be copied
            return None
        return self._copy

    def subscribe(self, callback: Callable[[Any], None], /) -> Callable[[], None]:
        """Call back in the thread that trains: it may be that of everything else."""
        self._callback = callback

        def unsubscribe() -> None:
            self._callback = lambda _: None

        return unsubscribe

    def _tell(self, _: object) -> None:
        self._callback(self)

    def stop(self) -> None:
        """End it after this batch."""
        if self._model is not None:
            self._model.stop_training = True

    def close(self) -> None:
        """Leave it alone: who began it may want it still."""

    def play(self) -> None:
        """Do nothing, as the following."""

    pause = reset = play

    def attend(self, *, attended: bool) -> None:
        """Do nothing."""

    def step(self, amount: str, /) -> None:
        """Do nothing."""

    def set(self, *, learning_rate: float | None = None, beta: float | None = None) -> None:
        """Do nothing."""


class KerasNetwork:
    """A copy of a classifier of Keras, which can be what it was at any snapshot.

    Parameters
    ----------
    model : keras.Model
        Sequential or Functional.

    Attributes
    ----------
    convolutions : tuple of str
        The names of its first two convolutions, or of as many as there are.
    """

    def __init__(self, model: Any) -> None:
        from mnist_visual._backend import keras

        self._model = keras.models.clone_model(model)
        kinds = [layer for layer in self._model.layers if isinstance(layer, keras.layers.Conv2D)]
        self.convolutions = tuple(layer.name for layer in kinds[:2])

    def be(self, snapshot: Snapshot) -> None:
        """Take the weights of a snapshot; ValueError if they do not fit."""
        from mnist_visual.live_training.watching import set_weights

        set_weights(self._model, snapshot)

    def filters(self, layer: str) -> Floats:
        """Give the kernel of a convolution, as `mnist_visual.filters` does."""
        from mnist_visual.activations import filters

        return filters(self._model, layer)

    def feature_maps(self, digit: Floats) -> dict[str, Floats]:
        """Compute what the layers make of a picture; the last are probabilities."""
        from mnist_visual.activations import feature_maps

        maps = feature_maps(self._model, digit)
        name, scores = [*maps.items()][-1]
        if scores.ndim == 1 and not are_probabilities(scores):
            shares = np.exp(scores - scores.max())  # it gives logits
            maps[name] = shares / shares.sum()
        return maps
