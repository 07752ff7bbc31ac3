"""Every number of a trace, against NumPy written out by hand and against Keras's own layers."""

import math
import subprocess
import sys

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.nonlinear import ACTIVATIONS, Activation
from mnist_visual.arithmetic.traces import ActivationTrace, MaximumTrace, PassTrace, SumTrace

from .classifier_models import HEIGHT, WIDTH, one_picture, shake

layers = keras.layers


@pytest.fixture(scope="module", params=["trained", "chain", "graph"])
def computation(request, test_digits):
    model = request.getfixturevalue(request.param)
    picture = test_digits[0][7] if request.param == "trained" else one_picture(model)
    return mv.trace_network(model, picture)


def some_units(shape, count=12):
    """Choose units at random, and the first and the last."""
    rng = np.random.default_rng(len(shape))
    units = {tuple(int(rng.integers(n)) for n in shape) for _ in range(count)}
    return [tuple(0 for _ in shape), tuple(n - 1 for n in shape), *units]


class TestEveryLayer:
    def test_the_trace_gives_what_the_layer_gave(self, computation):
        for layer, values in computation.maps.items():
            for unit in some_units(values.shape):
                trace = computation.trace(layer, unit)
                assert trace.value == pytest.approx(float(values[unit]), abs=2e-5), trace

    def test_inputs_are_the_sources_own_values_at_their_places(self, computation):
        for layer, values in computation.maps.items():
            for unit in some_units(values.shape):
                trace = computation.trace(layer, unit)
                for index in np.ndindex(trace.inputs.shape):
                    if (origin := trace.origin(index)) is not None:
                        source, place = origin
                        assert trace.inputs[index] == computation.maps[source][place]
                    elif trace.sources:
                        assert trace.inputs[index] in (0, -np.inf)  # padding

    def test_a_sum_adds_up(self, computation):
        for layer, values in computation.maps.items():
            for unit in some_units(values.shape):
                trace = computation.trace(layer, unit)
                if isinstance(trace, SumTrace):
                    assert (trace.products == trace.inputs * trace.weights).all()
                    assert trace.total == pytest.approx(math.fsum(trace.products.flat), abs=1e-6)
                    assert trace.before == trace.total + (trace.bias or 0)

    def test_the_output_can_be_computed_from_the_picture_by_traces_alone(self, computation):
        """Follow every value back to the pixels, and compute forward with a calculator."""
        known = {}

        def value(layer, unit):
            if (layer, unit) not in known:
                trace = computation.trace(layer, unit)
                origins = [trace.origin(index) for index in np.ndindex(trace.inputs.shape)]
                read = [0.0 if each is None else value(*each) for each in origins]
                known[layer, unit] = calculate(trace, read, origins)
            return known[layer, unit]

        # A dense unit of the shipped network reads all of it: too much for a test.
        layer, unit = computation.output, (1,)
        if "pool2" in computation.layers:
            layer, unit = "pool2", (1, 2, 3)
        own = float(computation.maps[layer][unit])
        assert value(layer, unit) == pytest.approx(own, abs=1e-4)


def calculate(trace, read, origins):
    """Do what a trace says, on inputs that were computed here."""
    match trace:
        case SumTrace(softmax=None):
            total = math.fsum(np.multiply(read, trace.weights.ravel()))
            return activate(trace.activation, total + (trace.bias or 0))
        case ActivationTrace(softmax=None):
            return activate(trace.activation, read[0])
        case MaximumTrace():
            return max(x for x, origin in zip(read, origins, strict=True) if origin is not None)
        case PassTrace(sources=()):
            return float(trace.inputs[0])
        case PassTrace():
            return read[0]
    softmax = trace.softmax  # its other logits are checked elsewhere
    return math.exp(softmax.logits[softmax.index] - softmax.largest) / softmax.normaliser


