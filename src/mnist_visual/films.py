"""The pictures of a path as a strip or a film, and as files."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ._arrays import Floats
from ._files import PathLike, checked_target, write_whole
from ._numbers import checked_count, checked_number
from ._pictures import as_floats, check_numbers
from .interpolation import MAX_STEPS, LatentPath

Pixels = npt.NDArray[np.uint8]


def filmstrip(path: LatentPath | npt.ArrayLike, *, columns: int | None = None) -> Floats:
    """Lay the pictures of a path side by side.

    Parameters
    ----------
    path : LatentPath, or array_like (n, height, width)
        The pictures, uint8 in 0..255 or floats.
    columns : int, optional
        Pictures in a row; all of them by default. Places without a picture are 0.

    Returns
    -------
    float32 array (rows * height, columns * width)
        In the range of the pictures, [0, 1] where they were uint8, ink bright.

    Raises
    ------
    ValueError
        If there are no pictures (n, height, width), or `columns` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> filmstrip(np.zeros((6, 28, 28))).shape, filmstrip(np.zeros((6, 28, 28)), columns=4).shape
    ((28, 168), (56, 112))
    """
    images = _pictures(path)
    across = len(images) if columns is None else checked_count("columns", columns, most=MAX_STEPS)
    rows = -(-len(images) // across)
    height, width = images.shape[1:]
    strip = np.zeros((rows * across, height, width), dtype=np.float32)
    strip[: len(images)] = images
    lines = strip.reshape(rows, across, height, width).swapaxes(1, 2)
    return lines.reshape(rows * height, across * width)


def save_filmstrip(
    path: LatentPath | npt.ArrayLike,
    file: PathLike | IO[bytes],
    *,
    columns: int | None = None,
    scale: int = 2,
    dark_ink: bool = True,
) -> None:
    """Save the strip of `filmstrip` as a PNG picture, whole or not at all.

    Parameters
    ----------
    path : LatentPath, or array_like (n, height, width)
        The pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    file : path or binary file
        Where to. A path's folder must exist.
    columns : int, optional
        Pictures in a row; all of them by default.
    scale : int, default 2
        Pixels of the file for each pixel of a picture, 1 to 64.
    dark_ink : bool, default True
        Whether to draw dark ink on white, or bright ink on black.

    Raises
    ------
    ValueError
        If an argument is not as described.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> file = io.BytesIO()
    >>> save_filmstrip(np.random.default_rng(0).random((4, 28, 28)), file)
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    target = _target(file, "strip")
    pixels = _pixels(filmstrip(path, columns=columns)[None], scale, dark_ink=dark_ink)
    _save(pixels, target, format="PNG")


def save_gif(
    path: LatentPath | npt.ArrayLike,
    file: PathLike | IO[bytes],
    *,
    seconds: float = 2.0,
    scale: int = 8,
    dark_ink: bool = True,
) -> None:
    """Save the pictures of a path as a film that starts again at its end, whole or not at all.

    Parameters
    ----------
    path : LatentPath, or array_like (n, height, width)
        The pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    file : path or binary file
        Where to. A path's folder must exist.
    seconds : float, default 2.0
        How long the film lasts; a frame is shown for at least 0.02 s and at most 10 s.
    scale : int, default 8
        Pixels of the film for each pixel of a picture, 1 to 64.
    dark_ink : bool, default True
        Whether to draw dark ink on white, or bright ink on black.

    Raises
    ------
    ValueError
        If an argument is not as described.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "film.gif"
    >>> save_gif(np.random.default_rng(0).random((4, 28, 28)), file)
    >>> file.read_bytes()[:3]
    b'GIF'
    """
    target, images = _target(file, "film"), _pictures(path)
    length = checked_number("seconds", seconds, above=True)
    # GIF counts hundredths, and browsers show what is shorter than two of them slowly.
    duration = 10 * int(np.clip(round(100 * length / len(images)), 2, 1000))
    pixels = _pixels(images, scale, dark_ink=dark_ink)
    _save(pixels, target, format="GIF", duration=duration, loop=0)


def _pictures(path: LatentPath | npt.ArrayLike) -> Floats:
    images = as_floats(path.images if isinstance(path, LatentPath) else path)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(
            f"Pictures are an array (n, height, width) of numbers. Received: {images.shape}."
        )
    check_numbers(images)
    return images


def _pixels(images: Floats, scale: int, *, dark_ink: bool) -> Pixels:
    """Enlarge pictures without blur, for a file."""
    times = checked_count("scale", scale, most=64)
    ink = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    pixels = 255 - ink if dark_ink else ink
    return pixels.repeat(times, axis=1).repeat(times, axis=2)


def _target(file: PathLike | IO[bytes], what: str) -> Path | IO[bytes]:
    if isinstance(file, str | os.PathLike):
        return checked_target(file, what)
    if not callable(getattr(file, "write", None)):
        raise ValueError(f"file is a path or a file to write bytes to. Received: {file!r:.80}.")
    return file


def _save(pixels: Pixels, target: Path | IO[bytes], **options: Any) -> None:
    frames: Sequence[Image.Image] = [Image.fromarray(picture) for picture in pixels]
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:]}
    data = io.BytesIO()
    frames[0].save(data, **options)
    if isinstance(target, Path):
        write_whole(target, data.getvalue())
    else:
        target.write(data.getvalue())
