"""Visitors who come at once: what they get, and what they leave behind."""

import asyncio
import gc
import logging
import re
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from bokeh.document import Document
from bokeh.model import Model
from panel.viewable import Viewable

from mnist_visual import _arrivals, server
from mnist_visual.components import Pages, Reading

from .waiting import PATIENCE, eventually
from .wire_visitor import WireVisitor

BEGINS = re.compile(r'theme\.js[^"]*" data-page="(\w+)"')
STROKE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]


class Site:
    """A server that runs in this loop."""

    def __init__(self, running):
        self.url = f"http://localhost:{running.port}"
        self.here = []
        self.app = running._tornado
        (self.context,) = self.app._applications.values()

    async def visitors(self, count):
        visitors = [WireVisitor(self.url) for _ in range(count)]
        for visitor in visitors:
            await visitor.get_page()
        self.here += visitors
        return visitors

    async def come_and_go(self, count):
        """Have visitors draw, and leave; then the server forgets them, as it would later."""
        visitors = await self.visitors(count)
        for visitor in visitors:
            await visitor.connect()
            await visitor.draw(STROKE)
            await visitor.close()
        sessions = [*self.context.sessions]
        assert len(sessions) == count
        await eventually(lambda: not any(session.connection_count for session in sessions))
        for session in sessions:
            session.request_expiration()
        await self.context._cleanup_sessions(0)


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Keep no records: they name what visitors have left."""
    caplog.set_level(logging.WARNING, "panel")
    caplog.set_level(logging.WARNING)


@asynccontextmanager
async def site():
    running = server.serve(port=0, show=False, start=False)
    running.start()
    here = Site(running)
    try:
        yield here
    finally:
        for visitor in here.here:
            await visitor.close()
        running.stop()


def alive():
    """Count what belongs to visitors."""
    gc.collect()
    kinds = (Document, Model, Viewable, Reading)
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds))


def test_visitors_who_have_gone_leave_nothing_behind():
    async def visits():
        async with site() as here:
            await here.come_and_go(2)  # what is kept for all visitors is there by now
            before = alive()
            await here.come_and_go(20)
            return before, alive()

    before, after = asyncio.run(visits())
    assert before["Sketchpad"] > 0  # of the page that all are shown
    assert after == before


def test_a_page_that_nobody_connects_from_has_no_session():
    async def visits():
        async with site() as here:
            await here.visitors(3)
            return [*here.context.sessions]

    assert asyncio.run(visits()) == []


def test_everybody_has_a_session_of_their_own():
    async def visits():
        async with site() as here:
            first, second = await here.visitors(2)
            await first.connect()
            await second.connect()
            await first.draw(STROKE)
            return first.token, second.token, [each.document for each in here.context.sessions]

    first, second, documents = asyncio.run(visits())
    assert first != second
    assert len({id(each) for each in documents}) == 2


def test_a_page_needs_no_other_machine():
    async def visits():
        async with site() as here:
            (visitor,) = await here.visitors(1)
            await visitor.connect()
            return visitor.document

    document = asyncio.run(visits())
    assert "static/extensions/panel" in document
    assert re.findall(r"https?://[^\"]*", document) == []


def test_a_page_opens_where_its_address_says():
    opens = {
        "?page=no-such": "draw",
        "?page=learn": "learn",
        "": "draw",
        "?page=Learn&lesson=vae": "learn",
        "?page=latent": "latent",
    }

    async def visits():
        async with site() as here:
            pages = {query: await WireVisitor(here.url).get_page(query) for query in opens}
            documents = _arrivals._documents[here.context]
            return pages, {*documents}

    pages, kept = asyncio.run(visits())
    assert {query: BEGINS.search(page)[1] for query, page in pages.items()} == opens
    assert kept == {*opens.values()}


def test_a_page_that_only_the_app_knows_opens_too(monkeypatch):
    page = server.page_function()
    extra = {"Extra": lambda: None}
    monkeypatch.setitem(
        page.__globals__, "Pages", lambda pages, **options: Pages(pages | extra, **options)
    )
    monkeypatch.setattr(server, "page_function", lambda: page)

    async def visit():
        async with site() as here:
            return await WireVisitor(here.url).get_page("?page=extra")

    assert BEGINS.search(asyncio.run(visit()))[1] == "extra"


def test_who_draws_is_answered_between_two_arrivals():
    async def visits():
        async with site() as here:
            drawing, *arriving = await here.visitors(7)
            await drawing.connect()
            arrivals = [asyncio.create_task(each.connect()) for each in arriving]
            async with asyncio.timeout(PATIENCE):
                while len([*here.context.sessions]) == 1:
                    await asyncio.sleep(0)  # not later than the first has arrived
            await drawing.draw(STROKE)
            there = len([*here.context.sessions])
            await asyncio.gather(*arrivals)
            return there, len([*here.context.sessions])

    there, everybody = asyncio.run(visits())
    assert there < everybody == 7
