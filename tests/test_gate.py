"""What a browser may say over the websocket, and what is refused before it costs anything."""

import asyncio
import base64
import gc
import gzip
import itertools
import json
import weakref
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import numpy as np
import pytest
from bokeh.server.connection import ServerConnection

from mnist_visual.gate import uploads
from mnist_visual.gate.assembly import Assembly, BrokenError, Letter
from mnist_visual.gate.house import BURST, RATE, House, with_ports
from mnist_visual.gate.messages import (
    MOST_ARRAYS,
    MOST_BYTES,
    MOST_TEXT,
    MOST_VALUES,
    PULL,
    Header,
    RefusedError,
    read_header,
    read_json,
    read_patch,
)
from mnist_visual.gate.pace import Notes, Pace
from mnist_visual.gate.shares import FREE, Shares
from mnist_visual.gate.socket import BYTES_A_MESSAGE, Socket
from tests.waiting import eventually


def speech(data, model="p1", name="data_event", before=()):
    """What a script says to its view, as BokehJS writes it."""
    values = [*before, ["model", {"id": model}], ["data", data]]
    said = {"type": "event", "name": name, "values": {"type": "map", "entries": values}}
    return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": said}


def entries(**values):
    return {"type": "map", "entries": [[key, value] for key, value in values.items()]}


def array(name="b1", dtype="float32", **more):
    data = {"type": "bytes", "data": {"id": name}}
    return {"type": "typed_array", "array": data, "order": "little", "dtype": dtype, **more}


def matrix(shape, dtype="uint8"):
    return array(dtype=dtype, shape=shape) | {"type": "ndarray"}


def patch(*events):
    return {"events": list(events)}


def nested(depth):
    return [nested(depth - 1)] if depth else []


BOMB = base64.b64encode(gzip.compress(bytes(10_000_000))).decode()


class TestPatches:
    def test_what_a_script_says_is_for_its_view(self):
        said = entries(kind="draw", points=array("b1"), lengths=array("b2", "int32"), number=3)
        content = read_patch(patch(speech(said, "p7")))
        assert content.speeches == [("p7", "draw")]
        assert {name: form.dtype for name, form in content.arrays.items()} == {
            "b1": np.float32,
            "b2": np.int32,
        }

    @pytest.mark.parametrize("name", ["document_ready", "client_reconnected"])
    def test_news_of_the_framework_carry_nothing(self, name):
        event = speech(None, name=name)
        event["msg_data"]["values"] = {"type": "map"}
        assert read_patch(patch(event)).speeches == [None]

    @pytest.mark.parametrize(
        "event",
        [
            {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "method", "new": "linear"},
            {"kind": "ColumnDataChanged", "model": {"id": "p1"}, "attr": "data", "data": {}},
            {"kind": "TitleChanged", "title": "x"},
            {"kind": "RootAdded", "model": {"type": "object", "name": "Figure", "id": "p9"}},
            {"kind": "RootRemoved", "model": {"id": "p1"}},
            {"kind": "MessageSent", "msg_type": "other", "msg_data": {}},
            {"kind": ["MessageSent"]},
            {},
            None,
            speech(entries(kind="a"), name="button_click"),
            speech(entries(kind="a"), name=["data_event"]),
            speech(entries(kind="a"), model=None),
            speech(entries(kind="a"), model={"id": "p1"}),
            speech(entries(kind="a"), model="p" * 65),
            speech({"type": "object", "name": "Slider", "id": "p9"}),
            speech({"kind": "draw"}),
            speech("draw"),
            speech(entries(), before=[["data", matrix([1], "S1000000000")]]),
            speech(entries(), before=[["model", {"type": "object", "name": "CustomJS"}]]),
        ],
    )
    def test_anything_else_is_refused(self, event):
        with pytest.raises(RefusedError):
            read_patch(patch(event))

    @pytest.mark.parametrize(
        "content", [{}, {"events": []}, {"events": {}}, {"events": [speech(entries())] * 33}]
    )
    def test_so_is_a_patch_of_no_or_too_many_events(self, content):
        with pytest.raises(RefusedError):
            read_patch(content)

    def test_and_one_that_brings_models_along(self):
        with pytest.raises(RefusedError):
            read_patch(patch(speech(entries())) | {"references": []})

    @pytest.mark.parametrize(
        "value",
        [
            float("nan"),
            float("inf"),
            10**400,
            "x" * 1001,
            nested(9),
            {"type": "number", "value": "nan"},
            {"type": "symbol", "name": "x"},
            {"type": "slice", "start": 0, "stop": 10**9, "step": 1},
            {"type": "set", "entries": [1]},
            {"type": "object", "name": "Slider", "id": "p9"},
            {"type": "bytes", "data": {"id": "b1"}},
            {"type": "map", "entries": [[1, 2]]},
            {"type": "map", "entries": [["a"]]},
            {"type": "map", "entries": "abc"},
            {"type": "map", "entries": [["a", {"type": "set"}], ["a", 1]]},
            [array("b1", "float32"), array("b1", "uint8")],
            {"id": "p1"},
            array() | {"array": {"type": "bytes", "data": BOMB}},
            array() | {"array": [0] * 10},
            array(dtype="S1000000000"),
            array(dtype="object"),
            array(dtype=["float32"]),
            array() | {"order": "big"},
            array(shape=[1]),
            matrix([-1]),
            matrix([]),
            matrix([1] * 5),
            matrix([True]),
            matrix([10**12]),
            matrix(3),
        ],
    )
    def test_a_value_that_no_script_sends_is_refused(self, value):
        with pytest.raises(RefusedError):
            read_patch(patch(speech(entries(kind="draw", points=value))))


