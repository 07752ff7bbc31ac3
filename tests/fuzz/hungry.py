"""Clients that ask without rest, each within what a visitor may ask for."""

import asyncio
import sys

import numpy as np

from mnist_visual.gate.shares import FREE
from tests.waiting import eventually

from .messages import drawing, event, patch, say, speech
from .wire import PING, ClosedError, Wire, fetch, frame

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


async def repeat(wire, make):
    """Send what a function makes, as fast as it is read."""
    while not wire.listener.done():
        await wire.send(*make())
        await asyncio.sleep(0)
    raise ClosedError(wire.listener.result())


async def drawings(url):
    """Send large drawings, with many views to follow them."""
    wire = await enter(url)
    pad, random = wire.model("Sketchpad"), np.random.default_rng()

    def make():
        points = 0.5 + np.cumsum(random.normal(0, 0.01, (POINTS, 2)), axis=0)
        return say(pad, drawing(points.clip(0, 1)))

    return repeat(wire, make)


async def samples(url):
    """Ask for many digits in each message."""
    wire = await enter(url)
    many = patch([speech(wire.model("Sketchpad"), {"kind": "sample"}, []) for _ in range(32)])
    return repeat(wire, lambda: many)


async def pings(url):
    """Send what only the websocket itself answers."""
    wire = await enter(url)
    return repeat(wire, lambda: [frame(b"", PING)] * 200)


async def requests(url):
    """Fetch the page, and again."""

    async def fetch_all():
        while True:
            assert (await fetch(url))[0] == 200

    return fetch_all()


WAYS = {each.__name__: each for each in (drawings, samples, pings, requests)}


async def main(url, way, count):
    """Ask until the process is ended; say when all have asked for a while."""
    asking = [await WAYS[way](url) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        for each in asking:
            group.create_task(each)
        await asyncio.sleep(2 * count * FREE)  # the server does other things, too
        sys.stdout.write("asking\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
