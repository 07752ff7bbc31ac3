"""How the processes of one training find each other, before JAX connects them.

Where one does not come, or comes twice, JAX ends the others on the spot, by a signal and with
nothing that a person could read. So they meet first, at the same address, and what is wrong is
said to all of them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import select
import socket
import time
from collections.abc import Callable
from typing import NoReturn

logger = logging.getLogger(__name__)

WAIT_SECONDS = 300.0
_GREETING_SECONDS = 5.0
_LOOK_SECONDS = 0.5  # so often it looks for a signal
_GREETING = "mnist-visual: process {}/{}\n"
_GREETED = re.compile(rb"mnist-visual: process (\d{1,9})/(\d{1,9})\n")
_GO = b"mnist-visual: go\n"
_NO = b"mnist-visual: "
_MOST_BYTES = 2000


Check = Callable[[], None]


def meet(
    number: int,
    count: int,
    coordinator: str,
    *,
    seconds: float = WAIT_SECONDS,
    check: Check = lambda: None,
) -> None:
    """Wait until all processes are there.

    Parameters
    ----------
    number : int
        Of this process, from 0. The first listens, and the others connect to it.
    count : int
        How many there are.
    coordinator : str
        ``host:port`` of the first.
    seconds : float, default 300
        How long to wait.
    check : callable, optional
        Called twice a second while waiting; what it raises ends that, see `Interrupts.check`.

    Raises
    ------
    ConnectionError
        If they do not all come in time, or do not fit each other, or the port is taken.
    """
    end = time.monotonic() + seconds
    if number == 0:
        _receive(count, coordinator, end, seconds, check)
    else:
        _report(number, count, coordinator, end, seconds, check)


def host_and_port(address: str) -> tuple[str, int]:
    """Read the address of a coordinator.

    Parameters
    ----------
    address : str
        ``host:port``.

    Returns
    -------
    host : str
    port : int

    Raises
    ------
    ValueError
        If it is of another form.

    Examples
    --------
    >>> host_and_port("[::1]:5000")
    ('::1', 5000)
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not (host.strip() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 1 << 16):
        raise ValueError(
            "A coordinator is HOST:PORT, with a port from 1 to 65535. "
            f"Received: {address!r}. Name the machine of the first process, such as 10.0.0.1:9876."
        )
    return host, int(port)


def _receive(count: int, coordinator: str, end: float, seconds: float, check: Check) -> None:
    came: dict[int, socket.socket] = {}
    with _listener(coordinator) as listener, contextlib.ExitStack() as stack:
        listener.settimeout(_LOOK_SECONDS)
        while len(came) < count - 1:
            check()
            if time.monotonic() > end:
                missing = sorted(set(range(1, count)) - set(came))
                _refuse(
                    came,
                    f"All processes of a training start within {_duration(seconds)} of each other. "
                    f"Received: none with the number {', '.join(map(str, missing))} at "
                    f"{coordinator}. Check --coordinator, and start all of them.",
                )
            with contextlib.suppress(TimeoutError):
                guest, (host, *_) = listener.accept()
                _greet(stack.enter_context(guest), host, count, came, check)
            # Who was ended while waiting may come again.
            came = {number: guest for number, guest in came.items() if not _is_gone(guest)}
        for guest in came.values():
            with contextlib.suppress(OSError):
                guest.sendall(_GO)


def _listener(coordinator: str) -> socket.socket:
    """Listen where JAX will."""
    _, port = host_and_port(coordinator)
    given = os.environ.get("JAX_COORDINATOR_BIND_ADDRESS")
    host, port = host_and_port(given) if given else ("", port)
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise ConnectionError(
            "The first process listens at a free port of its own machine. Received: "
            f"{coordinator} ({os.strerror(error.errno or 0)}). Choose another port in "
            "--coordinator, the same for all; only one process is number 0."
        ) from error


def _greet(
    guest: socket.socket, host: str, count: int, came: dict[int, socket.socket], check: Check
) -> None:
    """Hear who has come; whoever speaks otherwise is no process of a training."""
    try:
        said = _line(guest, _GREETING_SECONDS, check)
    except OSError:
        said = b""
    greeted = _GREETED.fullmatch(said)
    number, of = map(int, greeted.groups()) if greeted else (0, 0)
    if not 0 < number < of:
        logger.info("Ignored at the coordinator's port: %s, who said %.60r.", host, said)
        guest.close()
        return
    if of != count:
        came[-1] = guest  # to be told as well
        _refuse(
            came,
            f"All processes say the same number of processes. Received: process {number}/{of}, "
            f"where the first is 0/{count}. Start all of them with the same number.",
        )
    if number in came and not _is_gone(came[number]):
        came[-1] = guest
        _refuse(
            came,
            f"Every process has a number of its own. Received: two processes {number}/{count}. "
            "Give each another --process.",
        )
    came[number] = guest


def _line(other: socket.socket, seconds: float, check: Check) -> bytes:
    """Hear one line, or what comes before the end of it all; a TimeoutError after some seconds."""
    end = time.monotonic() + seconds
    heard = b""
    while b"\n" not in heard and len(heard) < _MOST_BYTES:
        check()
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        other.settimeout(min(left, _LOOK_SECONDS))
        with contextlib.suppress(TimeoutError):
            part = other.recv(_MOST_BYTES)
            if not part:
                break
            heard += part
    return heard


def _is_gone(guest: socket.socket) -> bool:
    """Say whether a process has ended: after its greeting it says nothing else."""
    return bool(select.select([guest], [], [], 0)[0])


def _refuse(came: dict[int, socket.socket], sentence: str) -> NoReturn:
    for guest in came.values():
        with contextlib.suppress(OSError):
            guest.sendall(_NO + sentence.encode() + b"\n")
    raise ConnectionError(sentence)


def _report(
    number: int, count: int, coordinator: str, end: float, seconds: float, check: Check
) -> None:
    address = host_and_port(coordinator)
    reason = "nothing is there"
    while (left := end - time.monotonic()) > 0:
        check()
        try:
            with socket.create_connection(address, min(left, _GREETING_SECONDS)) as first:
                first.sendall(_GREETING.format(number, count).encode())
                reason = "it waits for others"
                # Then the first may say who is missing.
                answer = _line(first, left + _GREETING_SECONDS, check)
        except TimeoutError:
            break
        except OSError as error:
            reason, answer = error.strerror or str(error), b""
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
                break
        if answer == _GO:
            return
        if answer.startswith(_NO):
            raise ConnectionError(answer[len(_NO) :].decode(errors="replace").strip())
        if answer:
            raise ConnectionError(
                "The first process waits for the others at its address. Received: "
                f"{coordinator}, where something else answers, perhaps a training that has "
                "begun. Choose another port in --coordinator, the same for all."
            )
        time.sleep(min(0.2, seconds))
    raise ConnectionError(
        f"All processes of a training start within {_duration(seconds)} of each other. Received: "
        f"no answer of the first at {coordinator} ({reason}). Check --coordinator, and start all "
        "of them."
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:g} s"
