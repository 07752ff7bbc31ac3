"""From one digit to another through the latent space, as pictures, a strip or a film."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from ._arguments import check_choice
from ._arrays import Floats
from ._checks import checked_codes
from ._files import PathLike, checked_target, write_whole
from ._models import find_part, input_shape
from ._numbers import checked_count, checked_number
from ._pictures import as_floats, check_numbers
from .latent import decode, encode
from .regions import decode_and_classify

Pixels = npt.NDArray[np.uint8]

Method = Literal["linear", "spherical"]
METHODS: tuple[str, ...] = get_args(Method)
MAX_STEPS = 10_000


@dataclass(frozen=True, eq=False)
class LatentPath:
    """A path through the latent space.

    Attributes
    ----------
    codes : float32 array (steps, latent_dim)
        The points of the path, with both ends.
    images : float32 array (steps, height, width)
        The decoder's pictures.
    probabilities : float32 array (steps, classes) or None
        What a classifier reads in them; None where none was given.
    """

    codes: Floats
    images: Floats
    probabilities: Floats | None


def interpolate(
    vae: Any,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    *,
    steps: int = 16,
    method: Method = "linear",
    classifier: Any = None,
) -> LatentPath:
    """Go from one digit to another through the latent space.

    To go between classes, give two of their `class_means` or `class_modes`.

    Parameters
    ----------
    vae : object with .encoder and .decoder
        As for `encode` and `decode`; between points, a decoder will do.
    start, end : array_like (latent_dim,) or (height, width)
        A point of the latent space, or a picture, which stands for the mean of its code.
    steps : int, default 16
        Points of the path, both ends among them, 2 to 10,000.
    method : {"linear", "spherical"}, default "linear"
        Straight on; or spherical linear interpolation (slerp) of the direction from the origin,
        which turns evenly [1]_, while the distance from the origin changes evenly, so that the
        path stays among likely codes [2]_. Where a direction is missing, at the origin, the path
        is straight.
    classifier : keras.Model or function, optional
        To read the pictures, as for `class_regions`.

    Returns
    -------
    LatentPath

    Raises
    ------
    ValueError
        If the models do not fit, or an argument is not as described.

    References
    ----------
    .. [1] K. Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
    .. [2] T. White, "Sampling Generative Networks", arXiv:1609.04468.

    Examples
    --------
    >>> from mnist_visual.vae import build_vae
    >>> path = interpolate(build_vae(latent_dim=2), [-2, 0], [2, 0], steps=5)
    >>> path.codes[:, 0].tolist(), path.images.shape
    ([-2.0, -1.0, 0.0, 1.0, 2.0], (5, 28, 28))
    """
    check_choice("method", method, METHODS)
    share = np.linspace(0, 1, checked_count("steps", steps, least=2, most=MAX_STEPS))[:, None]
    first, last = _point(vae, start, "start"), _point(vae, end, "end")
    if first.shape != last.shape:
        raise ValueError(f"Both ends are codes alike. Received: {first.shape} and {last.shape}.")
    curve = _linear if method == "linear" else _spherical
    codes = curve(first.astype(np.float64), last.astype(np.float64), share).astype(np.float32)
    codes[0], codes[-1] = first, last
    if classifier is None:
        return LatentPath(codes, decode(vae, codes), None)
    return LatentPath(codes, *decode_and_classify(vae, classifier, codes))


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


def _point(vae: Any, end: npt.ArrayLike, name: str) -> Floats:
    values = np.asarray(end)
    if values.ndim >= 2:
        mean = encode(vae, values).mean
        if mean.ndim == 1:
            return mean
    elif values.ndim == 1:
        return checked_codes(values, find_part(vae, "decoder", "interpolate"))
    dim = input_shape(find_part(vae, "decoder", "interpolate")) or ("latent_dim",)
    raise ValueError(
        f"{name} is one point {dim} or one picture (height, width). Received: {values.shape}."
    )


def _linear(
    first: npt.NDArray[Any], last: npt.NDArray[Any], share: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    return (1 - share) * first + share * last


def _spherical(
    first: npt.NDArray[Any], last: npt.NDArray[Any], share: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    if min(lengths) == 0 or len(first) == 1:
        return _linear(first, last, share)
    start, goal = first / lengths[0], last / lengths[1]
    side = goal - (goal @ start) * start
    angle = np.arctan2(np.linalg.norm(side), goal @ start)
    if np.linalg.norm(side) < 1e-9:
        if goal @ start > 0:
            return _linear(first, last, share)
        side = _perpendicular(start)  # straight back: all paths round are alike
    side /= np.linalg.norm(side)
    direction = np.cos(share * angle) * start + np.sin(share * angle) * side
    return direction * ((1 - share) * lengths[0] + share * lengths[1])


def _perpendicular(direction: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn to the left within the plane of the first axis and the most different other one."""
    axes = np.argsort(-abs(direction), kind="stable")[:2]
    side = np.zeros_like(direction)
    side[axes.min()], side[axes.max()] = -direction[axes.max()], direction[axes.min()]
    return side


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
