"""Strips and films of pictures, and the files that hold them."""

import io

import numpy as np
import pytest
from PIL import Image

from mnist_visual.films import filmstrip, save_filmstrip, save_gif
from mnist_visual.interpolation import LatentPath


def pictures(n):
    return np.random.default_rng(0).random((n, 28, 20), dtype=np.float32)


def test_strip_has_the_pictures_side_by_side():
    images = pictures(5)
    assert (filmstrip(LatentPath(np.zeros((5, 2)), images, None)) == np.hstack(images)).all()
    rows = filmstrip(images, columns=3)
    assert (rows[28:, 20:40] == images[4]).all()
    assert not rows[28:, 40:].any()


@pytest.mark.parametrize("dark_ink", [True, False])
def test_png_has_every_pixel(tmp_path, dark_ink):
    images = pictures(3)
    save_filmstrip(images, tmp_path / "strip.png", scale=2, dark_ink=dark_ink)
    pixels = np.asarray(Image.open(tmp_path / "strip.png"), dtype=float)[::2, 1::2]
    expected = np.rint(255 * np.hstack(images))
    np.testing.assert_allclose(255 - pixels if dark_ink else pixels, expected, atol=0.5)


def test_gif_has_every_frame_for_its_time(tmp_path):
    images = pictures(4)
    save_gif(images, tmp_path / "film.gif", seconds=1, scale=3)
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (4, (60, 84), 0)
        assert film.info["duration"] == 250
        film.seek(2)
        frame = 255 - np.asarray(film.convert("L"), dtype=float)[1::3, 1::3]
    np.testing.assert_allclose(frame, 255 * images[2], atol=1.5)
    assert [file.name for file in tmp_path.iterdir()] == ["film.gif"]


def test_bytes_are_shown_as_the_floats_they_stand_for(tmp_path):
    images = np.rint(255 * pictures(3)).astype(np.uint8)
    np.testing.assert_allclose(filmstrip(images), np.hstack(images) / 255, atol=1e-6)
    for save in (save_filmstrip, save_gif):
        save(images, tmp_path / "bytes")
        save(images / 255, tmp_path / "floats")
        assert (tmp_path / "bytes").read_bytes() == (tmp_path / "floats").read_bytes()


@pytest.mark.parametrize("dtype", [np.int64, bool])
def test_pictures_of_other_types_are_refused(dtype):
    with pytest.raises(ValueError, match=f"uint8 in 0..255.*dtype {np.dtype(dtype)}"):
        filmstrip(np.zeros((2, 28, 28), dtype))


@pytest.mark.parametrize("save", [save_filmstrip, save_gif])
def test_a_tilde_is_the_home(tmp_path, monkeypatch, save):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save(pictures(2), "~/pictures")
    assert [file.name for file in tmp_path.iterdir()] == ["pictures"]


@pytest.mark.parametrize("save", [save_filmstrip, save_gif])
def test_no_folder_is_made_or_written_over(tmp_path, save):
    with pytest.raises(FileNotFoundError, match=r"folder of a .* must exist.*Make the folder"):
        save(pictures(2), tmp_path / "new" / "pictures")
    with pytest.raises(ValueError, match=r"is a file\. Received: the folder"):
        save(pictures(2), tmp_path)
    assert not [*tmp_path.iterdir()]


def test_old_file_stays_when_the_new_one_fails(tmp_path):
    file = tmp_path / "film.gif"
    file.write_bytes(b"old")
    with pytest.raises(ValueError, match="finite"):
        save_gif(np.full((2, 4, 4), np.nan), file)
    assert file.read_bytes() == b"old"


def test_open_file_takes_the_same_bytes(tmp_path):
    stream = io.BytesIO()
    save_gif(pictures(2), stream)
    save_gif(pictures(2), tmp_path / "film.gif")
    assert stream.getvalue() == (tmp_path / "film.gif").read_bytes()


@pytest.mark.parametrize(
    "options",
    [{"seconds": 0}, {"seconds": np.nan}, {"seconds": "a"}, {"scale": 0}, {"scale": 65}],
)
def test_wrong_options_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        save_gif(pictures(2), tmp_path / "film.gif", **options)


@pytest.mark.parametrize("shape", [(0, 28, 28), (28, 28), (2, 28, 28, 3)])
def test_what_is_no_row_of_pictures_is_refused(shape):
    with pytest.raises(ValueError, match="Pictures"):
        filmstrip(np.zeros(shape))
