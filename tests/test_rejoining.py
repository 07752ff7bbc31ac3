"""Pages that were lost: which session they come back to, and how they are let in."""

import asyncio
import json

from bokeh.util.token import get_session_id, get_token_payload

from mnist_visual.components import Sketchpad
from mnist_visual.workers.heads import session_of

from .test_many_visitors import site
from .wire_visitor import WireVisitor


def cookies(*sessions):
    return "; ".join(f"mnist-visual-session-{each[:12]}={each}" for each in sessions)


async def come_back(url, session, *others):
    """Load the page anew as its script does, others at the same time in other tabs."""
    visitor = WireVisitor(url)
    await visitor.get_page(f"?rejoin={session[:12]}", Cookie=cookies(*others, session))
    return visitor


def test_who_comes_back_after_days_gets_a_token_that_is_new():
    async def visits():
        async with site() as here:
            (visitor,) = await here.visitors(1)
            await visitor.connect()
            here.app._session_token_expiration += 1000
            again = await come_back(here.url, get_session_id(visitor.token))
            return visitor.token, again.token

    before, after = asyncio.run(visits())
    assert get_session_id(after) == get_session_id(before)
    payloads = [get_token_payload(each) for each in (before, after)]
    assert payloads[1]["session_expiry"] - payloads[0]["session_expiry"] >= 1000


def test_each_of_several_tabs_comes_back_to_its_own_session_and_a_new_one_to_none():
    async def visits():
        async with site() as here:
            visitors = await here.visitors(2)
            for each in visitors:
                await each.connect()
            first, second = (get_session_id(each.token) for each in visitors)
            back = [
                await come_back(here.url, first, second),
                await come_back(here.url, second, first),
            ]
            new = WireVisitor(here.url)
            await new.get_page(Cookie=cookies(first, second))
            return first, second, [get_session_id(each.token) for each in (*back, new)]

    first, second, (*back, new) = asyncio.run(visits())
    assert back == [first, second]
    assert new not in back


def test_a_page_that_comes_back_is_told_once_of_a_class_that_came_late():
    async def visits():
        async with site() as here:
            (visitor,) = await here.visitors(1)
            await visitor.connect()
            (session,) = here.context.sessions

            class Late(Sketchpad):
                pass

            # Its script is lost before it can say that it is there.
            document = session.document
            await session.with_document_locked(lambda: document.add_root(Late().get_root(document)))
            again = await come_back(here.url, session.id)
            await again.connect()
            await again.close()
            return json.loads(again.document)["doc"]

    page = asyncio.run(visits())
    assert [each["name"] for each in page["defs"]].count("Late1") == 1
    late = page["roots"][-1]["attributes"]
    assert late["data"]["name"] == "Late1"
    assert late["_defs"] == []


def test_a_tab_that_comes_back_goes_where_its_own_session_lives():
    first, second = f"{'a' * 14}.b-c", f"{'d' * 14}.e"
    for here in (first, second):
        head = f"GET /?page=train&rejoin={here[:12]} HTTP/1.1\r\nX: y\r\n"
        head += f"Cookie: x=1; {cookies(first, second)}; y=2\r\n\r\n"
        assert session_of(head.encode()) == here.encode()