def activate(name, x):
    return {
        "linear": lambda: x,
        "relu": lambda: max(x, 0),
        "relu (negative_slope=0.1, max_value=1.5)": lambda: min(x, 1.5) if x > 0 else 0.1 * x,
        "leaky_relu (negative_slope=0.3)": lambda: x if x > 0 else 0.3 * x,
        "elu (alpha=0.7)": lambda: x if x > 0 else 0.7 * (math.exp(x) - 1),
        "tanh": lambda: math.tanh(x),
        "sigmoid": lambda: 1 / (1 + math.exp(-x)),
        "silu": lambda: x / (1 + math.exp(-x)),
        "gelu": lambda: x * (1 + math.erf(x / math.sqrt(2))) / 2,
        "softplus": lambda: math.log(1 + math.exp(x)),
    }[name]()


class TestConvolution:
    def test_it_is_the_textbook_one(self, trained, digit):
        trace = mv.trace_unit(trained, digit, "conv2", (4, 6, 11))
        below = mv.feature_maps(trained, digit)["pool1"]
        kernel, bias = trained.get_layer("conv2").get_weights()
        assert isinstance(trace, SumTrace)
        assert trace.inputs.shape == (3, 3, 8)
        np.testing.assert_array_equal(trace.inputs, below[4:7, 6:9])
        np.testing.assert_array_equal(trace.weights, kernel[..., 11])
        assert trace.bias == bias[11]
        by_hand = sum(
            float(below[4 + row, 6 + column, channel]) * float(kernel[row, column, channel, 11])
            for row in range(3)
            for column in range(3)
            for channel in range(8)
        )
        assert trace.total == pytest.approx(by_hand, abs=1e-6)
        assert trace.value == max(trace.before, 0)
        assert trace.places[2, 1, 5].tolist() == [6, 7, 5]
        assert trace.sources == ("pool1",)

    def test_padding_is_marked_and_nothing(self, chain):
        # 12 rows at stride 2: six positions reach over 13, so one row of padding, at the end.
        trace = mv.trace_unit(chain, one_picture(chain), "stem", (5, 0, 2))
        assert trace.places[:, 0, 0].tolist() == [[10, 0, 0], [11, 0, 0], [-1, -1, -1]]
        assert (trace.inputs[2] == 0).all()
        assert trace.origin((2, 1, 0)) is None
        assert trace.origin((1, 2, 0)) == ("rescale", (11, 2, 0))
        assert trace.bias is None

    def test_a_depthwise_one_reads_one_channel(self, chain):
        trace = mv.trace_unit(chain, one_picture(chain), "depthwise", (3, 2, 5))
        kernel = chain.get_layer("depthwise").get_weights()[0]
        assert trace.kind == "depthwise convolution"
        assert trace.inputs.shape == (2, 3, 1)
        assert (trace.places[..., 2] == 2).all()  # two filters for each channel
        np.testing.assert_array_equal(trace.weights[..., 0], kernel[:, :, 2, 1])

    def test_a_grouped_one_reads_its_group(self, chain):
        trace = mv.trace_unit(chain, one_picture(chain), "grouped", (1, 1, 4))
        assert trace.kind == "grouped convolution"
        assert trace.places[0, 0, :, 2].tolist() == [4, 5, 6, 7]

    def test_a_dilated_one_leaves_pixels_out(self, graph):
        trace = mv.trace_unit(graph, one_picture(graph), "dilated", (6, 6, 0))
        assert trace.places[:, 0, 0, 0].tolist() == [4, 6, 8]

    def test_a_softmax_over_its_filters_has_their_logits(self, chain):
        picture = one_picture(chain)
        trace = mv.trace_unit(chain, picture, "share", (1, 1, 3))
        values = mv.feature_maps(chain, picture)["largest"][1, 1]
        kernel, bias = chain.get_layer("share").get_weights()
        np.testing.assert_allclose(trace.softmax.logits, values @ kernel[0, 0] + bias, atol=1e-6)
        assert trace.before == pytest.approx(float(trace.softmax.logits[3]), abs=1e-6)


