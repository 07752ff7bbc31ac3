"""The two ways through the network, each against Keras layer by layer."""

import re

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.inference import (
    DigitNetwork,
    load_digit_network,
    load_digit_vae,
    shared_network,
    shared_vae,
)


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

    @pytest.mark.parametrize("n", [1, 2, 32, 33, 200])
    def test_it_reads_as_keras_does(self, trained, test_digits, n):
        images = (test_digits[0][:n] / 255).astype(np.float32)
        ours = load_digit_network()(images)
        assert ours == pytest.approx(trained.predict(images, verbose=0), abs=1e-5)
        assert (ours.shape, ours.dtype) == ((n, 10), np.float32)

    def test_a_channel_axis_makes_no_difference(self, test_digits):
        images = test_digits[0][:3] / 255
        assert (shared_network()(images[..., None]) == shared_network()(images)).all()

    def test_convolution_is_the_textbook_one(self, digit):
        network = load_digit_network()
        kernel, bias = network.weights["conv1"]
        expected = np.maximum(convolve(digit[..., None], kernel, bias), 0)
        assert network.feature_maps(digit)["conv1"] == pytest.approx(expected, abs=1e-5)

    def test_any_filters_and_units_will_do(self, digit):
        model = mv.build_classifier(filters=(3, 5), units=7, seed=4)
        names = ("conv1", "conv2", "dense", "probabilities")
        network = DigitNetwork({name: model.get_layer(name).get_weights() for name in names})
        expected = layer_by_layer(model, digit)
        computed = network.computation(digit)
        for name, values in network.feature_maps(digit).items():
            assert values == pytest.approx(expected[name], abs=1e-5), name
            assert computed.maps[name] == pytest.approx(expected[name], abs=1e-5), name
        assert network(digit[None])[0] == pytest.approx(expected["probabilities"], abs=1e-5)
        assert computed.trace("dense", 6).value == pytest.approx(expected["dense"][6], abs=1e-5)

    def test_it_shows_its_sizes_and_no_weights(self):
        expected = "DigitNetwork(filters=(8, 16), units=128, classes=10)"
        assert repr(shared_network()) == expected

    def test_filters_are_a_copy_of_the_kernel(self):
        network = load_digit_network()
        network.filters("conv1")[:] = 0
        assert network.filters("conv1").any()

    @pytest.mark.parametrize("layer", ["nothing", "pool1", "dense"])
    def test_only_convolutions_have_filters(self, layer):
        reason = re.escape(f"are ['conv1', 'conv2']. Received: '{layer}'")
        with pytest.raises(ValueError, match=reason):
            load_digit_network().filters(layer)

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match=r"\(27, 28\)"):
            load_digit_network().feature_maps(np.zeros((27, 28)))
        with pytest.raises(ValueError, match=r"\(n, 28, 28\).*\(28, 28\)"):
            shared_network()(np.zeros((28, 28)))


class TestDigitVAE:
    @pytest.mark.parametrize("n", [1, 31, 150])
    def test_it_encodes_as_keras_does(self, trained_vae, test_digits, n):
        images = (test_digits[0][-n:] / 255).astype(np.float32)
        expected = trained_vae.encoder.predict(images, verbose=0)
        for ours, theirs in zip(shared_vae().encoder(images), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
            assert (ours.shape, ours.dtype) == ((n, 2), np.float32)

    @pytest.mark.parametrize("n", [1, 31, 150])
    def test_it_decodes_as_keras_does(self, trained_vae, n):
        codes = np.random.default_rng(n).normal(scale=2, size=(n, 2)).astype(np.float32)
        ours = shared_vae().decoder(codes)
        np.testing.assert_allclose(ours, trained_vae.decoder.predict(codes, verbose=0), atol=1e-5)
        assert (ours.shape, ours.dtype) == ((n, 28, 28), np.float32)

    def test_far_codes_and_wild_pictures_give_numbers(self):
        vae = shared_vae()
        pictures = vae.decoder([[1e6, -1e6], [-1e6, 0]])
        assert pictures.min() >= 0
        assert pictures.max() <= 1
        _, z_log_var = vae.encoder(np.full((1, 28, 28), 1e6))
        assert abs(z_log_var).max() <= 10

    def test_neither_it_nor_its_parts_show_their_weights(self):
        vae = shared_vae()
        assert repr(vae) == "DigitVAE(latent_dim=2)"
        assert repr(vae.encoder) == "the encoder of DigitVAE(latent_dim=2)"
        assert repr(vae.decoder) == "the decoder of DigitVAE(latent_dim=2)"

    def test_nothing_gives_nothing(self):
        vae = shared_vae()
        assert vae.decoder(np.zeros((0, 2))).shape == (0, 28, 28)
        assert vae.encoder(np.zeros((0, 28, 28)))[1].shape == (0, 2)

    def test_the_arguments_stay_as_they_were(self, test_digits):
        images, codes = (test_digits[0][:3] / 255).astype(np.float32), np.ones((3, 2), np.float32)
        before = images.copy()
        shared_vae().encoder(images), shared_vae().decoder(codes), shared_network()(images)
        assert (images == before).all()
        assert (codes == 1).all()

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match=r"\(n, 28, 28\).*\(2, 784\)"):
            shared_vae().encoder(np.zeros((2, 784)))
        with pytest.raises(ValueError, match=r"\(n, 2\).*\(2,\)"):
            shared_vae().decoder([0, 0])


