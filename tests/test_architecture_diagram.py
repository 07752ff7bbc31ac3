"""How a network is built: its numbers against Keras and a calculator, and the words for them."""

import subprocess
import sys

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.components import ArchitectureDiagram, Reading, Sketchpad
from mnist_visual.inference import load_digit_network

from .classifier_models import HEIGHT, WIDTH, one_picture

layers = keras.layers


def build_unknown():
    """Put layers whose arithmetic is not known beside those whose is."""
    return keras.Sequential(
        [
            keras.Input((HEIGHT, WIDTH, 1), name="picture"),
            layers.SeparableConv2D(6, 3, name="separable"),
            layers.LayerNormalization(name="even"),
            layers.PReLU(name="bent"),
            layers.Conv2D(2, 3, dilation_rate=2, activation=lambda x: x, name="own"),
            layers.BatchNormalization(center=False, scale=False, name="plain"),
            keras.Sequential([layers.Dense(4, name="inner")], name="within"),
            layers.GlobalMaxPooling2D(name="peak"),
            layers.Dense(3, "softmax", name="answer"),
        ]
    )


class TestCounts:
    @pytest.mark.parametrize("name", ["trained", "chain", "graph", "unknown"])
    def test_parameters_are_those_of_keras_layer_by_layer(self, request, name):
        model = build_unknown() if name == "unknown" else request.getfixturevalue(name)
        found = mv.architecture(model)
        counted = {layer.name: layer.parameters for layer in found.layers}
        for layer in model.layers:
            assert counted[layer.name] == layer.count_params(), layer.name
        assert found.parameters == model.count_params()

    def test_shapes_are_those_of_keras(self, graph):
        shapes = {layer.name: layer.shape for layer in mv.architecture(graph).layers}
        for layer in graph.layers:
            assert shapes[layer.name] == tuple(layer.output.shape[1:])

    def test_multiplications_are_those_of_a_calculator(self, chain):
        expected = {
            "rescale": 12 * 10 * 1,
            "stem": 6 * 5 * 4 * (3 * 3 * 1),  # 12 x 10 at a stride of 2
            "norm": 6 * 5 * 4,
            "depthwise": 6 * 5 * 8 * (2 * 3),
            "grouped": 4 * 4 * 6 * (3 * 2 * 4),  # 8 channels in two groups
            "share": 4 * 2 * 5 * (1 * 1 * 6),
            "hidden": 7 * 5,
            "logits": 4 * 7,
        }
        found = mv.architecture(chain)
        counted = {
            layer.name: layer.operations for layer in found.layers if layer.step == "multiplication"
        }
        assert counted == expected
        assert found.multiplications == sum(expected.values())

    def test_a_computation_of_any_picture_tells_the_same(self, chain):
        computation = mv.trace_network(chain, one_picture(chain))
        assert mv.architecture(computation) == mv.architecture(chain)

    def test_what_is_no_multiplication_is_counted_as_what_it_is(self, chain, graph):
        steps = {
            layer.name: (layer.step, layer.operations) for layer in mv.architecture(chain).layers
        }
        assert steps["average"] == ("addition", 6 * 5 * 8 * (9 - 1))
        assert steps["largest"] == ("comparison", 4 * 2 * 6 * (6 - 1))
        assert steps["clipped"] == ("evaluation", 6 * 5 * 4)
        assert steps["dropout"] == steps["flat"] == ("", 0)
        steps = {
            layer.name: (layer.step, layer.operations) for layer in mv.architecture(graph).layers
        }
        assert steps["sum"] == ("addition", 14 * 10 * 4)
        assert steps["both"] == ("", 0)
        assert steps["peak"] == ("comparison", 8 * (7 * 5 - 1))

    def test_of_what_is_not_known_it_says_so(self):
        found = mv.architecture(build_unknown())
        unknown = [layer.name for layer in found.layers if layer.kind == "unknown"]
        assert unknown == ["separable", "even", "bent", "own", "within"]
        assert not found.is_known

    def test_a_layer_used_twice_is_refused_by_name(self):
        picture = keras.Input((6, 6))
        twice = layers.Dense(6, name="twice")
        model = keras.Model(picture, layers.Flatten()(twice(twice(picture))))
        with pytest.raises(ValueError, match=r"used once.*\['twice'\]"):
            mv.architecture(model)


