"""Whose message is handled next: of all who wait, theirs who have had least of the processor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

# Between two turns the loop goes round so often, to read what has come meanwhile: it reads one
# frame of a message in a few rounds, and most messages have seven. With nothing to read they take
# less than a millisecond.
ROUNDS = 80


class Shares:
    """Turns at the processor, one at a time, by start-time fair queueing [1]_.

    Somebody who asks for little waits for one turn of another at most, however many ask for as
    much as they can. Who has rested has no more to claim than who asks for the first time.

    Parameters
    ----------
    clock : callable, optional
        Gives the processor's time in seconds.

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

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._had: WeakKeyDictionary[Hashable, float] = WeakKeyDictionary()
        self._least = 0.0  # that anybody counts as having had: as who had the last turn
        self._is_taken = False
        self._waiting: list[tuple[Hashable, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait for one's turn and take it; nothing may be awaited in it but what is done at once.

        Parameters
        ----------
        who : hashable
            Whom the time counts for.
        """
        self._had[who] = max(self._had.get(who, 0.0), self._least)
        if self._is_taken:
            await self._wait(who)
        self._is_taken = True
        self._least = self._had[who]
        start = self._clock()
        try:
            yield
        finally:
            self._had[who] += self._clock() - start
            self._pass_on()

    async def _wait(self, who: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((who, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if (who, turn) in self._waiting:
                self._waiting.remove((who, turn))
            else:
                self._pass_on()
            raise

    def _pass_on(self, rounds: int = ROUNDS) -> None:
        if rounds:
            asyncio.get_running_loop().call_soon(self._pass_on, rounds - 1)
        elif self._waiting:
            next_one = min(self._waiting, key=lambda each: self._had[each[0]])
            self._waiting.remove(next_one)
            next_one[1].set_result(None)
        else:
            self._is_taken = False
