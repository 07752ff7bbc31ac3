"""Whose message is handled next: of all who wait, theirs who have had least of the processor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

FREE, MORE = 0.2, 0.01  # seconds of work that are not counted: at first, and in a second more
# Before the turn of one who has had more than that, the loop goes round so often, to read what
# others have sent meanwhile: it reads one frame of a message in a few rounds, and most messages
# have seven. Where a round takes long, because a page is built, there are fewer.
ROUNDS, LOOKING = 80, 0.01  # seconds of work


@dataclass
class _Account:
    had: float  # seconds, beyond what is free
    saved: float  # seconds that are free
    since: float


class Shares:
    """Turns at the processor, one at a time, by start-time fair queueing [1]_.

    Somebody who asks for little waits for one turn of another at most, however many ask for as
    much as they can. Who has rested has no more to claim than who asks for the first time. What
    a visitor asks for at once on arriving is not held against them.

    Parameters
    ----------
    worked, clock : callable, optional
        Give the processor's time and the time of day, in seconds.

    References
    ----------
    .. [1] P. Goyal, H. M. Vin, H. Cheng, "Start-time fair queueing: a scheduling algorithm for
       integrated services packet switching networks", IEEE/ACM Transactions on Networking 5
       (1997), 690-704.

    Examples
    --------
    >>> import asyncio
    >>> class Visitor: ...
    >>> async def handle(visitor):
    ...     async with shares.turn(visitor):
    ...         return "handled"
    >>> shares = Shares()
    >>> asyncio.run(handle(Visitor()))
    'handled'
    """

    def __init__(
        self,
        worked: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worked, self._clock = worked, clock
        self._accounts: WeakKeyDictionary[Hashable, _Account] = WeakKeyDictionary()
        self._least = 0.0  # that anybody counts as having had: as who had the last turn
        self._is_taken = False
        self._waiting: list[tuple[_Account, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait for one's turn and take it; nothing may be awaited in it but what is done at once.

        Parameters
        ----------
        who : hashable
            Whom the time counts for.
        """
        account = self._accounts.setdefault(who, _Account(0.0, FREE, self._clock()))
        account.had = max(account.had, self._least)
        if self._is_taken:
            await self._wait(account)
        self._is_taken = True
        self._least = account.had
        start = self._worked()
        try:
            yield
        finally:
            self._charge(account, self._worked() - start)
            self._pass_on(ROUNDS, self._worked() + LOOKING)

    def _charge(self, account: _Account, seconds: float) -> None:
        now = self._clock()
        saved = min(FREE, account.saved + MORE * (now - account.since))
        free = min(saved, seconds)
        account.saved, account.since = saved - free, now
        account.had += seconds - free

    async def _wait(self, account: _Account) -> None:
        ticket = account, asyncio.get_running_loop().create_future()
        self._waiting.append(ticket)
        try:
            await ticket[1]
        except asyncio.CancelledError:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            else:
                self._pass_on(0, 0.0)
            raise

    def _pass_on(self, rounds: int, until: float) -> None:
        is_over = rounds == 0 or self._worked() >= until
        # The first of those who have had least: they are in the order of their arrival.
        first = min(self._waiting, key=lambda ticket: ticket[0].had, default=None)
        if first is not None and (is_over or first[0].saved > 0):
            self._waiting.remove(first)
            first[1].set_result(None)
        elif is_over:
            self._is_taken = False
        else:
            asyncio.get_running_loop().call_soon(self._pass_on, rounds - 1, until)
