"""The trainings of all visitors of a page, of which one computes at a time.

Who waits stands in a line. Its first computes until it is done, paused or has had `TURN_SECONDS`
while others wait; then it goes to the end of the line, and loses nothing. So with n in the line
everybody gets an n-th of the time, and waits at most n - 1 turns for the next one. A training that
is paused is in no line, and its network waits in the memory of the other process. Of those that
are paused the one that has been for longest is stopped where there are too many.

Whoever is not there gives way: their trainings compute while nobody waits who is.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from mnist_visual.datasets import Dataset, Images, built_in_names

from .notices import Notices
from .process import WorkerProcess
from .records import ENDED, Settings, checked_settings
from .run import TrainingRun

TURN_SECONDS = 10.0
_DIED = (
    "The process that trains ended unexpectedly, perhaps for want of memory. "
    "What it has learned can still be seen. Start it again."
)
_CROWDED = "Too many others are at it, so this training was stopped. Start it again later."


class TrainingQueue:
    """The trainings of all visitors, in one process beside this one.

    That process starts with the first training, or by `warm_up`, and is replaced if it dies.

    Parameters
    ----------
    data : str, Dataset, or tuple ((x_train, y_train), (x_test, y_test)), default "mnist"
        The name of a built-in set, which the other process loads; or as from `load_dataset`, or
        from `load_mnist` and its like, whose classes are called by their numbers.
    limit : int, default 32
        How many may stand in the line, and how many more may be paused.
    turn : float, default 10
        How many seconds a training computes while others wait.

    Examples
    --------
    >>> queue = TrainingQueue()
    >>> queue.submit(Settings(learning_rate=-1.0))
    Traceback (most recent call last):
    ValueError: learning_rate is a number, 1e-06 to 1. Received: -1.0.
    """

    def __init__(
        self,
        data: str | Dataset | tuple[Images, Images] = "mnist",
        *,
        limit: int = 32,
        turn: float = TURN_SECONDS,
    ) -> None:
        self._data = data if isinstance(data, str | Dataset) else _numbered(*data)
        self._class_names = (
            built_in_names(self._data) if isinstance(self._data, str) else self._data.class_names
        )
        self._limit = limit
        self._turn = turn
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._process: WorkerProcess | None = None
        self._runs: dict[int, TrainingRun] = {}  # by the number of what they are in the process
        self._line: list[TrainingRun] = []  # without the one that computes
        self._computing = 0  # its number; 0 if nothing does
        self._since = 0.0
        self._yielding = False
        nothing = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)
        self._validation: Images = nothing
        self._is_sample = False
        self._notices = Notices(self)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What each class of the pictures is called."""
        return self._class_names

    @property
    def validation(self) -> Images:
        """The pictures, uint8 (n, 28, 28), and labels that predictions and codes are of.

        There are at most 2,000, the same for all trainings, and none before the first of them
        has its initial weights.
        """
        return self._validation

    @property
    def is_sample(self) -> bool:
        """Whether a small sample stands in for the set; known as soon as `validation` is."""
        return self._is_sample

    def subscribe(self, callback: Callable[[TrainingQueue], object]) -> Callable[[], None]:
        """Call a function with this queue when the data are there.

        Parameters
        ----------
        callback : callable
            It is called from a thread of ours.

        Returns
        -------
        callable
            Call it to hear no more.
        """
        return self._notices.subscribe(callback)

    def submit(self, settings: Settings) -> TrainingRun:
        """Put a training in the line; it begins by itself when its turn comes.

        Parameters
        ----------
        settings : Settings
            What to train, and how.

        Returns
        -------
        TrainingRun

        Raises
        ------
        ValueError
            If a setting is out of its range, or too many wait.
        """
        settings = checked_settings(settings)
        with self._lock:
            if len(self._line) >= self._limit:
                raise ValueError(
                    f"At most {self._limit} trainings wait at once. Received: one more. "
                    "Try again in a minute."
                )
            run = TrainingRun(self, settings)
            run.play()
        return run

    def warm_up(self, settings: Settings | None = None) -> None:
        """Start the other process, and get all ready there for a training; it returns at once.

        Where one is computing, nothing is done that would disturb it.

        Parameters
        ----------
        settings : Settings, optional
            What will probably be trained; by default the default ones.

        Raises
        ------
        ValueError
            If a setting is out of its range.
        """
        settings = checked_settings(settings or Settings())
        with self._lock:
            if not self._computing:
                self._worker().send("warm up", 0, settings)

    def close(self) -> None:
        """End the other process, and with it all trainings."""
        with self._lock:
            process, self._process = self._process, None
            self._forget_all("The trainings were ended.")
        if process is not None:
            process.close()

    # The rest belongs to TrainingRun, and is called with the lock

    def _worker(self) -> WorkerProcess:
        if self._process is None:
            self._process = WorkerProcess(
                self._data, on_report=self._on_report, on_death=self._on_death
            )
        return self._process

    def _send(self, word: str, number: int, *details: Any) -> None:
        if self._process is not None:
            self._process.send(word, number, *details)

    def _enter(self, run: TrainingRun) -> None:
        """Put a training at the end of the line, if it is not in it and does not compute."""
        if run not in self._line and not self._has_turn(run):
            self._line.append(run)
            self._advance()
            self._yield()

    def _leave(self, run: TrainingRun) -> None:
        if run in self._line:
            self._line.remove(run)
            self._show_places()

    def _has_turn(self, run: TrainingRun) -> bool:
        return run._number != 0 and run._number == self._computing

    def _begin(self, run: TrainingRun) -> None:
        run._number = next(self._numbers)
        self._runs[run._number] = run
        self._worker().send("begin", run._number, run.settings)

    def _end(self, run: TrainingRun) -> None:
        """Have the other process forget a training, whose turn ends when it has."""
        self._leave(run)
        if run._number:
            self._send("end", run._number)
            if run._number != self._computing:
                self._runs.pop(run._number, None)

    def _advance(self) -> None:
        """Give the turn to the first in the line, if nothing computes."""
        self._line.sort(key=lambda run: not run._is_attended)  # the others keep their order
        if not self._computing and self._line:
            run = self._line.pop(0)
            self._since, self._yielding = time.monotonic(), False
            if run._number:
                self._computing = run._number
                run._go()
            else:
                self._begin(run)
                self._computing = run._number
                run._show("starting", place=0)
        self._show_places()

    def _on_attention(self) -> None:
        """See who is there now."""
        self._advance()
        self._yield()

    def _yield(self, *, over: bool = False) -> None:
        """Ask for the turn back, where it is over or somebody waits who is there more."""
        computing = self._runs.get(self._computing)
        if computing is None or self._yielding or not self._line:
            return
        ours, theirs = computing._is_attended, self._line[0]._is_attended
        if theirs > ours or (over and theirs == ours):
            self._yielding = True
            self._send("hold", self._computing)

    def _show_places(self) -> None:
        for place, run in enumerate(self._line, start=1):
            run._show("queued", place=place)

    def _make_room(self) -> None:
        """Stop the training that has been paused for longest, where too many are."""
        paused = [run for run in self._runs.values() if run._state == "paused"]
        if len(paused) > self._limit:
            longest = min(paused, key=lambda run: run._paused_at)
            self._end(longest)
            longest._number = 0
            longest._show("stopped", message=_CROWDED)

    # What the other process reports

    def _on_report(self, process: WorkerProcess, word: str, number: int, *details: Any) -> None:
        with self._lock:
            if process is not self._process:
                return
            if word == "data":
                self._validation, self._is_sample = details
                self._notices.changed()
            run = self._runs.get(number)
            if run is not None and run._number != number:
                run = None  # it has been reset, or closed
            if word == "held":
                self._on_held(run, number, *details)
            elif word == "progress":
                if run is not None:
                    run._on_progress(*details)
                self._yield(over=time.monotonic() - self._since >= self._turn)
            elif word == "compiling":
                if run is not None:
                    run._on_compiling(*details)
            elif word == "snapshot":
                if run is not None:
                    run._keep(details[0])
            elif word in ("ended", "finished", "failed"):
                if run is not None:
                    run._number = 0
                    if word != "ended":
                        run._show(word, message="".join(details))  # type: ignore[arg-type]
                self._runs.pop(number, None)
                self._release(number)

    def _on_held(self, run: TrainingRun | None, number: int, ticket: int, spent: bool) -> None:
        if run is None or ticket != run._ticket:
            return
        if spent:
            run._wish = None
        if run._wish is None:
            run._pause()
            self._release(number)
        elif self._yielding and self._line:
            self._line.append(run)
            self._release(number)
        else:
            run._go()

    def _release(self, number: int) -> None:
        if number == self._computing:
            self._computing = 0
            self._advance()

    def _on_death(self, process: WorkerProcess) -> None:
        with self._lock:
            if process is self._process:
                self._process = None
                self._forget_all(_DIED)
                self._advance()

    def _forget_all(self, message: str) -> None:
        runs, self._runs, self._computing = self._runs, {}, 0
        for number, run in runs.items():
            if run._number == number:
                run._number = 0
                if run in self._line:
                    self._line.remove(run)
                if run._state not in ENDED:
                    run._show("failed", message=message)


def _numbered(train: Images, test: Images) -> Dataset:
    most = max(int(np.max(labels)) for _, labels in (train, test))
    return Dataset(train, test, tuple(map(str, range(max(most + 1, 2)))))


@cache
def shared_queue() -> TrainingQueue:
    """Make the queue of this process, once for all who use it.

    Returns
    -------
    TrainingQueue
        Of MNIST, as `load_mnist` finds it.

    Examples
    --------
    >>> from mnist_visual.components import Sketchpad, TrainingMonitor
    >>> monitor = TrainingMonitor(Sketchpad(), queue=shared_queue())
    """
    return TrainingQueue()