class TestComputing:
    def test_what_reads_a_layer_that_passes_on_reads_its_source(self, graph):
        sources = {layer.name: layer.sources for layer in mv.architecture(graph).computing().layers}
        assert sources["dilated"] == ("picture",)
        assert sources["sum"] == ("dilated", "side")
        assert sources["both"] == ("sum", "side")
        assert sources["rows"] == ("peak",)
        assert not {"pad", "crop", "fold", "flat"} & set(sources)


@pytest.fixture(scope="module")
def words(chain, graph):
    shipped = ArchitectureDiagram(load_digit_network())
    all_layers = [*shipped.layers, *ArchitectureDiagram(chain).layers]
    all_layers += ArchitectureDiagram(graph).layers + ArchitectureDiagram(build_unknown()).layers
    return {layer["name"]: layer["words"] for layer in all_layers}


class TestWords:
    @pytest.mark.parametrize(
        ("layer", "parameters", "operations"),
        [
            (
                "conv1",
                "8 filters × 3 × 3 × 1 channel + 8 biases = 80 parameters",
                "26 × 26 × 8 values, 9 multiplications each = 48,672",
            ),
            (
                "stem",
                "4 filters × 3 × 3 × 1 channel = 36 parameters, no biases",
                "6 × 5 × 4 values, 9 multiplications each = 1,080",
            ),
            (
                "grouped",
                "6 filters × 3 × 2 × 4 channels + 6 biases = 150 parameters",
                "4 × 4 × 6 values, 24 multiplications each = 2,304",
            ),
            (
                "depthwise",
                "8 filters × 2 × 3 + 8 biases = 56 parameters",
                "6 × 5 × 8 values, 6 multiplications each = 1,440",
            ),
            (
                "dense",
                "400 values × 128 units + 128 biases = 51,328 parameters",
                "128 values, 400 multiplications each = 51,200",
            ),
            (
                "norm",
                "4 channels × 4 numbers (factor, shift, mean, spread) = 16 parameters",
                "6 × 5 × 4 values, 1 multiplication each = 120",
            ),
            ("even", "12 parameters", "How much it computes is not known here."),
            (
                "plain",
                "2 channels × 2 numbers (mean and spread) = 4 parameters",
                "6 × 4 × 2 values, 1 multiplication each = 48",
            ),
            (
                "pool1",
                "Nothing is learned here: 0 parameters",
                "13 × 13 × 8 values, 3 comparisons each = 4,056",
            ),
            (
                "sum",
                "Nothing is learned here: 0 parameters",
                "14 × 10 × 4 values, 1 addition each = 560",
            ),
            ("both", "Nothing is learned here: 0 parameters", "It computes nothing."),
        ],
    )
    def test_the_numbers_come_about_as_said(self, words, layer, parameters, operations):
        assert words[layer]["parameters"] == parameters
        assert words[layer]["operations"] == operations

    def test_every_product_that_is_said_is_right(self, words):
        for said in words.values():
            for line in (said["parameters"], said["operations"]):
                if " = " in line:
                    left, right = line.split(" = ")
                    assert calculated(left) == number(right), line

    @pytest.mark.parametrize(
        ("layer", "sentence"),
        [
            ("stem", "It moves by 2 (stride)."),
            ("stem", "At the edge it goes over zeros, so that nothing is missed (padding)."),
            ("dilated", "It looks at every second value only (dilation)."),
            ("grouped", "The 8 channels are split into 2 groups."),
            ("depthwise", "Each of the 4 channels has 2 filters (depthwise convolution)."),
            ("largest", "The window moves by 1 × 2 (stride)."),
            ("sum", "What crop and side give is added, value by value (addition)."),
            ("flatten", "The same values in another shape: 5 × 5 × 16 become 400 (reshape)."),
            ("rows", "It does so at each of 2 places, with the same weights."),
            ("probabilities", "Then the scores become shares that add up to one (softmax)."),
            ("separable", "This layer is a SeparableConv2D."),
        ],
    )
    def test_what_is_special_is_said(self, words, layer, sentence):
        assert sentence in words[layer]["what"]

    def test_an_activation_that_is_a_layer_has_the_name_that_people_give_it(self):
        model = keras.Sequential([keras.Input((4, 4, 1)), layers.ReLU(), layers.Flatten()])
        (_, bent, _) = ArchitectureDiagram(model).layers
        assert bent["words"]["what"] == ["What is below zero becomes zero (ReLU)."]

    def test_no_sentence_is_long(self, words):
        for said in words.values():
            assert all(len(sentence.split()) <= 20 for sentence in said["what"])


