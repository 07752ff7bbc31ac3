"""Those who draw without rest take time from each other, not from who asks for little."""

import asyncio
import sys

import numpy as np

from .visitor import Visitor

CLIENTS = 6
SECONDS = 6


async def watched(server):
    """Draw as another visitor beside those who draw without rest."""
    command = [sys.executable, "-m", "tests.fuzz.hungry", server.url, str(CLIENTS)]
    others = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    visitor, done = Visitor(server.url, server.worked), asyncio.Event()
    try:
        assert await others.stdout.readline() == b"drawing\n"
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


def test_among_those_who_draw_without_rest_a_visitor_waits_for_one_of_them(server, capsys):
    visitor = asyncio.run(watched(server))
    waits, work = (1000 * np.quantile(each, 0.95) for each in (visitor.waits, visitor.work))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(visitor.waits)} moves of a visitor beside {CLIENTS} who draw without rest: "
            f"p95 {waits:.0f} ms, of which the server worked {work:.0f} ms (p95)\n"
        )
    assert len(visitor.work) > 10
    assert work < 80  # in the order of arrival it would be the time of all their drawings
