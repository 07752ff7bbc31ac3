import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_visual import build_classifier
from mnist_visual._backend import keras
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.latent import decode
from mnist_visual.regions import class_regions, classify_codes, decode_and_classify

from .latent_models import HEIGHT, WIDTH, build_decoder, build_reader, formula_reader, painter

ops = keras.ops
EXTENT = (-3.0, 3.0, -3.0, 3.0)


def one_hot(inside):
    return ops.stack([1 - inside, inside], axis=1)


def hard(inside):
    """Be sure everywhere: probabilities jump."""
    return lambda x, y: one_hot(ops.cast(inside(x, y), "float32"))


def soft(lead):
    """Give the second class this lead over the first, in log-probability."""
    return lambda x, y: one_hot(ops.sigmoid(lead(x, y)))


def disc(x0, y0, radius):
    return lambda x, y: (x - x0) ** 2 + (y - y0) ** 2 < radius**2


def certain(pictures):
    return np.tile([1, 0], (len(pictures), 1))


def right(x, _):
    return x > 0


def truth(regions, inside):
    return inside(*np.meshgrid(regions.x, regions.y))


def compare(refined, exact):
    same = (refined.labels == exact.labels).mean()
    near = (abs(refined.confidence - exact.confidence) <= 0.02).mean()
    return same, near


class TestAgainstKeras:
    def test_every_point_is_what_keras_predicts(self):
        decoder, reader = build_decoder(), build_reader()
        regions = class_regions(
            decoder, reader, extent=(-4, 2, 0, 5), resolution=40, exhaustive=True
        )
        x, y = -4 + 6 * (np.arange(40) + 0.5) / 40, 5 - 5 * (np.arange(40) + 0.5) / 40
        codes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
        pictures = decoder.predict(codes, verbose=0)[..., 0]
        expected = reader.predict(pictures, verbose=0).reshape(40, 40, -1).astype(np.float64)
        assert (regions.labels == expected.argmax(axis=-1)).mean() > 0.999
        np.testing.assert_allclose(regions.confidence, expected.max(axis=-1), atol=1e-4)
        entropy = -(expected * np.log(np.maximum(expected, 1e-30))).sum(axis=-1)
        np.testing.assert_allclose(regions.entropy, entropy, atol=1e-3)
        np.testing.assert_allclose(regions.x, x)
        np.testing.assert_allclose(regions.y, y)
        assert (regions.evaluated, regions.classes) == (1.0, 7)

    def test_results_have_the_types_that_they_promise(self):
        regions = class_regions(build_decoder(), build_reader(), resolution=16)
        kinds = [regions.labels.dtype, regions.confidence.dtype, regions.entropy.dtype]
        assert kinds == [np.uint8, np.float32, np.float32]
        assert regions.extent == EXTENT

    def test_codes_are_classified_as_keras_does(self):
        decoder, reader = build_decoder(3), build_reader()
        codes = np.random.default_rng(0).normal(size=(2, 70, 3)).astype(np.float32)
        pictures = decoder.predict(codes.reshape(-1, 3), verbose=0)[..., 0]
        expected = reader.predict(pictures, verbose=0).reshape(2, 70, -1)
        np.testing.assert_allclose(classify_codes(decoder, reader, codes), expected, atol=1e-5)

    @pytest.mark.parametrize("shape", [(2,), (1, 2), (2, 70, 2)])
    def test_pictures_and_probabilities_come_from_one_pass(self, shape):
        decoder, reader = build_decoder(), build_reader()
        codes = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        images, probabilities = decode_and_classify(decoder, reader, codes)
        assert images.shape == (*shape[:-1], HEIGHT, WIDTH)
        np.testing.assert_allclose(images, decode(decoder, codes), atol=1e-6)
        expected = classify_codes(decoder, reader, codes)
        np.testing.assert_allclose(probabilities, expected, atol=1e-5)

    @pytest.mark.parametrize("shape", [(3, 2), (3, 2, 1)])
    @pytest.mark.parametrize("wanted", [(3, 2), (3, 2, 1)])
    def test_channel_axis_of_one_comes_and_goes(self, shape, wanted):
        reader = formula_reader(hard(right), wanted)
        regions = class_regions(painter(shape), reader, resolution=8)
        assert (regions.labels == (regions.x > 0)).all()


