"""The dashboard's server: Panel's own, set up for drawing."""

from __future__ import annotations

import contextlib
import re
import runpy
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.server.views.ws import WSHandler
from panel.io.server import Server

from .inference import shared_network

LOOPBACKS = {"localhost", "127.0.0.1"}
WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - recognised, not used as a default
_ORIGIN = re.compile(r"[\w.-]+(:\d{1,5})?")


def serve(
    *,
    port: int = 5006,
    address: str = "localhost",
    allow_origin: Iterable[str] = (),
    show: bool = True,
    start: bool = True,
) -> Server:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    port : int, default 5006
        Where to listen; 0 takes any free port.
    address : str, default "localhost"
        The network address to listen on; "0.0.0.0" is every address of this machine.
    allow_origin : iterable of str
        Further hosts, as ``host`` or ``host:port``, whose pages may connect.
    show : bool, default True
        Whether to open the page in a browser.
    start : bool, default True
        Whether to run the server's loop here, until it is interrupted.

    Returns
    -------
    panel.io.server.Server

    Raises
    ------
    ValueError
        If the port or an origin is malformed.
    FileNotFoundError
        If the shipped weights are missing.
    OSError
        If the port is taken or the address is not this machine's.
    """
    if not 0 <= port <= 65535:
        raise ValueError(f"A port is a number from 0 to 65535. Received: {port}.")
    shared_network()  # missing weights stop the server here, not every visitor later
    send_without_delay()
    allowed = list(allow_origin)
    origins(address, port, allowed)  # checked before anything is opened
    if port == 0:
        port = _free_port(address)  # the origins need to know it before the server does
    return pn.serve(
        {"/": page_function()},
        port=port,
        address=None if address in WILDCARDS else address,
        websocket_origin=origins(address, port, allowed),
        title="mnist-visual",
        show=show,
        start=start,
        verbose=True,
        # Worth its time over a network; to oneself it only delays the start.
        compress_response=address not in LOOPBACKS,
    )


def page_function() -> Callable[[], Any]:
    """Find the page in ``apps/``: inside the installed package, or beside ``src/`` in a clone."""
    package = Path(__file__).parent
    for folder in (package / "apps", package.parents[1] / "apps"):
        script = folder / "dashboard.py"
        if script.is_file():
            page: Callable[[], Any] = runpy.run_path(str(script))["dashboard"]
            return page
    raise FileNotFoundError(
        "The page apps/dashboard.py is missing from the package. Reinstall mnist-visual."
    )


def origins(address: str, port: int, allowed: Iterable[str]) -> list[str]:
    """List the hosts whose pages may connect: this machine's, and those that the user allows."""
    if ":" in address and address not in WILDCARDS:
        raise ValueError(f"An address is a name or of IPv4, like 0.0.0.0. Received: {address!r}.")
    hosts = {"localhost", "127.0.0.1"}
    hosts |= _own_addresses() if address in WILDCARDS else {address}
    for origin in allowed:
        if not _ORIGIN.fullmatch(origin) or int(origin.partition(":")[2] or 0) > 65535:
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
