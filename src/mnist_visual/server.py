"""The dashboard's server: Panel's own, set up for drawing."""

from __future__ import annotations

import contextlib
import os
import re
import runpy
import secrets
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.server.views.ws import WSHandler
from panel.io.server import Server

from ._addresses import LOOPBACKS, MOST_SESSIONS, WILDCARDS, compresses
from ._links import checked_link
from ._numbers import checked_count
from ._rejoining import PATIENCE, keep_leaving_quiet
from .gate.messages import MOST_TEXT
from .gate.routes import guard
from .inference import shared_network
from .live_training.snapshot_files import MOST_FILE_BYTES

LEAST_SECRET = 16
HTTP_LIMITS = {
    "max_body_size": 1 << 10,  # nothing is sent to the page but by its websocket
    "max_buffer_size": MOST_FILE_BYTES + (1 << 20),  # which shares its buffer with the page
    "max_header_size": 32 << 10,
    "idle_connection_timeout": 75,
}
_ORIGIN = re.compile(r"[\w.-]+(:\d{1,5})?")


def serve(
    *,
    port: int = 5006,
    address: str = "localhost",
    allow_origin: str | Iterable[str] = (),
    share: str | None = None,
    show: bool = True,
    start: bool = True,
    session_secret: str | None = None,
    most_sessions: int = MOST_SESSIONS,
) -> Server:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    port : int, default 5006
        Where to listen; 0 takes any free port.
    address : str, default "localhost"
        The network address to listen on; "0.0.0.0" is every address of this machine.
    allow_origin : str or iterable of str
        A further host, as ``host`` or ``host:port``, whose pages may connect, or several of them.
    share : str, optional
        Where the page's QR code leads: to an exported page on a static host, say. By default to
        this server, as whoever shows it has reached it.
    show : bool, default True
        Whether to open the page in a browser.
    start : bool, default True
        Whether to run the server's loop here, until it is interrupted.
    session_secret : str, optional
        With what sessions are signed; processes that serve together share it. By default what
        the environment has as ``BOKEH_SECRET_KEY``, or else a new one.
    most_sessions : int, default 1000
        Visitors at a time; further ones are told that it is full.

    Returns
    -------
    panel.io.server.Server

    Raises
    ------
    ValueError
        If the port, an origin, the address to share, the secret or the number of sessions is
        malformed.
    FileNotFoundError
        If the shipped weights are missing.
    OSError
        If the port is taken or the address is not this machine's.

    Examples
    --------
    >>> from mnist_visual import serve
    >>> serve(address="0.0.0.0", show=False)  # doctest: +SKIP
    """
    port = checked_count("port", port, least=0, most=65535)
    most_sessions = checked_count("most_sessions", most_sessions)
    if share is not None:
        checked_link(share)
    shared_network()  # missing weights stop the server here, not every visitor later
    send_without_delay()
    keep_leaving_quiet()
    allowed = [allow_origin] if isinstance(allow_origin, str) else list(allow_origin)
    origins(address, port, allowed)  # checked before anything is opened
    if port == 0:
        port = _free_port(address)  # the origins need to know it before the server does
    secret = _checked_secret(session_secret)
    hosts = origins(address, port, allowed)
    page = page_function()
    server = pn.serve(
        {"/": lambda: page(share=share)},
        port=port,
        address=None if address in WILDCARDS else address,
        websocket_origin=hosts,
        title="mnist-visual",
        show=show,
        start=False,
        verbose=True,
        **PATIENCE,
        compress_response=compresses(address, allowed),  # to oneself it only delays the start
        sign_sessions=True,
        secret_key=secret.encode(),
        # What a visitor's browser says of itself is nobody's business.
        include_headers=[],
        include_cookies=[],
        websocket_max_message_size=MOST_TEXT,
        http_server_kwargs=dict(HTTP_LIMITS),
    )
    guard(server, hosts, embedders=allowed, most_sessions=most_sessions)
    if start:
        server.start()
        server.io_loop.start()
    return server


def _checked_secret(given: str | None) -> str:
    secret = given or os.environ.get("BOKEH_SECRET_KEY") or secrets.token_urlsafe()
    if len(secret) < LEAST_SECRET:
        raise ValueError(
            f"A secret has at least {LEAST_SECRET} letters. Received: one of {len(secret)}. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return secret


def page_function() -> Callable[..., Any]:
    """Find the page in ``apps/``: inside the installed package, or beside ``src/`` in a clone."""
    package = Path(__file__).parent
    for folder in (package / "apps", package.parents[1] / "apps"):
        script = folder / "dashboard.py"
        if script.is_file():
            page: Callable[..., Any] = runpy.run_path(str(script))["dashboard"]
            return page
    raise FileNotFoundError(
        "The page apps/dashboard.py is missing from the package. Reinstall mnist-visual."
    )


def origins(address: str, port: int, allowed: Iterable[str]) -> list[str]:
    """List the hosts whose pages may connect: this machine's, and those that the user allows."""
    if ":" in address and address not in WILDCARDS:
        raise ValueError(f"An address is a name or of IPv4, like 0.0.0.0. Received: {address!r}.")
    hosts = set(LOOPBACKS)
    hosts |= _own_addresses() if address in WILDCARDS else {address}
    for origin in allowed:
        host = isinstance(origin, str) and _ORIGIN.fullmatch(origin)
        if not host or int(origin.partition(":")[2] or 0) > 65535:
            raise ValueError(f"An origin is host or host:port. Received: {origin!r}.")
    return [*sorted(f"{host}:{port}" for host in hosts), *allowed]


def _free_port(address: str) -> int:
    with socket.create_server(("" if address in WILDCARDS else address, 0)) as listener:
        return int(listener.getsockname()[1])


def _own_addresses() -> set[str]:
    name = socket.gethostname()
    found = {name}
    with contextlib.suppress(OSError):
        found |= {str(info[4][0]) for info in socket.getaddrinfo(name, None, socket.AF_INET)}
    # A name often means this machine's loopback only. Which address it has outside shows a
    # datagram socket that is given a far end; nothing is sent.
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        found.add(str(probe.getsockname()[0]))
    return found


def send_without_delay() -> None:
    """Turn off Nagle's algorithm on every websocket: it holds small answers back for 40 ms."""
    opened = WSHandler.open
    if getattr(opened, "without_delay", False):
        return

    def open_without_delay(self: WSHandler) -> None:
        self.set_nodelay(True)
        opened(self)

    open_without_delay.without_delay = True  # type: ignore[attr-defined]
    WSHandler.open = open_without_delay
