"""Who is let in by the server, and what those are told who are not."""

import asyncio
import json
import re
from urllib.parse import urljoin, urlsplit

import numpy as np
import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id

from mnist_visual import server as serving
from mnist_visual.components._view import EXTENSION
from mnist_visual.gate.messages import MOST_BYTES, MOST_TEXT
from tests.waiting import PATIENCE

from .attacks import SECRET
from .messages import drawing, event, header, message, patch, say
from .wire import ClosedError, Wire, fetch, frame, new_token


def run(task):
    async def limited():
        async with asyncio.timeout(PATIENCE):
            return await task

    return asyncio.run(limited())


async def told(url, **how):
    """Say the status of a handshake and, if it succeeds, why the connection is closed."""
    wire = await Wire.open(url, **how)
    try:
        return wire.status, await wire.listen() if wire.status == 101 else None
    finally:
        wire.close()


class TestAddresses:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/", 200),
            ("/?page=latent", 200),
            ("/favicon.ico", 200),
            (f"/static/extensions/{EXTENSION}/dom.js", 200),
            (f"/static/extensions/{EXTENSION}/../../server.py", 403),
            (f"/static/extensions/{EXTENSION}/%2e%2e/%2e%2e/server.py", 403),
            ("/components/mnist_visual.cli/main/_stylesheets/x", 404),
            ("/autoload.js?bokeh-autoload-element=1", 404),
            ("/metadata", 404),
            ("/?bokeh-session-id=x", 403),
            ("/?bokeh-token=x", 403),
            ("/static/js/bokeh.js%00.png", 404),
            (f"/static/extensions/{EXTENSION}/dom.js%00.png", 404),
            ("/?" + "a" * 2001, 414),
        ],
    )
    def test_only_what_the_page_needs_is_there(self, server, path, status):
        found, headers, body = run(fetch(server.url, path))
        assert found == status
        assert "Traceback" not in body
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "server" not in headers

    @pytest.mark.parametrize("prefix", ["", "/digits", "/digits/today"])
    @pytest.mark.parametrize("path", ["/x", "/a/b/c", "/?bokeh-token=x", "/?" + "a" * 2001])
    def test_who_has_come_the_wrong_way_finds_the_first_page(self, server, path, prefix):
        _, _, body = run(fetch(server.url, path))
        link = re.search(r'<a href="([^"]+)">Open the first page.</a>', body)[1]
        seen = f"http://proxy.example{prefix}{path}"
        assert urlsplit(urljoin(seen, link)).netloc == "proxy.example"
        assert urlsplit(urljoin(seen, link)).path == f"{prefix}/"

    def test_a_page_can_only_be_read(self, server):
        assert run(fetch(server.url, method="POST"))[0] == 405

    def test_who_only_asks_whether_the_page_is_there_gets_none_of_it(self, server):
        status, headers, body = run(fetch(server.url, method="HEAD"))
        assert (status, body) == (200, "")
        assert "frame-ancestors" in headers["content-security-policy"]

    def test_scripts_are_run_that_bear_the_pages_own_mark(self, server):
        (_, headers, page), (_, other, _) = (run(fetch(server.url)) for _ in range(2))
        nonce = re.search(r"'nonce-([^']+)'", headers["content-security-policy"])[1]
        scripts = re.findall(r"<script[^>]*>", page)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        assert nonce not in other["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]

    def test_nothing_that_a_visitor_says_is_in_the_text_of_the_page(self, server):
        said = "/?page=%3Cscript%3Ezqx&view=zqx&zqx=zqx#zqx"
        assert "zqx" not in run(fetch(server.url, said))[2]


class TestTokens:
    def test_a_visitor_with_the_pages_token_is_let_in(self, server):
        async def visit():
            wire = await Wire.visit(server.url)
            wire.close()
            return wire.views

        assert "Sketchpad" in run(visit()).values()

    @pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "file://"])
    def test_a_page_from_elsewhere_is_not(self, server, origin):
        token = run(new_token(server.url))
        assert run(told(server.url, token=token, origin=origin))[0] == 403

    @pytest.mark.parametrize("token", ["", "x", "....", "é", "W1tbW1tbW1tb.x"])
    def test_nor_is_one_without_a_token(self, server, token):
        _, reason = run(told(server.url, token=token))
        assert "token" in reason

    def test_nor_with_one_that_nobody_signed_here(self, server):
        name = generate_session_id(signed=False)
        forged = generate_session_id(secret_key=b"another", signed=True)
        for token in (
            generate_jwt_token(name, signed=False),
            generate_jwt_token(forged, secret_key=b"another", signed=True),
        ):
            _, reason = run(told(server.url, token=token))
            assert reason == "The token is not from this server. Reload the page."

    def test_nor_with_one_that_has_expired(self, server):
        name = generate_session_id(secret_key=SECRET, signed=True)
        token = generate_jwt_token(name, secret_key=SECRET, signed=True, expiration=-1)
        assert run(told(server.url, token=token))[1] == "The token has expired. Reload the page."

    def test_one_token_does_not_open_the_page_without_end(self, server):
        async def crowd():
            token = await new_token(server.url)
            wires = [await Wire.open(server.url, token) for _ in range(20)]
            for wire in wires:
                await wire.receive()
            reason = (await told(server.url, token=token))[1]
            for wire in wires:
                wire.close()
            return reason

        assert run(crowd()) == "This page is open too often. Open a new one."