class TestPooling:
    def test_the_winner_is_the_largest_of_the_window(self, trained, digit):
        trace = mv.trace_unit(trained, digit, "pool1", (4, 5, 2))
        window = mv.feature_maps(trained, digit)["conv1"][8:10, 10:12, 2]
        np.testing.assert_array_equal(trace.inputs, window)
        row, column = np.argwhere(window == window.max())[0]
        assert trace.winner == (row, column)
        assert trace.origin(trace.winner) == ("conv1", (8 + row, 10 + column, 2))

    def test_padding_never_wins_and_does_not_count_in_a_mean(self, chain):
        picture = one_picture(chain)
        computation = mv.trace_network(chain, picture)
        corner = computation.trace("average", (0, 0, 3))
        values = computation.maps["depthwise"][:2, :2, 3]
        assert corner.value == pytest.approx(float(values.mean()), abs=1e-6)
        assert np.count_nonzero(corner.weights) == 4
        last = computation.trace("largest", (3, 1, 0))
        assert last.origin(last.winner) is not None
        assert np.isneginf(last.inputs[last.places[..., 0] < 0]).all()

    def test_all_the_map_is_the_window_of_global_pooling(self, graph, chain):
        mean = mv.trace_unit(chain, one_picture(chain), "mean", (0, 0, 4))
        assert mean.inputs.shape == (4, 2)
        assert mean.weights == pytest.approx(np.full((4, 2), 1 / 8))
        assert mv.trace_unit(graph, one_picture(graph), "peak", 7).inputs.shape == (7, 5)


class TestDense:
    def test_terms_logits_and_normaliser_are_those_of_the_textbook(self, trained, digit):
        trace = mv.trace_unit(trained, digit, "probabilities", 7)
        hidden = mv.feature_maps(trained, digit)["dense"]
        kernel, bias = trained.get_layer("probabilities").get_weights()
        np.testing.assert_array_equal(trace.products, hidden * kernel[:, 7])
        logits = [
            sum(float(hidden[k]) * float(kernel[k, each]) for k in range(128)) + float(bias[each])
            for each in range(10)
        ]
        assert trace.softmax.logits == pytest.approx(logits, abs=1e-5)
        assert trace.before == pytest.approx(logits[7], abs=1e-5)
        assert trace.softmax.normaliser == pytest.approx(
            sum(math.exp(logit - max(logits)) for logit in logits), abs=1e-5
        )
        shares = [math.exp(logit) / sum(map(math.exp, logits)) for logit in logits]
        assert trace.value == pytest.approx(shares[7], abs=1e-6)
        assert trace.softmax.shares == pytest.approx(shares, abs=1e-6)

    def test_an_input_comes_through_flatten_from_a_map(self, trained, digit):
        computation = mv.trace_network(trained, digit)
        layer, unit = computation.trace("dense", 5).origin(337)
        assert (layer, unit) == ("flatten", (337,))
        layer, unit = computation.trace(layer, unit).origin(0)
        assert (layer, unit) == ("pool2", np.unravel_index(337, (5, 5, 16)))

    def test_of_rows_each_has_its_own_sum(self, graph):
        picture = one_picture(graph)
        trace = mv.trace_unit(graph, picture, "rows", (1, 2))
        values = mv.feature_maps(graph, picture)["fold"]
        np.testing.assert_array_equal(trace.inputs, values[1])
        assert trace.places.tolist() == [[1, 0], [1, 1], [1, 2], [1, 3]]