class TestText:
    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "null", '{"a": NaN}', '{"a": -Infinity}', "[" * 60_000, "\ud800"]
    )
    def test_what_is_no_object_of_finite_numbers_is_refused(self, text):
        with pytest.raises(RefusedError):
            read_json(text)

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"msgid": "1"},
            {"msgid": "1", "msgtype": "PUSH-DOC"},
            {"msgid": "1", "msgtype": "SERVER-INFO-REQ"},
            {"msgid": "1", "msgtype": ["PATCH-DOC"]},
            {"msgid": "1" * 65, "msgtype": "PATCH-DOC"},
            {"msgid": 1, "msgtype": "PATCH-DOC"},
            {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": MOST_ARRAYS + 1},
            {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": -1},
            {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": 1.5},
            {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": True},
            {"msgid": "1", "msgtype": "PULL-DOC-REQ", "num_buffers": 1},
            {"msgid": "1", "msgtype": "PATCH-DOC", "reqid": "2"},
        ],
    )
    def test_so_is_a_header_of_another_message(self, fields):
        with pytest.raises(RefusedError):
            read_header(json.dumps(fields))


def frames(said, *arrays, count=None):
    """The frames of one message."""
    count = len(arrays) if count is None else count
    header = {"msgid": "1", "msgtype": "PATCH-DOC"} | ({"num_buffers": count} if count else {})
    yield json.dumps(header)
    yield "{}"
    yield json.dumps(patch(speech(said)))
    for name, data in arrays:
        yield json.dumps({"id": name})
        yield data


class TestAssembly:
    @pytest.fixture
    def assembly(self):
        return Assembly(lambda _: MOST_BYTES)

    def read(self, assembly, *args, **kwargs):
        *before, last = frames(*args, **kwargs)
        assert [assembly.add(frame) for frame in before] == [None] * len(before)
        return assembly.add(last)

    def test_a_message_comes_with_its_arrays(self, assembly):
        data = np.arange(4, dtype=np.float32).tobytes()
        letter = self.read(assembly, entries(kind="draw", points=array()), ("b1", data))
        assert letter.refusal is None
        assert letter.arrays == {"b1": data}

    @pytest.mark.parametrize(
        ("said", "arrays"),
        [
            (array(), [("b2", bytes(4))]),
            (array(), [("b1", bytes(3))]),
            (array(), [("b1", np.float32([np.nan]).tobytes())]),
            (array(), [("b1", bytes(4)), ("b1", bytes(4))]),
            (array("b1", "float64"), [("b1", np.float64([np.inf]).tobytes())]),
            (matrix([2, 2]), [("b1", bytes(5))]),
            (array(), [("b1", bytes(4)), ("b2", bytes(4))]),
            (1e400, []),
        ],
    )
    def test_what_is_refused_is_read_to_its_end_and_the_next_message_is_understood(
        self, assembly, said, arrays
    ):
        assert self.read(assembly, entries(kind="draw", points=said), *arrays).refusal
        letter = self.read(assembly, entries(kind="draw", points=array()), ("b1", bytes(4)))
        assert letter.refusal is None

    def test_what_is_for_nobody_is_refused_before_its_arrays_come(self):
        def allow(_):
            raise RefusedError("nobody")

        letter = self.read(Assembly(allow), entries(points=array()), ("b1", bytes(4)))
        assert str(letter.refusal) == "nobody"
        assert letter.arrays == {}

    def test_a_frame_may_be_as_large_as_the_message_still_may(self, assembly):
        said = entries(kind="draw", points=array("b1", "uint8"), lengths=array("b2", "uint8"))
        sizes = []
        for frame in frames(said, ("b1", bytes(1000)), ("b2", bytes(1))):
            sizes.append(assembly.most)
            assembly.add(frame)
        text, data = MOST_TEXT, MOST_BYTES
        assert sizes == [text, text, text, text, data, text, data - 1000]

    @pytest.mark.parametrize(
        "sent",
        [
            [b"{}"],
            ["nonsense"],
            ['{"msgid": "1", "msgtype": "PATCH-DOC"}', b""],
            [" " * (MOST_TEXT + 1)],
            [*frames(entries(points=array()), count=1), '{"msgid": "2", "msgtype": "PATCH-DOC"}'],
            [*frames(entries(points=array()), count=1), '{"id": "b1"}', "text"],
            [*frames(entries(points=array()), count=1), '{"id": "b1"}', bytes(MOST_BYTES + 1)],
        ],
    )
    def test_after_a_frame_out_of_turn_nothing_can_be_understood(self, assembly, sent):
        *before, last = sent
        for frame in before:
            assembly.add(frame)
        with pytest.raises(BrokenError):
            assembly.add(last)


class TestHouse:
    @pytest.fixture
    def house(self):
        return House(frozenset(), 3, [])

    def test_it_is_full_of_those_who_are_here_and_those_who_wait(self, house):
        context = SimpleNamespace(_sessions={"a": 1}, _pending_sessions={"b": 1})

        async def crowd():
            seen = [house.is_full(context)]
            async with house.building_turn():
                waiting = asyncio.create_task(self.wait(house, []))
                await asyncio.sleep(0)
                seen.append(house.is_full(context))
            await waiting
            return seen

        assert asyncio.run(crowd()) == [False, True]

    def test_pages_are_built_one_at_a_time_in_the_order_of_arrival(self, house):
        events = []

        async def crowd():
            await asyncio.gather(*(self.wait(house, events) for _ in range(3)))

        asyncio.run(crowd())
        assert events == ["begin", "end"] * 3

    async def wait(self, house, events):
        async with house.building_turn():
            events.append("begin")
            await asyncio.sleep(0.001)
            events.append("end")


class TestOrigins:
    @pytest.mark.parametrize(
        ("allowed", "origin", "is_let_in"),
        [
            ("example.org", "http://example.org", True),
            ("example.org", "https://example.org", True),
            ("Example.org", "https://EXAMPLE.org:443", True),
            ("example.org", "http://example.org:8080", False),
            ("example.org:443", "https://example.org", True),
            ("example.org:443", "http://example.org", False),
            ("example.org:80", "https://example.org", False),
            ("example.org", "file://example.org", False),
            ("example.org", "https://example.org.evil.example", False),
        ],
    )
    def test_a_host_without_a_port_has_the_one_of_its_scheme(self, allowed, origin, is_let_in):
        socket = Socket.__new__(Socket)
        house = House(with_ports([allowed]), 3, [])
        socket.application = SimpleNamespace(settings={"house": house})
        assert socket.check_origin(origin) is is_let_in


def test_who_waits_for_a_turn_is_not_taken_for_lost():
    async def take(socket):
        async with socket._while_building():
            pass

    async def crowd():
        house = House(frozenset(), 3, [])
        socket = Socket.__new__(Socket)
        socket.application = SimpleNamespace(settings={"house": house})
        socket.ws_connection = SimpleNamespace(_received_pong=False)
        async with house.building_turn():
            waiting = asyncio.create_task(take(socket))
            await asyncio.sleep(0.01)
            assert socket.ws_connection._received_pong
        await waiting

    asyncio.run(crowd())


class TestLeaving:
    """Who has gone is no error, whoever notices it first."""

    @pytest.fixture
    def socket(self):
        socket = Socket.__new__(Socket)
        socket.application = SimpleNamespace(
            settings={"house": House(frozenset(), 3, [])},
            client_lost=ServerConnection.detach_session,
        )
        socket.connection = ServerConnection(Mock(), socket, Mock(), Mock())
        socket.ws_connection = socket._upload = socket.close_code = socket.close_reason = None
        socket._has_left = False
        return socket

    def test_a_ping_that_finds_nobody_ends_the_connection_once(self, socket):
        session = socket.connection.session
        socket.ping(b"0")
        socket.on_close()
        session.notify_connection_lost.assert_called_once_with()

    def test_who_goes_while_it_waits_for_its_turn_is_written_no_page(self, socket, caplog):
        async def crowd():
            async with socket._house.building_turn():
                letter = Letter(Header(PULL, {"msgid": "1", "msgtype": PULL}, 0))
                waiting = asyncio.create_task(socket._take(letter))
                await asyncio.sleep(0.01)
                socket.ping(b"0")
            await waiting

        asyncio.run(crowd())
        assert caplog.messages == []


class TestUploads:
    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch):
        monkeypatch.setattr(uploads, "PATIENCE", 0.05)
        monkeypatch.setattr(uploads, "READING", 0)

    def test_there_is_a_place_for_few_and_the_others_are_told(self):
        async def crowd():
            places = uploads.Uploads()
            first, *_ = [await places.enter(str(name)) for name in range(uploads.UPLOADS)]
            with pytest.raises(uploads.BusyError, match="Many files"):
                await places.enter("late")
            with pytest.raises(uploads.BusyError, match="Another file of yours"):
                await places.enter("0")
            first.leave()
            await places.enter("late")

        asyncio.run(crowd())

    def test_what_is_left_of_a_file_goes_before_the_next_one_comes(self):
        class Message:
            def __init__(self):
                self.itself = self

        async def send():
            place = await uploads.Uploads().enter("a session")
            left = weakref.ref(Message())
            place.leave()
            await asyncio.sleep(0.01)
            return left()

        gc.disable()
        try:
            assert asyncio.run(send()) is None
        finally:
            gc.enable()

    def test_who_leaves_while_it_waits_keeps_no_place(self):
        async def crowd():
            house = House(frozenset(), 3, [])
            first, *_ = [await house.uploads.enter(str(name)) for name in range(uploads.UPLOADS)]
            socket = Socket.__new__(Socket)
            socket.application = SimpleNamespace(settings={"house": house})
            socket._assembly = SimpleNamespace(allowed=MOST_BYTES + 1, is_refused=False)
            socket.connection = SimpleNamespace(session=SimpleNamespace(id="late"))
            socket._upload, socket._dismissed, socket._has_left = None, False, False
            waiting = asyncio.create_task(socket._prepare_for_rest())
            await asyncio.sleep(0)
            socket._has_left = True
            first.leave()
            await waiting
            assert socket._upload is None
            await house.uploads.enter("another")

        asyncio.run(crowd())

    @pytest.mark.parametrize(
        ("step", "reason"),
        [(0, "slowly"), (uploads.LEAST_BYTES - 1, "slowly"), (uploads.LEAST_BYTES, "too long")],
    )
    def test_a_file_that_hardly_comes_is_given_up(self, monkeypatch, step, reason):
        monkeypatch.setattr(uploads, "SECONDS", 3)
        monkeypatch.setattr(uploads, "PERIOD", 1)
        monkeypatch.setattr(uploads.asyncio, "sleep", AsyncMock())
        received = itertools.count(0, step)
        assert reason in asyncio.run(uploads.too_slow(lambda: next(received)))


class TestPace:
    def test_whoever_is_in_a_hurry_waits_as_long_as_it_takes_to_pay(self):
        now = 0.0
        pace = Pace(rate=100, burst=50, clock=lambda: now)
        assert [pace.spend(25) for _ in range(4)] == [0, 0, 0.25, 0.5]
        now = 10.0
        assert pace.spend(60) == pytest.approx(0.1)

    def test_a_pen_that_is_read_240_times_a_second_never_waits(self):
        now = 0.0
        pace = Pace(RATE, BURST, clock=lambda: now)
        for step in range(240 * 60):
            now = step / 240
            assert pace.spend(1 + 20_000 / BYTES_A_MESSAGE) == 0  # of 2,500 points

    def test_a_flood_writes_few_lines_and_says_how_many_were_left_out(self, caplog):
        notes = Notes(rate=20)
        for _ in range(1000):
            notes.write("Refused\n" + "x" * 10_000)
        assert len(caplog.messages) <= 25
        assert max(map(len, caplog.messages)) < 300
        assert not any("\n" in line for line in caplog.messages)


def test_a_list_that_should_be_an_array_is_refused():
    read_patch(patch(speech(entries(x=[0] * MOST_VALUES))))
    with pytest.raises(RefusedError, match="a list that is too long"):
        read_patch(patch(speech(entries(x=[0] * (MOST_VALUES + 1)))))


def test_so_is_a_map_of_as_many():
    large = {f"{i}": 0 for i in range(MOST_VALUES + 1)}
    with pytest.raises(RefusedError, match="a map that is too long"):
        read_patch(patch(speech(entries(**large))))


class Person:
    """Somebody who asks for turns."""


class TestShares:
    """Those who ask are named by letters; a turn takes as long as a message says."""

    @pytest.fixture
    def order(self):
        return []

    @pytest.fixture
    def ask(self, order):
        """Give what takes a turn for somebody, and notes who had it."""
        now = 0.0
        shares, people = Shares(worked=lambda: now, clock=lambda: 0.0), {}

        async def ask(name, seconds):
            nonlocal now
            async with shares.turn(people.setdefault(name, Person())):
                order.append(name)
                now += seconds

        return ask

    @staticmethod
    async def soon(task):
        """Start a task, and let it wait for its turn."""
        started = asyncio.create_task(task)
        await asyncio.sleep(0)
        return started

    def test_who_asks_for_little_waits_for_one_turn_of_another(self, ask, order):
        async def hungry(name):
            for _ in range(5):
                await ask(name, 1.0)

        async def run():
            others = [await self.soon(hungry(name)) for name in "abcd"]
            await eventually(lambda: len(order) >= 3, pause=0)
            await ask("x", 0.1)
            await asyncio.gather(*others)

        asyncio.run(run())
        assert order.index("x") <= 4
        assert len(order) == 21

    def test_each_has_as_much_time_whatever_its_messages_take(self, ask, order):
        async def run():
            await asyncio.gather(
                self.repeat(ask, "a", 3.0, 5),
                self.repeat(ask, "b", 1.0, 15),
            )

        asyncio.run(run())
        half = order[: len(order) // 2]
        assert 2 <= half.count("b") / half.count("a") <= 4

    @staticmethod
    async def repeat(ask, name, seconds, times):
        for _ in range(times):
            await ask(name, seconds)

    def test_who_has_rested_has_nothing_saved(self, ask, order):
        async def run():
            await ask("rested", 1.0)
            await self.repeat(ask, "a", 1.0, 50)
            order.clear()
            await asyncio.gather(*(self.repeat(ask, name, 1.0, 6) for name in ("a", "rested")))

        asyncio.run(run())
        assert 2 <= order[:6].count("rested") <= 4

    def test_what_somebody_asks_for_on_arriving_is_not_counted(self, ask, order):
        async def run():
            await self.repeat(ask, "x", FREE / 4, 3)
            order.clear()
            await asyncio.gather(*[await self.soon(ask(name, 0.01)) for name in ("a", "x", "new")])

        asyncio.run(run())
        assert order == ["a", "x", "new"]

    def test_who_gives_up_or_fails_does_not_keep_the_turn(self, ask, order):
        async def fail():
            await ask("a", None)

        async def run():
            failing = await self.soon(fail())
            waiting = await self.soon(ask("b", 1.0))
            last = await self.soon(ask("c", 1.0))
            waiting.cancel()
            await asyncio.gather(failing, waiting, return_exceptions=True)
            assert isinstance(failing.exception(), TypeError)
            await last

        asyncio.run(run())
        assert order == ["a", "c"]

    def test_a_turn_that_was_given_to_who_gives_up_goes_on_to_the_next(self, order):
        async def run():
            shares, first, second = Shares(), Person(), Person()

            async def ask(who):
                async with shares.turn(who):
                    order.append(who)

            async with shares.turn(first):
                waiting = await self.soon(ask(first))
                ((_, given),) = shares._waiting
            await eventually(given.done, pause=0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await ask(second)
            assert order == [second]

        asyncio.run(run())
