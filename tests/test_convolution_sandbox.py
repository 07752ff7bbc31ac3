"""The sandbox's state, without a browser: what it computes, refuses and remembers."""

import numpy as np
import pytest

from mnist_visual._backend import keras
from mnist_visual._image_ink import moved
from mnist_visual.components import ConvolutionSandbox, Reading, Sketchpad, _view
from mnist_visual.components._kernels import LARGEST, PRESETS
from mnist_visual.inference import shared_network

from .drawings import THREE


def by_hand(picture, kernel, stride=1, rim=(0, 0), dilation=1):
    """Slide a kernel over a picture, one product at a time."""
    padded = np.pad(np.asarray(picture, float), [rim, rim])
    span = 2 * dilation + 1
    places = (np.array(padded.shape) - span) // stride + 1
    sums = np.zeros(places)
    for row, column in np.ndindex(*places):
        for y, x in np.ndindex(3, 3):
            pixel = padded[row * stride + y * dilation, column * stride + x * dilation]
            sums[row, column] += kernel[y, x] * pixel
    return sums


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(_view.View, "_send_msg", lambda _, data: messages.append(data))
    return messages


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def sandbox(pad, sent):
    sandbox = ConvolutionSandbox(Reading(shared_network(), pad))
    sandbox._handle_msg({"kind": "ready"})
    sent.clear()
    return sandbox


def asked(sandbox, sent, **changes):
    """Choose something as the page does, and give the answer."""
    sent.clear()
    sandbox._handle_msg({"kind": "set", "number": 3, **changes})
    (answer,) = sent
    assert answer["number"] == 3
    return answer


def settings(sandbox):
    names = ["kernel_name", "stride", "padding", "dilation", "shift", "relu", "place", "steps"]
    return [sandbox.kernel.tolist(), *(getattr(sandbox, name) for name in [*names, "play"])]


class TestSums:
    @pytest.mark.parametrize(
        ("changes", "options", "shape"),
        [
            ({}, {}, (26, 26)),
            ({"stride": 2}, {"stride": 2}, (13, 13)),
            ({"stride": 3}, {"stride": 3}, (9, 9)),
            ({"padding": "same"}, {"rim": (1, 1)}, (28, 28)),
            ({"padding": "same", "stride": 2}, {"rim": (0, 1), "stride": 2}, (14, 14)),
            ({"dilation": 3}, {"dilation": 3}, (22, 22)),
        ],
    )
    def test_they_are_the_textbook_ones(self, sandbox, pad, sent, changes, options, shape):
        kernel = [[0.5, -1, 2], [0, 3, -0.25], [1, 1, -4]]
        sandbox.show(kernel=kernel, **changes)
        picture = np.round(pad.steps.digit, 2)
        expected = by_hand(picture, np.array(kernel), **options)
        assert sent[-1]["picture"] == pytest.approx(picture)
        assert sent[-1]["sums"].shape == shape
        assert sent[-1]["sums"] == pytest.approx(expected, abs=1e-5)
        assert (sandbox.sums == sent[-1]["sums"]).all()

    def test_they_follow_the_drawing(self, sandbox, pad, sent):
        before = sandbox.sums
        pad.strokes = [THREE[:5]]
        (message,) = sent
        assert (message["sums"] != before).any()
        assert message["sums"] == pytest.approx(
            by_hand(np.round(pad.steps.digit, 2), sandbox.kernel), abs=1e-5
        )

    @pytest.mark.usefixtures("sandbox")
    def test_an_empty_sketchpad_is_calm(self, pad, sent):
        pad.strokes = []
        assert sent[-1]["empty"]
        assert not sent[-1]["sums"].any()

    def test_a_learned_filter_finds_what_the_network_finds_there(self, sandbox, pad):
        sandbox.show(kernel="learned 3")
        _, bias = shared_network().weights["conv1"]
        own = shared_network().feature_maps(pad.steps.digit)["conv1"][..., 2]
        assert np.maximum(sandbox.sums + bias[2], 0) == pytest.approx(own, abs=0.05)  # rounded

    def test_moving_the_picture_moves_the_map_along(self, sandbox):
        before = sandbox.sums
        sandbox.show(shift=(-2, 3))
        assert sandbox.sums[:-2, 3:] == pytest.approx(before[2:, :-3])

    def test_what_leaves_the_picture_is_lost(self):
        picture = np.arange(6.0, dtype=np.float32).reshape(2, 3)
        assert moved(picture, 1, -2).tolist() == [[0, 0, 0], [2, 0, 0]]
        assert moved(picture, 0, 3).tolist() == [[0, 0, 0], [0, 0, 0]]
        assert moved(picture, -1, 0).tolist() == [[3, 4, 5], [0, 0, 0]]


