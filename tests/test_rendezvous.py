"""How processes find each other before JAX connects them."""

import contextlib
import logging
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnist_visual._rendezvous import meet

from .waiting import until


@pytest.fixture
def coordinator(monkeypatch):
    """A free port of this machine alone."""
    with socket.create_server(("localhost", 0)) as listener:
        address = f"localhost:{listener.getsockname()[1]}"
    monkeypatch.setenv("JAX_COORDINATOR_BIND_ADDRESS", address)
    return address


def complaints(coordinator, *processes, seconds=20.0):
    """Let processes meet, each a number and a count; give what is wrong for each, or None."""

    def go(number, count):
        try:
            meet(number, count, coordinator, seconds=seconds)
        except ConnectionError as error:
            return str(error)

    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(lambda process: go(*process), processes))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_processes_meet_whoever_comes_first(coordinator, order):
    assert complaints(coordinator, *((number, 3) for number in order)) == [None] * 3


def test_one_alone_waits_for_nobody(coordinator):
    assert complaints(coordinator, (0, 1)) == [None]


def test_process_that_never_comes_is_named_after_a_bounded_time(coordinator):
    first, second = complaints(coordinator, (0, 3), (1, 3), seconds=1.0)
    assert first == second
    assert "start within 1 s of each other. Received: none with the number 2 at" in first


def test_first_process_that_never_comes_is_said(coordinator):
    (said,) = complaints(coordinator, (1, 2), seconds=0.5)
    assert f"Received: no answer of the first at {coordinator} (Connection refused)." in said


def test_wrong_name_is_said_without_waiting():
    (said,) = complaints("nowhere.invalid:1234", (1, 2), seconds=60.0)
    assert "no answer of the first at nowhere.invalid:1234" in said
    assert "Check --coordinator" in said


def test_port_that_is_taken_is_said(coordinator):
    port = int(coordinator.rpartition(":")[2])
    with socket.create_server(("localhost", port)):
        (said,) = complaints(coordinator, (0, 2))
    assert "(Address already in use). Choose another port" in said


def test_two_processes_of_one_number_are_refused(coordinator):
    said = complaints(coordinator, (0, 3), (1, 3), (1, 3))
    assert (
        said
        == [
            "Every process has a number of its own. Received: two processes 1/3. "
            "Give each another --process."
        ]
        * 3
    )


def test_processes_of_other_counts_are_refused(coordinator):
    said = complaints(coordinator, (0, 2), (2, 3))
    assert said[0] == said[1]
    assert "Received: process 2/3, where the first is 0/2." in said[0]


def knock(address):
    """Connect, or give None while nobody listens there yet."""
    with contextlib.suppress(ConnectionRefusedError):
        return socket.create_connection(address)


def test_process_that_was_ended_while_waiting_may_come_again(coordinator):
    address = "localhost", int(coordinator.rpartition(":")[2])
    first = ThreadPoolExecutor(1).submit(complaints, coordinator, (0, 3))
    gone = until(lambda: knock(address))
    gone.sendall(b"mnist-visual: process 1/3\n")
    gone.close()
    assert complaints(coordinator, (1, 3), (2, 3)) == [None, None]
    assert first.result() == [None]


STRANGE = [
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\n",
    b"[" * 1990 + b"\n",
    b"[1e999,2]\n",
    b"[5,9]\n",
    b"[true,2]\n",
    b"mnist-visual: process 0/2\n",
    b"mnist-visual: process 2/2\n",
    b"mnist-visual: process 1/" + 1900 * b"9" + b"\n",
    b"mnist-visual: process 1/2 \n",
    b"x" * 5000,
]


def test_others_who_knock_are_let_go_with_a_line_each(coordinator, caplog):
    caplog.set_level(logging.INFO, "mnist_visual")
    address = "localhost", int(coordinator.rpartition(":")[2])
    first = ThreadPoolExecutor(1).submit(complaints, coordinator, (0, 2))
    for words in STRANGE:
        with until(lambda: knock(address)) as knocking:
            knocking.sendall(words)
    assert complaints(coordinator, (1, 2)) == [None]
    assert first.result() == [None]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(STRANGE)
    assert all(re.fullmatch(r"Ignored .*, who said b.{2,60}\.", line) for line in lines)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("is_there", [False, True])
def test_waiting_ends_when_a_check_raises(coordinator, number, is_there):
    """Whether another has come or not; as the first, and as one that reports to it."""
    checks = []

    def check():
        checks.append(None)
        if len(checks) == 4:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        if is_there:
            other = pool.submit(complaints, coordinator, (2 if number == 0 else 0, 3), seconds=2.0)
        with pytest.raises(KeyboardInterrupt):
            meet(number, 3, coordinator, seconds=60.0, check=check)
        if is_there:
            assert "start within 2 s of each other" in other.result()[0]


def test_something_else_at_the_address_is_said(coordinator):
    port = int(coordinator.rpartition(":")[2])
    with socket.create_server(("localhost", port)) as other, ThreadPoolExecutor(1) as pool:
        said = pool.submit(complaints, coordinator, (1, 2))
        guest, _ = other.accept()
        with guest:
            guest.sendall(b"\x00\x00\x12\x04\n")
            assert "where something else answers" in said.result()[0]
