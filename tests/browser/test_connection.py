"""What becomes of the page and the drawing when the connection, or the server, goes away."""

import json
import re
from urllib.parse import urlparse

import pytest
from benchmarks.link import Link

from tests.drawings import SEVEN, THREE
from tests.waiting import until

from .visitor import Visitor, dashboard, ready

pytestmark = pytest.mark.browser


@pytest.fixture
def link(url):
    """A link to the server, and the address that leads through it."""
    link = Link(urlparse(url).port)
    with link.running() as address:
        yield link, address


@pytest.fixture
def arrive(chromium):
    """Open a page whose browser may well complain."""
    contexts = []

    def open_page(address, **context):
        contexts.append(chromium.new_context(**context))
        visitor = Visitor(contexts[-1].new_page())
        visitor.open(address)
        return visitor

    yield open_page
    for context in contexts:
        context.close()


def session(visitor):
    return visitor.page.locator('meta[name="mnist-visual-session"]').get_attribute("content")


def banner(visitor, text):
    visitor.page.locator(".connection").filter(has_text=text).wait_for()


def test_a_cut_connection_comes_back_to_the_same_session_with_what_was_drawn_meanwhile(
    link, arrive
):
    network, address = link
    visitor = arrive(address)
    before = session(visitor)
    visitor.page.get_by_role("link", name="Latent", exact=True).click()
    visitor.page.get_by_role("application", name="Latent plane").wait_for()
    network.cut()
    banner(visitor, "Connection lost. Trying again")
    visitor.draw(THREE, answered=False)
    ink = visitor.ink()
    network.mend()
    banner(visitor, "Connected again")
    assert session(visitor) == before
    assert "rejoin" not in visitor.page.url
    visitor.page.locator(".you b").wait_for()  # its place on the plane
    assert visitor.ink() == pytest.approx(ink, rel=0.01)
    visitor.page.get_by_role("application", name="Latent plane").hover()
    visitor.page.wait_for_url(re.compile("point="))
    visitor.page.get_by_role("link", name="Draw", exact=True).click()
    visitor.reads(3)


def test_a_connection_that_nobody_closed_is_given_up_and_replaced(link, arrive):
    network, address = link
    visitor = arrive(address)
    network.silence()
    visitor.draw(THREE, answered=False)
    banner(visitor, "Connection lost. Trying again")
    network.mend(websockets=False)
    visitor.reads(3)


def test_a_page_comes_back_to_a_server_that_has_other_scripts(link, arrive):
    network, address = link
    visitor = arrive(address)

    def answer(route):
        if route.request.method == "HEAD":
            route.fulfill(status=404)
        else:
            route.fallback()

    visitor.page.route(re.compile(r"/connection\.js"), answer)
    network.cut()
    network.mend()
    banner(visitor, "Connected again")


def test_a_server_that_is_gone_is_told_and_after_a_restart_the_drawing_is_read_again(
    arrive, tmp_path
):
    with dashboard(tmp_path / "first.txt") as address:
        visitor = arrive(address)
        visitor.page.clock.install()
        visitor.page.reload()
        ready(visitor.page)
        visitor.draw(THREE[:5])
        before, ink = session(visitor), visitor.ink()
        visitor.page.evaluate("document.documentElement.dataset.trained = ''")
    visitor.draw(THREE[4:], answered=False)
    assert visitor.ink() > ink
    ink = visitor.ink()
    for _ in range(25):
        visitor.page.clock.run_for(3000)
    banner(visitor, "Your drawing is kept: check the network, or start the server again.")
    with dashboard(tmp_path / "second.txt", port=urlparse(address).port):
        banner(visitor, "This page had to begin anew")
        visitor.reads(3)
        assert session(visitor) != before
        assert visitor.ink() == pytest.approx(ink, rel=0.01)
    assert [(tmp_path / f"{each}.txt").read_text() for each in ("first", "second")] == ["", ""]


def test_a_page_that_is_refused_again_and_again_is_not_loaded_for_ever(chromium, url):
    page = chromium.new_context().new_page()
    page.route_web_socket(re.compile("/ws"), lambda socket: socket.close())
    page.clock.install()
    loads = []
    page.on("load", lambda: loads.append(1))
    page.goto(url)
    for _ in range(60):
        page.clock.run_for(5000)
    until(lambda: len(loads) > 1 or page.clock.run_for(5000))
    page.context.close()
    assert len(loads) <= 10


def test_a_drawing_outlives_a_reload_and_one_that_was_cleared_stays_cleared(visit):
    visitor = visit()
    visitor.draw(THREE[:5], THREE[4:])
    visitor.reads(3)
    ink = visitor.ink()
    visitor.page.reload()
    visitor.reads(3)
    assert visitor.ink() == pytest.approx(ink, rel=0.01)
    visitor.button("Clear").click()
    visitor.page.get_by_text("Waiting for a digit").wait_for()
    visitor.page.reload()
    ready(visitor.page)
    visitor.is_answered()
    visitor.page.get_by_text("Waiting for a digit").wait_for()
    assert visitor.ink() == 0


def test_after_a_reload_the_strokes_can_be_undone(visit):
    visitor = visit()
    visitor.draw(THREE[:5])
    ink = visitor.ink()
    visitor.draw(THREE[4:])
    visitor.page.reload()
    visitor.reads(3)
    visitor.button("Undo").click()
    assert visitor.ink() == pytest.approx(ink, rel=0.01)
    visitor.button("Undo").click()
    assert visitor.ink() == 0


def test_what_is_no_drawing_or_no_session_is_left_alone(visit, url):
    visitor = visit()
    for kept in ("no drawing", "{}", '{"version": 1, "strokes": [{"points": [1e99, 0]}]}'):
        script = f"sessionStorage.setItem('mnist-visual:drawing', {json.dumps(kept)})"
        visitor.page.add_init_script(script)
        cookie = {"name": "mnist-visual-session-nobody", "value": "nobody", "url": url}
        visitor.page.context.add_cookies([cookie])
        visitor.page.goto(f"{url}/?rejoin=nobody")
        visitor.page.get_by_text("Waiting for a digit").wait_for()
        assert session(visitor) != "nobody"
        assert visitor.page.context.cookies() == []
    visitor.draw(SEVEN)
    visitor.reads(7)
