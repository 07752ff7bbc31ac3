"""Those who ask without rest take time from each other, not from who asks for little."""

import asyncio
import sys

import numpy as np
import pytest

from .hungry import WAYS
from .visitor import Visitor

CLIENTS = 5
SECONDS = 5


async def drawn(server):
    """Draw for a while."""
    visitor, done = Visitor(server.url, server.worked), asyncio.Event()
    drawing = asyncio.create_task(visitor.draw_until(done))
    await asyncio.sleep(SECONDS)
    done.set()
    await drawing
    return visitor


async def watched(server, way, clients):
    """Draw as another visitor beside those who ask without rest, or alone."""
    if not clients:
        return await drawn(server)
    command = [sys.executable, "-m", "tests.fuzz.hungry", server.url, way, str(clients)]
    others = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert await others.stdout.readline() == b"asking\n"
        visitor = await drawn(server)
        assert others.returncode is None  # nobody was dismissed
    finally:
        if others.returncode is None:
            others.kill()
        await others.wait()
    return visitor


@pytest.mark.parametrize("way", WAYS)
def test_beside_many_who_ask_without_rest_a_visitor_waits_as_beside_one(server, capsys, way):
    beside = {clients: asyncio.run(watched(server, way, clients)) for clients in (0, 1, CLIENTS)}
    work = {clients: np.median(visitor.work) for clients, visitor in beside.items()}
    with capsys.disabled():
        for clients, visitor in beside.items():
            p95, worked = (1000 * np.quantile(each, 0.95) for each in (visitor.waits, visitor.work))
            sys.stdout.write(
                f"\n{len(visitor.waits)} moves of a visitor beside {clients} who ask for {way} "
                f"without rest: p95 {p95:.0f} ms, of which the server worked {worked:.0f} ms "
                f"(p50 {1000 * work[clients]:.0f})"
            )
    assert len(beside[CLIENTS].work) > 10
    # In the order of arrival, beside so many it would be so many times as long.
    assert work[CLIENTS] < 3 * work[1]
    # Nor may one take much: there is no more to wait for than one turn of theirs.
    assert max(work[1], work[CLIENTS]) < 10 * work[0]
