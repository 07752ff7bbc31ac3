"""Where the classes lie in the latent space, and which real pictures lie near a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._arrays import Doubles, Floats
from ._checks import Extent, checked_codes
from ._numbers import checked_count
from .latent import LatentCodes

_STARTS = 512  # codes of a class at which its density is compared
_BATCH_SIZE = 64  # of them at once, so that memory stays flat


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Codes near a point, the nearest first.

    Attributes
    ----------
    indices : int64 array (n,)
        Which codes.
    distances : float64 array (n,)
        How far away they are, ascending.
    """

    indices: npt.NDArray[np.int64]
    distances: Doubles


def class_means(codes: LatentCodes | npt.ArrayLike, labels: npt.ArrayLike) -> dict[int, Floats]:
    """Average the codes of each class.

    Parameters
    ----------
    codes : LatentCodes, or array_like (n, latent_dim)
        Of labelled pictures.
    labels : array_like (n,)
        The class of each, integers.

    Returns
    -------
    dict of int to float32 array (latent_dim,)
        The mean for each class among the labels, in ascending order.

    Raises
    ------
    ValueError
        If codes or labels are not as described or differ in number.

    Examples
    --------
    >>> means = class_means([[0, 0], [2, 0], [5, 5]], [3, 3, 7])
    >>> {label: mean.tolist() for label, mean in means.items()}
    {3: [1.0, 0.0], 7: [5.0, 5.0]}
    """
    return {
        label: points.mean(axis=0).astype(np.float32)
        for label, points in _by_class(codes, labels).items()
    }


def class_modes(codes: LatentCodes | npt.ArrayLike, labels: npt.ArrayLike) -> dict[int, Floats]:
    """Find where each class is densest: a typical digit, where the mean may be of none.

    The density is the kernel density estimate of the codes, with normal kernels as wide as
    Scott's rule has it [1]_; its maximum is found by mean shift [2]_ from the densest code, and
    again with the width that befits the codes around it. There is no chance in it, and the order
    of the codes does not matter.

    Parameters
    ----------
    codes : LatentCodes, or array_like (n, latent_dim)
        Of labelled pictures.
    labels : array_like (n,)
        The class of each, integers.

    Returns
    -------
    dict of int to float32 array (latent_dim,)
        The mode for each class among the labels, in ascending order.

    Raises
    ------
    ValueError
        As for `class_means`.

    References
    ----------
    .. [1] D. W. Scott, "Multivariate Density Estimation", Wiley 1992.
    .. [2] K. Fukunaga, L. Hostetler, "The estimation of the gradient of a density function",
       IEEE Transactions on Information Theory 21 (1975) 32-40.

    Examples
    --------
    >>> modes = class_modes([[0, 0], [0.1, 0], [0, 0.1], [9, 9]], [4, 4, 4, 4])
    >>> bool(abs(modes[4]).max() < 0.1)
    True
    """
    return {
        label: _mode(points).astype(np.float32)
        for label, points in _by_class(codes, labels).items()
    }


def nearest_codes(
    codes: LatentCodes | npt.ArrayLike, point: npt.ArrayLike, *, n: int = 6
) -> Neighbours:
    """Find the codes nearest to a point, and so the real pictures most like it.

    Parameters
    ----------
    codes : LatentCodes, or array_like (k, latent_dim)
        Of real pictures.
    point : array_like (latent_dim,)
        Anywhere.
    n : int, default 6
        How many, 1 to k.

    Returns
    -------
    Neighbours
        Their indices and Euclidean distances; of equally near ones the first comes first.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> found = nearest_codes([[0, 0], [3, 4], [1, 0]], [0, 0], n=2)
    >>> found.indices.tolist(), found.distances.tolist()
    ([0, 2], [0.0, 1.0])
    """
    points = plain_codes(codes)
    where = checked_codes(point)
    if where.shape != points.shape[1:]:
        raise ValueError(
            f"The point is one code like the others, {points.shape[1:]}. Received: {where.shape}."
        )
    count = checked_count("n", n, most=len(points))
    distances = np.linalg.norm(points.astype(np.float64) - where, axis=1)
    limit = np.partition(distances, count - 1)[count - 1]
    near = np.flatnonzero(distances <= limit)
    order = near[np.argsort(distances[near], kind="stable")][:count]
    return Neighbours(order.astype(np.int64), distances[order])