class TestKernels:
    def test_blur_keeps_the_brightness_and_edges_ignore_it(self):
        totals = {kernel.name: kernel.values.sum() for kernel in PRESETS}
        for name in ("identity", "blur", "sharpen"):
            assert totals[name] == pytest.approx(1)
        for name in ("edges", "vertical edges", "horizontal edges"):
            assert totals[name] == 0

    def test_vertical_edges_see_no_horizontal_line_and_the_reverse(self):
        kernels = {kernel.name: kernel.values for kernel in PRESETS}
        step = np.repeat([[0.0, 0, 1]], 3, axis=0)
        assert (kernels["vertical edges"] * step).sum() == 4
        assert (kernels["vertical edges"] * step.T).sum() == 0
        assert (kernels["horizontal edges"] * step.T).sum() == 4

    def test_the_learned_ones_are_those_of_the_first_convolution(self, sandbox):
        filters = shared_network().filters("conv1")
        assert [kernel["name"] for kernel in sandbox.learned] == [
            f"learned {i}" for i in range(1, 9)
        ]
        for i, kernel in enumerate(sandbox.learned):
            assert kernel["values"] == pytest.approx(filters[:, :, 0, i].ravel(), abs=0.00501)
            assert kernel["values"] == pytest.approx(np.round(kernel["values"], 2), abs=1e-6)

    def test_typed_numbers_are_ones_own_until_they_are_those_of_a_known_kernel(self, sandbox, sent):
        answer = asked(sandbox, sent, kernel=[0, 0, 0, 0, 1.5, 0, 0, 0, 0])
        assert answer["name"] == sandbox.kernel_name == "your own"
        answer = asked(sandbox, sent, kernel=[0, 0, 0, 0, 1, 0, 0, 0, 0])
        assert answer["name"] == "identity"

    @pytest.mark.parametrize("size", [3, 5])
    def test_a_keras_model_of_somebody_else(self, size):
        layers = keras.layers
        first = layers.Conv2D(2, size, name="look")
        head = [layers.Flatten(), layers.Dense(4, activation="softmax")]
        model = keras.Sequential([keras.Input((28, 28, 1)), layers.ReLU(), first, *head])
        sandbox = ConvolutionSandbox(Reading(model, Sketchpad()))
        if size == 5:
            assert sandbox.learned == []
            return
        own = np.asarray(first.kernel)[:, :, 0, 1]
        sandbox.show(kernel="learned 2")
        assert sandbox.kernel == pytest.approx(own, abs=0.00501)

    @pytest.mark.parametrize("layer", ["conv2", "dense", "nothing"])
    def test_another_layer_is_refused(self, pad, layer):
        with pytest.raises(ValueError, match=f"Received: '{layer}'"):
            ConvolutionSandbox(Reading(shared_network(), pad), layer=layer)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"stride": 2, "dilation": 2}, r"Received: stride 2 and dilation 2\. Set one"),
            ({"stride": 4}, "stride is a whole number, 1 to 3. Received: 4"),
            ({"dilation": 0}, "dilation.*Received: 0"),
            ({"padding": "full"}, "padding is 'valid' or 'same'. Received: 'full'"),
            ({"shift": (15, 0)}, "at most 14 down or up.*Received: \\(15, 0\\)"),
            ({"shift": 3}, "Received: 3"),
            ({"kernel": "magic"}, "'learned 8'.*Received: 'magic'"),
            ({"kernel": np.eye(2)}, "3x3 numbers"),
            ({"kernel": np.full((3, 3), np.nan)}, "no number in row 1, column 1"),
            ({"kernel": [[0, 0, 0], [0, 0, -100], [0, 0, 0]]}, "−100 in row 2, column 3"),
            ({"kernel": [["a"] * 3] * 3}, "Give numbers"),
            ({"place": (26, 0)}, "26x26, from 0. Received: \\(26, 0\\)"),
            ({"place": (0,)}, "Received: \\(0,\\)"),
        ],
        ids=repr,
    )
    def test_python_is_told_why_and_nothing_changes(self, sandbox, changes, reason):
        before = settings(sandbox)
        with pytest.raises(ValueError, match=reason):
            sandbox.show(**{"relu": True, **changes})
        assert settings(sandbox) == before

    @pytest.mark.parametrize(
        "state",
        [{"stride": 7}, {"padding": "full"}, {"kernel_name": "magic"}, {"place": (26, 0)}],
        ids=repr,
    )
    def test_none_begins_with_what_there_is_not(self, pad, state):
        with pytest.raises(ValueError, match="Received: "):
            ConvolutionSandbox(Reading(shared_network(), pad), **state)

    @pytest.mark.parametrize("name", ["kernel", "kernel_name"])
    def test_a_kernel_to_begin_with_brings_its_numbers(self, pad, name):
        begun = ConvolutionSandbox(Reading(shared_network(), pad), stride=2, **{name: "blur"})
        shown = ConvolutionSandbox(Reading(shared_network(), pad))
        shown.show(kernel="blur", stride=2)
        assert (begun.kernel_name, begun.stride) == ("blur", 2)
        assert (begun.kernel == shown.kernel).all()

    def test_the_page_is_told_why_and_the_rest_stays(self, sandbox, sent):
        asked(sandbox, sent, stride=2)
        answer = asked(sandbox, sent, dilation=2)
        assert answer["kind"] == "refused"
        assert "Set one of them to 1" in answer["text"]
        assert (sandbox.stride, sandbox.dilation) == (2, 1)

    @pytest.mark.parametrize("value", [None, np.inf, -np.inf, np.nan, LARGEST + 1, 1e300])
    def test_a_number_that_cannot_be_is_answered_in_one_sentence(self, sandbox, sent, value):
        answer = asked(sandbox, sent, kernel=[0, 0, 0, 0, 0, value, 0, 0, 0])
        assert answer["kind"] == "refused"
        assert "row 2, column 3" in answer["text"]
        assert sandbox.kernel_name == "vertical edges"

    @pytest.mark.parametrize(
        "message",
        [
            {},
            {"nothing": 1},
            {"kernel": "x" * 1000},
            {"kernel": [1] * 8},
            {"kernel": [1] * 8 + ["1"]},
            {"kernel": [[1]] * 9},
            {"kernel": [10**400] * 9},
            {"kernel": {"a": 1}},
            {"kernel": np.ones(9)},
            {"stride": "2"},
            {"stride": True},
            {"stride": np.nan},
            {"stride": 10**400},
            {"dilation": [1]},
            {"padding": ["same"]},
            {"padding": np.array(["same", "valid"])},
            {"shift": 1},
            {"shift": ["a", "b"]},
            {"shift": np.array([[1, 2], [3, 4]])},
            {"relu": "yes"},
            {"relu": np.zeros(2)},
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, sandbox, sent, message):
        before = settings(sandbox)
        sandbox._handle_msg({"kind": "set", **message})
        assert sent == []
        assert settings(sandbox) == before


class TestWords:
    def test_the_size_is_said_in_words(self, sandbox, sent):
        words = asked(sandbox, sent, stride=1)["words"].replace("\N{NO-BREAK SPACE}", " ")
        assert words.startswith("28 × 28 pixels become 26 × 26. The window stays inside")
        words = asked(sandbox, sent, padding="same", stride=2)["words"]
        assert words.replace("\N{NO-BREAK SPACE}", " ") == (
            "28 × 28 pixels become 14 × 14. A rim of zeros lets the window go over the edge. "
            "It moves 2 pixels at a time."
        )

    def test_the_page_learns_where_the_rim_is(self, sandbox, sent):
        message = asked(sandbox, sent, padding="same", stride=2)
        assert (message["before"], message["padded"]) == ([0, 0], [29, 29])
        message = asked(sandbox, sent, stride=1, dilation=2)
        assert (message["before"], message["padded"]) == ([2, 2], [32, 32])


class TestWhereabouts:
    def test_nobody_has_looked_at_first(self, sandbox):
        assert sandbox.place is None
        assert sandbox.steps == 0

    def test_they_are_remembered_and_counted(self, sandbox):
        sandbox._handle_msg({"kind": "looked", "place": [3, 25], "visits": 4, "play": True})
        sandbox._handle_msg({"kind": "looked", "place": [4, 0], "visits": 1, "play": False})
        assert (sandbox.place, sandbox.steps, sandbox.play) == ((4, 0), 5, False)

    def test_a_smaller_map_keeps_the_place_inside(self, sandbox, sent):
        sandbox.show(place=(25, 4))
        asked(sandbox, sent, stride=3)
        assert sandbox.place == (8, 4)

    def test_python_takes_the_window_somewhere_and_lets_it_play(self, sandbox, sent):
        sandbox.show(place=(2, 3), play=True)
        assert sent[-1] == {"kind": "go", "place": [2, 3], "play": True}

    def test_what_nobody_sees_plays_no_longer(self, sandbox):
        sandbox.show(play=True)
        sandbox._handle_msg({"kind": "away"})
        assert not sandbox.play

    @pytest.mark.parametrize(
        "message",
        [
            {},
            {"place": [0, 0]},
            {"place": [26, 0], "visits": 1},
            {"place": [-1, 0], "visits": 1},
            {"place": [0.5, 0], "visits": 1},
            {"place": "ab", "visits": 1},
            {"place": None, "visits": 1},
            {"place": [0, 0], "visits": -1},
            {"place": [0, 0], "visits": 10**12},
            {"place": [0, 0], "visits": "1"},
        ],
        ids=repr,
    )
    def test_nonsense_is_ignored(self, sandbox, message):
        before = settings(sandbox)
        sandbox._handle_msg({"kind": "looked", **message})
        assert settings(sandbox) == before
