"""Connections that say nothing take no visitor's place."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from tests.browser.visitor import served

from .visitor import Visitor
from .wire import fetch

FILES = 256  # that the server may open
SILENT = 2 * FILES


@pytest.fixture
def small_server(tmp_path, monkeypatch):
    log = tmp_path / "stderr.txt"
    monkeypatch.setenv("FUZZ_FILES", str(FILES))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    with served(["tests.fuzz.server"], log) as url:
        yield url, log


def test_those_who_only_connect_are_let_go_for_those_who_come(small_server):
    url, log = small_server

    async def visit():
        visitor = Visitor(url, float)
        await visitor.get_page()
        await visitor.connect()
        silent = [socket.create_connection(place) for _ in range(SILENT)]
        assert (await fetch(url))[0] == 200
        said = await visitor.draw([(0.5, 0.2), (0.5, 0.8)])  # who was there before is there still
        await visitor.close()
        for each in silent:
            each.close()
        return said

    place = urlsplit(url).hostname, urlsplit(url).port
    assert asyncio.run(visit())
    assert "Traceback" not in log.read_text()
