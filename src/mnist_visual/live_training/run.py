"""A visitor's training, as the page sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from .history import History
from .notices import Notices
from .records import (
    BETA,
    ENDED,
    LEARNING_RATE,
    Progress,
    Settings,
    Snapshot,
    State,
    checked_within,
)

if TYPE_CHECKING:
    from .queue import TrainingQueue


class TrainingRun:
    """A visitor's training, as `TrainingQueue.submit` gives it.

    All methods return at once, and can be called from any thread. Those of a training that has
    ended (is "finished", "stopped" or "failed") do nothing, but for `reset` and `close`.

    Parameters
    ----------
    queue : TrainingQueue
        Where it stands.
    settings : Settings
        What to train.
    """

    def __init__(self, queue: TrainingQueue, settings: Settings) -> None:
        self._queue = queue
        self._lock = queue._lock
        self._settings = settings
        self._history = History()
        self._notices = Notices(self)
        self._closed = False
        self._is_attended = True
        self._start_over()

    def _start_over(self) -> None:
        self._number = 0  # of what it is in the other process, if there is such a thing
        self._ticket = 0
        self._wish: str | None = None
        self._paused_at = time.monotonic()
        self._progress = Progress(state="paused", epochs=self._settings.epochs)

    @property
    def settings(self) -> Settings:
        """What is trained, with the learning rate and beta of now."""
        return self._settings

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @property
    def snapshots(self) -> list[Snapshot]:
        """What the network was, the newest last.

        The first are the initial weights. Those after every epoch stay, or where that is too
        much memory (64 MiB) every second of them; one from within an epoch, from where it was
        paused, gives way to the next.
        """
        with self._lock:
            return self._history.list()

    def play(self) -> None:
        """Go on to the end, when its turn comes."""
        self._want("play")

    def step(self, amount: Literal["batch", "epoch"]) -> None:
        """Go on for one batch, or to the end of the epoch, and pause there.

        While a step is under way, another of its kind is not one more.

        Parameters
        ----------
        amount : {"batch", "epoch"}
            How far.

        Raises
        ------
        ValueError
            If it is something else.
        """
        if amount not in ("batch", "epoch"):
            raise ValueError(f"A step is 'batch' or 'epoch'. Received: {amount!r:.80}.")
        self._want(amount)

    def pause(self) -> None:
        """Stay where it is, after at most some tenths of a second, and let others compute."""
        with self._lock:
            if self._closed or self._state in ENDED:
                return
            self._wish = None
            if self._queue._has_turn(self):
                self._queue._send("hold", self._number)
            else:
                self._queue._leave(self)
                self._pause()

    def stop(self) -> None:
        """End here; the snapshots stay, and the last of them is of here."""
        with self._lock:
            if self._closed or self._state in ENDED:
                return
            self._wish = None
            self._queue._end(self)
            self._show("stopped")

    def reset(self) -> None:
        """Go back to the same initial weights, and pause there."""
        with self._lock:
            if self._closed:
                return
            self._queue._end(self)
            self._start_over()
            self._history.begin_again()
            self._notices.changed()

    def set(self, *, learning_rate: float | None = None, beta: float | None = None) -> None:
        """Change the rest of the training, from the next look at it on.

        Parameters
        ----------
        learning_rate, beta : float, optional
            As in `Settings`.

        Raises
        ------
        ValueError
            If one is out of its range; then nothing is changed.
        """
        changes = {}
        if learning_rate is not None:
            changes["learning_rate"] = checked_within("learning_rate", learning_rate, LEARNING_RATE)
        if beta is not None:
            changes["beta"] = checked_within("beta", beta, BETA)
        with self._lock:
            self._settings = replace(self._settings, **changes)  # type: ignore[arg-type]
            if self._number:
                self._queue._send("set", self._number, changes)
            self._notices.changed()

    def attend(self, *, attended: bool) -> None:
        """Say whether somebody is there to watch it; if not, those who are go first.

        Parameters
        ----------
        attended : bool
            As it is now; at first somebody is.
        """
        with self._lock:
            if not self._closed and attended != self._is_attended:
                self._is_attended = attended
                self._queue._on_attention()

    def close(self) -> None:
        """Give up the training, its place and its memory: the visitor has gone."""
        with self._lock:
            if self._closed:
                return
            self._queue._end(self)
            self._start_over()
            self._show("stopped")
            self._closed = True
            self._history.clear()
            self._notices.close()

    def subscribe(self, callback: Callable[[TrainingRun], object]) -> Callable[[], None]:
        """Call a function with this training after changes, see `Notices.subscribe`.

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

    # The rest is called with the lock

    @property
    def _state(self) -> State:
        return self._progress.state

    def _want(self, wish: str) -> None:
        with self._lock:
            if self._closed or self._state in ENDED:
                return
            self._wish = wish
            if self._queue._has_turn(self):
                if self._ticket:  # else it goes on by itself when it has its initial weights
                    self._go()
            else:
                self._queue._enter(self)

    def _go(self) -> None:
        """Tell the other process to go on."""
        self._ticket += 1
        portion = None if self._wish == "play" else self._wish
        self._queue._send("go", self._number, self._ticket, portion)
        self._show("running" if self._progress.batches else "starting", place=0)

    def _pause(self) -> None:
        self._paused_at = time.monotonic()
        self._show("paused")
        self._queue._make_room()

    def _show(self, state: State, *, place: int = 0, message: str = "") -> None:
        left = self._progress.seconds_left if state not in ENDED else None
        self._progress = replace(
            self._progress,
            state=state,
            place=place,
            message=message,
            seconds_left=left,
            compiling=False,
        )
        self._notices.changed()

    def _on_progress(self, progress: Progress) -> None:
        if self._state in ("starting", "running"):
            self._progress = replace(progress, state="running")
        elif self._state != "failed":  # what came while it was being paused or stopped
            state, message = self._state, self._progress.message
            self._progress = replace(progress, state=state, message=message, seconds_left=None)
        self._notices.changed()

    def _on_compiling(self, now: bool) -> None:
        if self._state == "starting":
            self._progress = replace(self._progress, compiling=now)
            self._notices.changed()

    def _keep(self, snapshot: Snapshot) -> None:
        self._history.add(snapshot)
        self._notices.changed()
