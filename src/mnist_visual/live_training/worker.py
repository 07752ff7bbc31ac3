"""The process that trains: it imports Keras once, and does what comes in by its standard input.

Each training has a thread, which waits until it may go on; the other end sees to it that one does
at a time. So those that wait cost no time, and their networks stay as they are.

Commands and reports are pickled tuples: a word, the number of a training, and what belongs to it.
The end of the input, which comes also when the other process is killed, ends this one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import IO, Any, Literal

import numpy as np

from mnist_visual.datasets import Dataset, load_dataset

from .records import Progress, Settings, Snapshot

# Whatever else wants to run, such as the page, goes first.
NICENESS = 10
MOST_VALIDATION = 2000  # pictures

Portion = Literal["batch", "epoch"]
Report = Callable[..., None]


class EndedError(Exception):
    """Somebody wants no more of a training."""


class DivergedError(Exception):
    """The loss is no number any more."""


def main() -> None:
    """Obey commands until there are no more to come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the other process
    with contextlib.suppress(AttributeError, OSError):  # not every system has it
        os.nice(NICENESS)
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no report
    lock = threading.Lock()

    def report(*message: Any) -> None:
        content = pickle.dumps(message, protocol=5)
        with lock, contextlib.suppress(OSError):  # nobody listens: the input ends, too
            reports.write(content)
            reports.flush()

    commands = _commands(sys.stdin.buffer)
    _, data = next(commands)
    worker = Worker(report, data)
    for command in commands:
        worker.obey(*command)
    os._exit(0)  # whatever the threads are at


