"""Waiting for what comes in its own time, also on a machine that has much else to do."""

import asyncio
import time

PATIENCE = 60  # seconds
PAUSE = 0.02


def until(holds):
    """Wait until a function gives something true; returns that."""
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {PATIENCE} seconds"
        time.sleep(PAUSE)
    return found


def becomes(read, expected):
    """Wait until what a function reads equals what is expected."""
    deadline = time.monotonic() + PATIENCE
    while (found := read()) != expected:
        if time.monotonic() > deadline:
            assert found == expected
        time.sleep(PAUSE)


async def eventually(holds, pause=0.001):
    """Wait like `until`, in an event loop that goes on meanwhile; with no pause, round by round."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(pause)
