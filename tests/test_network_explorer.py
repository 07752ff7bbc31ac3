"""The network's state, without a browser: what is drawn, and the numbers that are sent."""

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual.components import NetworkExplorer, Reading, Sketchpad, _view
from mnist_visual.components._shades import as_shades
from mnist_visual.inference import shared_network

from .drawings import THREE


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(_view.View, "_send_msg", lambda _, data: messages.append(data))
    return messages


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def explorer(pad, sent):
    explorer = NetworkExplorer(Reading(shared_network(), pad))
    explorer._handle_msg({"kind": "ready"})
    sent.clear()
    return explorer


def traced(explorer, sent, layer, unit):
    explorer._handle_msg({"kind": "trace", "number": 5, "layer": layer, "unit": unit})
    (message,) = sent
    sent.clear()
    assert message["number"] == 5
    return message["trace"]


class TestLayers:
    def test_what_computes_is_drawn_and_what_only_passes_on_is_not(self, explorer):
        names = [layer["name"] for layer in explorer.layers]
        assert names == ["image", "conv1", "pool1", "conv2", "pool2", "dense", "probabilities"]
        sources = [layer["sources"] for layer in explorer.layers]
        assert sources == [[], *([name] for name in names[:-1])]

    def test_they_count_as_keras_does(self, explorer, trained):
        weights = {layer.name: layer.count_params() for layer in trained.layers}
        for layer in explorer.layers[1:]:
            assert layer["parameters"] == weights[layer["name"]]

    def test_operations_are_the_multiplications_of_one_picture(self, explorer):
        operations = {layer["name"]: layer["operations"] for layer in explorer.layers}
        assert operations["conv1"] == 26 * 26 * 8 * 9
        assert operations["conv2"] == 11 * 11 * 16 * 9 * 8
        assert operations["dense"] == 400 * 128

    def test_a_keras_model_of_somebody_else(self, pad):
        from mnist_visual._backend import keras

        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(3, 5, strides=2, padding="same", use_bias=False, name="look"),
                layers.AveragePooling2D(2, name="mean"),
                layers.GlobalAveragePooling2D(name="all"),
                layers.Dropout(0.5, name="drop"),
                layers.Dense(4, activation="softmax", name="answer"),
            ]
        )
        explorer = NetworkExplorer(Reading(model, pad), class_names=["a", "b", "c", "d"])
        assert [layer["name"] for layer in explorer.layers[1:]] == ["look", "mean", "all", "answer"]
        assert explorer.class_names == ["a", "b", "c", "d"]
        assert explorer.layers[-1]["sources"] == ["all"]
        assert explorer.layers[1]["parameters"] == 75

    def test_of_a_layer_that_cannot_be_traced_there_are_the_values(self, pad, sent):
        from mnist_visual._backend import keras

        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28)),
                layers.Reshape((28, 28, 1)),
                layers.SeparableConv2D(2, 3, name="apart"),
                layers.Flatten(),
                layers.Dense(3, "softmax", name="answer"),
            ]
        )
        explorer = NetworkExplorer(Reading(model, pad))
        assert [layer["what"] for layer in explorer.layers] == ["input", "unknown", "dense"]
        explorer.show_unit("apart", (5, 6, 1))
        explorer._handle_msg({"kind": "ready"})
        trace = sent[-1]["trace"]
        value = model.layers[1](pad.steps.digit[None, ..., None])[0, 5, 6, 1]
        assert trace["value"] == pytest.approx(float(value), abs=1e-5)
        assert (trace["what"], trace["origins"], trace["products"]) == ("unknown", [], None)
        with pytest.raises(ValueError, match=r"A unit of 'apart' .* Received: \(5, 6, 2\)"):
            explorer.show_unit("apart", (5, 6, 2))
        explorer.show_unit("answer", (1,))
        explorer._handle_msg({"kind": "ready"})
        assert sent[-1]["trace"]["origins"][0] == ["apart", [0, 0, 0]]

    @pytest.mark.parametrize("count", [9, 11])
    def test_each_class_has_one_name(self, pad, count):
        with pytest.raises(ValueError, match=f"one name for each class.*{count} for 10"):
            NetworkExplorer(Reading(shared_network(), pad), class_names=["a"] * count)


class TestMaps:
    @pytest.mark.usefixtures("explorer")
    def test_they_follow_the_drawing(self, pad, sent):
        pad.strokes = [THREE[:6]]
        shown = sent[-1]
        maps = shared_network().feature_maps(mv.normalize_strokes([THREE[:6]]))
        for name in ("conv1", "pool1", "conv2", "pool2"):
            expected = maps[name].transpose(2, 0, 1) / maps[name].max()
            assert (shown["maps"][name] - 128.0) / 127 == pytest.approx(expected, abs=0.005)
        assert shown["probabilities"] == pytest.approx(maps["probabilities"])

    @pytest.mark.usefixtures("explorer")
    def test_an_empty_sketchpad_claims_nothing(self, pad, sent):
        pad.strokes = []
        assert sent[-1]["empty"]
        assert (sent[-1]["maps"]["image"] == 128).all()

    def test_a_dead_layer_stays_calm(self):
        assert (as_shades(np.zeros((5, 5, 3), np.float32)) == 128).all()

    def test_both_signs_have_one_scale(self):
        shades = as_shades(np.array([[[-2.0], [0.0], [1.0]]], np.float32))
        assert shades.tolist() == [[[1, 128, 192]]]