class TestRefinement:
    @pytest.mark.parametrize("seed", [1, 2, 3, 4])
    def test_random_networks_come_out_as_point_by_point(self, seed):
        models = build_decoder(seed=100 * seed, scale=3.0), build_reader(seed=100 * seed + 50)
        refined = class_regions(*models, resolution=256)
        exact = class_regions(*models, resolution=256, exhaustive=True)
        same, near = compare(refined, exact)
        assert len(np.unique(exact.labels)) > 1
        assert same >= 0.999
        assert near >= 0.99
        assert refined.evaluated < 0.2

    def test_shipped_models_come_out_as_point_by_point(self):
        models = shared_vae(), shared_network()
        regions = class_regions(*models, resolution=512)
        row, column = np.random.default_rng(0).integers(0, 512, (2, 10_000))
        exact = classify_codes(*models, np.stack([regions.x[column], regions.y[row]], axis=1))
        assert (regions.labels[row, column] == exact.argmax(axis=1)).mean() >= 0.9999
        away = abs(regions.confidence[row, column] - exact.max(axis=1))
        assert (away <= 0.02).mean() >= 0.99
        assert regions.evaluated < 0.1

    def test_share_evaluated_falls_as_the_borders_thin_out(self):
        models = painter(), formula_reader(soft(lambda x, y: 20 * (x * x + y * y - 4)))
        shares = [class_regions(*models, resolution=n).evaluated for n in (128, 256, 512, 1024)]
        assert shares[-1] < 0.03
        assert shares == sorted(shares, reverse=True)

    @pytest.mark.parametrize(
        ("n", "step"),
        [(31, 1), (32, 2), (63, 2), (64, 4), (1023, 4), (1024, 8)],
    )
    def test_coarse_step_is_as_documented(self, n, step):
        # Where nothing changes, only the coarse lattice is evaluated.
        regions = class_regions(lambda codes: codes[..., None], certain, resolution=n)
        side = -(-(n - 1) // step) + 1
        assert round(regions.evaluated * n * n) == side**2

    @settings(max_examples=25, deadline=None)
    @given(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))
    def test_disc_as_wide_as_promised_is_found_with_sharp_edges(self, x, y):
        inside = disc(x, y, 0.72 * 4 * 6 / 256)
        regions = class_regions(*movable_disc(x, y), resolution=256)
        assert regions.labels.any()
        assert (regions.labels == truth(regions, inside)).mean() > 0.9995
        assert regions.evaluated < 0.09

    @pytest.mark.parametrize("shift", [0.0, 0.3, 0.5, 0.8])
    @pytest.mark.parametrize("slope", [30.0, 100.0, 300.0])
    def test_island_below_a_coarse_step_is_found_where_slopes_announce_it(self, shift, slope):
        step = 4 * 6 / 256
        place, radius = (1 + shift) * step, 0.35 * step
        reader = formula_reader(
            soft(lambda x, y: slope * (radius - ops.sqrt((x - place) ** 2 + (y - place) ** 2)))
        )
        regions = class_regions(painter(), reader, resolution=256)
        assert (regions.labels == truth(regions, disc(place, place, radius))).all()

    @pytest.mark.parametrize("turn", [0.0, 0.3, 1.1])
    def test_sharp_stripes_are_right_to_the_pixel(self, turn):
        def inside(x, y):
            return (x * np.cos(turn) + y * np.sin(turn) + 30) % 1.2 < 0.5

        regions = class_regions(painter(), formula_reader(hard(inside)), resolution=256)
        assert (regions.labels == truth(regions, inside)).mean() > 0.999

    def test_sharp_edges_between_unequal_confidences_are_right(self):
        def formula(x, y):
            inside = ops.cast(y > 0.3 * x, "float32")
            return one_hot(0.4 + 0.59 * inside)

        regions = class_regions(painter(), formula_reader(formula), resolution=256)
        inside = truth(regions, lambda x, y: y > 0.3 * x)
        assert (regions.labels == inside).mean() > 0.9999
        away = abs(regions.confidence - np.where(inside, 0.99, 0.6))
        assert (away <= 0.02).mean() > 0.999

    @pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 63, 65, 100, 257])
    def test_any_resolution_is_covered(self, n):
        def inside(x, y):
            return x + 2 * y > 0.1

        regions = class_regions(painter(), formula_reader(hard(inside)), resolution=n)
        assert regions.labels.shape == (n, n)
        assert (regions.labels == truth(regions, inside)).mean() > 0.995

    def test_plane_is_the_right_way_up(self):
        regions = class_regions(
            painter(),
            formula_reader(hard(lambda x, y: (x > 0) & (y > 2))),
            extent=(-1, 1, 0, 4),
            resolution=64,
        )
        assert regions.labels[:30, 34:].all()
        assert not regions.labels[34:].any()
        assert regions.y[0] > regions.y[-1]

    def test_untrained_digit_classifier_reads_another_decoder(self):
        decoder = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(784), keras.layers.Reshape((28, 28, 1))]
        )
        models = decoder, build_classifier()
        same, near = compare(
            class_regions(*models, resolution=64),
            class_regions(*models, resolution=64, exhaustive=True),
        )
        assert same >= 0.999
        assert near >= 0.99


