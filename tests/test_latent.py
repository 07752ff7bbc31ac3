import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import special

from mnist_visual import _passes
from mnist_visual._backend import keras
from mnist_visual.codes import LabelledCodes
from mnist_visual.latent import (
    LatentCodes,
    decode,
    encode,
    latent_grid,
    reconstruct,
)
from mnist_visual.sampling import sample_posterior, sample_prior

from .latent_models import HEIGHT, WIDTH, build_decoder, build_encoder, build_vae, painter


@pytest.fixture(scope="module")
def vae():
    return build_vae()


def pictures(n, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, HEIGHT, WIDTH)).astype(np.uint8)


def points(n, *, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


class TestEncode:
    @pytest.mark.parametrize("form", ["list", "sample", "tuple", "dict"])
    def test_any_form_of_outputs_is_what_keras_predicts(self, form):
        encoder = build_encoder(form)
        images = pictures(20)
        found = encoder.predict(images[..., None] / np.float32(255), verbose=0)
        mean, log_var = (
            (found["z_mean"], found["z_log_var"]) if form == "dict" else (found[0], found[1])
        )
        codes = encode(encoder, images)
        np.testing.assert_allclose(codes.mean, mean, atol=1e-5)
        np.testing.assert_allclose(codes.log_var, log_var, atol=1e-5)

    @pytest.mark.parametrize("n", [1, 2, 127, 128, 129, 300])
    def test_any_number_is_what_keras_predicts(self, vae, n):
        images = pictures(n)
        mean, _ = vae.encoder.predict(images[..., None] / np.float32(255), verbose=0)
        np.testing.assert_allclose(encode(vae, images).mean, mean, atol=1e-5)

    def test_channel_axis_and_type_make_no_difference(self, vae):
        images = pictures(3)
        expected = encode(vae, images).mean
        assert (encode(vae, images[..., None]).mean == expected).all()
        assert encode(vae, images / 255).mean == pytest.approx(expected, abs=1e-6)

    def test_one_picture_has_no_first_axis(self, vae):
        codes = encode(vae, pictures(2)[1])
        assert codes.mean.shape == codes.log_var.shape == (2,)
        assert codes.mean == pytest.approx(encode(vae, pictures(2)).mean[1], abs=1e-5)

    def test_sigma_is_the_standard_deviation(self):
        codes = LatentCodes(np.zeros((1, 2)), np.log([[4.0, 9.0]]))
        np.testing.assert_allclose(codes.sigma, [[2, 3]])

    def test_subclassed_encoder_that_was_called_works(self):
        class Encoder(keras.Model):
            def __init__(self):
                super().__init__()
                self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(4)

            def call(self, inputs):
                return keras.ops.split(self.dense(self.flatten(inputs)), 2, axis=-1)

        encoder, images = Encoder(), pictures(4)
        with pytest.raises(ValueError, match="built"):
            encode(encoder, images)
        mean, _ = encoder.predict(images / np.float32(255), verbose=0)
        np.testing.assert_allclose(encode(encoder, images).mean, mean, atol=1e-5)

    @pytest.mark.parametrize(
        ("images", "words"),
        [
            (np.zeros((2, 28, 28)), r"\(20, 16, 1\).*\(2, 28, 28\)"),
            (np.zeros((0, HEIGHT, WIDTH)), r"one or more"),
            (np.zeros((2, HEIGHT, WIDTH), dtype=int), "int64"),
            (np.full((2, HEIGHT, WIDTH), np.nan), "nan"),
            (np.full((2, HEIGHT, WIDTH), 255.0), "255"),
            (np.full((HEIGHT, WIDTH), "a"), "dtype"),
        ],
    )
    def test_wrong_pictures_are_refused(self, vae, images, words):
        with pytest.raises(ValueError, match=words):
            encode(vae, images)

    def test_model_of_another_kind_is_refused(self):
        with pytest.raises(ValueError, match="z_mean and z_log_var"):
            encode(
                keras.Sequential([keras.Input((4, 4)), keras.layers.Flatten()]), np.zeros((4, 4))
            )
        with pytest.raises(ValueError, match="encoder"):
            encode("vae", pictures(1))

    @settings(max_examples=40, deadline=None)
    @given(
        npst.arrays(
            npst.scalar_dtypes(), npst.array_shapes(min_dims=0, max_dims=4, max_side=4), fill=None
        )
    )
    def test_wild_pictures_are_refused_with_a_sentence(self, vae, images):
        with pytest.raises(ValueError, match="Received"):
            encode(vae, images)


class TestDecode:
    @pytest.mark.parametrize("n", [1, 2, 128, 200])
    def test_it_is_what_keras_predicts(self, vae, n):
        expected = vae.decoder.predict(points(n), verbose=0)[..., 0]
        np.testing.assert_allclose(decode(vae, points(n)), expected, atol=1e-6)

    def test_shape_before_the_last_axis_is_kept(self, vae):
        codes = points(12)
        together = decode(vae.decoder, codes.reshape(3, 4, 2))
        assert together.shape == (3, 4, HEIGHT, WIDTH)
        assert decode(vae, codes[5]) == pytest.approx(together[1, 1], abs=1e-6)

    def test_codes_stand_for_their_means(self, vae):
        codes = LatentCodes(points(5), np.ones((5, 2), np.float32))
        np.testing.assert_array_equal(decode(vae, codes), decode(vae, points(5)))

    def test_weights_that_changed_count_at_once(self):
        decoder = build_decoder()
        before = decode(decoder, [0, 0])
        decoder.layers[1].bias.assign(np.full(HEIGHT * WIDTH, 9.0))
        assert decode(decoder, [0, 0]).min() > before.max()

    def test_batches_are_of_one_size(self):
        seen = []

        class Watch(keras.layers.Layer):
            def call(self, inputs):
                seen.append(inputs.shape[0])
                return inputs

        decoder = keras.Sequential([keras.Input((2,)), Watch(), *painter().layers])
        seen.clear()
        for n in (300, 129, 7, 1, 1):
            decode(decoder, points(n))
        assert set(seen) == {1, _passes.BATCH_SIZE}

    def test_model_that_nobody_holds_goes(self):
        decoder = build_decoder()
        decode(decoder, [0, 0])
        gone = weakref.ref(decoder)
        del decoder
        gc.collect()
        assert gone() is None

    @pytest.mark.parametrize(
        ("codes", "words"),
        [
            ([0, np.nan], "NaN"),
            ([[0, np.inf]], "infinity"),
            ([0, 1e300], "float32"),
            ([0, 0, 0], r"\(3,\)"),
            ([[]], r"\(1, 0\)"),
            (np.zeros((0, 2)), r"\(0, 2\)"),
            (1.0, r"\(\)"),
            ([1j, 0], "complex"),
            (["a", "b"], "dtype"),
            ([[0, 0], [0]], "Codes"),
        ],
    )
    def test_wrong_codes_are_refused(self, vae, codes, words):
        with pytest.raises(ValueError, match=words):
            decode(vae, codes)

    def test_decoder_without_pictures_is_refused(self):
        flat = keras.Sequential([keras.Input((2,)), keras.layers.Dense(784)])
        with pytest.raises(ValueError, match=r"Reshape.*\(784,\)"):
            decode(flat, [0, 0])

    def test_reconstruction_is_the_mean_decoded(self, vae):
        images = pictures(5)
        expected = vae.decoder.predict(encode(vae, images).mean, verbose=0)[..., 0]
        np.testing.assert_allclose(reconstruct(vae, images), expected, atol=1e-6)


class TestSamples:
    def test_posterior_has_its_mean_and_sigma(self, vae):
        codes = LatentCodes(np.array([1.0, -2.0]), np.log(np.array([4.0, 0.25])))
        samples = sample_posterior(vae.decoder, codes, n=4000, seed=3)
        np.testing.assert_allclose(samples.codes.mean(axis=0), [1, -2], atol=0.1)
        np.testing.assert_allclose(samples.codes.std(axis=0), [2, 0.5], rtol=0.05)

    def test_codes_with_labels_are_codes(self, vae):
        mean, log_var = points(3), points(3, seed=1)
        labelled = LabelledCodes(mean, log_var, np.arange(3, dtype=np.uint8))
        ours = sample_posterior(vae.decoder, labelled, n=2)
        plain = sample_posterior(vae.decoder, LatentCodes(mean, log_var), n=2)
        assert (ours.codes == plain.codes).all()
        np.testing.assert_allclose(labelled.sigma, np.exp(log_var / 2))

    def test_those_of_several_pictures_are_apart(self, vae):
        samples = sample_posterior(vae, pictures(3), n=4)
        assert samples.codes.shape == (3, 4, 2)
        assert samples.images.shape == (3, 4, HEIGHT, WIDTH)
        np.testing.assert_allclose(samples.images, decode(vae, samples.codes))

    def test_prior_is_the_standard_normal_distribution(self):
        codes = sample_prior(painter(), n=4000, seed=1).codes
        np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.1)
        np.testing.assert_allclose(codes.std(axis=0), 1, rtol=0.05)

    def test_seed_decides(self, vae):
        first, again, other = (sample_prior(vae, n=3, seed=seed).codes for seed in (1, 1, 2))
        assert (first == again).all()
        assert (first != other).any()

    @pytest.mark.parametrize("options", [{"n": 0}, {"n": 2.5}, {"n": True}, {"seed": -1}])
    def test_wrong_numbers_are_refused(self, vae, options):
        for sample in (sample_prior, lambda vae, **o: sample_posterior(vae, pictures(1)[0], **o)):
            with pytest.raises(ValueError, match=f"{next(iter(options))} is a whole number"):
                sample(vae, **options)


