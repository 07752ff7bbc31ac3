"""Telling those who want to know that something has changed, but not too often."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

INTERVAL = 0.1  # seconds from one notice to the next


class Notices:
    """Callbacks, and a thread that calls them while there are any.

    Parameters
    ----------
    subject : object
        What has changed; the callbacks are given it.
    """

    def __init__(self, subject: Any) -> None:
        self._subject = subject
        self._condition = threading.Condition()
        self._callbacks: dict[int, Callable[[Any], object]] = {}
        self._numbers = itertools.count()
        self._changed = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def subscribe(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call a function after changes, in a thread of ours.

        It is called at most ten times a second; the last change is always told.

        Parameters
        ----------
        callback : callable
            It is given the subject. What it raises is logged.

        Returns
        -------
        callable
            Call it to hear no more.
        """
        number = next(self._numbers)
        with self._condition:
            if not self._closed:
                self._callbacks[number] = callback
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._tell, name="mnist-visual-notices", daemon=True
                    )
                    self._thread.start()

        def unsubscribe() -> None:
            with self._condition:
                self._callbacks.pop(number, None)
                self._condition.notify_all()

        return unsubscribe

    def changed(self) -> None:
        """Say that something has changed; it returns at once."""
        with self._condition:
            self._changed = True
            self._condition.notify_all()

    def close(self) -> None:
        """Tell nobody any more."""
        with self._condition:
            self._closed = True
            self._callbacks.clear()
            self._condition.notify_all()

    def _tell(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._changed or not self._callbacks)
                if not self._callbacks:
                    self._thread = None
                    return
                self._changed = False
                callbacks = [*self._callbacks.values()]
            for callback in callbacks:
                try:
                    callback(self._subject)
                except Exception:
                    logger.exception("A callback of %r failed.", self._subject)
            with self._condition:
                self._condition.wait_for(lambda: not self._callbacks, INTERVAL)
