"""The two ways through the network, each against Keras layer by layer."""

import h5py
import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.inference import load_digit_network


def layer_by_layer(model, digit):
    """Call every layer of a Sequential model by itself."""
    maps, values = {}, digit[None]
    for layer in model.layers:
        values = layer(values)
        maps[layer.name] = np.asarray(values)[0]
    return maps


def convolve(image, kernel, bias):
    """Convolve as the textbook writes it, one output value at a time."""
    size, _, _, filters = kernel.shape
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    result = np.empty((rows, columns, filters))
    for row in range(rows):
        for column in range(columns):
            patch = image[row : row + size, column : column + size]
            for each in range(filters):
                result[row, column, each] = (patch * kernel[..., each]).sum() + bias[each]
    return result


class TestDigitNetwork:
    def test_every_layer_is_what_keras_computes(self, trained, digit):
        expected = layer_by_layer(trained, digit)
        for name, values in load_digit_network().feature_maps(digit).items():
            assert values == pytest.approx(expected[name], abs=1e-4), name

    def test_it_reads_as_keras_does(self, trained, test_digits):
        images = (test_digits[0][:200] / 255).astype(np.float32)
        network = load_digit_network()
        ours = np.array([network.feature_maps(image)["probabilities"] for image in images])
        assert ours == pytest.approx(trained.predict(images, verbose=0), abs=1e-5)

    def test_convolution_is_the_textbook_one(self, digit):
        network = load_digit_network()
        kernel, bias = network.weights["conv1"]
        expected = np.maximum(convolve(digit[..., None], kernel, bias), 0)
        assert network.feature_maps(digit)["conv1"] == pytest.approx(expected, abs=1e-5)

    def test_filters_are_a_copy_of_the_kernel(self):
        network = load_digit_network()
        network.filters("conv1")[:] = 0
        assert network.filters("conv1").any()

    def test_other_weights_of_the_same_network_load(self, tmp_path, digit):
        model = mv.build_classifier(seed=5)
        mv.save_weights(model, tmp_path / "mine.weights.h5")
        maps = load_digit_network(tmp_path / "mine.weights.h5").feature_maps(digit)
        assert maps["dense"] == pytest.approx(layer_by_layer(model, digit)["dense"], abs=1e-4)

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match=r"\(27, 28\)"):
            load_digit_network().feature_maps(np.zeros((27, 28)))

    def test_weights_of_another_network_are_refused(self, tmp_path):
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["layers/dense/vars/0"] = np.zeros(3)
        with pytest.raises(ValueError, match="build_classifier"):
            load_digit_network(tmp_path / "other.h5")


class TestFeatureMaps:
    def test_every_layer_is_what_keras_computes(self, trained, digit):
        expected = layer_by_layer(trained, digit)
        maps = mv.feature_maps(trained, digit)
        assert list(maps) == list(expected)
        for name, values in maps.items():
            assert values == pytest.approx(expected[name], abs=1e-5), name

    def test_many_pictures_are_what_each_is_alone(self, trained, test_digits):
        images = test_digits[0][:150] / 255
        together = mv.feature_maps(trained, images, layers=["conv2"])["conv2"]
        assert together.shape == (150, 11, 11, 16)
        alone = mv.feature_maps(trained, images[149], layers=["conv2"])["conv2"]
        assert together[149] == pytest.approx(alone, abs=1e-5)

    def test_weights_that_changed_count_at_once(self, digit):
        model = mv.build_classifier()
        before = mv.feature_maps(model, digit, layers=["conv1"])["conv1"]
        model.get_layer("conv1").bias.assign(np.ones(8))
        after = mv.feature_maps(model, digit, layers=["conv1"])["conv1"]
        assert after.max() > before.max()

    def test_other_peoples_functional_models_work(self):
        inputs = keras.Input((12, 10, 3))
        x = keras.layers.Conv2D(4, 3, padding="same", strides=2, name="stem")(inputs)
        x = keras.layers.BatchNormalization(name="norm")(x)
        branch = keras.layers.Conv2D(4, 1, name="branch")(x)
        outputs = keras.layers.Add(name="sum")([x, branch])
        model = keras.Model(inputs, outputs)
        images = np.random.default_rng(0).random((5, 12, 10, 3), dtype=np.float32)
        maps = mv.feature_maps(model, images, layers=["branch", "sum"])
        assert maps["branch"].shape == (5, 6, 5, 4)
        assert maps["sum"] == pytest.approx(model.predict(images, verbose=0), abs=1e-5)

    def test_unknown_layers_are_refused_with_the_known_ones(self, trained, digit):
        with pytest.raises(ValueError, match=r"conv1.*Received: 'conv3'"):
            mv.feature_maps(trained, digit, layers=["conv3"])

    @pytest.mark.parametrize("shape", [(28,), (28, 27), (2, 27, 28), (0, 28, 28), (1, 1, 28, 28)])
    def test_pictures_that_do_not_fit_are_refused(self, trained, shape):
        with pytest.raises(ValueError, match=r"\(28, 28\)"):
            mv.feature_maps(trained, np.zeros(shape))

    def test_model_that_is_not_built_is_refused(self):
        unbuilt = keras.Sequential([keras.layers.Dense(3)])
        with pytest.raises(ValueError, match="built"):
            mv.feature_maps(unbuilt, np.zeros((28, 28)))


class TestFilters:
    def test_they_are_the_kernels_with_all_input_channels(self, trained):
        expected = trained.get_layer("conv2").get_weights()[0]
        assert (mv.filters(trained, "conv2") == expected).all()

    @pytest.mark.parametrize("layer", ["pool1", "dense"])
    def test_layers_without_kernels_are_refused(self, trained, layer):
        with pytest.raises(ValueError, match=layer):
            mv.filters(trained, layer)