def _commands(stream: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(stream)  # noqa: S301 -- of the process that started this one


class Worker:
    """The trainings of this process.

    Parameters
    ----------
    report : callable
        It is given the parts of each report.
    data : Dataset or str
        What to train on, or the name of a built-in set, see `load_dataset`.
    """

    def __init__(self, report: Report, data: Dataset | str) -> None:
        self._report = report
        self._given = data
        self._loading = threading.Lock()
        self._warming = threading.Lock()
        self._wanted: Settings | None = None  # what somebody was last about to train
        self._wanting = threading.Condition()
        self._warmer: threading.Thread | None = None
        self._rehearsing: tuple[Any, ...] = ()  # which programs
        self._rehearsed: set[tuple[Any, ...]] = set()
        self._trainings: dict[int, Training] = {}

    def obey(self, word: str, number: int, *details: Any) -> None:
        """Obey one command."""
        if word == "warm up":
            self._want(details[0])
        elif word == "begin":
            begun = Training(number, details[0], self._report, self.data)
            self._trainings[number] = begun
            threading.Thread(target=self._train, args=(begun,), daemon=True).start()
        elif training := self._trainings.get(number):
            training.obey(word, *details)

    def data(self) -> Dataset:
        """Load the data, when they are first needed, and get Keras ready."""
        with self._loading:
            return self._data

    @cached_property
    def _data(self) -> Dataset:
        data = load_dataset(self._given) if isinstance(self._given, str) else self._given

        from mnist_visual._devices import prepare_jax

        prepare_jax(spare=1)  # a core for the page

        from . import obedience

        _ = obedience
        x_test, y_test = data.test
        step = -(-len(x_test) // MOST_VALIDATION)
        validation = np.ascontiguousarray(x_test[::step]), y_test[::step].astype(np.uint8)
        self._report("data", 0, validation, data.is_sample)
        return replace(data, test=validation)

    def _want(self, settings: Settings) -> None:
        with self._wanting:
            self._wanted = settings
            self._wanting.notify()
        if self._warmer is None:
            self._warmer = threading.Thread(target=self._warm_up, daemon=True)
            self._warmer.start()

    def _warm_up(self) -> None:
        """Get ready for what was wanted last, again and again."""
        while True:
            with self._wanting:
                self._wanting.wait_for(lambda: self._wanted is not None)
                settings, self._wanted = self._wanted, None
            if settings is not None and _programs(settings) not in self._rehearsed:
                self._rehearse(settings)

    def _rehearse(self, settings: Settings) -> None:
        """Compile what a training will run: it then finds that in JAX's cache."""
        rehearsal = Training(0, settings, lambda *_: None, self.data)
        rehearsal.obey("end")  # as soon as it is ready
        with self._warming:
            self._rehearsing = _programs(settings)
            with contextlib.suppress(Exception):  # the first training will say why
                rehearsal.run()
            self._rehearsed.add(self._rehearsing)

    def _train(self, training: Training) -> None:
        try:
            if self._rehearsing == _programs(training.settings):
                with self._warming:  # until they are compiled
                    pass
            training.run()
        except EndedError:
            self._report("ended", training.number)
        except Exception as error:  # noqa: BLE001 -- it is for the visitor
            self._report("failed", training.number, _sentence(error))
        else:
            self._report("finished", training.number)
        finally:
            self._trainings.pop(training.number, None)


def _programs(settings: Settings) -> tuple[Any, ...]:
    """Give what decides which programs a training runs."""
    sizes = (settings.filters, settings.units) if settings.kind == "classifier" else ()
    return settings.kind, settings.batch_size, *sizes


def _sentence(error: Exception) -> str:
    if isinstance(error, DivergedError | ValueError | OSError):
        return str(error)
    return f"The training broke off: {type(error).__name__}: {error}"


class Training:
    """One training, which goes on when it is told to.

    Parameters
    ----------
    number : int
        Its own, for reports.
    settings : Settings
        What to train.
    report : callable
        As for `Worker`.
    data : callable
        Gives the data.
    """

    def __init__(
        self,
        number: int,
        settings: Settings,
        report: Report,
        data: Callable[[], Dataset],
    ) -> None:
        self.number = number
        self.settings = settings
        self._report = report
        self._data = data
        self._condition = threading.Condition()
        self._going = self._ended = False
        self._ticket = 0
        self._portion: Portion | None = None
        self._spent = False
        self._changes: dict[str, float] = {}

    # Called by the thread that reads commands

    def obey(self, word: str, *details: Any) -> None:
        """Obey a command: "go" (a ticket, a portion or None), "hold", "set" (a dict) or "end"."""
        with self._condition:
            if word == "go":
                self._ticket, self._portion = details
                self._going, self._spent = True, False
            elif word == "hold":
                self._going = False
            elif word == "set":
                self._changes |= details[0]
            elif word == "end":
                self._going, self._ended = False, True
            self._condition.notify_all()

    # Called by the thread that trains

    def run(self) -> None:
        """Train from the start to the end."""
        data = self._data()  # first: where there are none, nothing need be loaded

        from .compilations import told
        from .obedience import train

        with told(lambda now: self._report("compiling", self.number, now)):
            train(self, self.settings, data)

    def tell_progress(self, progress: Progress) -> None:
        """Report how far it is."""
        self._report("progress", self.number, progress)

    def keep(self, snapshot: Snapshot) -> None:
        """Report what the network is."""
        if self.settings.kind == "vae":
            halves = {name: tuple(map(_half, both)) for name, both in snapshot.weights.items()}
            snapshot = replace(snapshot, weights=halves)
        self._report("snapshot", self.number, snapshot)

    def spend(self, portion: Portion) -> None:
        """Note that a batch or an epoch is done; with a portion of it, this is all for now."""
        with self._condition:
            if self._portion == portion or (self._portion and portion == "epoch"):
                self._going, self._spent = False, True

    @property
    def is_going(self) -> bool:
        """Whether it may go on."""
        return self._going

    @property
    def by_batch(self) -> bool:
        """Whether it may go on for a batch alone."""
        return self._portion == "batch"

    def wait(self) -> dict[str, float]:
        """Wait until it may go on, and give what somebody wants changed."""
        with self._condition:
            if not (self._going or self._ended):
                self._report("held", self.number, self._ticket, self._spent)
            self._condition.wait_for(lambda: self._going or self._ended)
            if self._ended:
                raise EndedError
        return self.changes()

    def changes(self) -> dict[str, float]:
        """Give what somebody wants changed, once."""
        with self._condition:
            changes, self._changes = self._changes, {}
        return changes


def _half(array: Any) -> Any:
    most = np.finfo(np.float16).max
    return np.clip(array, -most, most).astype(np.float16)
