"""The pooling's state, without a browser: the maps and the worked example that are sent."""

import numpy as np
import pytest

from mnist_visual._backend import keras
from mnist_visual.components import PoolingComparison, Reading, Sketchpad
from mnist_visual.inference import shared_network

from .drawings import THREE


@pytest.fixture(scope="module")
def model():
    """Give somebody else's network, with small maps of both signs."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="picture"),
            layers.Conv2D(3, 5, strides=(6, 9), activation="tanh", name="look"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(4, "softmax"),
        ]
    )


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def reading(pad):
    return Reading(shared_network(), pad)


@pytest.fixture
def pooling(reading, sent):
    pooling = PoolingComparison(reading)
    pooling._handle_msg({"kind": "ready"})
    return pooling


def choose(pooling, sent, **choice):
    pooling._handle_msg({"kind": "choose", **choice})
    return sent[-1][1]


def point(pooling, sent, place, method=None):
    pooling._handle_msg({"kind": "point", "number": 7, "place": place, "method": method})
    return sent[-1][1]


class TestMaps:
    def test_the_layer_is_the_one_that_the_network_pools(self, pooling):
        assert (pooling.layer, pooling.shape, pooling.sizes) == ("conv1", [26, 26, 8], [2, 3, 4])
        assert pooling.uses == {"method": "max", "size": 2}

    def test_two_by_two_is_what_the_network_itself_does(self, reading, pooling, sent):
        for channel in range(8):
            message = choose(pooling, sent, map=channel)
            assert pooling.map == channel
            assert (message["values"] == reading.maps["conv1"][..., channel]).all()
            assert (message["max"] == reading.maps["pool1"][..., channel]).all()

    def test_what_fills_no_window_is_dropped(self, reading, pooling, sent):
        message = choose(pooling, sent, size=3)
        values = reading.maps["conv1"][..., message["map"]]
        assert message["max"].shape == message["average"].shape == (8, 8)
        assert message["max"][7, 7] == values[21:24, 21:24].max()
        assert message["average"][2, 5] == pytest.approx(values[6:9, 15:18].mean())

    def test_global_is_one_number_each(self, reading, pooling, sent):
        message = choose(pooling, sent, map=2)
        values = reading.maps["conv1"][..., 2].astype(float)
        assert message["global"]["max"] == values.max()
        assert message["global"]["average"] == pytest.approx(values.mean(), rel=1e-6)
        assert message["global"]["total"] == pytest.approx(values.sum(), abs=0.005)

    def test_at_first_it_is_the_map_with_most_ink(self, reading, pooling, sent):
        assert pooling.map is None
        assert sent[-1][1]["map"] == reading.maps["conv1"].sum(axis=(0, 1)).argmax()

    def test_it_follows_the_drawing(self, reading, pad, pooling, sent):
        choose(pooling, sent, map=3)
        pad.strokes = [THREE[:6]]
        assert (sent[-1][1]["values"] == reading.maps["conv1"][..., 3]).all()

    @pytest.mark.usefixtures("pooling")
    def test_an_empty_sketchpad_claims_nothing(self, pad, sent):
        pad.strokes = []
        assert sent[-1][1] == {"kind": "show", "size": 2, "map": None}

    @pytest.mark.usefixtures("pooling")
    def test_a_dead_map_stays_calm(self, reading, pad, sent):
        reading._read = lambda _: {"conv1": np.zeros((26, 26, 8), np.float32)}
        pad.strokes = [THREE[:6]]
        message = sent[-1][1]
        assert not message["max"].any()
        assert message["piece"] == [[0.0] * 4] * 4
        assert message["means"] == [[0.0] * 2] * 2
        assert message["shades"].min() == message["shades"].max() == 128


class TestExample:
    @pytest.mark.parametrize("size", [2, 3, 4])
    @pytest.mark.parametrize("place", [(0, 0), (3, 2), (5, 5)])
    def test_the_pointed_window_is_among_its_numbers(self, reading, pooling, sent, size, place):
        channel = choose(pooling, sent, map=3, size=size)["map"]
        message = point(pooling, sent, [*place])
        assert message["number"] == 7
        assert pooling.place == place
        values = reading.maps["conv1"][..., channel]
        own = values[place[0] * size :, place[1] * size :][:size, :size]
        row, column = (
            (at - first) * size for at, first in zip(place, message["first"], strict=True)
        )
        piece = np.array(message["piece"])
        assert piece.shape == (2 * size, 2 * size)
        assert piece[row : row + size, column : column + size] == pytest.approx(own, abs=0.005)

    def test_a_calculator_agrees_with_every_result(self, pooling, sent):
        for size in (2, 3, 4):
            choose(pooling, sent, size=size)
            message = point(pooling, sent, [3, 3])
            piece = np.array(message["piece"])
            assert (np.round(piece, message["decimals"]) == piece).all()
            for row in range(2):
                for column in range(2):
                    window = piece[row * size :, column * size :][:size, :size]
                    assert message["largest"][row][column] == window.max()
                    mean = window.sum() / size**2
                    assert message["means"][row][column] == pytest.approx(mean, abs=1e-6)

    def test_the_last_window_of_an_odd_number_has_neighbours_too(self, pooling, sent):
        assert point(pooling, sent, [12, 12])["first"] == [11, 11]

    def test_neighbours_stay_while_one_points_from_one_to_the_next(self, pooling, sent):
        firsts = [
            point(pooling, sent, place)["first"] for place in ([4, 6], [4, 7], [5, 7], [4, 8])
        ]
        assert firsts == [[4, 6], [4, 6], [4, 6], [4, 8]]

    def test_another_map_or_size_forgets_the_window(self, pooling, sent):
        for choice in ({"map": 3}, {"size": 4}):
            point(pooling, sent, [1, 2])
            choose(pooling, sent, **choice)
            assert pooling.place is None

    def test_what_was_pointed_at_is_remembered(self, pooling, sent):
        for method in ("max", "average", None):
            point(pooling, sent, [1, 2], method)
            assert pooling.method == method
        message = point(pooling, sent, None, "global")
        assert (pooling.method, pooling.place, message["place"]) == ("global", (1, 2), [1, 2])

    @pytest.mark.parametrize(
        ("largest", "decimals"), [(0.83, 2), (4.2, 2), (12.4, 1), (1234, 0), (0.0021, 4), (1e-9, 6)]
    )
    @pytest.mark.usefixtures("pooling")
    def test_decimals_tell_the_numbers_apart(self, reading, pad, sent, largest, decimals):
        reading._read = lambda _: {"conv1": np.full((26, 26, 8), largest, np.float32)}
        pad.strokes = [THREE[:6]]
        assert sent[-1][1]["decimals"] == decimals

    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "point", "place": [13, 0]},
            {"kind": "point", "place": [0, -1]},
            {"kind": "point", "place": [0, 0, 0]},
            {"kind": "point", "place": [0.0, 1]},
            {"kind": "point", "place": "ab"},
            {"kind": "point", "place": [0, 1], "method": "median"},
            {"kind": "point", "place": [0, 1], "method": ["max"]},
        ],
        ids=str,
    )
    def test_a_window_that_there_is_not_changes_nothing(self, pooling, sent, message):
        sent.clear()
        pooling._handle_msg(message)
        assert sent == []
        assert (pooling.place, pooling.method) == (None, None)

    @pytest.mark.parametrize(
        "choice", [{"map": 8}, {"map": "0"}, {"map": True}, {"size": 5}, {"size": 0}, {"size": [2]}]
    )
    def test_a_choice_that_there_is_not_changes_nothing(self, pooling, choice):
        pooling._handle_msg({"kind": "choose", **choice})
        assert (pooling.map, pooling.size) == (None, 2)

    @pytest.mark.parametrize(
        "state",
        [{"map": 99}, {"map": -1}, {"size": 5}, {"place": (13, 0)}, {"method": "median"}],
        ids=str,
    )
    def test_python_is_told_what_there_is_not(self, reading, pooling, state):
        with pytest.raises(ValueError, match="Received: "):
            PoolingComparison(reading, **state)
        with pytest.raises(ValueError, match="Received: "):
            pooling.show(**{"size": 3, **state})
        assert (pooling.map, pooling.size, pooling.place, pooling.method) == (None, 2, None, None)

    def test_python_shows_a_window_and_the_page_hears_it(self, pooling, sent):
        pooling.show(map=5, size=3, place=(7, 1), method="average")
        message = sent[-1][1]
        assert (message["map"], message["size"], message["place"]) == (5, 3, [7, 1])
        assert (message["method"], message["average"].shape) == ("average", (8, 8))
        pooling.show(size=4)
        assert (pooling.map, pooling.size, pooling.place) == (5, 4, None)

    def test_it_may_begin_with_any_of_them(self, reading):
        begun = PoolingComparison(reading, map=5, size=4, place=(5, 5))
        assert (begun.map, begun.size, begun.place) == (5, 4, (5, 5))

    def test_there_is_nothing_to_point_at_before_a_drawing(self, pad, pooling, sent):
        pad.strokes = []
        sent.clear()
        pooling._handle_msg({"kind": "point", "number": 1, "place": [0, 0], "method": None})
        assert sent == []


class TestOtherNetworks:
    def test_a_small_map_has_fewer_sizes(self, model, pad, sent):
        reading = Reading(model, pad)
        pooling = PoolingComparison(reading)
        assert (pooling.layer, pooling.shape, pooling.sizes) == ("look", [4, 3, 3], [2, 3])
        assert pooling.uses == {"method": "global", "of": "average"}
        pooling._handle_msg({"kind": "ready"})
        message = choose(pooling, sent, size=3)
        assert np.array(message["piece"]).shape == (3, 3)
        values = reading.maps["look"][..., message["map"]]
        assert message["max"] == pytest.approx(values[:3].max())

    @pytest.mark.parametrize("layer", ["mean", "nothing", "picture"])
    def test_a_layer_without_maps_is_refused(self, model, pad, layer):
        with pytest.raises(ValueError, match=rf"2x2 are .*look.*Received: '{layer}'"):
            PoolingComparison(Reading(model, pad), layer=layer)

    def test_layers_that_nobody_can_trace_have_maps_too(self, pad, sent):
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(2, 9, strides=4, activation="relu", name="look"),
                layers.LayerNormalization(name="even"),
                layers.MaxPooling2D(name="pool"),
                layers.Flatten(),
                layers.Dense(4, "softmax"),
            ]
        )
        reading = Reading(model, pad)
        pooling = PoolingComparison(reading)
        assert (pooling.layer, pooling.uses) == ("even", {"method": "max", "size": 2})
        pooling._handle_msg({"kind": "ready"})
        message = sent[-1][1]
        own = reading.maps["pool"][..., message["map"]]
        assert message["max"] == pytest.approx(own)

    def test_any_layer_of_maps_can_be_asked_for(self, reading):
        pooling = PoolingComparison(reading, layer="pool2")
        assert (pooling.shape, pooling.uses) == ([5, 5, 16], None)