class TestTrace:
    @pytest.mark.parametrize(
        ("layer", "unit"), [("conv1", [12, 13, 2]), ("conv2", [5, 6, 9]), ("dense", [17])]
    )
    def test_the_numbers_add_up_to_the_networks_own(self, explorer, pad, sent, layer, unit):
        trace = traced(explorer, sent, layer, unit)
        own = shared_network().feature_maps(pad.steps.digit)[layer][tuple(unit)]
        products = trace["inputs"].astype(float) * trace["weights"]
        assert trace["products"] == pytest.approx(products, abs=1e-6)
        assert trace["total"] == pytest.approx(products.sum(), abs=1e-5)
        assert trace["before"] == pytest.approx(trace["total"] + trace["bias"], abs=1e-5)
        assert trace["value"] == pytest.approx(max(trace["before"], 0), abs=1e-5)
        assert trace["value"] == pytest.approx(own, abs=1e-5)

    def test_the_answer_has_its_logits_and_their_normaliser(self, explorer, pad, sent):
        softmax = traced(explorer, sent, "probabilities", [3])["softmax"]
        exponentials = np.exp(softmax["logits"] - softmax["logits"].max())
        assert softmax["exponentials"] == pytest.approx(exponentials, rel=1e-5)
        assert softmax["normaliser"] == pytest.approx(exponentials.sum(), rel=1e-5)
        expected = shared_network().feature_maps(pad.steps.digit)["probabilities"]
        assert softmax["shares"] == pytest.approx(expected, abs=1e-6)

    def test_the_winner_of_a_window(self, explorer, pad, sent):
        trace = traced(explorer, sent, "pool1", [6, 5, 7])
        window = shared_network().feature_maps(pad.steps.digit)["conv1"][12:14, 10:12, 7]
        assert trace["inputs"] == pytest.approx(window.ravel())
        assert trace["winner"] == window.argmax()

    def test_every_input_can_be_followed_to_the_layer_that_computed_it(self, explorer, sent):
        trace = traced(explorer, sent, "dense", [0])
        places = {"pool2": np.arange(400).reshape(5, 5, 16)}
        for i, (layer, unit) in enumerate(trace["origins"]):
            assert places[layer][tuple(unit)] == i
        trace = traced(explorer, sent, "conv1", [3, 4, 0])
        assert trace["origins"][0] == ["image", [3, 4]]
        assert trace["origins"][-1] == ["image", [5, 6]]

    def test_a_chain_leads_from_the_answer_to_a_pixel(self, explorer, sent):
        where, visited = ["probabilities", [3]], []
        while where:
            trace = traced(explorer, sent, *where)
            visited.append(where[0])
            sizes = np.abs(trace["inputs"] if trace["products"] is None else trace["products"])
            where = trace["origins"][trace["winner"] or int(sizes.argmax())]
        assert visited == ["probabilities", "dense", "pool2", "conv2", "pool1", "conv1", "image"]

    def test_it_follows_the_drawing(self, explorer, pad, sent):
        before = traced(explorer, sent, "conv1", [12, 13, 2])
        pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
        after = sent[-1]["trace"]
        assert (after["layer"], after["unit"]) == ("conv1", [12, 13, 2])
        assert (after["inputs"] != before["inputs"]).any()

    def test_python_selects_and_the_page_hears_it(self, explorer, sent):
        explorer.show_unit("conv2", (1, 2, 3))
        assert sent[-1]["trace"]["unit"] == [1, 2, 3]

    @pytest.mark.parametrize(
        "selected", [("nothing", (0,)), ("conv1", (26, 0, 0)), ("conv1", (0, 0)), ("dense", (-1,))]
    )
    def test_python_cannot_select_what_there_is_not(self, explorer, selected):
        with pytest.raises(ValueError, match="Received"):
            explorer.show_unit(*selected)
        assert explorer.selected is None
        with pytest.raises(ValueError, match="Received"):
            NetworkExplorer(explorer._reading, selected=selected)

    @pytest.mark.parametrize(
        "message",
        [
            {},
            {"layer": "conv1"},
            {"layer": "conv1", "unit": None},
            {"layer": "conv1", "unit": [1, 2]},
            {"layer": "conv1", "unit": [1, 2, 99]},
            {"layer": "conv1", "unit": [1, 2, -1]},
            {"layer": "conv1", "unit": [1, 2, np.nan]},
            {"layer": "conv1", "unit": [1, 2, 2**70]},
            {"layer": "conv1", "unit": ["a", "b", "c"]},
            {"layer": ["conv1"], "unit": [1, 2, 3]},
            {"layer": "nothing", "unit": [1, 2, 3]},
        ],
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, explorer, sent, message):
        explorer._handle_msg({"kind": "trace", **message})
        assert sent == []
        assert explorer.selected is None
