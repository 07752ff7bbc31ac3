"""Large files: few at a time, one of each visitor, and none that hardly comes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial

from .messages import RefusedError

UPLOADS = 4  # at a time
PATIENCE = 15  # seconds in the queue; less than a ping may stay without its answer
SECONDS = 180  # for one file
PERIOD, LEAST_BYTES = 10, 200_000  # of a file so many bytes come in so many seconds
READING = 1  # seconds for which a file that has come takes memory still


class BusyError(RefusedError):
    """A file that cannot be taken now; the text is for the visitor."""


class Uploads:
    """The places of those who send a file."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(UPLOADS)
        self._sessions: set[str] = set()

    async def enter(self, session: str) -> Place:
        """Take a place for a session, which has to `leave` it again.

        Raises
        ------
        BusyError
            If the session has one already, or none was free for `PATIENCE` seconds.
        """
        if session in self._sessions:
            raise BusyError("Another file of yours is on its way. Try again when it is here.")
        self._sessions.add(session)
        try:
            await asyncio.wait_for(self._places.acquire(), PATIENCE)
        except BaseException as error:
            self._sessions.discard(session)
            if isinstance(error, TimeoutError):
                raise BusyError("Many files are on their way. Try again in a minute.") from None
            raise
        return Place(partial(self._leave, session))

    def _leave(self, session: str) -> None:
        self._sessions.discard(session)
        asyncio.get_running_loop().call_later(READING, self._release)

    def _release(self) -> None:
        # A message and its parts hold each other, and few objects of megabytes start no collection.
        gc.collect()
        self._places.release()


class Place:
    """The place of one who sends a file.

    Parameters
    ----------
    give_back : callable
        Lets others have it.
    """

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._watch: asyncio.Task[None] | None = None

    def watch(self, received: Callable[[], int], dismiss: Callable[[str], None]) -> None:
        """Dismiss, with a reason, who sends too slowly; `received` says how many bytes came."""

        async def watch() -> None:
            dismiss(await too_slow(received))

        self._watch = asyncio.create_task(watch())

    def leave(self) -> None:
        """Give the place back, soon: to read the file takes memory, too."""
        if self._watch is not None:
            self._watch.cancel()
        self._give_back()


async def too_slow(received: Callable[[], int]) -> str:
    """Wait until a file has come too slowly, and give the reason.

    Parameters
    ----------
    received : callable
        Says how many bytes have come by now.
    """
    before = received()
    for _ in range(SECONDS // PERIOD):
        await asyncio.sleep(PERIOD)
        now = received()
        if now - before < LEAST_BYTES:
            return "The file came too slowly."
        before = now
    return "The file took too long."
