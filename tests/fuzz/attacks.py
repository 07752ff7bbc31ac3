"""What a hostile client sends: each attack is drawn from a seeded generator of random numbers."""

import asyncio
import base64
import gzip
import json
import random
import sys
import time

import numpy as np
from bokeh.util.token import generate_jwt_token, generate_session_id

from .messages import encode, event, header, message, patch, say, speech
from .wire import PING, ClosedError, Wire, fetch, frame, new_token

# What the page's scripts say, and one value of every field that is right somewhere.
KINDS = """
    ready away open draw sample trace select ask change slide paint label step reset rate choose
    looked go map try decode path regions grid method find look pick use save load pause stop
    again cell leave finish back restart close kernel preset visit rest went clear idle code attend
    point set film steps switch
""".split()  # noqa: SIM905
RIGHT = {
    "after": 0,
    "again": True,
    "on": True,
    "page": "network",
    "topic": "convolution",
    "label": 3,
    "value": 1,
    "target": 8,
    "share": 0.5,
    "layer": "conv1",
    "unit": [3, 4, 1],
    "chosen": True,
    "map": 2,
    "size": 2,
    "method": "linear",
    "place": [2, 3],
    "visits": 4,
    "play": True,
    "point": [0.5, -0.5],
    "start": [0, 0],
    "end": [1, 1],
    "extent": [-2, 2, -2, 2],
    "n": 5,
    "view": "1-2",
    "index": 0,
    "cell": [1, 2],
    "own": True,
    "name": "units",
    "amount": "batch",
    "kernel": [0.1] * 9,
    "stop": 1,
    "number": 1,
    "link": "http://localhost/?page=draw",
    "parts": {"page": "network"},
    "turn": 1,
    "sight": [0, 0, 2],
    "attended": True,
    "drawing": True,
    "points": np.float32([0.2, 0.2, 0.8, 0.8]),
    "lengths": np.int32([2]),
    "padding": "valid",
    "stride": 2,
    "dilation": 1,
    "shift": [0, 1],
    "relu": True,
    "pixels": np.zeros(784, np.float32),
    "picture": np.zeros(784, np.float32),
    "data": np.zeros(100, np.uint8),
}
# It is done by another process, which is measured elsewhere.
UNTRIED = {"start"}
SECRET = b"of the server, and as long as one has to be"
ATTACKERS = 4
PATIENCE = 600  # seconds
# What is opened before, so that all views are there; with few messages only the first page.
PAGES = """
train network why-this-digit fool-it teach-it convolution activation pooling architecture latent
learn
""".split()  # noqa: SIM905
FEW = 500
BOMB = base64.b64encode(gzip.compress(bytes(300_000_000), 9)).decode()
WILD = [
    None,
    True,
    -1,
    2**53,
    1e308,
    -1e308,
    5e-324,
    0.5,
    "",
    "x" * 1000,
    "\ud800",
    "../../etc/passwd",
    "<script>",
    [],
    [[]],
    [[[[]]]],
    [None],
    {},
    {"kind": "draw"},
    [1e308] * 500,
    list(range(2000)),
    np.zeros(0, np.float32),
    np.full(784, 1e38, np.float32),
    np.full(10, 1e308),
    np.float64([5e-324]),
    np.zeros(20_000, np.float32),
    np.full(100, -1, np.int32),
    np.full(7, 2**31 - 1, np.int32),
    np.full(50_000, 255, np.uint8),
]
# What a message can hold that is never right: it is put as it is where a value belongs.
RAW = [
    float("nan"),
    float("inf"),
    10**400,
    "x" * 40_000,
    {"type": "number", "value": "nan"},
    {"type": "number", "value": "1e999"},
    {"type": "symbol", "name": "Infinity"},
    {"type": "slice", "start": 0, "stop": 2**60, "step": 1},
    {"type": "set", "entries": [[1]]},
    {"type": "object", "name": "Plot", "id": "p1"},
    {"type": "object", "name": "Figure", "id": "new", "attributes": {"width": 1}},
    {"type": "object", "name": "CustomJS", "id": "js", "attributes": {"code": "1"}},
    {"type": "map", "entries": [[[1], 2]]},
    {"type": "bytes", "data": BOMB[:50_000]},
    {"type": "ndarray", "array": ["a"], "order": "little", "dtype": "S300000000", "shape": [1]},
    {"id": "p1"},
    {"type": "nothing"},
]


