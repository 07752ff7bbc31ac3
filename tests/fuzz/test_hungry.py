"""Those who ask without rest take time from each other, not from who asks for little."""

import asyncio
import sys

import numpy as np
import pytest

from .hungry import WAYS
from .visitor import Visitor

CLIENTS = 5
SECONDS = 5


async def watched(server, way):
    """Draw as another visitor beside those who ask without rest."""
    command = [sys.executable, "-m", "tests.fuzz.hungry", server.url, way, str(CLIENTS)]
    others = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    visitor, done = Visitor(server.url, server.worked), asyncio.Event()
    try:
        assert await others.stdout.readline() == b"asking\n"
        drawing = asyncio.create_task(visitor.draw_until(done))
        await asyncio.sleep(SECONDS)
        done.set()
        await drawing
        assert others.returncode is None  # nobody was dismissed
    finally:
        if others.returncode is None:
            others.kill()
        await others.wait()
    return visitor


@pytest.mark.parametrize("way", WAYS)
def test_among_those_who_ask_without_rest_a_visitor_waits_for_one_of_them(server, capsys, way):
    visitor = asyncio.run(watched(server, way))
    waits, work = (1000 * np.quantile(each, 0.95) for each in (visitor.waits, visitor.work))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(visitor.waits)} moves of a visitor beside {CLIENTS} who ask for {way} without "
            f"rest: p95 {waits:.0f} ms, of which the server worked {work:.0f} ms (p95)\n"
        )
    assert len(visitor.work) > 10
    assert work < 150  # in the order of arrival it would be the time of all that they ask for
