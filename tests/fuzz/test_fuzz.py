"""The server among hostile clients: ``nox -s fuzz`` sends it ten thousand messages.

The environment says how many (``FUZZ_MESSAGES``) and which (``FUZZ_SEED``); the same seed draws
the same attacks.
"""

import asyncio
import os
import sys
import time

import numpy as np

from .visitor import Visitor
from .wire import fetch

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "300"))
SEED = os.environ.get("FUZZ_SEED", "1")
WARM_UP = 2000  # messages before memory is looked at
MOST_MEMORY = 100  # megabytes more than before, at any moment; a bomb that is unpacked has 300
SETTLED = 90  # seconds after which the server has let go of sessions that nobody has


async def attacked(server, count, seed):
    """Draw as another visitor while hostile clients send messages from a process of their own."""
    visitor, done = Visitor(server.url, server.worked), asyncio.Event()
    drawing = asyncio.create_task(visitor.draw_until(done))
    command = [sys.executable, "-m", "tests.fuzz.attacks", server.url, str(count), seed]
    attackers = await asyncio.create_subprocess_exec(*command)
    assert await attackers.wait() == 0
    done.set()
    await drawing
    return visitor


def test_among_hostile_clients_the_server_answers_and_stays_small(server, capsys):
    is_long = MESSAGES > WARM_UP  # a few messages only warm the server up
    if is_long:
        asyncio.run(attacked(server, WARM_UP, "warm"))
        time.sleep(SETTLED)
    before = server.resident()
    visitor = asyncio.run(attacked(server, MESSAGES, SEED))
    if is_long:
        time.sleep(SETTLED)
    after = server.resident()
    (p50, p95), (_, work) = (
        1000 * np.quantile(each, [0.5, 0.95]) for each in (visitor.waits, visitor.work)
    )
    with capsys.disabled():
        sys.stdout.write(
            f"\n{MESSAGES} messages; memory {before:.1f} MB before, {after:.1f} MB after, "
            f"{server.peak():.1f} MB at most; "
            f"{len(visitor.waits)} moves of another visitor: p50 {p50:.0f} ms, p95 {p95:.0f} ms, "
            f"of which the server worked {work:.0f} ms (p95)\n"
        )
    assert asyncio.run(fetch(server.url))[0] == 200
    assert server.log.stat().st_size < 1_000_000
    assert server.peak() - before < MOST_MEMORY
    if is_long:
        assert after - before < 20
        assert work < 200  # the wait itself is as long as other programs let it be
