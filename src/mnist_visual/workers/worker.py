"""One of several processes that answer together: see `front`, which is the other side."""

from __future__ import annotations

import contextlib
import gc
import io
import signal
import socket
from typing import Any

from tornado.web import GZipContentEncoding, OutputTransform


class _Apart(OutputTransform):
    """Asks for another connection for the next request: it may be for another worker."""

    def transform_first_chunk(
        self, status_code: int, headers: Any, chunk: bytes, finishing: bool
    ) -> tuple[int, Any, bytes]:
        if status_code != 101:
            headers["Connection"] = "close"
        return super().transform_first_chunk(status_code, headers, chunk, finishing)


def work(options: dict[str, Any]) -> None:
    """Answer on the connections that come by a channel, until that ends."""
    channel = socket.socket(fileno=options["channel"])
    gc.disable()
    from mnist_visual._addresses import compresses
    from mnist_visual.server import origins, serve

    try:
        hosts = origins(options["address"], options["port"], options["allow_origin"])
        with contextlib.redirect_stdout(io.StringIO()):  # where it is, others say
            running = serve(
                port=0,
                address="127.0.0.1",
                allow_origin=hosts,
                share=options["share"],
                most_sessions=options["most_sessions"],
                show=False,
                start=False,
            )
    except (ValueError, OSError) as error:
        _say(channel, str(error))
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the one that listens
    running._http.stop()  # it has its connections from elsewhere
    app = running._tornado
    app.add_transform(_Apart)
    if compresses(options["address"], options["allow_origin"]):
        app.add_transform(GZipContentEncoding)
    gc.freeze()
    gc.enable()

    def take() -> None:
        with contextlib.suppress(BlockingIOError):
            data, descriptors, *_ = socket.recv_fds(channel, 1, 1)
            if not data:
                loop.stop()
            for each in descriptors:
                _answer(running._http, socket.socket(fileno=each))

    loop = running.io_loop
    channel.setblocking(False)
    loop.add_handler(channel, lambda *_: take(), loop.READ)
    running.start()
    _say(channel, "ready")
    loop.start()


def _say(channel: socket.socket, text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the other side has ended meanwhile
        channel.sendall(text.encode()[:1000])


def _answer(http: Any, connection: socket.socket) -> None:
    connection.setblocking(False)
    try:
        address = connection.getpeername()
    except OSError:  # it has gone
        connection.close()
    else:
        http._handle_connection(connection, address)
