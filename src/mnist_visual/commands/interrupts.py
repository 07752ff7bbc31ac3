"""Ctrl-C for a long computation, and SIGTERM, by which a cluster or a system ends one."""

from __future__ import annotations

import gc
import signal
from types import FrameType, TracebackType
from typing import Self

SIGNALS = signal.SIGINT, signal.SIGTERM


class Interrupts:
    """Within it, Ctrl-C and SIGTERM raise KeyboardInterrupt(number), and are not forgotten.

    An exception that comes in a callback of the garbage collector, where JAX has one, is lost, and
    some libraries catch every other: `check`, now and then, makes up for it. A shell starts what
    it puts in the background with Ctrl-C ignored; here it interrupts as well.
    """

    def __init__(self) -> None:
        self._came: int | None = None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._came = number
        collecting = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        if frame is None or frame.f_code not in collecting:
            raise KeyboardInterrupt(number)

    def check(self) -> None:
        """Raise KeyboardInterrupt if one of them has come."""
        if self._came:
            raise KeyboardInterrupt(self._came)

    def end_at_the_next(self) -> None:
        """Let the next one end the process at once."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
