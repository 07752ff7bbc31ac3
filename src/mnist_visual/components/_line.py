"""What takes longer than a moment waits in line, whoever asks, so that nobody else has to wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import param

_worker = ThreadPoolExecutor(1, thread_name_prefix="mnist-visual")


class Line:
    """A component's place in the line: of what it asks of one kind, only the newest is computed.

    Parameters
    ----------
    send : callable
        Takes an answer; called in the component's own event loop.
    """

    def __init__(self, send: Callable[[Any], None]) -> None:
        self._send = send
        self._wanted: dict[str, Callable[[], Any]] = {}
        self._working: set[str] = set()

    def ask(self, kind: str, compute: Callable[[], Any]) -> None:
        """Compute an answer in a thread of its own, once it is one's turn."""
        self._wanted[kind] = compute
        if kind not in self._working:
            self._working.add(kind)
            param.parameterized.async_executor(partial(self._work, kind))

    async def _work(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            while kind in self._wanted:
                self._send(await loop.run_in_executor(_worker, self._wanted.pop(kind)))
        finally:
            self._working.discard(kind)


def answered(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Compute an answer; a foreign model may have none, and its error says why.

    Parameters
    ----------
    compute : callable
        Gives the message for the script.

    Returns
    -------
    dict
        That message, or one of the kind ``problem`` with a ``text``.
    """
    try:
        return compute()
    except ValueError as error:
        return {"kind": "problem", "text": str(error)}
    except Exception:
        logging.getLogger(__name__).exception("A model has no answer.")
        return {"kind": "problem", "text": "The models failed here. The server's log says why."}