def _forms(dtype, shape, data):
    array = {"type": "bytes", "data": data}
    fields = {"array": array, "order": "little", "dtype": dtype}
    yield {"type": "typed_array", **fields}
    yield {"type": "ndarray", "shape": shape, **fields}


ARRAYS = [
    form
    for dtype in ("uint8", "S1000000000", "V2000000000", "object", "float16", "U99999999", "<f8,O")
    for shape in ([2**40], [-1], [1, 2, 3, 4, 5], [0], "8")
    for data in ({"id": "b0"}, {"id": "none"}, BOMB[:40_000])
    for form in _forms(dtype, shape, data)
]

NO_POINTS = [np.full(4, each, np.float32) for each in (np.nan, np.inf, -np.inf)]


def hear(content, _):
    """Listen to what the server says, which is never that it failed."""
    assert not str(content.get("text")).startswith("The server failed."), content


class Attacker:
    """A hostile client with a session of its own.

    Every attack counts as one message, also a connection that is tried with another token.
    """

    def __init__(self, url, random, pages):
        self.url, self.random, self.pages = url, random, pages
        self.wire = self.token = self.views = None
        self.closed = {}

    async def strike(self, deadline):
        """Attack once."""
        names, weights = zip(*ATTACKS.items(), strict=True)
        name = self.random.choices(names, weights)[0]
        while self.wire is None:
            await self._enter(deadline)
        attack = getattr(self, name)
        try:
            if name.startswith("enter"):
                await attack()
            else:
                await self.wire.send(*attack())
                await asyncio.sleep(0)
                if self.wire.listener.done():
                    raise ClosedError(self.wire.listener.result())
        except ClosedError as closed:
            key = name, str(closed)
            self.closed[key] = self.closed.get(key, 0) + 1
            self.wire.close()
            self.wire = None

    async def _enter(self, deadline):
        try:
            self.token = self.token or await new_token(self.url)
            self.wire = await Wire.visit(self.url, self.token, self.views)
            self.wire.listener = asyncio.create_task(self.wire.listen(hear))
            if self.pages:  # until then nothing new is sent to a page
                await self.wire.send(*patch([event("document_ready", {"type": "map"})]))
            for page in self.pages:
                for model in [each for each, name in self.wire.views.items() if name == "Pages"]:
                    await self.wire.send(*say(model, {"kind": "open", "page": page}))
                await asyncio.sleep(0.1)
            self.pages = ()  # they stay open in this session
            self.views = self.wire.views
        except ClosedError as closed:
            self.token = self.views = None
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody is let in: {closed}") from None

    async def rehearse(self, deadline):
        """Say all that is right to every view, so that what the server loads once is there."""
        await self._enter(deadline)
        for model in [*self.wire.views]:
            for kind in KINDS:
                await self.wire.send(*say(model, RIGHT | {"kind": kind}))
        self.wire.close()
        self.wire = None

    def _view(self):
        return self.random.choice([*self.wire.views] or ["p1"])

    # Well framed, and in the page's own language

    def wild(self):
        said = {"kind": self.random.choice(KINDS)}
        for name in self.random.sample([*RIGHT], self.random.randint(0, 6)):
            said[name] = self.random.choice(WILD)
        return say(self._view(), said)

    def near(self):
        said = RIGHT | {"kind": self.random.choice(KINDS)}
        for name in self.random.sample([*RIGHT], self.random.randint(0, 2)):
            said[name] = self.random.choice(WILD)
        for name in self.random.sample([*RIGHT], self.random.randint(0, 8)):
            said.pop(name)
        if said["kind"] != "draw" or self.random.random() < 0.5:
            said.pop("picture", None)
        return say(self._view(), said)

    def stroke(self):
        size = self.random.choice([0, 1, 39_999, 40_000, 200_000, 2_000_000])
        fill = self.random.choice([0.5, np.nan, np.inf, 1e38, -1e30])
        said = {"kind": "draw", "points": np.full(size, fill, np.float32), "number": 1}
        said["lengths"] = np.int32([size // 2]) if size < 100 else np.full(size // 2, 1, np.int32)
        return say(self.wire.model("Sketchpad"), said)

    def upload(self):
        size = self.random.choice([0, 100, 10_000, 300_000])
        data = b"\x89HDF\r\n\x1a\n" + self.random.randbytes(size)
        said = {"kind": "load", "data": np.frombuffer(data, np.uint8)}
        return say(self.wire.model("TrainingMonitor"), said)

    # Well framed, and in a language that is not the page's

    def change(self):
        attr = self.random.choice(["method", "data", "esm", "bundle", "children", "name", "id", ""])
        new = self.random.choice(RAW + [each for each in WILD if not isinstance(each, np.ndarray)])
        model = {"id": self._view()}
        kind = self.random.choice(["ModelChanged", "ColumnDataChanged", "ColumnsStreamed"])
        return patch([{"kind": kind, "model": model, "attr": attr, "new": new}])

    def document(self):
        root = {"type": "object", "name": "Plot", "id": "p999999"}
        return patch(
            [
                self.random.choice(
                    [
                        {"kind": "TitleChanged", "title": "x" * 1000},
                        {"kind": "RootAdded", "model": root},
                        {"kind": "RootRemoved", "model": {"id": self._view()}},
                        {"kind": "MessageSent", "msg_type": "x", "msg_data": BOMB[:1000]},
                        {"kind": ["MessageSent"]},
                        {"kind": None},
                        None,
                        event("document_ready", {"type": "map"}),
                        event("client_reconnected", {"type": "map"}),
                        event("connection_lost", {"type": "map"}),
                        event("button_click", {"type": "map", "entries": [["model", None]]}),
                        event("data_event", {"type": "map"}),
                        event("data_event", None),
                    ]
                )
            ]
        )

    def raw(self):
        said = encode({"kind": self.random.choice(KINDS)}, [])
        said["entries"].append([self.random.choice([*RIGHT]), self.random.choice(RAW)])
        return self._spoken(said)

    def repeated(self):
        """Say something right, with a key of it twice, of which one value is never right."""
        spoken = speech(self._view(), {"kind": self.random.choice(KINDS), "parts": {"a": 1}}, [])
        values = spoken["msg_data"]["values"]
        said = values["entries"][1][1]
        entries = self.random.choice([values, said, said["entries"][1][1]])["entries"]
        key = self.random.choice(entries)[0]
        entries.insert(self.random.randint(0, len(entries)), [key, self.random.choice(RAW)])
        return patch([spoken])

    def shared(self):
        """Say something right of an array, which is then spoken of as another one, too."""
        said, arrays = {"kind": "draw", "points": self.random.choice(NO_POINTS), "number": 1}, []
        spoken = speech(self.wire.model("Sketchpad"), said | {"lengths": np.int32([2])}, arrays)
        entries = spoken["msg_data"]["values"]["entries"][1][1]["entries"]
        entries.append(["x", encode(np.zeros(1, np.uint8), [])])  # which names the first array
        return patch([spoken], arrays)

    def array(self):
        said = encode({"kind": "draw", "number": 1}, [])
        said["entries"].append(["points", self.random.choice(ARRAYS)])
        said["entries"].append(["lengths", [1]])
        return self._spoken(said, [("b0", self.random.randbytes(8))])

    def _spoken(self, said, arrays=()):
        spoken = speech(self._view(), None, [])
        spoken["msg_data"]["values"]["entries"][1][1] = said
        return message(header(count=len(arrays)), {"events": [spoken]}, arrays)

    def kind(self):
        kind = self.random.choice(["PUSH-DOC", "SERVER-INFO-REQ", "ACK", "OK", "ERROR", "x", None])
        return message(header(kind), {})

    def many(self):
        count = self.random.choice([33, 1000])
        return patch([speech(self._view(), {"kind": "ready"}, []) for _ in range(count)])

    def pull(self):
        return message(header("PULL-DOC-REQ"), {})

    # Badly framed

    def count(self):
        arrays = []
        said = speech(self._view(), {"kind": "draw", "points": np.zeros(4)}, arrays)
        count = self.random.choice([-1, 0, 2, 8, 9, 10**9, 0.5, "1", None, True])
        head = header() | {"num_buffers": count}
        return message(head, {"events": [said]}, arrays * self.random.randint(0, 3))

    def text(self):
        text = self.random.choice(
            ["", "{", "[" * 50_000, "nul", '{"a":' * 5000, "\ud800", "[1" + "0" * 60_000 + "]"]
        )
        parts = [json.dumps(header()), "{}", "{}"]
        parts[self.random.randrange(3)] = text
        return [frame(part) for part in parts]

    def noise(self):
        size = self.random.choice([0, 1, 100, 10_000, 100_000])
        return [frame(self.random.randbytes(size)) for _ in range(self.random.randint(1, 4))]

    def flipped(self):
        data = bytearray(b"".join(self.near())[:100_000])
        for _ in range(self.random.randint(1, 4)):
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return [bytes(data)]

    def cut(self):
        data = b"".join(self.near())
        self.wire.writer.write(data[: self.random.randrange(len(data))])
        raise ClosedError("by ourselves")

    def declared(self):
        length = self.random.choice([70_000, 2**31, 2**62, 2**63, 2**64 - 1])
        return [frame(b"x", length=length)]

    def odd(self):
        return self.random.choice(
            [
                [frame("{}", masked=False)],
                [frame("{}", reserved=4)],  # compressed, which nobody agreed upon
                [frame("{}", opcode=7)],
                [frame("{}", opcode=0)],
                [frame(b"x" * 200, opcode=PING)],
                [frame(b"", opcode=PING)] * 100,
                [frame("{", final=False)] * 10,
                [frame("a" * 60_000, final=False), frame("a" * 60_000, opcode=0)],
            ]
        )

    # Tokens

    async def enter(self):
        token = await self._bad_token()
        await self._knock(token=token)

    async def enter_from_elsewhere(self):
        origins = [
            None,
            "http://evil.example",
            "null",
            "",
            "file://",
            "http://localhost",
            "x" * 9000,
        ]
        await self._knock(token=self.token, origin=self.random.choice(origins))

    async def enter_oddly(self):
        protocols = ["bokeh", "{}", "other, {}", "bokeh, {0}, {0}", "bokeh, ", "é, {}"]
        await self._knock(token=self.token, protocols=self.random.choice(protocols))

    async def enter_elsewhere(self):
        paths = [
            "/components/os/path/css/x",
            "/autoload.js?bokeh-autoload-element=1",
            "/metadata",
            f"/?bokeh-token={self.token}",
            "/?bokeh-session-id=x",
            "/static/extensions/panel/../../server.py",
            "/static/%2e%2e/%2e%2e/server.py",
            f"/?{'a' * 5000}",
            "/ws",
            "//evil.example/%2f..",
        ]
        method = self.random.choice(["GET", "GET", "GET", "POST", "DELETE", "XYZ"])
        status, _, body = await fetch(self.url, self.random.choice(paths), method)
        assert 400 <= status < 500, (status, body)
        assert "Traceback" not in body

    async def _bad_token(self):
        real = self.token
        half = len(real) // 2
        other = "A" if real[half] != "A" else "B"
        return self.random.choice(
            [
                "",
                "x",
                "....",
                real.split(".")[0],
                real[:half],
                real[:half] + other + real[half + 1 :],
                real + "x",
                generate_jwt_token(generate_session_id(signed=False), signed=False),
                _signed(b"another secret, as long as one", 300),
                _signed(b"", 300),
                _signed(SECRET, -1),  # expired
                "e" * 20_000,
                base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("=") + ".x",
            ]
        )

    async def _knock(self, **how):
        wire = await Wire.open(self.url, **how)
        try:
            if wire.status == 101:
                await wire.send(*message(header("PULL-DOC-REQ"), {}))
                try:
                    heard, _, _ = await wire.receive()
                except ClosedError:
                    return
                raise AssertionError(f"let in: {heard}")
        finally:
            wire.close()


def _signed(secret, seconds):
    name = generate_session_id(secret_key=secret, signed=True)
    return generate_jwt_token(name, secret_key=secret, signed=True, expiration=seconds)


ATTACKS = {
    "wild": 14,
    "near": 14,
    "stroke": 2,
    "upload": 2,
    "change": 14,
    "document": 6,
    "raw": 8,
    "repeated": 8,
    "shared": 2,
    "array": 10,
    "kind": 4,
    "many": 2,
    "pull": 1,
    "count": 5,
    "text": 4,
    "noise": 4,
    "flipped": 4,
    "cut": 2,
    "declared": 3,
    "odd": 3,
    "enter": 4,
    "enter_from_elsewhere": 2,
    "enter_oddly": 2,
    "enter_elsewhere": 3,
}


async def attack(url, count, seed):
    """Send messages from several hostile clients at once."""
    deadline = time.monotonic() + PATIENCE
    pages = PAGES if count > FEW else ()
    attackers = [Attacker(url, random.Random(f"{seed} {i}"), pages) for i in range(ATTACKERS)]

    async def strike(attacker):
        for _ in range(count // ATTACKERS):
            await attacker.strike(deadline)
        if attacker.wire is not None:
            attacker.wire.close()

    async with asyncio.timeout(PATIENCE):
        if pages:
            await attackers[0].rehearse(deadline)
            attackers[0].pages = pages
        await asyncio.gather(*map(strike, attackers))


if __name__ == "__main__":
    asyncio.run(attack(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
