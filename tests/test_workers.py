"""Several processes that serve together: who goes where, and how they end."""

import asyncio
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnist_visual import cli
from mnist_visual.workers import front
from mnist_visual.workers.heads import peek, session_of

from .waiting import PATIENCE, until
from .wire_visitor import WireVisitor

pytestmark = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="looks at /proc"
)
STROKE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]


class Served:
    def __init__(self, process, log):
        self.process, self.log = process, log
        self.url = re.search(r"http://localhost:\d+", process.stdout.readline())[0]

    @property
    def workers(self):
        pid = self.process.pid
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


@contextmanager
def served(log):
    command = [sys.executable, "-m", "mnist_visual", "serve", "--no-browser", "--port", "0"]
    empty = {**os.environ, "BOKEH_SECRET_KEY": ""}  # counts as none
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--workers", "2", "--most-sessions", "2001"],
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env=empty,
        )
    try:
        yield Served(process, log)
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    with served(tmp_path_factory.mktemp("workers") / "stderr.txt") as here:
        yield here


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def visit(url):
    visitor = WireVisitor(url)
    await visitor.get_page()
    await visitor.connect()
    return visitor


def test_all_of_many_visitors_are_answered(two):
    async def draw():
        visitor = await visit(two.url)
        said = await visitor.draw(STROKE)
        await visitor.close()
        return any("probabilities" in each for each in said)

    async def visits():
        return await asyncio.gather(*(draw() for _ in range(20)))

    assert asyncio.run(visits()) == 20 * [True]


def test_who_comes_back_finds_their_session(two):
    async def come_back(_):
        visitor = await visit(two.url)
        before = visitor.components
        await visitor.close()
        await visitor.connect()
        after = visitor.components
        await visitor.close()
        return before == after

    async def visits():
        return [await come_back(number) for number in range(6)]

    assert asyncio.run(visits()) == 6 * [True]


def test_the_room_for_sessions_is_shared_out(two):
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in two.workers]
    assert ["'most_sessions': 1001" in command for command in commands] == [True, True]