class TestOthers:
    def test_batch_normalisation_is_a_factor_and_a_shift(self, chain):
        trace = mv.trace_unit(chain, one_picture(chain), "norm", (2, 3, 1))
        gamma, beta, mean, variance = (
            values[1] for values in chain.get_layer("norm").get_weights()
        )
        assert trace.weights[0] == pytest.approx(gamma / math.sqrt(variance + 1e-3), rel=1e-5)
        assert trace.bias == pytest.approx(beta - mean * trace.weights[0], rel=1e-4)

    def test_branches_are_followed_each(self, graph):
        computation = mv.trace_network(graph, one_picture(graph))
        total = computation.trace("sum", (3, 2, 1))
        assert total.sources == ("crop", "side")
        assert total.origin(1) == ("side", (3, 2, 1))
        joined = computation.trace("both", (3, 2, 6))
        assert joined.sources == ("side",)
        assert joined.origin(0) == ("side", (3, 2, 2))

    def test_padding_and_cropping_move_places(self, graph):
        computation = mv.trace_network(graph, one_picture(graph))
        assert computation.trace("pad", (3, 4, 2)).origin(0) == ("picture", (2, 4, 2))
        assert computation.trace("pad", (0, 4, 2)).origin(0) is None
        assert computation.trace("crop", (3, 4, 2)).origin(0) == ("dilated", (4, 6, 2))

    def test_the_picture_itself_comes_from_nowhere(self, trained, digit):
        trace = mv.trace_unit(trained, digit, "image", (12, 13))
        assert (trace.value, trace.sources, trace.origin(0)) == (digit[12, 13], (), None)

    def test_a_pixel_is_followed_from_the_softmax_to_the_canvas(self, trained, digit):
        computation = mv.trace_network(trained, digit)
        layer, unit, way = "probabilities", (7,), []
        while True:
            trace = computation.trace(layer, unit)
            way.append(layer)
            if not trace.sources:
                break
            weighed = trace.products if isinstance(trace, SumTrace) else trace.inputs
            index = np.unravel_index(weighed.argmax(), weighed.shape)
            taken = trace.inputs[index]
            layer, unit = trace.origin(index)
            assert computation.trace(layer, unit).value == pytest.approx(float(taken), abs=1e-5)
        assert way == [layer.name for layer in trained.layers[::-1]] + ["image"]
        assert taken == digit[unit]

    @pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
    def test_activations_are_those_of_keras(self, name):
        values = np.concatenate([np.linspace(-9, 9, 61), [-200, -0.0, 80]]).astype(np.float32)
        expected = np.asarray(keras.activations.get(name)(values))
        ours = [Activation(name)(float(x)) for x in values]
        np.testing.assert_allclose(ours, expected, rtol=2e-5, atol=2e-6)

    def test_options_of_an_activation_are_heeded(self):
        values = np.linspace(-4, 4, 33, dtype=np.float32)
        options = {"negative_slope": 0.2, "max_value": 2.0, "threshold": 0.5}
        expected = np.asarray(layers.ReLU(**options)(values))
        assert [Activation("relu", options)(float(x)) for x in values] == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("layer", "unit", "words"),
        [
            ("conv2", (4, 6, 11), "conv2[4, 6, 11] = "),
            ("pool1", (0, 0, 0), "pool1[0, 0, 0] = max of 4: 0"),
            ("probabilities", 7, "softmax: exp("),
        ],
    )
    def test_a_trace_says_itself_in_a_line(self, trained, digit, layer, unit, words):
        assert words in str(mv.trace_unit(trained, digit, layer, unit))

    def test_padding_is_not_among_what_a_maximum_is_of(self):
        model = read_by(layers.MaxPooling2D(3, padding="same", name="pool"))
        corner = mv.trace_unit(model, one_picture(model), "pool", np.unravel_index(0, (4, 4, 1)))
        assert corner.inputs.size == 9
        assert "max of 6: " in str(corner)


