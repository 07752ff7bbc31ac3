import io
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from mnist_visual.interpolation import (
    LatentPath,
    _spherical,
    filmstrip,
    interpolate,
    save_filmstrip,
    save_gif,
)
from mnist_visual.latent import decode, encode
from mnist_visual.regions import classify_codes

from .latent_models import HEIGHT, WIDTH, build_decoder, build_reader, build_vae


@pytest.fixture(scope="module")
def vae():
    return build_vae()


def pictures(n):
    return np.random.default_rng(0).random((n, 28, 20), dtype=np.float32)


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


class TestFiles:
    def test_strip_has_the_pictures_side_by_side(self):
        images = pictures(5)
        assert (filmstrip(LatentPath(np.zeros((5, 2)), images, None)) == np.hstack(images)).all()
        rows = filmstrip(images, columns=3)
        assert (rows[28:, 20:40] == images[4]).all()
        assert not rows[28:, 40:].any()

    @pytest.mark.parametrize("dark_ink", [True, False])
    def test_png_has_every_pixel(self, tmp_path, dark_ink):
        images = pictures(3)
        save_filmstrip(images, tmp_path / "strip.png", scale=2, dark_ink=dark_ink)
        pixels = np.asarray(Image.open(tmp_path / "strip.png"), dtype=float)[::2, 1::2]
        expected = np.rint(255 * np.hstack(images))
        np.testing.assert_allclose(255 - pixels if dark_ink else pixels, expected, atol=0.5)

    def test_gif_has_every_frame_for_its_time(self, tmp_path):
        images = pictures(4)
        save_gif(images, tmp_path / "film.gif", seconds=1, scale=3)
        with Image.open(tmp_path / "film.gif") as film:
            assert (film.n_frames, film.size, film.info["loop"]) == (4, (60, 84), 0)
            assert film.info["duration"] == 250
            film.seek(2)
            frame = 255 - np.asarray(film.convert("L"), dtype=float)[1::3, 1::3]
        np.testing.assert_allclose(frame, 255 * images[2], atol=1.5)
        assert [file.name for file in tmp_path.iterdir()] == ["film.gif"]

    def test_bytes_are_shown_as_the_floats_they_stand_for(self, tmp_path):
        images = np.rint(255 * pictures(3)).astype(np.uint8)
        np.testing.assert_allclose(filmstrip(images), np.hstack(images) / 255, atol=1e-6)
        for save in (save_filmstrip, save_gif):
            save(images, tmp_path / "bytes")
            save(images / 255, tmp_path / "floats")
            assert (tmp_path / "bytes").read_bytes() == (tmp_path / "floats").read_bytes()

    @pytest.mark.parametrize("dtype", [np.int64, bool])
    def test_pictures_of_other_types_are_refused(self, dtype):
        with pytest.raises(ValueError, match=f"uint8 in 0..255.*dtype {np.dtype(dtype)}"):
            filmstrip(np.zeros((2, 28, 28), dtype))

    @pytest.mark.parametrize("save", [save_filmstrip, save_gif])
    def test_a_tilde_is_the_home(self, tmp_path, monkeypatch, save):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        save(pictures(2), "~/pictures")
        assert [file.name for file in tmp_path.iterdir()] == ["pictures"]

    @pytest.mark.parametrize("save", [save_filmstrip, save_gif])
    def test_no_folder_is_made_or_written_over(self, tmp_path, save):
        with pytest.raises(FileNotFoundError, match=r"folder of a .* must exist.*Make the folder"):
            save(pictures(2), tmp_path / "new" / "pictures")
        with pytest.raises(ValueError, match=r"is a file\. Received: the folder"):
            save(pictures(2), tmp_path)
        assert not [*tmp_path.iterdir()]

    def test_old_file_stays_when_the_new_one_fails(self, tmp_path):
        file = tmp_path / "film.gif"
        file.write_bytes(b"old")
        with pytest.raises(ValueError, match="finite"):
            save_gif(np.full((2, 4, 4), np.nan), file)
        assert file.read_bytes() == b"old"

    def test_open_file_takes_the_same_bytes(self, tmp_path):
        stream = io.BytesIO()
        save_gif(pictures(2), stream)
        save_gif(pictures(2), tmp_path / "film.gif")
        assert stream.getvalue() == (tmp_path / "film.gif").read_bytes()

    @pytest.mark.parametrize(
        "options",
        [{"seconds": 0}, {"seconds": np.nan}, {"seconds": "a"}, {"scale": 0}, {"scale": 65}],
    )
    def test_wrong_options_are_refused(self, tmp_path, options):
        with pytest.raises(ValueError, match=next(iter(options))):
            save_gif(pictures(2), tmp_path / "film.gif", **options)

    @pytest.mark.parametrize("shape", [(0, 28, 28), (28, 28), (2, 28, 28, 3)])
    def test_what_is_no_row_of_pictures_is_refused(self, shape):
        with pytest.raises(ValueError, match="Pictures"):
            filmstrip(np.zeros(shape))
