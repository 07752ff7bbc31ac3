"""The latent functions over plain functions of arrays: what Keras gives, without Keras."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_visual import _passes, _refinement
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.interpolation import interpolate
from mnist_visual.latent import (
    decode,
    encode,
    latent_grid,
    reconstruct,
)
from mnist_visual.regions import class_regions, classify_codes
from mnist_visual.sampling import sample_posterior, sample_prior

from .latent_models import HEIGHT, WIDTH, build_decoder, build_reader

CODES = np.random.default_rng(0).normal(scale=2, size=(150, 2)).astype(np.float32)


def paint(codes):
    """Draw pictures (n, 3, 2) whose first pixels are the numbers of the code."""
    return np.pad(codes, [(0, 0), (0, 4)]).reshape(-1, 3, 2)


def read_right(pictures):
    """Be sure of class 1 where the first pixel is above 0."""
    inside = pictures.reshape(-1, 6)[:, 0] > 0
    return np.stack([~inside, inside], axis=1)


def returns(values):
    def function(inputs):
        return values

    return function


class TestAgainstKeras:
    def test_encode(self, trained_vae, test_digits):
        ours, keras = (encode(vae, test_digits[0][:150]) for vae in (shared_vae(), trained_vae))
        np.testing.assert_allclose(ours.mean, keras.mean, atol=1e-4)
        np.testing.assert_allclose(ours.log_var, keras.log_var, atol=1e-4)

    def test_one_picture_has_no_first_axis(self, trained_vae, test_digits):
        ours, keras = (encode(vae, test_digits[0][3]) for vae in (shared_vae(), trained_vae))
        assert ours.mean.shape == (2,)
        np.testing.assert_allclose(ours.mean, keras.mean, atol=1e-4)

    @pytest.mark.parametrize("shape", [(2,), (1, 2), (128, 2), (150, 2), (3, 50, 2)])
    def test_decode(self, trained_vae, shape):
        codes = CODES[: np.prod(shape[:-1], dtype=int)].reshape(shape)
        ours, keras = (decode(vae, codes) for vae in (shared_vae(), trained_vae))
        assert ours.shape == (*shape[:-1], 28, 28)
        np.testing.assert_allclose(ours, keras, atol=1e-4)

    def test_reconstruct(self, trained_vae, test_digits):
        images = test_digits[0][-5:]
        ours, keras = (reconstruct(vae, images) for vae in (shared_vae(), trained_vae))
        np.testing.assert_allclose(ours, keras, atol=1e-4)

    @pytest.mark.parametrize("sample", [sample_prior, sample_posterior])
    def test_samples(self, trained_vae, test_digits, sample):
        source = () if sample is sample_prior else (test_digits[0][:3],)
        ours, keras = (sample(vae, *source, n=7, seed=4) for vae in (shared_vae(), trained_vae))
        np.testing.assert_allclose(ours.codes, keras.codes, atol=1e-4)
        np.testing.assert_allclose(ours.images, keras.images, atol=1e-4)

    @pytest.mark.parametrize("spacing", ["even", "quantile"])
    def test_grid(self, trained_vae, spacing):
        ours, keras = (
            latent_grid(vae, n=12, extent=(-2, 3, -3, 1), spacing=spacing)
            for vae in (shared_vae(), trained_vae)
        )
        assert (ours.y == keras.y).all()
        np.testing.assert_allclose(ours.images, keras.images, atol=1e-4)

    def test_interpolate(self, trained_vae, trained, test_digits):
        start, end = test_digits[0][0] / 255, CODES[1]
        ours, keras = (
            interpolate(vae, start, end, classifier=classifier, method="spherical")
            for vae, classifier in ((shared_vae(), shared_network()), (trained_vae, trained))
        )
        np.testing.assert_allclose(ours.codes, keras.codes, atol=1e-4)
        np.testing.assert_allclose(ours.images, keras.images, atol=1e-4)
        np.testing.assert_allclose(ours.probabilities, keras.probabilities, atol=1e-4)

    def test_regions(self, trained_vae, trained):
        ours = class_regions(shared_vae(), shared_network(), resolution=64)
        keras = class_regions(trained_vae, trained, resolution=64)
        points = np.stack(np.meshgrid(ours.x, ours.y), axis=-1)
        best = np.sort(classify_codes(trained_vae, trained, points), axis=-1)
        clear = best[..., -1] - best[..., -2] > 1e-3
        assert (ours.labels == keras.labels)[clear].all()
        np.testing.assert_allclose(ours.confidence, keras.confidence, atol=1e-4)
        assert (ours.x == keras.x).all()

    @pytest.mark.parametrize("plain", ["decoder", "classifier"])
    def test_one_of_each_kind_in_one_call(self, trained_vae, trained, plain):
        models = trained_vae, trained
        mixed = (shared_vae(), trained) if plain == "decoder" else (trained_vae, shared_network())
        expected = classify_codes(*models, CODES)
        np.testing.assert_allclose(classify_codes(*mixed, CODES), expected, atol=1e-4)


class TestAnyFunction:
    def test_of_more_than_two_numbers_a_function_that_fixes_the_others_makes_a_plane(self):
        from mnist_visual.vae import build_vae

        vae = build_vae(latent_dim=3)
        with pytest.raises(ValueError, match="a function of two numbers"):
            latent_grid(vae, n=2)

        def sheet(codes):
            return vae.decoder(np.insert(codes, 2, 0.5, axis=1))

        grid = latent_grid(sheet, n=2)
        expected = decode(vae, [grid.x[0], grid.y[1], 0.5])
        np.testing.assert_allclose(grid.images[1, 0], expected, atol=1e-5)

    def test_an_encoder_is_no_decoder(self, trained_vae):
        with pytest.raises(ValueError, match="as an encoder does"):
            decode(trained_vae.encoder, [0.0, 1.0])

    def test_batches_are_float32_and_bounded(self):
        seen = []

        def decoder(codes):
            seen.append((codes.dtype, len(codes)))
            return paint(codes)

        assert decode(decoder, np.zeros((300, 2))).shape == (300, 3, 2)
        assert {kind for kind, _ in seen} == {np.dtype(np.float32)}
        assert [length for _, length in seen] == [128, 128, 44]

    @pytest.mark.parametrize("form", ["list", "tuple", "sample", "dict", "nested"])
    def test_any_form_of_outputs(self, form):
        def encoder(pictures):
            mean = pictures[:, 0, :2]
            found = {
                "list": [mean, -mean],
                "tuple": (mean, -mean),
                "sample": [mean, -mean, mean],
                "dict": {"z_log_var": -mean, "z_mean": mean},
                "nested": (mean.astype(np.float64).tolist(), (-mean).tolist()),
            }
            return found[form]

        pictures = np.random.default_rng(0).random((5, 4, 4), dtype=np.float32)
        codes = encode(encoder, pictures)
        np.testing.assert_allclose(codes.mean, pictures[:, 0, :2])
        np.testing.assert_allclose(codes.log_var, -codes.mean)
        assert codes.mean.dtype == np.float32

    def test_a_stated_input_shape_counts(self):
        class Encoder:
            input_shape = (HEIGHT, None, 1)

            def __call__(self, pictures):
                assert pictures.shape == (2, HEIGHT, WIDTH, 1)
                return pictures[:, 0, :2, 0], pictures[:, 1, :2, 0]

        assert encode(Encoder(), np.zeros((2, HEIGHT, WIDTH))).mean.shape == (2, 2)
        with pytest.raises(ValueError, match=r"\(20, None, 1\).*\(2, 16, 20\)"):
            encode(Encoder(), np.zeros((2, WIDTH, HEIGHT)))

    def test_regions_need_no_input_shape(self):
        regions = class_regions(paint, read_right, resolution=64)
        assert (regions.labels == (regions.x > 0)).all()
        assert regions.evaluated < 0.5

    def test_regions_take_no_more_memory_for_more_points(self, monkeypatch):
        def read(pictures):
            lead = pictures.reshape(-1, 6)[:, :1] * np.arange(10)
            weights = np.exp(lead - lead.max(axis=1, keepdims=True))
            return weights / weights.sum(axis=1, keepdims=True)

        def working_memory(n):
            tracemalloc.start()
            regions = class_regions(paint, read, resolution=n)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            results = regions.labels, regions.confidence, regions.entropy
            return peak - sum(values.nbytes for values in results)

        monkeypatch.setattr(_refinement, "_BAND", 1 << 11)
        assert working_memory(512) < 1.5 * working_memory(128)

    def test_it_may_stand_beside_a_small_keras_model(self):
        reader = build_reader()
        pictures = build_decoder()

        def decoder(codes):
            return pictures.predict(codes, verbose=0)

        expected = classify_codes(pictures, reader, CODES)
        np.testing.assert_allclose(classify_codes(decoder, reader, CODES), expected, atol=1e-5)

    def test_functions_may_run_in_several_threads(self):
        def regions(_):
            return class_regions(shared_vae(), shared_network(), resolution=24)

        alone = regions(0)
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(regions, range(4)):
                assert (found.labels == alone.labels).all()
                assert found.evaluated == alone.evaluated


class TestRefusals:
    @pytest.mark.parametrize(
        ("decoder", "words"),
        [
            (7, "decode needs a model with .decoder"),
            (SimpleNamespace(decoder=None), "decode needs a model with .decoder"),
            (returns(np.zeros((3, 28, 28))), r"one result for each input.*\(3, 28, 28\)"),
            (returns(np.float32(1)), r"one result for each input.*\(\)"),
            (returns(np.zeros((2, 784))), r"Reshape.*\(784,\)"),
            (returns(np.full((2, 3, 3), np.nan)), "finite numbers. Received: NaN .* 'function'"),
            (returns(np.full((2, 3, 3), 1e300)), "finite numbers. Received: NaN or an infinity"),
            (returns(np.full((2, 3, 3), 1j)), "complex"),
            (returns(None), "finite numbers. Received: dtype object"),
            (returns([[1, 2], [3]]), "A decoder gives one array. Received: list"),
            (lambda codes: codes @ np.zeros((3, 9)), r"'.*lambda.*cannot read .* \(2,\)"),
            (lambda: None, "takes 0 positional arguments"),
        ],
    )
    def test_wrong_decoders(self, decoder, words):
        with pytest.raises(ValueError, match=words):
            decode(decoder, [[0, 0], [1, 1]])

    @pytest.mark.parametrize(
        ("encoder", "words"),
        [
            ("encoder", "encode needs a model with .encoder"),
            (returns(np.zeros((2, 2))), "in a list or a dict. Received: ndarray"),
            (returns([np.zeros((2, 2))]), "in a list or a dict. Received: list"),
            (returns({"mean": np.zeros((2, 2))}), r"Received: a dict of \['mean'\]"),
            (returns([np.zeros((2, 2)), np.zeros((2, 3))]), r"\(2, 2\) and \(2, 3\)"),
            (returns([np.zeros((1, 2)), np.zeros((1, 2))]), "one result for each input"),
            (returns([np.zeros((2, 2)), np.full((2, 2), np.inf)]), "infinity"),
        ],
    )
    def test_wrong_encoders(self, encoder, words):
        with pytest.raises(ValueError, match=words):
            encode(encoder, np.zeros((2, 4, 4)))

    @pytest.mark.parametrize(
        ("classifier", "words"),
        [
            (None, "classify_codes needs a model with .classifier"),
            (lambda pictures: pictures, r"\(n, classes\). Received: \(2, 3, 2\)"),
            (lambda pictures: 2 * read_right(pictures), "Softmax"),
            (lambda pictures: np.nan * pictures[:, 0], "NaN"),
            (shared_network(), r"\(3, 2\) and a classifier of \(28, 28\)"),
        ],
    )
    def test_wrong_classifiers(self, classifier, words):
        with pytest.raises(ValueError, match=words):
            classify_codes(paint, classifier, [[0, 0], [1, 1]])

    def test_results_that_change_their_shape(self):
        def decoder(codes):
            return np.zeros((len(codes), 3, 3 if len(codes) == _passes.BATCH_SIZE else 4))

        with pytest.raises(ValueError, match=r"of one shape.*\(3, 3\), and later \(3, 4\)"):
            decode(decoder, CODES)

    @pytest.mark.parametrize("shape", [2, "ab", (2.0,)])
    def test_an_input_shape_that_is_none(self, shape):
        def decoder(codes):
            return paint(codes)

        decoder.input_shape = shape
        with pytest.raises(ValueError, match=r"input_shape of a function is .* Received"):
            decode(decoder, [0, 0])

    def test_a_prior_needs_to_know_the_length_of_a_code(self):
        with pytest.raises(ValueError, match="or a function an input_shape"):
            sample_prior(paint)

    def test_a_space_that_is_no_plane(self):
        def decoder(codes):
            return paint(codes)

        decoder.input_shape = (3,)
        with pytest.raises(ValueError, match=r"two dimensions.*\(3,\)"):
            latent_grid(decoder)


@pytest.fixture(scope="module")
def broken():
    """A Keras decoder with NaN among its weights."""
    from mnist_visual._backend import keras

    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(784, activation="sigmoid"),
            keras.layers.Reshape((28, 28)),
        ]
    )
    kernel, bias = map(np.array, decoder.get_weights())
    kernel[1, 300] = np.nan
    decoder.set_weights([kernel, bias])
    return decoder


class TestBrokenModels:
    def test_a_decoder_that_gives_nan_is_not_believed(self, broken):
        with pytest.raises(ValueError, match="finite numbers"):
            decode(broken, [0.5, 1.0])

    def test_nor_is_what_a_classifier_makes_of_it(self, broken, trained):
        for classifier in (trained, shared_network()):
            with pytest.raises(ValueError, match="finite numbers"):
                classify_codes(broken, classifier, [0.5, 1.0])
            with pytest.raises(ValueError, match="finite numbers"):
                class_regions(broken, classifier, resolution=4)

    @pytest.mark.parametrize("error", [RuntimeError, KeyError, IndexError, ZeroDivisionError])
    def test_whatever_a_function_raises_is_one_sentence(self, error):
        def function(codes):
            raise error("mat1 and mat2 shapes cannot be multiplied")

        with pytest.raises(ValueError, match=r"'function' cannot read an input.*cannot be multi"):
            decode(function, [0.5, 1.0])

    def test_a_function_that_works_in_place_leaves_the_pictures_alone(self):
        def encoder(pictures):
            pictures *= 0
            return pictures[:, 0, :2], pictures[:, 1, :2]

        images = np.full((3, 28, 28), 0.5, np.float32)
        encode(encoder, images)
        assert (images == 0.5).all()