class TestMessages:
    """What becomes of a connection, by what it says."""

    async def answers(self, url, *messages):
        wire = await Wire.visit(url)
        heard = []
        try:
            for frames in messages:
                await wire.send(*frames)
                heard.append(await self.answer(wire))
        except ClosedError as closed:
            heard.append(str(closed))
        wire.close()
        return heard

    async def answer(self, wire):
        while True:
            head, content, _ = await wire.receive()
            if head["msgtype"] != "PATCH-DOC":
                return head["msgtype"], content.get("text"), content.get("traceback")

    def test_a_change_of_a_model_is_refused_without_a_traceback_and_the_session_lives(self, server):
        change = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "esm", "new": "x"}
        ready = [event("document_ready", {"type": "map"})]
        refused, fine = run(self.answers(server.url, patch([change]), patch(ready)))
        assert refused == ("ERROR", "Refused: a change of the document.", None)
        assert fine[0] == "OK"

    def test_a_message_for_no_view_is_refused(self, server):
        (refused,) = run(self.answers(server.url, say("p0", {"kind": "draw"})))
        assert refused == ("ERROR", "Refused: an event of no view that is there.", None)

    @pytest.mark.parametrize(
        ("frames", "reason"),
        [
            ([frame("x" * (MOST_TEXT + 1))], "message too big"),
            ([frame(b"x", length=2**62)], "message too big"),
            ([frame(b"x")], "Broken message: a frame of the other type."),
            (message(header("PUSH-DOC"), {}), "Broken message: a message of another type."),
        ],
    )
    def test_after_a_broken_one_the_connection_is_closed_with_a_reason(
        self, server, frames, reason
    ):
        assert run(self.answers(server.url, frames)) == [reason]

    def test_a_million_points_are_not_even_read(self, server):
        async def draw():
            wire = await Wire.visit(server.url)
            frames = say(wire.model("Sketchpad"), drawing(np.zeros((1_000_000, 2))))
            head = frames[4][:10]  # of the array
            assert int.from_bytes(head[2:], "big") > MOST_BYTES
            await wire.send(*frames[:4], head)  # and none of its bytes
            return await wire.listen()

        assert run(draw()) == "message too big"

    def test_who_is_refused_too_often_is_sent_away(self, server):
        bad = patch([None])
        assert run(self.answers(server.url, *[bad] * 202))[-1] == (
            "Too many messages were refused."
        )


class TestFiles:
    async def monitor(self, url, token=None):
        """Come to the page on which files are sent; give the frames of one that is no file."""
        wire = await Wire.visit(url, token or await new_token(url, "/?page=train"))
        wire.heard = []
        wire.listener = asyncio.create_task(wire.listen(lambda *said: wire.heard.append(said)))
        said = {"kind": "load", "data": np.zeros(100, np.uint8)}
        return wire, say(wire.model("TrainingMonitor"), said)

    async def told(self, wire, text):
        """Wait until a sentence is said."""
        while not any(text in json.dumps(content) for content, _ in wire.heard):
            await asyncio.sleep(0.05)

    def test_who_sends_two_at_once_is_told_and_can_go_on(self, server):
        async def send():
            token = await new_token(server.url, "/?page=train")
            (first, frames), (second, _) = [await self.monitor(server.url, token) for _ in "12"]
            await first.send(*frames[:3])
            await first.is_heard()
            large = {"kind": "load", "data": np.zeros(1_000_000, np.uint8)}
            await second.send(*say(second.model("TrainingMonitor"), large))
            await self.told(second, "Another file of yours is on its way.")
            await first.send(*frames[3:])
            await self.told(first, "This file")
            second.heard.clear()
            await second.send(*frames)
            await self.told(second, "This file")
            for wire in (first, second):
                wire.close()

        run(send())


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="at least 16 letters"):
        serving.serve(session_secret="short", show=False, start=False)


def test_a_server_without_room_is_refused():
    with pytest.raises(ValueError, match="most_sessions is a whole number, from 1 up"):
        serving.serve(most_sessions=0, show=False, start=False)
