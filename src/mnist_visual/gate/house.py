"""What all connections to one server share: its hosts, its room, and whose turn it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from bokeh.server.contexts import ApplicationContext
from bokeh.server.session import ServerSession

from .pace import Notes, Pace
from .room import Room, raise_file_limit
from .shares import Shares
from .uploads import Uploads

RATE, BURST = 600, 1200  # messages a second; a pen that is read 240 times a second sends fewer
PAUSE = 0.25  # of the time that building a session took, for all who draw
PORTS = {"http": 80, "https": 443}  # which browsers leave out of an address


def with_ports(origins: Iterable[str]) -> frozenset[str]:
    """Name the ports of hosts that came without one: those of both schemes."""
    pairs = (
        [origin] if ":" in origin else [f"{origin}:{port}" for port in PORTS.values()]
        for origin in origins
    )
    return frozenset(each.lower() for pair in pairs for each in pair)


@dataclass
class House:
    """What the handlers of one server share."""

    origins: frozenset[str]
    most_sessions: int
    embedders: list[str]
    waiting: int = 0  # visitors whose session is not built yet
    paces: WeakKeyDictionary[ServerSession, Pace] = field(default_factory=WeakKeyDictionary)
    notes: Notes = field(default_factory=Notes)
    shares: Shares = field(default_factory=Shares)
    building: asyncio.Lock = field(default_factory=asyncio.Lock)
    uploads: Uploads = field(default_factory=Uploads)
    room: Room = field(default_factory=lambda: Room(raise_file_limit()))

    def is_full(self, context: ApplicationContext) -> bool:
        """Say whether there is room for nobody else."""
        here = len(context._sessions) + len(context._pending_sessions)
        return here + self.waiting >= self.most_sessions

    def pace(self, session: ServerSession) -> Pace:
        """Give the allowance of a session, which connecting again does not renew."""
        return self.paces.setdefault(session, Pace(RATE, BURST))

    @asynccontextmanager
    async def building_turn(self, *, newcomer: bool = True) -> AsyncIterator[None]:
        """Build or write one session at a time; those who draw have their answers in between."""
        self.waiting += newcomer
        try:
            await self.building.acquire()
        finally:
            self.waiting -= newcomer
        try:
            start = time.perf_counter()
            yield
            await asyncio.sleep(PAUSE * (time.perf_counter() - start))
        finally:
            self.building.release()
