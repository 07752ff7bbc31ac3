"""The curves' state, without a browser: which unit is on them, and the numbers that are sent."""

import numpy as np
import pytest

from mnist_visual._backend import keras
from mnist_visual.components import ActivationCurves, NetworkExplorer, Reading, Sketchpad
from mnist_visual.components._sheet import Sheet, sheet_of
from mnist_visual.inference import shared_network

from .drawings import THREE


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def explorer(pad):
    return NetworkExplorer(Reading(shared_network(), pad))


@pytest.fixture
def shown(sent):
    """Bring curves into sight, and give what they send from then on."""

    def show(curves):
        curves._handle_msg({"kind": "ready"})
        return [message for name, message in sent if name == "ActivationCurves"][-1]

    return show


@pytest.fixture
def curves(pad, shown):
    curves = ActivationCurves(Reading(shared_network(), pad))
    shown(curves)
    return curves


def by_hand(pad):
    """Convolve the drawing with the first layer's filters, before any activation."""
    kernel, bias = shared_network().weights["conv1"]
    patches = np.lib.stride_tricks.sliding_window_view(pad.steps.digit, (3, 3))
    return np.einsum("rcij,ijf->rcf", patches, kernel[:, :, 0]) + bias


def functions(x):
    return [np.maximum(x, 0), 1 / (1 + np.exp(-np.asarray(x))), np.tanh(x)]


def answer(curves, sent, message):
    sent.clear()
    curves._handle_msg({"number": 7, **message})
    ((_, reply),) = sent
    return reply


class TestCurves:
    @pytest.mark.usefixtures("curves")
    def test_they_are_the_functions(self, sent):
        message = next(each for _, each in sent if each["kind"] == "curves")
        assert message["names"] == ["relu", "sigmoid", "tanh"]
        assert (message["inputs"][0], message["inputs"][-1]) == (-4, 4)
        assert message["outputs"] == pytest.approx(np.array(functions(message["inputs"])))


class TestMaps:
    def test_before_and_after_are_the_networks_own(self, pad, curves, sent):
        message = answer(curves, sent, {"kind": "map", "map": 5})
        before = by_hand(pad)[..., 5]
        assert message["before"] == pytest.approx(before.ravel(), abs=1e-5)
        own = shared_network().feature_maps(pad.steps.digit)["conv1"][..., 5]
        assert message["after"] == pytest.approx(own.ravel())
        assert message["size"] == [26, 26]
        assert (message["activation"], message["maps"]) == ("relu", 8)

    def test_it_counts_what_relu_makes_zero(self, pad, curves, sent):
        own = shared_network().feature_maps(pad.steps.digit)["conv1"]
        for channel in range(8):
            message = answer(curves, sent, {"kind": "map", "map": channel})
            assert message["zeros"] == np.count_nonzero(own[..., channel] == 0)

    @pytest.mark.usefixtures("curves")
    def test_they_follow_the_drawing(self, pad, sent):
        pad.strokes = [THREE[:6]]
        _, message = sent[-1]
        assert message["before"] == pytest.approx(
            by_hand(pad)[..., message["map"]].ravel(), abs=1e-5
        )

    def test_nothing_is_claimed_of_an_empty_sketchpad(self, pad, curves, sent):
        pad.strokes = []
        _, message = sent[-1]
        assert message["empty"]
        assert message["point"] is None
        assert curves.value is None


