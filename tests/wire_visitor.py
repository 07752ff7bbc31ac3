"""A visitor without a browser: speaks Bokeh's protocol to a server, and draws."""

import asyncio
import itertools
import json
import re
import time

import numpy as np
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE = 300  # seconds
# What a browser has in sight on the first page, and asks to be told.
SEEN = ["Prediction", "NormalizationSteps", "FeatureMaps"]


class WireVisitor:
    """Gets the page, opens its session, and draws as the sketchpad's script does.

    Attributes
    ----------
    token : str
        Of the session that the page names.
    document : str
        What is in the session, as it was sent.
    components : dict of str to list of str
        The models of each component that is in the session.
    """

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.token = None
        self.document = ""
        self.components = {}
        self._socket = None
        self._pad = None
        self._numbers = itertools.count(1)

    async def get_page(self, query="", **headers):
        """Fetch the page; gives its text."""
        client = AsyncHTTPClient(max_clients=1000)
        patience = dict.fromkeys(["connect_timeout", "request_timeout"], PATIENCE)
        response = await client.fetch(f"{self.url}/{query}", headers=headers, **patience)
        page = response.body.decode()
        self.token = re.search(r'"token":"([^"]+)"', page)[1]
        return page

    async def connect(self, token=None, **headers):
        """Open the session, and look at the page as a browser does."""
        origin = {"Origin": self.url, **headers}
        request = HTTPRequest(self.url.replace("http", "ws", 1) + "/ws", headers=origin)
        self._socket = await websocket_connect(
            request, subprotocols=["bokeh", token or self.token], max_message_size=2**26
        )
        self._socket.protocol.set_nodelay(True)  # as browsers do
        assert (await self._message())[0]["msgtype"] == "ACK"
        await self._send("PULL-DOC-REQ", {})
        kind = None
        while kind != "PULL-DOC-REPLY":  # a page makes nothing of what comes before it
            header, _, self.document = await self._parts()
            kind = json.loads(header)["msgtype"]
            assert kind in ("PULL-DOC-REPLY", "PATCH-DOC")
        self.components = _components(json.loads(self.document))
        (self._pad,) = self.components["Sketchpad"]
        for name in SEEN:
            for model in self.components[name]:
                await self._tell(model, {"kind": "ready"})

    async def draw(self, points):
        """Draw one stroke, (x, y) pairs, as far as it is; gives the answer's message, as text."""
        number = next(self._numbers)
        arrays = {
            "points": np.ravel(points).astype(np.float32),
            "lengths": np.array([len(points)], np.int32),
        }
        message = {"kind": "draw", "drawing": True, "number": number}
        await self._tell(self._pad, message, arrays)
        said = []
        while True:
            said.append(await self._text())
            if f'"number",{number}' in said[-1].replace(" ", ""):
                return said

    async def close(self):
        """Leave."""
        if self._socket is not None:
            self._socket.close()
            while await self._socket.read_message() is not None:
                pass
            self._socket = None

    async def _tell(self, model, data, arrays=None):
        arrays = arrays or {}
        data = data | {name: _described(name, array) for name, array in arrays.items()}
        values = _map({"model": {"id": model}, "data": _map(data)})
        event = {"type": "event", "name": "data_event", "values": values}
        message = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
        buffers = {name: array.tobytes() for name, array in arrays.items()}
        await self._send("PATCH-DOC", {"events": [message]}, buffers)

    async def _send(self, kind, content, buffers=None):
        buffers = buffers or {}
        header = {"msgid": f"{time.monotonic_ns()}", "msgtype": kind, "num_buffers": len(buffers)}
        for part in (header, {}, content):
            await self._socket.write_message(json.dumps(part))
        for name, data in buffers.items():
            await self._socket.write_message(json.dumps({"id": name}))
            await self._socket.write_message(data, binary=True)

    async def _text(self):
        """Give the content of the next message, as text."""
        return (await self._parts())[2]

    async def _message(self):
        header, _, content = await self._parts()
        return json.loads(header), json.loads(content)

    async def _parts(self):
        parts = [await self._part() for _ in range(3)]
        for _ in range(2 * json.loads(parts[0]).get("num_buffers", 0)):
            await self._part()
        return parts

    async def _part(self):
        part = await asyncio.wait_for(self._socket.read_message(), PATIENCE)
        if part is None:
            closed, self._socket = self._socket, None
            closed.close()
            raise ConnectionError(f"closed: {closed.close_code} {closed.close_reason}")
        return part


def _map(values):
    return {"type": "map", "entries": [[key, value] for key, value in values.items()]}


def _described(name, array):
    kept = {"type": "bytes", "data": {"id": name}}
    return {"type": "typed_array", "order": "little", "dtype": array.dtype.name, "array": kept}


def _components(content):
    """Name every component of a document, with the models of its kind."""
    found = {}

    def walk(node):
        if isinstance(node, dict):
            attributes = node.get("attributes", {})
            if "class_name" in attributes and "id" in node:
                found.setdefault(attributes["class_name"], []).append(node["id"])
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(content)
    return found
