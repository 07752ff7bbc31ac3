"""Telling threads when JAX compiles for them: what is not in its cache takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jax import monitoring

_BEGINS = "/jax/compilation_cache/compile_requests_use_cache"
_ENDS = "/jax/core/compile/backend_compile_duration"

_told = threading.local()


@contextmanager
def told(callback: Callable[[bool], object]) -> Iterator[None]:
    """Call back with True when this thread begins to compile, and with False when it has.

    What is found in the cache is told, too; it is done in a moment.
    """
    _told.callback = callback
    try:
        yield
    finally:
        del _told.callback


def _tell(now: bool) -> None:
    callback = getattr(_told, "callback", None)
    if callback is not None:
        callback(now)


def _on_event(event: str, **_: Any) -> None:
    if event == _BEGINS:
        _tell(True)


def _on_duration(event: str, _: float, **__: Any) -> None:
    if event == _ENDS:
        _tell(False)


monitoring.register_event_listener(_on_event)
monitoring.register_event_duration_secs_listener(_on_duration)
