"""What of a page its address holds, whoever wrote it."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual.components import (
    ActivationCurves,
    Address,
    ArchitectureDiagram,
    Attribution,
    ConvolutionSandbox,
    LatentExplorer,
    LearningStep,
    NetworkExplorer,
    PoolingComparison,
    Reading,
    Sketchpad,
)
from mnist_visual.components._linked import written
from mnist_visual.components._shipped_plane import shipped_plane
from mnist_visual.inference import shared_network

SET = [
    (NetworkExplorer, {"unit": "conv1,12,12,3"}),
    (ActivationCurves, {"neuron": "conv2,1,2,3"}),
    (Attribution, {"class": "8", "method": "occlusion"}),
    (ArchitectureDiagram, {"layer": "conv2"}),
    (LearningStep, {"rate": "0.1", "taught": "7"}),
    (PoolingComparison, {"map": "2", "window": "3", "at": "1,4"}),
    (ConvolutionSandbox, {"kernel": "blur", "stride": "2", "padding": "same", "relu": "1"}),
    (ConvolutionSandbox, {"kernel": "0,1,0,1,-4,1,0,1,0.5", "shift": "2,-3", "place": "3,4"}),
    (LatentExplorer, {"point": "0.5,-1.25", "sight": "1,0,0.5", "pictures": "1", "dots": "0"}),
    (LatentExplorer, {"from": "1,1", "to": "-1,0.5", "path": "spherical", "regions": "0"}),
]


def build(kind):
    if kind is LatentExplorer:
        return LatentExplorer(shipped_plane())
    return kind(Reading(shared_network(), Sketchpad()))


@pytest.mark.parametrize(("kind", "parts"), SET, ids=str)
def test_a_view_is_set_as_the_address_says_and_says_the_same(kind, parts):
    address = Address(parts)
    view = address.follow(build(kind))
    assert {name: text for name, text in address.parts.items() if text is not None} == parts
    assert parts.items() <= written(view).items()


@pytest.mark.parametrize("kind", dict(SET), ids=lambda kind: kind.__name__)
def test_what_is_as_usual_is_not_in_the_address(kind):
    address = Address({})
    address.follow(build(kind))
    assert set(address.parts.values()) == {None}


@pytest.mark.parametrize(("kind", "parts"), SET, ids=str)
def test_on_the_way_back_a_view_is_as_it_was(kind, parts):
    address = Address({})
    view = address.follow(build(kind))
    usual = written(view)
    address._handle_msg({"kind": "went", "parts": parts, "turn": 1})
    assert parts.items() <= written(view).items()
    address._handle_msg({"kind": "went", "parts": {}, "turn": 2})
    now = written(view)
    assert {name: now[name] for name in usual} == usual


def test_a_link_back_to_the_address_first_asked_for_sets_the_view_again():
    address = Address({"kernel": "blur"})
    sandbox = address.follow(build(ConvolutionSandbox))
    sandbox.show(kernel="sharpen")
    address._handle_msg({"kind": "went", "parts": {"kernel": "blur"}, "turn": 1})
    assert sandbox.kernel_name == "blur"


def test_a_page_that_comes_back_is_told_of_the_turns_of_its_own_script():
    address = Address({})
    address.follow(build(ConvolutionSandbox))
    sent = []
    address._send_msg = sent.append
    address._handle_msg({"kind": "ready", "again": False})
    address._handle_msg({"kind": "went", "parts": {"stride": "2"}, "turn": 1})
    address._handle_msg({"kind": "ready", "again": False})
    assert sent[-1]["turn"] == 0
    assert sent[-1]["parts"]["stride"] == "2"


NAMES = st.sampled_from([name for _, parts in SET for name in parts])
TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "nan,1",
        "1e999,0",
        "inf",
        "1,2,3",
        "-1",
        "1e4,1e4,1e300",
        "conv1,99,0,0",
        "9" * 150,
        ",,",
        "2",
    ]
)


@cache
def page():
    """Follow several views at once, of which each example finds what the last one left."""
    address = Address({})
    for kind in (ConvolutionSandbox, NetworkExplorer, LatentExplorer, PoolingComparison):
        address.follow(build(kind))
    return address


def go(address, parts):
    address._handle_msg({"kind": "went", "parts": parts, "turn": 1})
    return {name: text for name, text in address.parts.items() if text is not None}


@given(st.dictionaries(NAMES, TEXTS, max_size=6))
def test_whatever_an_address_says_what_is_taken_of_it_is_sound(parts):
    taken = go(page(), parts)
    go(page(), {})
    assert go(page(), taken) == taken


def test_one_bad_part_does_not_spoil_the_others():
    sandbox = Address({"stride": "7", "kernel": "blur"}).follow(build(ConvolutionSandbox))
    assert (sandbox.stride, sandbox.kernel_name) == (1, "blur")


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "went", "parts": {"stride": 2}, "turn": 1},
        {"kind": "went", "parts": [["stride", "2"]], "turn": 1},
        {"kind": "went", "parts": {"stride": "2"}, "turn": -1},
        {"kind": "went", "parts": {"stride": "2"}},
        {"kind": "went", "parts": {"stride": "2" * 10**6}, "turn": 1},
    ],
)
def test_a_message_that_no_page_sends_changes_nothing(message):
    address = Address({})
    sandbox = address.follow(build(ConvolutionSandbox))
    address._handle_msg(message)
    assert sandbox.stride == 1


def test_where_somebody_looks_comes_from_the_page_and_goes_to_it():
    explorer = build(LatentExplorer)
    sent = []
    explorer._send_msg = sent.append
    explorer._handle_msg({"kind": "looked", "sight": [1, 2, 0.5]})
    assert explorer.sight == (1, 2, 0.5)
    assert sent == []
    for nonsense in ([1, 2], [1, 2, 0], [1, 2, np.nan], "123x", [1e5, 0, 1], 7):
        explorer._handle_msg({"kind": "looked", "sight": nonsense})
    assert explorer.sight == (1, 2, 0.5)
    explorer.sight = None
    assert sent == [{"kind": "look", "sight": None}]