@pytest.mark.parametrize("load", [load_digit_network, load_digit_vae])
@pytest.mark.parametrize("content", [b"", b"not HDF5"])
def test_damaged_weights_are_one_sentence(monkeypatch, tmp_path, load, content):
    monkeypatch.setattr("mnist_visual._shipped.resources.files", lambda _: tmp_path)
    with pytest.raises(FileNotFoundError, match="Install mnist-visual again"):
        load()
    (tmp_path / "pretrained").mkdir()
    for name in ("classifier", "vae"):
        (tmp_path / "pretrained" / f"{name}.weights.h5").write_bytes(content)
    with pytest.raises(ValueError, match="Install mnist-visual again"):
        load()


def test_other_shapes_of_weights_are_named(monkeypatch, tmp_path):
    (tmp_path / "pretrained").mkdir()
    path = tmp_path / "pretrained" / "vae.weights.h5"
    mv.build_vae(latent_dim=3).save_weights(path)
    monkeypatch.setattr("mnist_visual._shipped.resources.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"dense_3.*shape \(128, 2\), not float32 of \(128, 3\)"):
        load_digit_vae()


@pytest.mark.parametrize("share", [shared_network, shared_vae])
def test_shared_networks_are_loaded_once(share):
    assert share() is share()


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

    @pytest.mark.parametrize("n", [None, 3])
    def test_the_network_on_numpy_has_the_layers_that_keras_has(self, trained, test_digits, n):
        images = test_digits[0][0] if n is None else test_digits[0][:n]
        ours, theirs = (mv.feature_maps(each, images) for each in (shared_network(), trained))
        assert list(ours) == list(theirs)
        for name, values in theirs.items():
            assert ours[name].shape == values.shape
            np.testing.assert_allclose(ours[name], values, atol=1e-4, err_msg=name)

    def test_some_layers_of_the_network_on_numpy_are_chosen_by_name(self, digit):
        assert [*mv.feature_maps(shared_network(), digit, layers=["dense", "conv1"])] == [
            "dense",
            "conv1",
        ]
        with pytest.raises(ValueError, match=r"conv1.*Received: 'conv3'"):
            mv.feature_maps(shared_network(), digit, layers=["conv3"])

    def test_an_autoencoder_is_refused_in_a_sentence(self, digit):
        with pytest.raises(ValueError, match=r"Received: DigitVAE\(latent_dim=2\)\."):
            mv.feature_maps(shared_vae(), digit)

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

    def test_bytes_are_read_as_the_floats_they_stand_for(self, trained, digit):
        as_bytes = np.round(255 * digit).astype(np.uint8)
        maps = mv.feature_maps(trained, as_bytes, layers=["dense"])
        assert maps["dense"] == pytest.approx(
            mv.feature_maps(trained, as_bytes / 255, layers=["dense"])["dense"], abs=1e-5
        )

    def test_a_layer_that_was_exchanged_is_noticed(self):
        model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
        for start, expected in (("zeros", 0), ("ones", 784)):
            model.add(keras.layers.Dense(1, kernel_initializer=start, name="sum"))
            assert mv.feature_maps(model, np.ones((28, 28)))["sum"] == pytest.approx(expected)
            model.pop()

    def test_an_activation_that_was_exchanged_is_noticed(self):
        inner = keras.layers.Dense(1, activation="relu", bias_initializer="ones", name="sum")
        part = keras.Sequential([keras.Input((784,)), inner], name="part")
        model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), part])
        for activation, expected in (("relu", 1), ("tanh", np.tanh(1)), ("linear", 1)):
            inner.activation = keras.activations.get(activation)
            found = mv.feature_maps(model, np.zeros((28, 28)))["part"]
            assert found == pytest.approx(expected, abs=1e-6), activation

    def test_a_layer_may_belong_to_two_models(self, digit):
        conv = keras.layers.Conv2D(4, 3, name="shared")
        first = keras.Sequential([keras.Input((28, 28, 1)), conv])
        second = keras.Sequential([keras.Input((28, 28, 1)), conv, keras.layers.Flatten()])
        expected = mv.feature_maps(first, digit)["shared"]
        assert mv.feature_maps(second, digit)["shared"] == pytest.approx(expected, abs=1e-6)

    def test_a_layer_may_belong_to_two_functional_models(self, digit):
        conv = keras.layers.Conv2D(4, 3, name="shared")
        first, second = (keras.Input((28, 28, 1)) for _ in range(2))
        keras.Model(first, keras.layers.Flatten()(conv(first)))
        model = keras.Model(second, conv(keras.layers.Rescaling(2)(second)))
        ours = mv.feature_maps(model, digit)["shared"]
        assert ours == pytest.approx(np.asarray(model(digit[None, ..., None]))[0], abs=1e-6)

    @pytest.mark.parametrize("functional", [False, True])
    def test_a_model_within_counts_as_a_layer(self, digit, functional):
        inner = keras.Sequential(
            [keras.Input((28, 28, 1)), keras.layers.Conv2D(4, 3, name="conv")], name="inner"
        )
        inputs = keras.Input((28, 28, 1))
        model = keras.Sequential([inputs, inner, keras.layers.Flatten(name="flat")])
        if functional:
            outputs = keras.layers.Flatten(name="flat")(inner(keras.layers.Rescaling(2)(inputs)))
            model = keras.Model(inputs, outputs)
        maps = mv.feature_maps(model, digit)
        assert list(maps)[-2:] == ["inner", "flat"]
        shown = digit * (2 if functional else 1)
        within = mv.feature_maps(inner, shown)["conv"]
        assert maps["inner"] == pytest.approx(within, abs=1e-6)
        with pytest.raises(ValueError, match=r"Received: 'conv'.*a model within"):
            mv.feature_maps(model, digit, layers=["conv"])

    def test_models_of_two_inputs_are_refused(self, digit):
        first, second = keras.Input((28, 28)), keras.Input((28, 28))
        model = keras.Model([first, second], keras.layers.Add()([first, second]))
        with pytest.raises(ValueError, match="with 2 inputs"):
            mv.feature_maps(model, digit)

    def test_a_layer_used_twice_is_refused(self, digit):
        inputs = keras.Input((28, 28))
        dense = keras.layers.Dense(28, name="twice")
        model = keras.Model(inputs, dense(dense(inputs)))
        with pytest.raises(ValueError, match="'twice', used 2 times"):
            mv.feature_maps(model, digit)

    def test_no_layers_at_all_are_refused(self, trained, digit):
        with pytest.raises(ValueError, match="at least one"):
            mv.feature_maps(trained, digit, layers=[])

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
        assert (mv.filters(shared_network(), "conv2") == expected).all()

    @pytest.mark.parametrize(
        ("build", "shape", "seen"),
        [
            # Where a pixel at (4, 4) of channel 1 shows, in the order of the kernel.
            (
                lambda: keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="conv"),
                (3, 3, 4, 2),
                np.s_[4:1:-1, 4:1:-1, 2:4],
            ),
            (
                lambda: keras.layers.Conv2D(6, (2, 3), groups=2, name="conv"),
                (2, 3, 2, 6),
                np.s_[4:2:-1, 4:1:-1, :3],
            ),
            (
                lambda: keras.layers.Conv2DTranspose(5, 2, name="conv"),
                (2, 2, 4, 5),
                np.s_[4:6, 4:6, :],
            ),
        ],
        ids=["depthwise", "grouped", "transposed"],
    )
    def test_of_any_convolution_the_filters_come_last(self, build, shape, seen):
        model = keras.Sequential([keras.Input((8, 8, 4)), build()])
        kernels = mv.filters(model, "conv")
        assert kernels.shape == shape
        picture = np.zeros((8, 8, 4))
        picture[4, 4, 1] = 1
        shown = mv.feature_maps(model, picture)["conv"][seen]
        np.testing.assert_allclose(kernels[:, :, 1, : shown.shape[2]], shown, atol=1e-6)

    @pytest.mark.parametrize("layer", ["pool1", "dense"])
    def test_layers_without_kernels_are_refused(self, trained, layer):
        with pytest.raises(ValueError, match=layer):
            mv.filters(trained, layer)
