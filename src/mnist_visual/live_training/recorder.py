"""The same snapshots and progress of a training in one's own process, such as a notebook's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .history import History
from .notices import Notices
from .records import Progress, Snapshot

if TYPE_CHECKING:
    from mnist_visual._backend import keras


class Recorder:
    """Follow any Keras training, to look back on all of it.

    It records classifiers, and autoencoders with ``.encoder`` and ``.decoder``.

    Parameters
    ----------
    validation_data : tuple (pictures, labels), optional
        What predictions or codes are recorded of: uint8 ``(n, height, width)`` in 0..255 or
        floats in [0, 1], and integers ``(n,)``.
    on_change : callable, optional
        It is given this recorder after every change, in the thread that trains, which waits.

    Examples
    --------
    >>> from mnist_visual import build_classifier, train_classifier
    >>> pictures = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype="uint8")
    >>> labels = np.arange(64, dtype="uint8") % 10
    >>> recorder = Recorder((pictures[:20], labels[:20]))
    >>> _ = train_classifier(build_classifier(), pictures, labels, epochs=2, verbose=0,
    ...                      callbacks=[recorder.callback()])
    >>> [(snapshot.epoch, snapshot.predictions.shape) for snapshot in recorder.snapshots]
    [(0.0, (20,)), (1.0, (20,)), (2.0, (20,))]
    >>> recorder.progress.state
    'finished'
    """

    def __init__(
        self,
        validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        *,
        on_change: Callable[[Recorder], object] = lambda _: None,
    ) -> None:
        self._validation = None
        self._on_change = on_change
        if validation_data is not None:
            pictures, labels = map(np.asarray, validation_data)
            if pictures.ndim < 3 or labels.shape != pictures.shape[:1]:
                raise ValueError(
                    "Pictures are (n, height, width), with one label for each. "
                    f"Received: shapes {pictures.shape} and {labels.shape}."
                )
            self._validation = pictures, labels
        self._lock = threading.Lock()
        self._history = History()
        self._progress = Progress(state="paused")
        self._notices = Notices(self)

    @property
    def validation(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
        """The pictures and labels that predictions and codes are of."""
        return self._validation

    @property
    def snapshots(self) -> list[Snapshot]:
        """What the network was: its initial weights and those after every epoch."""
        with self._lock:
            return self._history.list()

    @property
    def progress(self) -> Progress:
        """How far the training is."""
        return self._progress

    def callback(self) -> keras.callbacks.Callback:
        """Make a callback for ``fit``, `train_classifier` or `train_vae`; it records anew.

        Returns
        -------
        keras.callbacks.Callback
            For one training.
        """
        from .watching import Watch

        with self._lock:
            self._history.clear()
        pictures = None if self._validation is None else self._validation[0]
        return Watch(pictures, progress=self._on_progress, snapshot=self._on_snapshot)

    def subscribe(self, callback: Callable[[Recorder], object]) -> Callable[[], None]:
        """Call a function with this recorder after changes.

        Parameters
        ----------
        callback : callable
            It is called from a thread of ours, at most some ten times a second; the last change
            is always told.

        Returns
        -------
        callable
            Call it to hear no more.
        """
        return self._notices.subscribe(callback)

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        self._changed()

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._history.add(snapshot)
        self._changed()

    def _changed(self) -> None:
        self._notices.changed()
        self._on_change(self)
