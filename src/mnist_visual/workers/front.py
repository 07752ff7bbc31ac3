"""Several processes behind one port, each with the sessions of its own visitors.

One process listens. Of every connection it reads the first request without taking it, and passes
the connection itself on to a worker, which answers as if it had listened. A request that names a
session goes where that lives, all others to one worker after the other; so every request has a
connection to itself. The workers end with the process that listens, and are replaced if they die.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import math
import os
import secrets
import signal
import socket
import sys
import time
import webbrowser
import zlib
from dataclasses import dataclass, replace
from typing import TextIO

from tornado.netutil import bind_sockets

from mnist_visual._addresses import MOST_SESSIONS, WILDCARDS
from mnist_visual._devices import device_count
from mnist_visual._numbers import checked_count

from .heads import peek, session_of

MOST_WORKERS = 64
MOST_WAITING = 500  # connections of which the request has not come: files that may be open
HEAD = 5.0  # seconds for a request to come
PATIENCE = 30.0  # seconds for a worker to be ready for it
START = 60.0  # seconds for a worker to start
DEATHS = 3  # of one worker within a minute: more than bad luck
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_START = (
    "import sys; sys.path[:] = {path!r}; from mnist_visual.workers import worker; worker.work({})"
)


@dataclass(frozen=True)
class Place:
    """Where a server is, and who else may connect: as for `server.serve`."""

    port: int
    address: str
    allow_origin: list[str]
    share: str | None = None
    most_sessions: int = MOST_SESSIONS


def serve_with_workers(place: Place, workers: int, *, show: bool) -> None:
    """Serve the dashboard with several processes until interrupted.

    Parameters
    ----------
    place : Place
    workers : int
        How many, from 2.
    show : bool
        Whether to open the page in a browser.

    Raises
    ------
    ValueError
        If there are too many, or something about the place is malformed.
    OSError
        If the port is taken, the address is not this machine's, or a worker dies again and again.
    """
    if not 2 <= workers <= MOST_WORKERS:
        raise ValueError(f"There are 1 to {MOST_WORKERS} workers. Received: {workers}.")
    if not hasattr(socket, "send_fds"):
        raise ValueError(f"This system has room for 1 worker. Received: {workers}.")
    checked_count("port", place.port, least=0, most=65535)
    # What one of them has signed, the others believe, also those that come after it.
    if not os.environ.get("BOKEH_SECRET_KEY"):
        os.environ["BOKEH_SECRET_KEY"] = secrets.token_urlsafe()
    # Each of them may train: then JAX has a part of the cores there, see `prepare_jax`.
    cores = max(((os.cpu_count() or 1) - 1) // workers, 1)
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(device_count(cores)))
    asyncio.run(_Front(place, workers).run(show))


class _Front:
    """Who listens, and looks after the workers."""

    def __init__(self, place: Place, workers: int) -> None:
        address = None if place.address in WILDCARDS else place.address
        self._listeners = bind_sockets(place.port, address)
        port = self._listeners[0].getsockname()[1]
        self._url = f"http://{address or 'localhost'}:{port}"
        room = math.ceil(place.most_sessions / workers)
        each = replace(place, port=port, most_sessions=room)
        self._workers = [_Worker(each) for _ in range(workers)]
        self._turns = itertools.cycle(self._workers)
        self._routing: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Task[bytes], None] = {}  # for requests, the oldest first

    async def run(self, show: bool) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        keepers = [asyncio.create_task(worker.keep()) for worker in self._workers]
        ending = asyncio.create_task(stopped.wait())
        try:
            ready = asyncio.create_task(self._wait_for_workers())
            await asyncio.wait([ready, ending, *keepers], return_when="FIRST_COMPLETED")
            if ready.done():
                say(f"Launching server at {self._url} with {len(keepers)} workers")
                if show:
                    webbrowser.open(self._url, new=2)
                keepers += [asyncio.create_task(self._listen(each)) for each in self._listeners]
            done, _ = await asyncio.wait([ending, *keepers], return_when="FIRST_COMPLETED")
            for task in done:
                task.result()
        finally:
            for listener in self._listeners:
                listener.close()
            tasks = [ready, ending, *keepers, *self._routing]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(worker.end() for worker in self._workers))

    async def _wait_for_workers(self) -> None:
        for worker in self._workers:
            await worker.ready.wait()

    async def _listen(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            except OSError as error:  # gone already, or too many are open
                if error.errno in _FULL:
                    self._drop_oldest()
                await asyncio.sleep(0.01)
                continue
            if len(self._waiting) >= MOST_WAITING:
                self._drop_oldest()
            head = asyncio.create_task(peek(connection))
            self._waiting[head] = None
            task = asyncio.create_task(self._route(connection, head))
            self._routing.add(task)
            task.add_done_callback(self._routing.discard)

    def _drop_oldest(self) -> None:
        """Give up who has kept quiet for longest: who has something to say says it at once."""
        if self._waiting:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.cancel()

    async def _route(self, connection: socket.socket, coming: asyncio.Task[bytes]) -> None:
        with connection, contextlib.suppress(OSError):
            try:
                head = await asyncio.wait_for(coming, HEAD)
            except asyncio.CancelledError:
                return  # to make room, or at the end
            finally:
                self._waiting.pop(coming, None)
            session = session_of(head)
            if session is not None:
                worker = self._workers[zlib.crc32(session) % len(self._workers)]
            else:
                alive = (next(self._turns) for _ in self._workers)
                worker = next((each for each in alive if each.ready.is_set()), self._workers[0])
            async with asyncio.timeout(PATIENCE):
                await worker.give(connection)


class _Worker:
    """One process that answers, and those that take its place when it has died."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: asyncio.subprocess.Process | None = None
        self._channel: socket.socket | None = None
        self.ready = asyncio.Event()

    async def keep(self) -> None:
        """Start it, and again whenever it dies, or does not start again."""
        problem = await self._start()
        if problem:
            raise ValueError(problem)
        deaths: list[float] = []
        while True:
            told = problem or await self._died()
            now = time.monotonic()
            deaths = [*(each for each in deaths if each > now - 60), now]
            if len(deaths) >= DEATHS:
                raise ChildProcessError(
                    f"a worker died {DEATHS} times in a minute, so all stopped."
                )
            say(f"{told} It is replaced, and its visitors have to reload.", sys.stderr)
            problem = await self._start()

    async def _died(self) -> str:
        assert self._process is not None  # noqa: S101
        code = await self._process.wait()
        self.ready.clear()
        return f"A worker died (code {code})."

    async def _start(self) -> str:
        """Start the process; gives what keeps it from starting, if something does."""
        try:
            async with asyncio.timeout(START):
                said = await self._first_words()
        except TimeoutError:
            said = b"A worker took more than %d seconds to start." % START
        except OSError as error:  # of the system: no room for another process
            said = str(error).encode()
        if said == b"ready":
            self.ready.set()
            return ""
        await self.end(0)
        return said.decode() or "A worker ended before it was ready."

    async def _first_words(self) -> bytes:
        if self._channel is not None:
            self._channel.close()
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        options = {"channel": theirs.fileno(), **vars(self._place)}
        code = _START.format(repr(options), path=sys.path)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, pass_fds=[theirs.fileno()]
            )
        return await asyncio.get_running_loop().sock_recv(self._channel, 1000)

    async def give(self, connection: socket.socket) -> None:
        """Pass a connection on."""
        await self.ready.wait()
        assert self._channel is not None  # noqa: S101
        while True:
            try:
                socket.send_fds(self._channel, [b"c"], [connection.fileno()])
                return
            except BlockingIOError:
                await asyncio.sleep(0.01)

    async def end(self, patience: float = 10) -> None:
        """End it, by force if it takes long: so many seconds."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None and self._process.returncode is None:
            try:
                await asyncio.wait_for(self._process.wait(), patience)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):  # it may have ended just now
                    self._process.kill()
                await self._process.wait()


def say(text: str, where: TextIO | None = None) -> None:
    """Tell who has started the server."""
    print(text, file=where, flush=True)
