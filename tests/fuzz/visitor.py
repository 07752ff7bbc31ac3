"""Somebody who draws, and notices how long the answers take."""

import asyncio
import time

from tests.wire_visitor import WireVisitor

PERIOD = 0.05  # seconds between two moves of the pen


class Visitor(WireVisitor):
    """Draws for as long as it is let.

    `waits` are the seconds until each answer, and `work` are those for which the server was at
    work meanwhile: what the wait would be if no other program held the processor.
    """

    def __init__(self, url, worked):
        super().__init__(url)
        self.waits, self.work, self._worked = [], [], worked

    async def draw_until(self, done):
        """Draw a line, point by point, and again; as the page does, wait for every answer."""
        await self.get_page()
        await self.connect()
        count = 0
        while not done.is_set():
            count = count % 30 + 1
            start, worked = time.monotonic(), self._worked()
            await self.draw([(0.5, 0.2 + 0.6 * step / 30) for step in range(count + 1)])
            self.waits.append(time.monotonic() - start)
            self.work.append(self._worked() - worked)
            await asyncio.sleep(PERIOD)
        await self.close()
