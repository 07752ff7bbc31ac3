"""What a monitor needs of a training, whoever does it, and how it hears from another thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import panel as pn

from mnist_visual._arrays import Bytes
from mnist_visual.live_training.records import Progress, Settings, Snapshot


class TrainingRun(Protocol):
    """One training: what has become of it so far, and what can be done about it."""

    @property
    def settings(self) -> Settings:
        """What it trains, and how."""

    @property
    def progress(self) -> Progress:
        """How far it is."""

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        """What the network was, from its initial weights to the newest."""

    def play(self) -> None:
        """Begin, or go on."""

    def pause(self) -> None:
        """Wait."""

    def step(self, amount: Literal["batch", "epoch"]) -> None:
        """Go on a little, then wait."""

    def stop(self) -> None:
        """End it; the snapshots stay."""

    def set(self, *, learning_rate: float | None = None, beta: float | None = None) -> None:
        """Go on with another learning rate, or another weight of the KL divergence."""

    def reset(self) -> None:
        """Go back to the initial weights."""

    def attend(self, *, attended: bool) -> None:
        """Know whether somebody is there; if not, let others go first."""

    def close(self) -> None:
        """Give up, and let others have the computer."""

    def subscribe(self, callback: Callable[[Any], None], /) -> Callable[[], None]:
        """Call back, in any thread, when there is something new; gives what ends that."""


class TrainingQueue(Protocol):
    """Who trains, one after the other."""

    @property
    def class_names(self) -> Sequence[str]:
        """What each class is called."""

    @property
    def validation(self) -> tuple[Bytes, Bytes]:
        """Pictures uint8 (n, height, width) that nobody learns from, and their classes (n,)."""

    @property
    def is_sample(self) -> bool:
        """Whether a small sample stands in for the pictures that were meant."""

    def subscribe(self, callback: Callable[[Any], None], /) -> Callable[[], None]:
        """Call back, in any thread, when the data are there; gives what ends that."""

    def warm_up(self, settings: Settings, /) -> None:
        """Get ready for a training."""

    def submit(self, settings: Settings, /) -> TrainingRun:
        """Queue another training."""


def hand_over(callback: Callable[[], None]) -> Callable[[], None]:
    """Let any thread have something done where one is now: in the event loop of this page.

    What is asked for several times before it is done is done once.

    Parameters
    ----------
    callback : callable
        What to do.

    Returns
    -------
    callable
        Asks for it, from any thread. Where one is now it is done at once: Keras, say, calls
        back from a notebook's own thread, and keeps its loop from running meanwhile.
    """
    home, asked, schedule = threading.get_ident(), threading.Event(), _scheduler()

    def answer() -> None:
        asked.clear()
        callback()

    def ask() -> None:
        if threading.get_ident() == home:
            callback()
        elif not asked.is_set():
            asked.set()
            schedule(answer)

    return ask


def _scheduler() -> Callable[[Callable[[], None]], object]:
    document = pn.state.curdoc
    if document is not None and document.session_context is not None:
        return document.add_next_tick_callback
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:  # a plain script, where nobody waits for anything
        return lambda call: call()
