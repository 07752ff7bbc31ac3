"""From one digit to another through the latent space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ._arguments import check_choice
from ._arrays import Floats
from ._checks import checked_codes
from ._models import find_part, input_shape
from ._numbers import checked_count
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
