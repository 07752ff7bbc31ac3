"""Room for one more connection: each takes a file, and a process may open so many."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

MOST_FILES = 65_536
SPARE = 64  # files for all else


def raise_file_limit() -> int:
    """Let this process open as many files as it may; gives how many, or 0 where nobody counts."""
    if sys.platform == "win32":
        return 0
    import resource  # which Windows does not have

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


class Room:
    """Connections of which nobody knows yet that a visitor is behind them, the oldest first.

    Parameters
    ----------
    files : int
        How many the process may open.
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._unknown: dict[IOStream, None] = {}

    def keep(self, http: HTTPServer) -> None:
        """Have a server close the oldest of them while there is hardly room for another."""
        handle = http.handle_stream

        def handle_with_room(stream: IOStream, address: Any) -> None:
            self._unknown[stream] = None
            # A new file has the lowest number that is free.
            if self._files and stream.socket.fileno() >= self._files - SPARE:
                self._drop_oldest()
            if not stream.closed():
                handle(stream, address)

        http.handle_stream = handle_with_room  # type: ignore[method-assign]

    def is_visitor(self, stream: IOStream) -> None:
        """Keep a connection: it is the websocket of a page."""
        self._unknown.pop(stream, None)

    def _drop_oldest(self) -> None:
        self._unknown = {each: None for each in self._unknown if not each.closed()}
        for each in [*self._unknown][: SPARE // 2]:
            del self._unknown[each]
            each.close()