class TestUnit:
    def test_at_first_it_is_the_most_negative_of_the_liveliest_map(self, pad, curves, sent):
        _, message = sent[-1]
        before = by_hand(pad)
        liveliest = before[..., np.ptp(before, axis=(0, 1)).argmax()]
        assert curves.unit is None
        assert curves.value == pytest.approx(liveliest.min(), abs=1e-5)
        assert message["place"] == liveliest.argmin()

    def test_pointed_at_it_is_on_the_curves(self, pad, curves, sent):
        message = answer(curves, sent, {"kind": "point", "map": 3, "place": 26 * 9 + 13})
        assert message["kind"] == "pointed"
        assert message["number"] == 7
        assert curves.unit == ("conv1", (9, 13, 3))
        assert curves.value == pytest.approx(by_hand(pad)[9, 13, 3], abs=1e-5)
        point = message["point"]
        assert point["value"] == curves.value
        assert point["outputs"] == pytest.approx(functions(curves.value))
        assert point["own"] == pytest.approx(max(curves.value, 0))

    def test_another_map_shows_its_most_negative(self, pad, curves, sent):
        message = answer(curves, sent, {"kind": "map", "map": 6})
        layer, unit = curves.unit
        assert (layer, unit[2]) == ("conv1", 6)
        assert curves.value == pytest.approx(by_hand(pad)[..., 6].min(), abs=1e-5)
        assert message["map"] == 6

    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "point"},
            {"kind": "point", "map": 3, "place": 676},
            {"kind": "point", "map": 8, "place": 0},
            {"kind": "point", "map": 3, "place": -1},
            {"kind": "point", "map": 3, "place": 1.0},
            {"kind": "point", "map": True, "place": 1},
            {"kind": "point", "map": None, "place": 1},
            {"kind": "point", "map": 3, "place": [1]},
            {"kind": "map", "map": 8},
            {"kind": "map"},
            {"kind": "try", "value": "a"},
            {"kind": "try", "value": np.nan},
            {"kind": "try", "value": 4.1},
            {"kind": "try", "value": True},
            {"kind": "try", "value": 2**2000},
            {"kind": "nothing of ours"},
        ],
        ids=lambda message: str(message)[:60],
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, curves, sent, message):
        before = curves.value
        sent.clear()
        curves._handle_msg(message)
        assert sent == []
        assert (curves.unit, curves.tried, curves.value) == (None, None, before)

    def test_python_chooses_one_and_the_page_hears_it(self, pad, curves, sent):
        curves.show_unit("conv1", (9, 13, 3))
        _, message = sent[-1]
        assert (message["layer"], message["map"], message["place"]) == ("conv1", 3, 26 * 9 + 13)
        assert curves.value == pytest.approx(by_hand(pad)[9, 13, 3], abs=1e-5)
        begun = ActivationCurves(Reading(shared_network(), pad), unit=("conv1", (9, 13, 3)))
        assert begun.unit == curves.unit

    @pytest.mark.parametrize(
        "unit", [("nothing", (0,)), ("conv1", (26, 0, 0)), ("pool1", (0, 0, 0)), ("dense", (-1,))]
    )
    def test_python_cannot_choose_what_there_is_not(self, pad, curves, unit):
        with pytest.raises(ValueError, match="Received: "):
            curves.show_unit(*unit)
        assert curves.unit is None
        with pytest.raises(ValueError, match="Received: "):
            ActivationCurves(Reading(shared_network(), pad), unit=unit)

    def test_nothing_is_tried_beyond_the_ends_of_the_axis(self, pad):
        with pytest.raises(ValueError, match="tried"):
            ActivationCurves(Reading(shared_network(), pad), tried=99)


class TestTrying:
    def test_another_value_is_tried_until_it_is_let_go(self, curves, sent):
        own = curves.value
        message = answer(curves, sent, {"kind": "try", "value": 2})
        assert (curves.tried, curves.value) == (2.0, own)
        assert message["tried"]["outputs"] == pytest.approx(functions(2.0))
        assert message["point"]["value"] == own
        message = answer(curves, sent, {"kind": "try", "value": None})
        assert curves.tried is message["tried"] is None

    def test_it_is_let_go_by_pointing_elsewhere_and_by_going_away(self, curves):
        for message in ({"kind": "point", "map": 3, "place": 5}, {"kind": "away"}):
            curves._handle_msg({"kind": "try", "value": -1.5})
            assert curves.tried == -1.5
            curves._handle_msg(message)
            assert curves.tried is None

    def test_it_needs_no_drawing(self, pad, curves, sent):
        pad.strokes = []
        message = answer(curves, sent, {"kind": "try", "value": -1})
        assert message["tried"]["outputs"] == pytest.approx(functions(-1))