def number(text):
    return int("".join(letter for letter in text.split(",  no")[0] if letter.isdigit()))


def calculated(text):
    """Work out "8 filters × 3 × 3 + 8 biases", or "26 × 26 × 8 values, 9 steps each"."""
    total = 0
    for product in text.split(" + "):
        factors = product.partition(" (")[0].replace(" values, ", " × ").split(" × ")
        total += int(np.prod([int(factor.split()[0].replace(",", "")) for factor in factors]))
    return total


class TestDiagram:
    def test_it_has_every_layer_and_the_totals(self):
        diagram = ArchitectureDiagram(load_digit_network())
        assert [layer["name"] for layer in diagram.layers] == [
            *("image", "reshape", "conv1", "pool1", "conv2", "pool2", "flatten", "dense"),
            "probabilities",
        ]
        assert diagram.totals == {"parameters": 53866, "multiplications": 240544, "known": True}

    def test_a_reading_gives_its_classifier(self):
        reading = Reading(load_digit_network(), Sketchpad())
        assert ArchitectureDiagram(reading).totals["parameters"] == 53866

    def test_a_layer_that_is_chosen_is_remembered(self):
        diagram = ArchitectureDiagram(load_digit_network())
        diagram._handle_msg({"kind": "select", "layer": "conv2"})
        assert diagram.selected == "conv2"
        diagram._handle_msg({"kind": "select", "layer": None})
        assert diagram.selected is None

    @pytest.mark.parametrize("layer", ["nothing", 7, ["conv1"], {}, ""])
    def test_what_no_script_of_ours_says_changes_nothing(self, layer):
        diagram = ArchitectureDiagram(load_digit_network())
        diagram.show_layer("conv1")
        diagram._handle_msg({"kind": "select", "layer": layer})
        assert diagram.selected == "conv1"

    def test_python_chooses_and_the_page_hears_it(self, sent):
        diagram = ArchitectureDiagram(load_digit_network())
        diagram._handle_msg({"kind": "ready"})
        sent.clear()
        diagram.show_layer("pool1")
        assert sent == [("ArchitectureDiagram", {"kind": "show", "selected": "pool1"})]
        with pytest.raises(ValueError, match=r"'conv1'.*Received: 'conv3'"):
            diagram.show_layer("conv3")

    def test_one_may_begin_with_a_layer_that_there_is(self):
        assert ArchitectureDiagram(load_digit_network(), selected="pool1").selected == "pool1"
        with pytest.raises(ValueError, match="Received: 'nope'"):
            ArchitectureDiagram(load_digit_network(), selected="nope")

    def test_a_model_of_pictures_of_any_size_needs_a_reading(self):
        model = keras.Sequential(
            [
                keras.Input((None, None, 1)),
                layers.Conv2D(2, 3, name="conv"),
                layers.GlobalMaxPooling2D(),
            ]
        )
        with pytest.raises(ValueError, match=r"\(None, None, 1\).*a Reading"):
            ArchitectureDiagram(model)
        diagram = ArchitectureDiagram(Reading(model, Sketchpad()))
        assert diagram.layers[1]["shape"] == [26, 26, 2]

    def test_the_shipped_network_needs_no_keras(self):
        code = (
            "import sys; from mnist_visual.inference import load_digit_network;"
            "from mnist_visual.components import ArchitectureDiagram;"
            "ArchitectureDiagram(load_digit_network());"
            "assert not {'keras', 'jax'} & set(sys.modules)"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
