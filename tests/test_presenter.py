"""A talk's walk, a page that is left alone, and the QR code."""

import numpy as np
import param
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual import server
from mnist_visual._links import checked_link, is_loopback, qr_modules
from mnist_visual.components import Presenter, Sketchpad, TrainingMonitor
from mnist_visual.live_training.records import Progress

VIEWS = {"draw": ("Draw", {"page": "draw"}), "map": ("The map", {"page": "latent"})}
PAGE = "https://example.org/page.html"


def presenter(**options):
    """Make one whose messages are kept."""
    made = Presenter(VIEWS, **({"clear": list} | options))
    made.sent = []
    made._send_msg = made.sent.append
    return made


def read(link):
    """Read a link's code as another library does."""
    modules = np.pad(qr_modules(link), 4)
    (code,) = zxingcpp.read_barcodes(np.kron(255 * (1 - modules), np.ones((4, 4))).astype(np.uint8))
    return code.text


@given(st.text("abcxyzABC019/-_.~?=&%#", max_size=250))
def test_another_library_reads_the_code_of_any_link(rest):
    link = f"http://10.0.0.7:5006/{rest}"
    assert read(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "page.html",
        "ftp://a.org",
        "javascript:alert(1)",
        "http://",
        "http://a b.org",
        "http://a:99999",
        "http://a.org/é",
        "http://a.org/\n",
        f"http://a.org/{'x' * 300}",
    ],
)
def test_what_no_browser_opens_is_no_link(link):
    with pytest.raises(ValueError, match="A link is like"):
        checked_link(link)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        ("hall.localhost", True),
        ("10.0.0.7", False),
        ("localhost.example.org", False),
    ],
)
def test_an_address_of_ones_own_machine_is_recognised(host, expected):
    assert is_loopback(f"http://{host}:5006/") is expected


def test_the_code_is_of_the_address_that_is_shared_whatever_the_page_says():
    shared = presenter(share=PAGE)
    shared._handle_msg({"kind": "code", "link": "http://10.0.0.7:5006/"})
    (code,) = shared.sent
    assert code["link"] == PAGE
    assert code["note"] == ""
    np.testing.assert_array_equal(code["modules"].reshape(2 * [code["side"]]), qr_modules(PAGE))


@pytest.mark.parametrize("link", [None, 5, "javascript:alert(1)", "x" * 10**6, ["http://a.org"]])
def test_a_page_that_says_nonsense_gets_no_code(link):
    shown = presenter()
    shown._handle_msg({"kind": "code", "link": link})
    assert shown.sent == []


def test_a_page_left_alone_is_made_ready_unless_something_goes_on():
    pad, busy = Sketchpad(), [True]
    pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
    left = presenter(clear=pad.clear, busy=lambda: busy[0])
    left._handle_msg({"kind": "idle"})
    assert left.sent == [{"kind": "busy"}]
    assert pad.strokes
    busy[0] = False
    left._handle_msg({"kind": "idle"})
    assert left.sent[1:] == [{"kind": "first"}]
    assert not pad.strokes


def test_a_picture_is_cleared_too():
    pad = Sketchpad()
    pad.picture = np.eye(28)
    presenter(clear=pad.clear)._handle_msg({"kind": "clear"})
    assert pad.picture is None
    assert pad.steps.box is None


@pytest.mark.parametrize("walk", [[], ["draw", "nowhere"]])
def test_a_walk_leads_where_there_are_views(walk):
    with pytest.raises(ValueError, match="A walk is of"):
        presenter(walk=walk)


def test_an_address_to_share_is_checked_before_anything_is_opened():
    with pytest.raises(ValueError, match="A link is like"):
        server.serve(share="page.html", port=0, show=False, start=False)


@pytest.fixture
def items(monkeypatch):
    """Give the parts of a page, its monitor among them."""
    made, init = {}, TrainingMonitor.__init__

    def remember(self, *arguments, **options):
        init(self, *arguments, **options)
        made["monitor"] = self

    monkeypatch.setattr(TrainingMonitor, "__init__", remember)
    template = server.page_function()(share=PAGE)
    return made | {name: item for name, (item, _) in template._render_items.items()}


def test_every_view_of_the_walk_is_on_the_page(items):
    pages = items["pages"]
    pages.active = "network"
    ((links, *_),) = pages.slots["network"]
    there = {"page": pages.labels, "view": links.labels}
    for name, label, parts in items["presenter"].views:
        assert all(value in there[key] for key, value in parts.items()), name
        assert label in {there[key][value] for key, value in parts.items()}


@pytest.mark.parametrize(
    ("state", "stays"),
    [("running", True), ("queued", True), ("paused", False), ("finished", False)],
)
def test_the_page_stays_while_a_training_runs(items, state, stays):
    items["sketchpad"].strokes = [[(0.5, 0.2), (0.5, 0.8)]]
    items["tour"].go(0)
    with param.edit_constant(items["monitor"]):
        items["monitor"].progress = Progress(state=state)
    items["presenter"]._handle_msg({"kind": "idle"})
    assert bool(items["sketchpad"].strokes) is stays
    assert (items["tour"].stop is None) is not stays


def test_on_a_page_left_alone_the_shipped_networks_answer(items):
    monitor = items["monitor"]
    with param.edit_constant(monitor):
        monitor.chosen = {"classifier": None}
    items["presenter"]._handle_msg({"kind": "idle"})
    assert monitor.chosen == {}