class Doubled(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


def read_by(*chain):
    """Put layers behind an input (12, 10, 1)."""
    return shake(keras.Sequential([keras.Input((HEIGHT, WIDTH, 1)), *chain]))


class TestRefusals:
    @pytest.mark.parametrize(
        ("layer", "unit", "rule"),
        [
            ("conv3", (0, 0, 0), r"'conv2'.*Received: 'conv3'"),
            ("conv2", (0, 0), r"\(11, 11, 16\).*Received: \(0, 0\)"),
            ("conv2", (11, 0, 0), r"Received: \(11, 0, 0\)"),
            ("conv2", (-1, 0, 0), r"Received: \(-1, 0, 0\)"),
            ("dense", 1.0, r"Received: 1\.0"),
            ("dense", "a", "Received: 'a'"),
            ("dense", [[0], [1, 2]], "Received"),
        ],
    )
    def test_units_that_are_not_there(self, trained, digit, layer, unit, rule):
        with pytest.raises(ValueError, match=rule):
            mv.trace_unit(trained, digit, layer, unit)

    def test_many_pictures(self, trained, digit):
        with pytest.raises(ValueError, match="One picture"):
            mv.trace_unit(trained, np.stack([digit, digit]), "dense", 0)

    @pytest.mark.parametrize(
        ("build", "reason"),
        [
            (lambda: layers.LayerNormalization(name="x"), "LayerNormalization"),
            (lambda: layers.SeparableConv2D(2, 3, name="x"), "SeparableConv2D"),
            (lambda: layers.PReLU(name="x"), "PReLU"),
            (lambda: layers.Lambda(lambda x: x, name="x"), "Lambda"),
            (lambda: Doubled(2, name="x"), "Doubled"),
            (lambda: layers.Dense(2, lambda x: x, name="x"), "the activation <function"),
            (lambda: layers.Dense(2, dtype="mixed_bfloat16", name="x"), "another type"),
            (lambda: layers.BatchNormalization(axis=1, name="x"), "another axis"),
            (lambda: layers.Softmax(axis=(1, 2), name="x"), "axis="),
            (
                lambda: layers.MaxPooling2D(1, data_format="channels_first", name="x"),
                "channels_first",
            ),
            (lambda: keras.Sequential([layers.Dense(2)], name="x"), "a model of its own"),
        ],
    )
    def test_layers_whose_arithmetic_is_not_known(self, build, reason):
        model = read_by(build())
        computation = mv.trace_network(model, one_picture(model))
        with pytest.raises(ValueError, match=f"^The layers whose.*Received: 'x'.*{reason}"):
            computation.trace("x", [0] * computation.maps["x"].ndim)

    def test_not_the_layers_beside_them(self):
        model = read_by(layers.LayerNormalization(name="x"), layers.Dense(2, name="after"))
        trace = mv.trace_unit(model, one_picture(model), "after", (3, 4, 1))
        assert trace.origin(0) == ("x", (3, 4, 0))

    def test_layers_that_are_used_twice(self):
        inputs = keras.Input((6, 6))
        twice = layers.Dense(6, name="twice")
        model = keras.Model(inputs, layers.Flatten(name="flat")(twice(twice(inputs))))
        computation = mv.trace_network(model, np.ones((6, 6)))
        for layer, unit in (("twice", (0, 0)), ("flat", 0)):
            with pytest.raises(ValueError, match=r"used once.*\['twice'\]"):
                computation.trace(layer, unit)

    def test_maps_of_another_picture(self, trained, digit):
        ours = mv.trace_network(trained, digit)
        maps = {**ours.maps, "dense": ours.maps["dense"] + 1}
        with pytest.raises(ValueError, match="another picture"):
            Computation(ours.layers, maps, ours.output).trace("dense", 0)

    def test_steps_that_are_no_layers(self):
        inputs = keras.Input((6, 6), name="picture")
        outputs = layers.Flatten(name="flat")(keras.ops.square(inputs))
        computation = mv.trace_network(keras.Model(inputs, outputs), np.full((6, 6), 0.5))
        layer, unit = computation.trace("flat", 7).origin(0)
        assert computation.maps[layer][unit] == 0.25
        with pytest.raises(ValueError, match="a Square"):
            computation.trace(layer, unit)


def test_a_model_within_is_traced_by_itself():
    inner = keras.Sequential(
        [keras.Input((HEIGHT, WIDTH, 1)), layers.Conv2D(2, 3, name="conv")], name="inner"
    )
    model = shake(keras.Sequential([keras.Input((HEIGHT, WIDTH, 1)), inner, layers.Flatten()]))
    picture = one_picture(model)
    within = mv.trace_network(model.get_layer("inner"), picture)
    assert within.trace("conv", (3, 3, 1)).value == pytest.approx(
        float(mv.feature_maps(model, picture)["inner"][3, 3, 1]), abs=1e-6
    )


def test_layers_along_one_axis_and_three_are_traced_too():
    model = shake(
        keras.Sequential(
            [
                keras.Input((9, 6), name="picture"),
                layers.ZeroPadding1D((1, 2)),
                layers.Conv1D(4, 3, strides=2, padding="same", activation="tanh"),
                layers.AveragePooling1D(2, strides=1, padding="same"),
                layers.Cropping1D((0, 1)),
                layers.DepthwiseConv1D(2, dilation_rate=2),
                layers.Reshape((-1, 2, 2, 1)),
                layers.Conv3D(3, 2, padding="same", use_bias=False),
                layers.MaxPooling3D((2, 1, 1)),
                layers.GlobalMaxPooling3D(),
            ]
        )
    )
    computation = mv.trace_network(model, np.random.default_rng(0).random((9, 6)))
    for layer, values in computation.maps.items():
        for unit in some_units(values.shape):
            trace = computation.trace(layer, unit)
            assert trace.value == pytest.approx(float(values[unit]), abs=1e-5), trace


NO_KERAS = """
import sys
import numpy as np
import mnist_visual as mv
from mnist_visual.arithmetic.nonlinear import Activation
from mnist_visual.arithmetic.computation import Computation, Layer
from mnist_visual.arithmetic.convolution import Window
from mnist_visual.inference import load_digit_network
from mnist_visual.arithmetic.operations import Convolution, Dense, Pooling
from mnist_visual.arithmetic.rearrangements import Input, Reshape

class Network:
    def __init__(self):
        self.network = load_digit_network()

    def computation(self, digit):
        relu, two, one = Activation("relu"), (2, 2), (1, 1)
        weights = self.network.weights
        window = Window((3, 3), one, one)
        layers = {
            "image": Layer((), Input()),
            "reshape": Layer(("image",), Reshape((28, 28, 1))),
            "conv1": Layer(("reshape",), Convolution(*weights["conv1"], window, activation=relu)),
            "pool1": Layer(("conv1",), Pooling(Window(two, two, one))),
            "conv2": Layer(("pool1",), Convolution(*weights["conv2"], window, activation=relu)),
            "pool2": Layer(("conv2",), Pooling(Window(two, two, one))),
            "flatten": Layer(("pool2",), Reshape()),
            "dense": Layer(("flatten",), Dense(*weights["dense"], relu)),
            "probabilities": Layer(
                ("dense",), Dense(*weights["probabilities"], Activation("softmax"))
            ),
        }
        maps = dict(self.network.feature_maps(digit))
        maps |= {"image": digit, "reshape": digit[..., None], "flatten": maps["pool2"].ravel()}
        return Computation(layers, maps, "probabilities")

digit = np.random.default_rng(0).random((28, 28), dtype=np.float32)
network = Network()
print(*[mv.trace_unit(network, digit, layer, unit).value for layer, unit in (
    ("conv2", (5, 5, 3)), ("pool2", (2, 2, 3)), ("dense", 9), ("probabilities", 4))])
print(mv.evidence(network, digit, 4).logit)
assert not {"keras", "jax"} & set(sys.modules)
"""


def test_a_network_that_is_no_keras_model_is_traced_without_keras(trained):
    result = subprocess.run(
        [sys.executable, "-c", NO_KERAS], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    digit = np.random.default_rng(0).random((28, 28), dtype=np.float32)
    ours = mv.trace_network(trained, digit)
    units = (("conv2", (5, 5, 3)), ("pool2", (2, 2, 3)), ("dense", 9), ("probabilities", 4))
    expected = [ours.trace(layer, unit).value for layer, unit in units]
    expected.append(mv.evidence(trained, digit, 4).logit)
    assert [float(word) for word in result.stdout.split()] == pytest.approx(expected, abs=1e-5)
