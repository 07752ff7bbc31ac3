"""Clients that draw without rest, each within what a visitor may ask for."""

import asyncio
import sys

import numpy as np

from mnist_visual.gate.shares import FREE
from tests.waiting import eventually

from .messages import drawing, event, patch, say
from .wire import ClosedError, Wire

POINTS = 2000
PAGES = {  # what is opened, with a view that is there then and follows the drawing
    "network": "NetworkExplorer",
    "why-this-digit": "Attribution",
    "fool-it": "Adversary",
    "teach-it": "LearningStep",
}


async def enter(url):
    """Open the page, and have all views in sight."""
    wire = await Wire.visit(url)
    wire.listener = asyncio.create_task(wire.listen())
    await wire.send(*patch([event("document_ready", {"type": "map"})]))
    for page, view in PAGES.items():
        for model in [each for each, name in wire.views.items() if name == "Pages"]:
            await wire.send(*say(model, {"kind": "open", "page": page}))
        await eventually(lambda view=view: view in wire.views.values())
    for model in [*wire.views]:
        await wire.send(*say(model, {"kind": "ready"}))
    return wire


async def draw_without_rest(wire):
    """Send large drawings as fast as they are read."""
    pad, random, number = wire.model("Sketchpad"), np.random.default_rng(), 0
    while not wire.listener.done():
        number += 1
        points = 0.5 + np.cumsum(random.normal(0, 0.01, (POINTS, 2)), axis=0)
        await wire.send(*say(pad, drawing(points.clip(0, 1), number)))
        await asyncio.sleep(0)
    raise ClosedError(wire.listener.result())


async def main(url, count):
    """Draw until the process is ended; say when all have drawn for a while."""
    wires = [await enter(url) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        for wire in wires:
            group.create_task(draw_without_rest(wire))
        await asyncio.sleep(2 * count * FREE)  # the server does other things, too
        sys.stdout.write("drawing\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