def test_trainings_have_a_share_of_the_cores_each(two):
    code = "from mnist_visual._devices import prepare_jax as p; p(); import jax;"
    code += "print(jax.local_device_count())"
    environment = Path(f"/proc/{two.workers[0]}/environ").read_text().split("\0")
    given = dict(each.split("=", 1) for each in environment if "=" in each)
    said = subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True
    )
    share = max((os.cpu_count() - 1) // 2, 1)
    assert share / 2 < int(said.stdout) <= share


def test_a_request_that_comes_in_pieces_is_answered(two):
    host, port = two.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        for piece in (b"GET /favicon.ico HT", b"TP/1.1\r\nHost: a\r", b"\n\r\n"):
            connection.sendall(piece)
            time.sleep(0.05)
        assert connection.recv(12) == b"HTTP/1.1 200"


def session(visitor):
    return session_of(f"Sec-WebSocket-Protocol: bokeh, {visitor.token}".encode())


def test_the_visitors_of_a_worker_that_died_recover_by_reloading(two):
    async def reload():
        visitor = await visit(two.url)
        await visitor.draw(STROKE)
        await visitor.close()

    async def visits():
        here = []
        while len({zlib.crc32(session(visitor)) % 2 for visitor in here}) < 2:
            here.append(await visit(two.url))  # until both workers have one
        os.kill(two.workers[0], signal.SIGKILL)
        ends = await asyncio.gather(
            *(visitor.draw(STROKE) for visitor in here), return_exceptions=True
        )
        lost = [visitor for visitor, end in zip(here, ends, strict=True) if type(end) is not list]
        for _ in lost:
            await reload()
        for visitor in here:
            await visitor.close()
        return lost

    before = two.workers
    assert asyncio.run(visits())
    until(lambda: len({*before} & {*two.workers}) == 1 and len(two.workers) == 2)
    told = "A worker died (code -9). It is replaced, and its visitors have to reload."
    assert two.log.read_text().splitlines().count(told) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_they_stop_together(tmp_path, number):
    with served(tmp_path / "stderr.txt") as here:
        workers = here.workers
        here.process.send_signal(number)
        code = here.process.wait(PATIENCE)
        until(lambda: not any(map(is_alive, workers)))
        assert (tmp_path / "stderr.txt").read_text() == ""
    assert len(workers) == 2
    assert code == (0 if number == signal.SIGTERM else -number)


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (["--workers", "0"], "'0'"),
        (["--workers", "65"], "65"),
        (["--workers", "2", "--port", "99999"], "99999"),
        (["--workers", "2", "--port", "0", "--allow-origin", "*"], "'*'"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(arguments, received, capfd):
    try:
        code = cli.main(["serve", "--no-browser", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    (sentence,) = capfd.readouterr().err.splitlines()
    assert received in sentence


def test_a_taken_port_is_one_sentence():
    with socket.create_server(("localhost", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "mnist_visual.cli", "serve", "--workers", "2"]
        result = subprocess.run(
            [*command, "--port", port], capture_output=True, text=True, check=False, timeout=60
        )
    assert result.returncode == 2
    (sentence,) = result.stderr.splitlines()
    assert f"port {port} is taken" in sentence


def token(payload):
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    ("head", "session"),
    [
        (b"Sec-WebSocket-Protocol: bokeh, %s" % token({"session_id": "a"}), b"a"),
        (b"sec-websocket-protocol:bokeh,%s.sig" % token({"session_id": "ab"}), b"ab"),
        (b"Cookie: x=1; mnist-visual-session-%s=a.b; y=2" % (b"a" * 12), None),
        (b"Cookie: x=1", None),
        (b"Sec-WebSocket-Protocol: bokeh, %s" % token(["a"]), None),
        (b"Sec-WebSocket-Protocol: bokeh, %s" % token({}), None),
        (b"Sec-WebSocket-Protocol: bokeh, ____", None),
        (b"Sec-WebSocket-Protocol: other", None),
    ],
)
def test_a_request_says_its_session(head, session):
    assert session_of(b"GET /ws HTTP/1.1\r\n%s\r\n\r\n" % head) == session


@pytest.mark.parametrize("depth", [12_000, 40_000])
def test_a_request_that_is_deeply_nested_names_no_session(depth):
    head = b"Sec-WebSocket-Protocol: bokeh, " + base64.urlsafe_b64encode(depth * b"[")
    assert session_of(b"GET /ws HTTP/1.1\r\n%s\r\n\r\n" % head) is None


@settings(max_examples=50)
@example(rb'{"session_id": "\ud800"}')
@example(b'{"session_id": %s}' % (5000 * b"1"))
@given(
    st.binary()
    | st.lists(st.floats() | st.text()).map(lambda any_: json.dumps({"session_id": any_}).encode())
)
def test_whatever_a_request_names_it_is_a_session_or_none(wild):
    head = b"Sec-WebSocket-Protocol: bokeh, " + base64.urlsafe_b64encode(wild)
    assert type(session_of(head)) in (bytes, type(None))


CHANNEL = "import socket, sys, time; channel = socket.socket(fileno={}['channel']); "
READY = "channel.sendall(b'ready'); "


def keep(monkeypatch, *scripts):
    """Start a worker, and again when it died, by a script and a limit each; gives how it ended."""
    told, to_come = [], iter(scripts)

    def go_on(*said):
        told.extend(said[:1])
        script, limit = next(to_come)
        monkeypatch.setattr(front, "_START", CHANNEL + script)
        monkeypatch.setattr(front, "START", limit)

    async def run():
        worker = front._Worker(front.Place(0, "127.0.0.1", []))
        keeping = asyncio.create_task(worker.keep())
        while not keeping.done() and not (worker.ready.is_set() and len(told) == len(scripts) - 1):
            await asyncio.sleep(0.01)
        keeping.cancel()
        (end,) = await asyncio.gather(keeping, return_exceptions=True)
        await worker.end(0)
        return end

    go_on()
    monkeypatch.setattr(front, "say", go_on)
    return asyncio.run(asyncio.wait_for(run(), 60)), told


@pytest.mark.parametrize("failure", [("sys.exit(1)", 60), ("time.sleep(1000)", 0.2)])
def test_a_worker_that_does_not_start_again_at_once_has_another_try(monkeypatch, failure):
    end, told = keep(monkeypatch, (READY, 60), failure, (READY + "channel.recv(1)", 60))
    assert isinstance(end, asyncio.CancelledError)
    assert len(told) == 2


def test_a_worker_that_never_starts_again_ends_all_after_three_deaths(monkeypatch):
    end, told = keep(monkeypatch, (READY, 60), ("", 60), ("", 60), (READY, 60))
    assert isinstance(end, ChildProcessError)
    assert len(told) == 2


def test_a_worker_that_does_not_start_at_first_is_not_tried_again(monkeypatch):
    end, told = keep(monkeypatch, ("channel.sendall(b'No.')", 60), (READY, 60))
    assert (type(end), str(end), told) == (ValueError, "No.", [])


@asynccontextmanager
async def listener():
    """Have a front without workers: gives its address, and whom it would pass on."""
    here, passed = front._Front(front.Place(0, "127.0.0.1", []), 1), asyncio.Queue()
    here._workers[0].give = passed.put
    (listener,) = here._listeners
    listening = asyncio.create_task(here._listen(listener))
    try:
        yield listener.getsockname(), passed
    finally:
        listening.cancel()
        listener.close()


def test_where_too_many_keep_quiet_the_oldest_of_them_goes(monkeypatch):
    monkeypatch.setattr(front, "MOST_WAITING", 3)

    async def visits():
        async with listener() as (address, passed):
            quiet = [await asyncio.open_connection(*address) for _ in range(3)]
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await asyncio.wait_for(passed.get(), 30)
            gone = await asyncio.wait_for(quiet[0][0].read(), 30)
            for _, each in [*quiet, (reader, writer)]:
                each.close()
            return gone

    assert asyncio.run(visits()) == b""


def test_who_keeps_quiet_for_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(front, "HEAD", 0.1)

    async def visit():
        async with listener() as (address, _):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HT")
            gone = await asyncio.wait_for(reader.read(), 30)
            writer.close()
            return gone

    with pytest.raises(ConnectionResetError):  # what was sent has not been taken
        asyncio.run(visit())


class Counted(socket.socket):
    looks = 0

    def recv(self, *arguments):
        self.looks += 1
        return super().recv(*arguments)


def test_half_a_request_is_looked_at_less_and_less():
    async def wait():
        ours, theirs = socket.socketpair()
        theirs.sendall(b"GET / HT")
        with theirs, Counted(fileno=ours.detach()) as connection:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(peek(connection), 0.5)
            return connection.looks

    assert asyncio.run(wait()) <= 7
