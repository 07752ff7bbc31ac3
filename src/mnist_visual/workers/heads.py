"""The head of a request, read without taking it, and the session that it names."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket

MOST_HEAD = 1 << 16  # bytes of a request before its body
_ANYWHERE = re.IGNORECASE | re.MULTILINE
_TOKEN = re.compile(rb"^sec-websocket-protocol:\s*bokeh\s*,\s*([\w-]{1,16384})(?![\w-])", _ANYWHERE)
_COOKIE = re.compile(
    rb"\A\S+ \S*[?&]rejoin=(\w{12}) [\s\S]*?^cookie:.*?\bmnist-visual-session-\1=([\w.-]+)",
    _ANYWHERE,
)


async def peek(connection: socket.socket) -> bytes:
    """Read the head of a request, and leave it there.

    Parameters
    ----------
    connection : socket.socket

    Returns
    -------
    bytes
        The request as far as its head; not all of it, where it is longer than ``MOST_HEAD`` or
        the connection ends.

    Raises
    ------
    OSError
        If the connection breaks.
    """
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    pause = 0.01
    while True:
        try:
            head = connection.recv(MOST_HEAD, socket.MSG_PEEK)
        except BlockingIOError:
            there = asyncio.Event()
            loop.add_reader(connection, there.set)
            try:
                await there.wait()
            finally:
                loop.remove_reader(connection)
            continue
        if not head or b"\r\n\r\n" in head or len(head) == MOST_HEAD:
            return head
        await asyncio.sleep(pause)  # it is readable all the time, until the rest has come
        pause = min(2 * pause, 0.5)


def session_of(head: bytes) -> bytes | None:
    r"""Find the session that a request names: to connect to, or to come back to.

    Parameters
    ----------
    head : bytes
        The request, up to its body.

    Returns
    -------
    bytes or None

    Examples
    --------
    >>> head = b"GET /?rejoin=%s HTTP/1.1\r\nCookie: a=b; mnist-visual-session-%s=%s\r\n"
    >>> session_of(head % (b"abcdefghijkl", b"abcdefghijkl", b"abcdefghijklm.n"))
    b'abcdefghijklm.n'
    """
    token = _TOKEN.search(head)
    if token is None:
        cookie = _COOKIE.search(head)
        return cookie[2] if cookie else None
    try:
        payload = json.loads(base64.urlsafe_b64decode(token[1] + b"=" * (-len(token[1]) % 4)))
        return str(payload["session_id"]).encode()
    except (ValueError, TypeError, LookupError, RecursionError):
        return None  # not from our page; the worker says so