class MovableDisc(keras.layers.Layer):
    """A sharp disc whose place is a weight, so that one compilation serves many places."""

    def build(self, _):
        self.place = self.add_weight(shape=(2,))

    def call(self, pictures):
        pixels = ops.reshape(pictures, (-1, 6))[:, :2]
        away = ops.sum((pixels - self.place) ** 2, axis=1)
        return one_hot(ops.cast(away < (0.72 * 4 * 6 / 256) ** 2, "float32"))


def movable_disc(x, y, made=[]):  # noqa: B006 - one pair of models for all examples
    if not made:
        made.extend([painter(), keras.Sequential([keras.Input((3, 2)), MovableDisc()])])
    made[1].set_weights([np.array([x, y])])
    return made


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"resolution": 0}, "resolution is.*0"),
            ({"resolution": 100_000}, "resolution is.*100000"),
            ({"resolution": 64.0}, "resolution is"),
            ({"extent": (1, -1, 0, 1)}, "extent"),
            ({"extent": (0, np.nan, 0, 1)}, "extent"),
        ],
    )
    def test_wrong_arguments(self, options, words):
        with pytest.raises(ValueError, match=words):
            class_regions(painter(), formula_reader(hard(right)), **options)

    def test_models_that_do_not_fit_each_other(self):
        with pytest.raises(ValueError, match=rf"\({HEIGHT}, {WIDTH}, 1\).*\(28, 28\)"):
            class_regions(build_decoder(), build_classifier())

    def test_space_that_is_no_plane(self):
        with pytest.raises(ValueError, match="two dimensions"):
            class_regions(build_decoder(3), build_reader())

    @pytest.mark.parametrize(("factor", "message"), [(1, "Softmax"), (np.nan, "finite numbers")])
    def test_outputs_that_are_no_probabilities(self, factor, message):
        reader = formula_reader(lambda x, y: ops.stack([factor * x, y], axis=1))
        with pytest.raises(ValueError, match=message):
            class_regions(painter(), reader, resolution=8)

    def test_what_is_no_model(self):
        with pytest.raises(ValueError, match="class_regions needs"):
            class_regions(painter(), None)