def plain_codes(codes: LatentCodes | npt.ArrayLike) -> Floats:
    """Give the means of codes as one checked array.

    Parameters
    ----------
    codes : LatentCodes, or array_like (n, latent_dim)
        Of n pictures.

    Returns
    -------
    float32 array (n, latent_dim)

    Raises
    ------
    ValueError
        If they are not finite, not 2-D, or none.
    """
    points = checked_codes(codes)
    if points.ndim != 2:
        raise ValueError(f"Codes are an array (n, latent_dim). Received: shape {points.shape}.")
    return points


def plain_labels(labels: npt.ArrayLike, count: int) -> npt.NDArray[np.int64]:
    """Check labels: whole numbers, one for each code.

    Parameters
    ----------
    labels : array_like (count,)
        Of the codes.
    count : int
        How many codes there are.

    Returns
    -------
    int64 array (count,)

    Raises
    ------
    ValueError
        If they are not as described.
    """
    classes = np.asarray(labels)
    if classes.shape != (count,) or classes.dtype.kind not in "ui":
        raise ValueError(
            f"Labels are integers, one for each of the {count:,} codes. "
            f"Received: shape {classes.shape}, dtype {classes.dtype}."
        )
    return classes.astype(np.int64)


def square_around(codes: Floats) -> Extent:
    """Give a square around all codes but the farthest few, around 0 if they are.

    Parameters
    ----------
    codes : float32 array (n, 2)
        On a plane.

    Returns
    -------
    tuple of 4 floats
        ``(x_min, x_max, y_min, y_max)``.
    """
    low, high = np.quantile(codes.astype(np.float64), [0.0005, 0.9995], axis=0)
    x, y = ((low + high) / 2).tolist()
    half = float((high - low).max()) / 2
    if max(abs(x), abs(y)) < half / 4:
        x = y = 0.0
        half = float(max(abs(low).max(), abs(high).max()))
    half = max(1.02 * half, 1e-3 * (1 + max(abs(x), abs(y))))
    return x - half, x + half, y - half, y + half


def _by_class(codes: LatentCodes | npt.ArrayLike, labels: npt.ArrayLike) -> dict[int, Doubles]:
    points = plain_codes(codes).astype(np.float64)
    classes = plain_labels(labels, len(points))
    return {int(label): points[classes == label] for label in np.unique(classes)}


def _mode(points: Doubles) -> Doubles:
    points = points[np.lexsort(points.T)]  # whatever their order was, to the last bit
    width = _scott(points)
    starts = points[:: -(-len(points) // _STARTS)]
    batches = range(0, len(starts), _BATCH_SIZE)
    density = [_kernel(points, starts[k : k + _BATCH_SIZE], width).sum(axis=1) for k in batches]
    mode = _shifted(points, starts[np.concatenate(density).argmax()], width)
    # Where a class has several clusters, the width of all of them blurs each: look again.
    near = points[(abs(points - mode) <= 3 * width).all(axis=1)]
    return _shifted(near, mode, _scott(near)) if len(near) > 1 else mode


def _scott(points: Doubles) -> Doubles:
    """Give the width of the kernel along each axis."""
    count, dim = points.shape
    spread = points.std(axis=0) * count ** (-1 / (dim + 4))
    return np.maximum(spread, 1e-6 * (1 + abs(points).max(axis=0)))


def _kernel(points: Doubles, places: Doubles, width: Doubles) -> Doubles:
    """Give the weight of every point at every place, (places, points)."""
    away = (places[:, None] - points) / width
    return np.exp(-0.5 * np.einsum("pkd,pkd->pk", away, away))


def _shifted(points: Doubles, place: Doubles, width: Doubles) -> Doubles:
    """Climb to a maximum of the density."""
    for _ in range(200):
        weights = _kernel(points, place[None], width)[0]
        after = weights @ points / max(weights.sum(), np.finfo(np.float64).tiny)
        if (abs(after - place) <= 1e-4 * width).all():
            return np.asarray(after)
        place = after
    return place