class TestGrid:
    def test_it_is_what_keras_predicts_point_by_point(self, vae):
        grid = latent_grid(vae, n=13, extent=(-2, 3, -1, 4))
        x, y = -2 + 5 * (np.arange(13) + 0.5) / 13, 4 - 5 * (np.arange(13) + 0.5) / 13
        codes = np.array([[(each, row) for each in x] for row in y], dtype=np.float32)
        expected = vae.decoder.predict(codes.reshape(-1, 2), verbose=0).reshape(np.shape(grid))
        np.testing.assert_allclose(np.asarray(grid), expected, atol=1e-5)
        np.testing.assert_allclose(grid.x, x)
        np.testing.assert_allclose(grid.y, y)
        assert grid.shape == (13, 13, HEIGHT, WIDTH)

    def test_every_picture_is_of_its_place(self):
        grid = latent_grid(painter(), n=5, extent=(-1, 3, 2, 9))
        np.testing.assert_allclose(grid.images[..., 0, 0], np.tile(grid.x, (5, 1)), rtol=1e-6)
        np.testing.assert_allclose(grid.images[..., 0, 1].T, np.tile(grid.y, (5, 1)), rtol=1e-6)

    @pytest.mark.parametrize("limits", [(-3, 3), (-1, 4), (2, 7), (-7, -2)])
    def test_quantiles_have_equal_probability_between_them(self, limits):
        grid = latent_grid(painter(), n=8, extent=(*limits, -3, 3), spacing="quantile")
        low, high = special.ndtr(limits)
        expected = low + (high - low) * (np.arange(8) + 0.5) / 8
        np.testing.assert_allclose(special.ndtr(grid.x), expected, atol=1e-12)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"n": 0}, "n is"),
            ({"n": 1001}, "n is"),
            ({"extent": (3, -3, -3, 3)}, "extent"),
            ({"extent": (0, 0, -3, 3)}, "extent"),
            ({"extent": (0, 1, -3, np.nan)}, "extent"),
            ({"extent": (0, np.inf, -3, 3)}, "extent"),
            ({"extent": (0, 1, 2)}, "3 numbers"),
            ({"extent": "here"}, "extent"),
            ({"extent": ("0", "1", "0", "1")}, "extent.*'0', '1'"),
            ({"extent": np.array([b"0", b"1", b"0", b"1"])}, "extent"),
            ({"spacing": "odd"}, "spacing is 'even' or"),
            ({"extent": (50, 60, -3, 3), "spacing": "quantile"}, "Quantiles"),
        ],
    )
    def test_wrong_arguments_are_refused(self, vae, options, words):
        with pytest.raises(ValueError, match=words):
            latent_grid(vae, **options)

    def test_space_that_is_no_plane_is_refused(self):
        with pytest.raises(ValueError, match=r"two dimensions.*\(3,\)"):
            latent_grid(build_decoder(3))

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.floats(), min_size=3, max_size=5), st.integers(-1, 3))
    def test_any_extent_gives_a_grid_or_a_sentence(self, extent, n):
        try:
            grid = latent_grid(painter_once(), n=n, extent=extent)
        except ValueError as error:
            sentence = str(error)
        else:
            sentence = "Received"
            assert np.isfinite(grid.images).all()
            assert extent[0] <= grid.x.min() <= grid.x.max() <= extent[1]
        assert "Received" in sentence


def painter_once(made=[]):  # noqa: B006 - one model for all examples
    if not made:
        made.append(painter())
    return made[0]


def test_more_samples_than_memory_holds_are_refused_before_they_are_drawn():
    codes = LatentCodes(np.zeros((10_000, 2), np.float32), np.zeros((10_000, 2), np.float32))
    with pytest.raises(ValueError, match="At most 10,000,000 codes at once"):
        sample_posterior(lambda codes: codes, codes, n=10_000_000)