class TestExplorer:
    def test_its_selected_unit_is_on_the_curves(self, explorer, shown, sent):
        curves = ActivationCurves(explorer._reading, explorer=explorer)
        shown(curves)
        explorer.show_unit("conv2", (5, 6, 9))
        _, message = sent[-1]
        assert curves.unit == ("conv2", (5, 6, 9))
        assert (message["layer"], message["map"], message["maps"]) == ("conv2", 9, 16)
        trace = explorer._reading.computation.trace("conv2", (5, 6, 9))
        assert curves.value == pytest.approx(trace.before)

    def test_what_was_selected_before_is_there_from_the_start(self, explorer):
        explorer.show_unit("conv1", (1, 2, 3))
        curves = ActivationCurves(explorer._reading, explorer=explorer)
        assert curves.unit == ("conv1", (1, 2, 3))

    def test_the_units_of_a_dense_layer_are_laid_out_in_rows(self, explorer, shown, sent):
        curves = ActivationCurves(explorer._reading, explorer=explorer)
        shown(curves)
        explorer.show_unit("dense", (17,))
        _, message = sent[-1]
        assert (message["size"], message["map"], message["place"]) == ([11, 12], None, 17)
        assert len(message["before"]) == 128
        answer(curves, sent, {"kind": "point", "map": None, "place": 127})
        assert curves.unit == ("dense", (127,))

    @pytest.mark.parametrize(
        ("layer", "unit", "what", "softmax"),
        [
            ("probabilities", (3,), "dense", True),
            ("pool1", (6, 5, 7), "max pooling", False),
            ("image", (5, 6), "input", False),
        ],
    )
    def test_a_unit_without_a_curve_says_so(
        self, explorer, shown, sent, layer, unit, what, softmax
    ):
        curves = ActivationCurves(explorer._reading, explorer=explorer)
        shown(curves)
        explorer.show_unit("conv2", (5, 6, 9))
        explorer.show_unit(layer, unit)
        _, message = sent[-1]
        assert message["unsuited"] == {"layer": layer, "what": what, "softmax": softmax}
        assert curves.unit is None
        assert message["layer"] == "conv1"  # an example instead
        assert answer(curves, sent, {"kind": "map", "map": 0})["unsuited"] is None


class TestOtherNetworks:
    def test_activations_that_are_layers_and_have_options(self, pad, shown):
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(3, 5, strides=2, name="look"),
                layers.LeakyReLU(0.3, name="leak"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(4, "softmax"),
            ]
        )
        reading = Reading(model, pad)
        message = shown(ActivationCurves(reading))
        channel = message["map"]
        assert (message["layer"], message["size"]) == ("leak", [12, 12])
        assert message["activation"] == "leaky_relu (negative_slope=0.3)"
        assert message["before"] == pytest.approx(reading.maps["look"][..., channel].ravel())
        assert message["after"] == pytest.approx(reading.maps["leak"][..., channel].ravel())
        assert message["point"]["own"] == pytest.approx(0.3 * message["point"]["value"])

    def test_a_layer_that_nobody_knows_does_not_matter(self, pad, shown):
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(2, 9, strides=4, activation="relu", name="look"),
                layers.LayerNormalization(name="even"),
                layers.Flatten(),
                layers.Dense(4, "softmax"),
            ]
        )
        reading = Reading(model, pad)
        message = shown(ActivationCurves(reading))
        own = reading.maps["look"][..., message["map"]]
        assert message["after"] == pytest.approx(own.ravel())

    def test_one_without_activations_is_refused(self, pad):
        model = keras.Sequential(
            [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(4, "softmax")]
        )
        with pytest.raises(ValueError, match=r"such as ReLU. Received"):
            ActivationCurves(Reading(model, pad))


@pytest.mark.parametrize(
    ("shape", "unit", "size", "place"),
    [
        ((26, 20, 8), (3, 4, 5), (26, 20), 64),
        ((128,), (17,), (11, 12), 17),
        ((1,), (0,), (1, 1), 0),
        ((10, 4), (7, 3), (3, 4), 7),
        ((2, 3, 4, 5), (1, 2, 3, 4), (5, 5), 23),
    ],
)
def test_a_place_on_the_sheet_is_a_unit(shape, unit, size, place):
    sheet = sheet_of(shape, unit)
    assert (sheet.size, sheet.place(unit), sheet.unit(place)) == (size, place, unit)
    output = np.arange(np.prod(shape)).reshape(shape)
    assert sheet.take(output)[place] == output[unit]
    assert len(sheet.take(output)) == sheet.count <= size[0] * size[1]


def test_a_sheet_of_all_units_has_no_channel():
    assert Sheet((7,), None).unit(6) == (6,)
