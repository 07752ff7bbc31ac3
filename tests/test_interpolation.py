from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mnist_visual.interpolation import (
    _spherical,
    interpolate,
)
from mnist_visual.latent import decode, encode
from mnist_visual.regions import classify_codes

from .latent_models import HEIGHT, WIDTH, build_decoder, build_reader, build_vae


@pytest.fixture(scope="module")
def vae():
    return build_vae()


class TestInterpolate:
    def test_straight_path_has_even_steps_and_both_ends(self, vae):
        path = interpolate(vae, [-1, 2], [3, 0], steps=9)
        np.testing.assert_allclose(path.codes, np.linspace([-1, 2], [3, 0], 9), atol=1e-6)
        np.testing.assert_allclose(path.images, decode(vae, path.codes))
        assert path.probabilities is None

    def test_classifier_reads_every_picture(self, vae):
        reader = build_reader()
        path = interpolate(vae.decoder, [-1, 2], [3, 0], classifier=reader)
        expected = classify_codes(vae, reader, path.codes)
        np.testing.assert_allclose(path.probabilities, expected, atol=1e-5)
        np.testing.assert_allclose(path.images, decode(vae, path.codes), atol=1e-6)

    def test_every_point_is_decoded_once(self):
        decoded = []

        def decoder(codes):
            decoded.extend(codes)
            return codes[:, None] + np.zeros((3, 2))

        interpolate(decoder, [-1, 2], [3, 0], classifier=lambda pictures: np.eye(len(pictures)))
        assert len(decoded) == 16

    def test_pictures_stand_for_the_means_of_their_codes(self, vae):
        first, last = np.random.default_rng(1).random((2, HEIGHT, WIDTH))
        path = interpolate(vae, first, last, steps=2)
        means = [encode(vae, first).mean, encode(vae, last).mean]
        np.testing.assert_allclose(path.codes, means)

    def test_spherical_path_keeps_the_distance_from_the_origin(self, vae):
        path = interpolate(vae, [3, 0], [0, 3], steps=4, method="spherical")
        angles = np.arctan2(*path.codes.T[::-1])
        np.testing.assert_allclose(np.linalg.norm(path.codes, axis=1), 3, rtol=1e-6)
        np.testing.assert_allclose(angles, np.linspace(0, np.pi / 2, 4), atol=1e-6)

    def test_ends_of_any_dimension(self):
        path = interpolate(build_decoder(5), np.eye(5)[0], 4 * np.eye(5)[3], method="spherical")
        distances = np.linalg.norm(path.codes, axis=1)
        np.testing.assert_allclose(distances, np.linspace(1, 4, 16), rtol=1e-5)

    @given(
        npst.arrays(float, 4, elements=st.floats(-5, 5)),
        npst.arrays(float, 4, elements=st.floats(-5, 5)),
    )
    def test_spherical_path_is_finite_with_even_distances(self, first, last):
        share = np.linspace(0, 1, 7)[:, None]
        path = _spherical(first, last, share)
        assert np.isfinite(path).all()
        np.testing.assert_allclose(path[[0, -1]], [first, last], atol=1e-6)
        lengths = np.linalg.norm([first, last], axis=1)
        assert (np.linalg.norm(path, axis=1) <= lengths.max() + 1e-6).all()

    def test_straight_back_goes_round_as_well(self, vae):
        path = interpolate(vae, [2, 0], [-2, 0], steps=3, method="spherical")
        np.testing.assert_allclose(path.codes[1], [0, 2], atol=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (([0, 0], [1, 1], {"steps": 1}), "steps is"),
            (([0, 0], [1, 1], {"method": "cubic"}), "method is 'linear' or"),
            (([0, np.nan], [1, 1], {}), "NaN"),
            (([0, 0, 0], [1, 1], {}), r"\(3,\)"),
            ((0.0, [1, 1], {}), "start is one point"),
            (([0, 0], np.zeros((2, HEIGHT, WIDTH)), {}), "end is one point"),
            (([0, 0], np.zeros((28, 28)), {}), r"\(28, 28\)"),
        ],
    )
    def test_wrong_arguments_are_refused(self, vae, arguments, words):
        start, end, options = arguments
        with pytest.raises(ValueError, match=words):
            interpolate(vae, start, end, **options)

    def test_codes_of_two_spaces_are_refused(self, vae):
        odd = SimpleNamespace(encoder=build_vae(latent_dim=3).encoder, decoder=vae.decoder)
        with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
            interpolate(odd, [0, 0], np.zeros((HEIGHT, WIDTH)))
