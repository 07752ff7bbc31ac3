"""A websocket's client that can also do what no client should, frame by frame."""

import asyncio
import base64
import json
import os
import re
import struct
from urllib.parse import urlsplit

from tests.waiting import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class ClosedError(Exception):
    """The server has closed the connection."""


def frame(data, opcode=None, *, final=True, masked=True, reserved=0, length=None):
    """Write one frame; the length that it declares may be another than it has."""
    opcode = (TEXT if isinstance(data, str) else BINARY) if opcode is None else opcode
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    length = len(data) if length is None else length
    bit = 0x80 if masked else 0
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 1 << 16:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    return head + (bytes(4) if masked else b"") + data  # a mask of zeros changes nothing


async def fetch(url, path="/", method="GET"):
    """Give the status, the headers and the body of an answer."""
    host = urlsplit(url).netloc
    reader, writer = await asyncio.open_connection(*host.split(":"), limit=1 << 24)
    request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    headers = {name.lower(): value for name, value in pairs}
    return int(status.split()[1]), headers, body.decode(errors="replace")


async def new_token(url, path="/"):
    """Open the page as a new visitor; give the token that it holds."""
    status, _, page = await fetch(url, path)
    assert status == 200, page
    return re.search(r'"token":"([^"]+)"', page)[1]


class Wire:
    """One connection to the server's websocket.

    `status` is that of the handshake: 101 for one that succeeded.
    """

    @classmethod
    async def open(cls, url, token, *, origin=..., protocols="bokeh, {}"):
        host = urlsplit(url).netloc
        self = cls()
        self.views = {}  # the class of each, by its model
        self.listener = None
        self.pong = asyncio.Event()
        self.reader, self.writer = await asyncio.open_connection(*host.split(":"), limit=1 << 24)
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {protocols.format(token)}",
        ]
        if origin is not None:
            lines.append(f"Origin: {f'http://{host}' if origin is ... else origin}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            raise ClosedError("no answer") from None
        self.status = int(head.split()[1])
        return self

    @classmethod
    async def visit(cls, url, token=None, views=None):
        """Open the websocket as the page does, and read the page, unless its views are known."""
        self = await cls.open(url, token or await new_token(url))
        assert self.status == 101
        assert (await self.receive())[0]["msgtype"] == "ACK"
        if views:
            self.views = views
            return self
        await self.send(frame('{"msgid":"1","msgtype":"PULL-DOC-REQ"}'), frame("{}"), frame("{}"))
        header, content, _ = await self.receive()
        while header["msgtype"] == "PATCH-DOC":  # what is said to all who are in the session
            header, content, _ = await self.receive()
        assert header["msgtype"] == "PULL-DOC-REPLY", content
        self.views = dict(views_of(content))
        return self

    def model(self, name):
        """Give the model of the first view of a class; that of no view if there is none."""
        return next((model for model, each in self.views.items() if each == name), "p1")

    async def send(self, *frames):
        try:
            self.writer.write(b"".join(frames))
            await self.writer.drain()
        except OSError:
            raise ClosedError("gone") from None

    async def receive(self):
        """Give the next message of the server: its header, its content, and its arrays."""
        header, _, content = [json.loads(await self._data()) for _ in range(3)]
        arrays = {}
        for _ in range(header.get("num_buffers", 0)):
            name = json.loads(await self._data())["id"]
            arrays[name] = await self._data()
        return header, content, arrays

    async def _data(self):
        while True:
            try:
                first, length = await self.reader.readexactly(2)
                if length >= 126:
                    size = 2 if length == 126 else 8
                    length = int.from_bytes(await self.reader.readexactly(size), "big")
                data = await self.reader.readexactly(length)
            except (asyncio.IncompleteReadError, OSError):
                raise ClosedError("gone") from None
            if first & 15 == CLOSE:
                self.writer.close()
                raise ClosedError(data[2:].decode() if data else "")
            if first & 15 == PING:
                self.writer.write(frame(data, PONG))
            if first & 15 == PONG:
                self.pong.set()
            if first & 15 in (TEXT, BINARY):
                return data

    async def is_heard(self):
        """Wait until the server has read all that was sent; somebody has to be listening."""
        self.pong.clear()
        await self.send(frame(b"", PING))
        async with asyncio.timeout(PATIENCE):
            await self.pong.wait()

    async def listen(self, hear=lambda content, arrays: None):
        """Read what the server says until it closes the connection; give its reason."""
        try:
            while True:
                _, content, arrays = await self.receive()
                self.views |= views_of(content)
                hear(content, arrays)
        except ClosedError as closed:
            return str(closed)

    def close(self):
        if self.listener is not None:
            self.listener.cancel()
        self.writer.close()


def views_of(value):
    """Find the model and the class of every view in what the server says."""
    if isinstance(value, dict):
        name = value.get("attributes", {}).get("class_name") if "id" in value else None
        if name:
            yield value["id"], name
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from views_of(each)
