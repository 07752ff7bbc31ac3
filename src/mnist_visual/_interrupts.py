"""Ctrl-C for a long computation."""

from __future__ import annotations

import gc
import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Within it, Ctrl-C raises KeyboardInterrupt, and is not forgotten.

    An exception that comes in a callback of the garbage collector, where JAX has one, is lost, and
    some libraries catch every other: `check`, now and then, makes up for it. A shell starts what
    it puts in the background with Ctrl-C ignored; here it interrupts as well.
    """

    def __init__(self) -> None:
        self._came = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before or signal.SIG_DFL)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- a handler
        self._came = True
        collecting = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        if frame is None or frame.f_code not in collecting:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C has been pressed."""
        if self._came:
            raise KeyboardInterrupt

    def end_at_the_next(self) -> None:
        """Let the next Ctrl-C end the process at once."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
