"""A training in sight, and which epoch of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import panel as pn
import param

from mnist_visual._arrays import Bytes
from mnist_visual.live_training.records import ENDED, Kind, Progress, Settings, Snapshot

from ._messages import Message
from ._recorded_runs import RecordedRun
from ._training_messages import history
from ._training_runs import TrainingQueue, TrainingRun, hand_over
from ._training_snapshots import half_side

if TYPE_CHECKING:
    from mnist_visual._backend import keras


class WatchedTraining(param.Parameterized):
    """What is known of a training, in the event loop of those who look at it.

    A subclass shows it: `_show_all` after a new beginning, `_show_news` when it goes on; and
    `_show_data` what is known of the data.
    """

    settings = param.ClassSelector(class_=Settings, default=Settings(), doc="Of the next training.")
    run = param.Parameter(default=None, constant=True, doc="The training in sight.")
    progress = param.ClassSelector(
        class_=Progress, default=None, allow_None=True, constant=True, doc="How far that is."
    )
    epoch = param.Number(
        default=None, bounds=(0, None), allow_None=True, doc="In sight; None is the newest."
    )

    def __init__(self, queue: TrainingQueue | None, **params: Any) -> None:
        super().__init__(**params)
        self._queue = queue
        self._snapshots: list[Snapshot] = []
        self._of: Kind = self.settings.kind  # the kind of these snapshots
        self._previous: list[Message] = []  # the curves of the training before
        self._half = 0.0  # of the square in which all codes lie, in every epoch
        self._unsubscribe: Callable[[], None] = lambda: None
        self._forget_data: Callable[[], None] = lambda: None
        self._is_visible = True  # in a tab that is
        self._was_attended = True  # as its run was told last
        self._session: Any = None
        if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
            self._session = pn.state.curdoc.session_context.session
            pn.state.curdoc.on_session_destroyed(lambda _: self._end())

    def _show_all(self) -> None:
        raise NotImplementedError

    def _show_news(self, first: int, *, replaced: bool) -> None:
        raise NotImplementedError

    def _show_data(self) -> None:
        raise NotImplementedError

    def _get_ready(self) -> None:
        """Have all made ready for a training, and hear of the data."""
        if self._queue is None or not self._ended:
            return
        if not len(self._queue.validation[1]):
            hear = hand_over(self._show_data)
            self._forget_data()
            self._forget_data = self._queue.subscribe(lambda _: hear())
        self._queue.warm_up(self.settings)

    def _end(self) -> None:
        self._forget_data()
        self._leave()

    def start(self) -> None:
        """Train by the settings, from new weights.

        Raises
        ------
        ValueError
            If the queue does not take them, or there is none.
        """
        self._begin(self.settings).play()

    def follow(self, run: TrainingRun) -> None:
        """Show a training; the one before is closed.

        Parameters
        ----------
        run : TrainingRun
            From the queue, or from elsewhere.
        """
        self._leave()
        self._was_attended = True
        with param.edit_constant(self):
            self.run = run
        hear = hand_over(self._hear)
        self._unsubscribe = run.subscribe(lambda _: hear())
        self._hear()

    @property
    def validation(self) -> tuple[Bytes, Bytes]:
        """Pictures uint8 (n, height, width) that predictions and codes are of, and labels (n,).

        There may be none before the first training has begun.
        """
        recorded: tuple[Bytes, Bytes] | None = getattr(self.run, "validation", None)
        if recorded is not None:
            return recorded
        if self._queue is None:
            return np.empty((0, 28, 28), np.uint8), np.empty(0, np.uint8)
        return self._queue.validation

    def callback(
        self, validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None
    ) -> keras.callbacks.Callback:
        """Follow a training of your own, in a notebook say.

        Of any classifier it shows the curves, and with pictures what they are taken for; of a
        Sequential or Functional one that reads pictures as large as the sketchpad's, also the
        filters of its first convolution, what they find, and the answer. Of any autoencoder with
        an ``.encoder`` of two numbers it shows the map, and of one as by `build_vae` what it
        remembers.

        Parameters
        ----------
        validation_data : tuple (pictures, labels), optional
            Pictures that nobody learns from, uint8 (n, height, width) in 0..255 or floats in
            [0, 1], and their classes, integers (n,). By default those of the queue, if any.

        Returns
        -------
        keras.callbacks.Callback
            For one call of ``fit``, `train_classifier` or `train_vae`.

        Raises
        ------
        ValueError
            If the pictures and labels are not as described.

        Examples
        --------
        >>> from mnist_visual import build_classifier
        >>> from mnist_visual.components import Sketchpad, TrainingMonitor
        >>> pictures = np.random.default_rng(0).random((64, 28, 28))
        >>> labels = np.arange(64) % 10
        >>> monitor = TrainingMonitor(Sketchpad())  # show it first, then train
        >>> callback = monitor.callback((pictures[:20], labels[:20]))
        >>> _ = build_classifier().fit(pictures, labels, epochs=2, verbose=0, callbacks=[callback])
        >>> monitor.progress.state, monitor.snapshot.epoch, monitor.snapshot.predictions.shape
        ('finished', 2.0, (20,))
        """
        if validation_data is None and self._queue is not None and len(self._queue.validation[1]):
            validation_data = self._queue.validation
        run = RecordedRun(validation_data)
        self.follow(run)
        return run.watch

    @property
    def snapshot(self) -> Snapshot | None:
        """The network in sight; None before the first training."""
        return self._snapshots[self._index] if self._snapshots else None

    @property
    def kind(self) -> Kind:
        """What is in sight; before the first training, what it will be."""
        kind: Kind = (self.settings if self.run is None else self.run.settings).kind
        return kind

    @property
    def _index(self) -> int:
        if self.epoch is None or not self._snapshots:
            return len(self._snapshots) - 1
        epochs = np.array([each.epoch for each in self._snapshots])
        return int(np.abs(epochs - self.epoch).argmin())

    @property
    def _ended(self) -> bool:
        return self.run is None or self.run.progress.state in ENDED

    def _begin(self, settings: Settings) -> TrainingRun:
        if self._queue is None:
            raise ValueError(
                "A training is started where there is a queue. Received: a monitor without one, "
                "which follows your own: fit(..., callbacks=[monitor.callback()])."
            )
        run = self._queue.submit(settings)
        self.follow(run)
        return run

    def _leave(self) -> None:
        self._unsubscribe()
        if self.run is not None:
            self.run.close()

    def _play(self) -> None:
        if self._ended:
            self.start()
        else:
            self.run.play()

    def _step(self, amount: Literal["batch", "epoch"]) -> None:
        run = self._begin(self.settings) if self._ended else self.run
        run.step(amount)

    def _start_again(self) -> None:
        if self._ended:
            run = self._begin(self.run.settings)  # the same seed, so the same weights
        else:
            run = self.run
            run.reset()
        run.play()

    def _tell_attention(self) -> None:
        """Let the run know whether somebody is there: with a connection, and the tab in sight."""
        is_connected = self._session is None or self._session.connection_count > 0
        attended = is_connected and self._is_visible
        if self.run is not None and attended != self._was_attended:
            self._was_attended = attended
            self.run.attend(attended=attended)

    def _look_at(self, index: int) -> None:
        newest = index == len(self._snapshots) - 1
        self.epoch = None if newest else self._snapshots[index].epoch

    def _hear(self) -> None:
        """Take over what is new about the training."""
        self._tell_attention()
        progress, snapshots, known = self.run.progress, [*self.run.snapshots], self._snapshots
        goes_on = self.kind == self._of and is_continued(known, snapshots)
        if not goes_on:
            if self.kind != self._of:
                self._previous = []
            elif len(known) > 1:  # else there are no curves
                self._previous = history(known)
            self._half = 0.0
        # A new snapshot may stand in the place of another.
        pairs = zip(known, snapshots, strict=False)
        same = itertools.takewhile(lambda pair: pair[0] is pair[1], pairs)
        first = sum(1 for _ in same) if goes_on else 0
        self._half = max([self._half, *map(half_side, snapshots[first:])])
        self._snapshots, self._of = snapshots, self.kind
        with param.edit_constant(self):
            self.param.update(progress=progress, **({} if goes_on else {"epoch": None}))
        if goes_on and known:
            self._show_news(first, replaced=first < len(known))
        else:
            self._show_all()


def is_continued(known: Sequence[Snapshot], snapshots: Sequence[Snapshot]) -> bool:
    """Say whether snapshots are of the training of those that are known, further on.

    Some of those may be missing, or have given way to others: see `history.History`. But a
    training that begins anew goes back, and comes to other networks.
    """
    if not known or not snapshots:
        return not known
    now = {each.epoch: each for each in snapshots}
    kept = (now.get(each.epoch, each) is each for each in known if each.epoch)
    return snapshots[-1].epoch >= known[-1].epoch and all(kept)
