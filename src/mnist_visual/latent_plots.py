"""The latent plane as HoloViews elements: ``*`` lays them over one another, ``+`` beside.

Nothing is computed here. All that lies on the plane has the dimensions ``x`` and ``y`` and
the plane's own numbers, so that pictures, points and paths lie right over one another. A class has
the same colour everywhere. Options are set for Bokeh alone; other backends draw with their own.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the options of Bokeh
import numpy as np
import numpy.typing as npt

from ._arguments import check_kind
from ._arrays import Floats
from ._names import checked_names
from ._numbers import checked_count
from .clusters import plain_codes, plain_labels
from .films import filmstrip
from .interpolation import LatentPath
from .latent import LatentCodes, LatentGrid
from .palette import INK_COLORS, class_color, class_rgb, color_ramp
from .regions import ClassRegions

X = hv.Dimension("x", label="first latent number")
Y = hv.Dimension("y", label="second latent number")
CLASS = hv.Dimension("class", label="class")


def plot_latent_scatter(
    codes: LatentCodes | npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
) -> hv.Points:
    """Draw the codes of labelled pictures as points on the plane.

    Parameters
    ----------
    codes : LatentCodes, or array_like (n, 2)
        Of the pictures; the means are drawn.
    labels : array_like (n,)
        The class of each, integers from 0.
    class_names : sequence of str, optional
        What each class is called, from 0; its number by default.

    Returns
    -------
    hv.Points
        With the class, as a word, in ``class``: in the legend, and beside the pointer. One of each
        class comes first, in their order, as the legend is in that of the points.

    Raises
    ------
    ValueError
        If codes or labels are not as described or differ in number, or a class has no name.

    Examples
    --------
    >>> from mnist_visual import load_test_codes, plot_latent_scatter
    >>> codes = load_test_codes()
    >>> plot_latent_scatter(codes.mean[::5], codes.labels[::5])
    :Points   [x,y]   (class)
    """
    points = _on_plane(plain_codes(codes))
    classes = plain_labels(labels, len(points))
    words = _words(classes, class_names)
    shown, first = np.unique(classes, return_index=True)
    colors = {words[place]: class_color(label) for label, place in zip(shown, first, strict=True)}
    order = np.concatenate([first, np.delete(np.arange(len(points)), first)])
    element = hv.Points((*points[order].T, words[order]), kdims=[X, Y], vdims=[CLASS])
    return element.opts(
        color="class",
        cmap=colors,
        size=3,
        alpha=0.7,
        frame_width=400,
        data_aspect=1,
        show_legend=True,
        legend_position="right",
        tools=["hover"],
        backend="bokeh",
    )


def plot_latent_grid(grid: LatentGrid) -> hv.Image:
    """Draw the pictures of a grid where they lie on the plane.

    Parameters
    ----------
    grid : LatentGrid
        As from `latent_grid`, of grey pictures.

    Returns
    -------
    hv.Image
        Over the extent of the grid, with the ink, in [0, 1], in ``ink``. Pictures of an uneven
        grid are as large as their cells.

    Raises
    ------
    ValueError
        If the pictures have colours.

    Examples
    --------
    >>> from mnist_visual import latent_grid, plot_latent_grid
    >>> from mnist_visual.inference import shared_vae
    >>> plot_latent_grid(latent_grid(shared_vae(), n=12))
    :Image   [x,y]   (ink)
    """
    check_kind("grid", grid, LatentGrid, "latent_grid")
    if grid.images.ndim != 4:
        raise ValueError(f"Grey pictures can be drawn. Received: shape {grid.images.shape}.")
    height, width = grid.images.shape[2:]
    x_min, x_max, y_min, y_max = grid.extent
    columns = _pixels_between(x_min, x_max, grid.x, width)
    rows = _pixels_between(-y_max, -y_min, -grid.y, height)
    mosaic = grid.images.swapaxes(1, 2).reshape(len(grid.y) * height, len(grid.x) * width)
    return _ink(mosaic[np.ix_(rows, columns)], grid.extent)


def plot_class_regions(regions: ClassRegions) -> hv.RGB:
    """Draw the regions: the class as the hue, the confidence as its strength.

    Parameters
    ----------
    regions : ClassRegions
        As from `class_regions`.

    Returns
    -------
    hv.RGB
        Over the extent of the regions, uint8, clear where the classifier has no idea.

    Examples
    --------
    >>> from mnist_visual import class_regions, plot_class_regions
    >>> from mnist_visual.inference import shared_network, shared_vae
    >>> plot_class_regions(class_regions(shared_vae(), shared_network(), resolution=128))
    :RGB   [x,y]   (R,G,B,A)
    """
    check_kind("regions", regions, ClassRegions, "class_regions")
    guess = 1 / max(regions.classes, 2)
    strength = np.clip((regions.confidence - guess) / (1 - guess), 0, 1)
    alpha = np.rint(strength * 255).astype(np.uint8)
    picture = np.dstack([class_rgb(regions.labels), alpha])
    element = hv.RGB(
        picture, bounds=_bounds(regions.extent), kdims=[X, Y], vdims=[*hv.RGB.vdims, "A"]
    )
    return element.opts(frame_width=400, data_aspect=1, backend="bokeh")


def plot_latent_path(path: LatentPath) -> hv.Curve:
    """Draw a path as a line on the plane.

    Parameters
    ----------
    path : LatentPath
        As from `interpolate`, of a latent space with two dimensions.

    Returns
    -------
    hv.Curve

    Raises
    ------
    ValueError
        If the latent space has not two dimensions.

    Examples
    --------
    >>> from mnist_visual import class_regions, interpolate, plot_class_regions, plot_latent_path
    >>> from mnist_visual.inference import shared_network, shared_vae
    >>> regions = class_regions(shared_vae(), shared_network(), resolution=64)
    >>> path = interpolate(shared_vae(), [-2, -1], [2, 1], steps=16, method="spherical")
    >>> plot_class_regions(regions) * plot_latent_path(path)
    :Overlay
       .RGB.I   :RGB   [x,y]   (R,G,B,A)
       .Curve.I :Curve   [x]   (second latent number)
    """
    _check_path(path)
    curve = hv.Curve(_on_plane(path.codes), kdims=[X], vdims=[Y])
    return curve.opts(color="black", line_dash="dotted", line_width=2, backend="bokeh")


def plot_interpolation(path: LatentPath) -> hv.Image:
    """Draw the pictures of a path as a strip.

    Parameters
    ----------
    path : LatentPath
        As from `interpolate`.

    Returns
    -------
    hv.Image
        With a picture around each whole number of ``step``, from 0, and the ink in ``ink``.

    Examples
    --------
    >>> from mnist_visual import interpolate, plot_interpolation
    >>> from mnist_visual.inference import shared_vae
    >>> path = interpolate(shared_vae(), [-2, 0], [2, 0], steps=12)
    >>> plot_interpolation(path)
    :Image   [step,height]   (ink)
    """
    _check_path(path)
    count, height, width = path.images.shape[:3]
    extent = (-0.5, count - 0.5, 0.0, 1.0)
    strip = _ink(filmstrip(path), extent, kdims=["step", "height"])
    size = {"frame_width": 40 * count, "frame_height": round(40 * height / width)}
    return strip.opts(**size, data_aspect=None, yaxis=None, backend="bokeh")


def plot_path_probabilities(
    path: LatentPath, *, class_names: Sequence[str] | None = None
) -> hv.NdOverlay:
    """Draw what the classifier reads along a path: a curve for each class.

    Parameters
    ----------
    path : LatentPath
        As from `interpolate` with a classifier.
    class_names : sequence of str, optional
        What each class is called; its number by default.

    Returns
    -------
    hv.NdOverlay
        Of a curve of ``probability`` over ``step`` for each class.

    Raises
    ------
    ValueError
        If the path has no probabilities, or there are not as many names as classes.

    Examples
    --------
    >>> from mnist_visual import interpolate, plot_path_probabilities
    >>> from mnist_visual.inference import shared_network, shared_vae
    >>> path = interpolate(shared_vae(), [-2, 0], [2, 0], classifier=shared_network(), steps=48)
    >>> plot_path_probabilities(path)
    :NdOverlay   [class]
       :Curve   [step]   (probability)
    """
    _check_path(path)
    if path.probabilities is None:
        raise ValueError(
            "The path has no probabilities; give interpolate a classifier. Received: None."
        )
    steps = np.arange(len(path.probabilities))
    names = checked_names(path.probabilities.shape[1], class_names)
    curves = {
        names[label]: hv.Curve((steps, values), "step", "probability").opts(
            color=class_color(label), line_width=2, backend="bokeh"
        )
        for label, values in enumerate(path.probabilities.T)
    }
    return hv.NdOverlay(curves, kdims=[CLASS], sort=False).opts(
        ylim=(0, 1.02), frame_width=400, legend_position="right", backend="bokeh"
    )


def plot_posterior(codes: LatentCodes, *, index: int = 0, color: str = "black") -> hv.Overlay:
    """Draw where a picture may lie on the plane: ellipses at one sigma and at two.

    Parameters
    ----------
    codes : LatentCodes
        As from `encode`, of one picture or many, with two dimensions.
    index : int, default 0
        Which of many.
    color : str, default "black"
        Of both lines.

    Returns
    -------
    hv.Overlay
        Of two ``hv.Ellipse``.

    Raises
    ------
    ValueError
        If there is no such code, or not on a plane.

    Examples
    --------
    >>> from mnist_visual import encode, normalize_strokes, plot_latent_scatter, plot_posterior
    >>> from mnist_visual import sample_posterior
    >>> from mnist_visual.inference import shared_vae
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> samples = sample_posterior(shared_vae(), seven, n=200)
    >>> points = plot_latent_scatter(samples.codes, np.full(200, 7))
    >>> points * plot_posterior(encode(shared_vae(), seven))
    :Overlay
       .Points.I   :Points   [x,y]   (class)
       .Ellipse.I  :Ellipse   [x,y]
       .Ellipse.II :Ellipse   [x,y]
    """
    check_kind("codes", codes, LatentCodes, "encode")
    means = _on_plane(np.atleast_2d(codes.mean))
    sigmas = np.atleast_2d(codes.sigma)
    index = checked_count("index", index, least=0, most=len(means) - 1)
    (x, y), (width, height) = means[index].tolist(), (2 * sigmas[index]).tolist()
    ellipses = [hv.Ellipse(x, y, (k * width, k * height), kdims=[X, Y]) for k in (1, 2)]
    return hv.Overlay(
        [each.opts(color=color, line_width=1.5, backend="bokeh") for each in ellipses]
    )


def _words(labels: npt.NDArray[np.int64], names: Sequence[str] | None) -> npt.NDArray[np.str_]:
    """Say of each label what its class is called."""
    if names is None:
        return labels.astype(str)
    names = checked_names(len(names) if isinstance(names, Sized) else 0, names)
    if labels.min() < 0 or labels.max() >= len(names):
        raise ValueError(
            "Every label has a name. "
            f"Received: {len(names)} names for labels from {labels.min()} to {labels.max()}."
        )
    return np.array(names)[labels]


def _check_path(path: LatentPath) -> None:
    check_kind("path", path, LatentPath, "interpolate")


def _on_plane(codes: Floats) -> Floats:
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(f"Codes on a plane are (n, 2). Received: shape {codes.shape}.")
    return codes


def _bounds(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Put an extent in HoloViews's order: left, bottom, right, top."""
    x_min, x_max, y_min, y_max = extent
    return x_min, y_min, x_max, y_max


def _ink(
    picture: Floats, extent: tuple[float, float, float, float], kdims: list[Any] | None = None
) -> hv.Image:
    dims = {"kdims": kdims or [X, Y], "vdims": [hv.Dimension("ink", range=(0, 1))]}
    element = hv.Image(picture, bounds=_bounds(extent), **dims)
    return element.opts(
        cmap=color_ramp(INK_COLORS), clim=(0, 1), frame_width=400, data_aspect=1, backend="bokeh"
    )


def _pixels_between(
    low: float, high: float, centres: npt.NDArray[np.float64], size: int
) -> npt.NDArray[np.intp]:
    """Find for evenly spaced pixels those of the pictures that lie there."""
    count = len(centres)
    edges = np.concatenate([[low], (centres[1:] + centres[:-1]) / 2, [high]])
    # Edges between the pixels of every picture, which fills its cell evenly.
    share = np.linspace(0, count, count * size + 1)
    pixels = np.interp(share, np.arange(count + 1), edges)
    places = low + (high - low) * (np.arange(count * size) + 0.5) / (count * size)
    return np.clip(np.searchsorted(pixels, places, side="right") - 1, 0, count * size - 1)
