"""Results as HoloViews elements, which compose: ``*`` lays them over one another, ``+`` beside.

Nothing is computed here. All that lies on the latent plane has the dimensions ``x`` and ``y`` and
the plane's own numbers, so that pictures, points and ways lie right over one another. A class has
the same colour everywhere. Options are set for Bokeh alone; other backends draw with their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the options of Bokeh
import numpy as np
import numpy.typing as npt

from ._names import checked_names
from .clusters import plain_codes, plain_labels
from .interpolation import LatentPath, filmstrip
from .latent import LatentCodes, LatentGrid
from .palette import INK_COLORS, SIGNED_COLORS, class_color, class_rgb, color_ramp
from .regions import ClassRegions

X = hv.Dimension("x", label="first latent number")
Y = hv.Dimension("y", label="second latent number")
CLASS = hv.Dimension("class", label="class")

Floats = npt.NDArray[np.float32]


def plot_latent_scatter(
    codes: Any, labels: npt.ArrayLike, *, class_names: Sequence[str] | None = None
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
        With the class, as a word, in ``class``: in the legend, and beside the pointer.

    Raises
    ------
    ValueError
        If codes or labels are not as described or differ in number, or a class has no name.

    Examples
    --------
    >>> plot_latent_scatter([[0, 0], [1, 2]], [3, 7])
    :Points   [x,y]   (class)
    """
    points = _on_plane(plain_codes(codes))
    classes = plain_labels(labels, len(points))
    words = _words(classes, class_names)
    shown, first = np.unique(classes, return_index=True)
    colors = {words[place]: class_color(label) for label, place in zip(shown, first, strict=True)}
    element = hv.Points((*points.T, words), kdims=[X, Y], vdims=[CLASS])
    return element.opts(
        color="class",
        cmap=colors,
        size=3,
        alpha=0.7,
        show_legend=True,
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
    """
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
    """
    guess = 1 / max(regions.classes, 2)
    strength = np.clip((regions.confidence - guess) / (1 - guess), 0, 1)
    alpha = np.rint(strength * 255).astype(np.uint8)
    picture = np.dstack([class_rgb(regions.labels), alpha])
    element = hv.RGB(
        picture, bounds=_bounds(regions.extent), kdims=[X, Y], vdims=[*hv.RGB.vdims, "A"]
    )
    return element.opts(frame_width=400, data_aspect=1, backend="bokeh")


def plot_latent_path(path: LatentPath) -> hv.Curve:
    """Draw a way as a line on the plane.

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
    """
    curve = hv.Curve(_on_plane(path.codes), kdims=[X], vdims=[Y])
    return curve.opts(color="black", line_dash="dotted", line_width=2, backend="bokeh")


def plot_interpolation(path: LatentPath) -> hv.Image:
    """Draw the pictures of a way as a strip.

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
    >>> path = LatentPath(np.zeros((5, 2)), np.zeros((5, 28, 28)), None)
    >>> plot_interpolation(path).bounds.lbrt()
    (-0.5, 0.0, 4.5, 1.0)
    """
    count, height, width = path.images.shape[:3]
    extent = (-0.5, count - 0.5, 0.0, 1.0)
    strip = _ink(filmstrip(path), extent, kdims=["step", "height"])
    size = {"frame_width": 40 * count, "frame_height": round(40 * height / width)}
    return strip.opts(**size, data_aspect=None, yaxis=None, backend="bokeh")


def plot_path_probabilities(
    path: LatentPath, *, class_names: Sequence[str] | None = None
) -> hv.NdOverlay:
    """Draw what the classifier reads along a way: a curve for each class.

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
        If the way has no probabilities, or there are not as many names as classes.
    """
    if path.probabilities is None:
        raise ValueError(
            "The way has no probabilities; give interpolate a classifier. Received: None."
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
        ylim=(0, 1.02), legend_position="right", backend="bokeh"
    )


def plot_posterior(codes: LatentCodes, index: int = 0, *, color: str = "black") -> hv.Overlay:
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
    >>> codes = LatentCodes(np.array([[1.0, 2.0]]), np.zeros((1, 2)))
    >>> [ellipse.width for ellipse in plot_posterior(codes)]
    [2.0, 4.0]
    """
    means = _on_plane(np.atleast_2d(codes.mean))
    sigmas = np.atleast_2d(codes.sigma)
    if not -len(means) <= index < len(means):
        raise ValueError(f"index is below the number of codes, {len(means)}. Received: {index}.")
    (x, y), (width, height) = means[index].tolist(), (2 * sigmas[index]).tolist()
    ellipses = [hv.Ellipse(x, y, (k * width, k * height), kdims=[X, Y]) for k in (1, 2)]
    return hv.Overlay(
        [each.opts(color=color, line_width=1.5, backend="bokeh") for each in ellipses]
    )


def plot_feature_maps(
    maps: npt.ArrayLike | Mapping[str, npt.ArrayLike], *, columns: int = 8
) -> hv.Image | hv.Layout:
    """Draw all the maps of a layer side by side, or of all layers.

    Parameters
    ----------
    maps : array_like (height, width, channels), or mapping of str to these
        As `feature_maps` gives for one picture. Of a mapping, layers that have no maps, such as
        dense ones, are left out.
    columns : int, default 8
        Maps in a row.

    Returns
    -------
    hv.Image, or hv.Layout of one for each layer
        With the values in ``activation``, and NaN between the maps.

    Raises
    ------
    ValueError
        If there are no maps.

    Examples
    --------
    >>> plot_feature_maps(np.zeros((26, 26, 16))).bounds.lbrt()
    (0, 0, 215, 53)
    """
    if isinstance(maps, Mapping):
        layers = {name: np.asarray(values) for name, values in maps.items()}
        images = [
            plot_feature_maps(values, columns=columns).relabel(name)
            for name, values in layers.items()
            if values.ndim == 3
        ]
        if not images:
            raise ValueError(
                f"A layer of maps is (height, width, channels). Received: {[*layers]}."
            )
        return hv.Layout(images)
    values = np.asarray(maps, dtype=np.float32)
    if values.ndim != 3 or values.size == 0 or columns < 1:
        raise ValueError(
            "The maps of a layer are (height, width, channels), of one picture, in one column or "
            f"more. Received: shape {values.shape}, columns {columns}."
        )
    tiles = mosaic(values.transpose(2, 0, 1), min(columns, values.shape[2]))
    limits = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    return _mosaic_image(tiles, "activation", INK_COLORS, limits)


def plot_filters(kernels: npt.ArrayLike) -> hv.Image:
    """Draw the kernels of a convolution: a column for each filter, a row for each input channel.

    Parameters
    ----------
    kernels : array_like (height, width, input channels, filters)
        As `filters` gives.

    Returns
    -------
    hv.Image
        With the values in ``weight``, and NaN between the kernels; the scale is the same for
        both signs.

    Raises
    ------
    ValueError
        If the kernels are not as described.
    """
    values = np.asarray(kernels, dtype=np.float32)
    if values.ndim != 4 or values.size == 0:
        raise ValueError(
            f"Kernels are (height, width, input channels, filters). Received: {values.shape}."
        )
    height, width, inputs, count = values.shape
    tiles = values.transpose(2, 3, 0, 1).reshape(inputs * count, height, width)
    limit = max(float(abs(values).max()), 1e-6)
    return _mosaic_image(mosaic(tiles, count), "weight", SIGNED_COLORS, (-limit, limit))


def _words(labels: npt.NDArray[np.int64], names: Sequence[str] | None) -> npt.NDArray[np.str_]:
    """Say of each label what its class is called."""
    if names is None:
        return labels.astype(str)
    if labels.min() < 0 or labels.max() >= len(names):
        raise ValueError(
            "Every label has a name. "
            f"Received: {len(names)} names for labels from {labels.min()} to {labels.max()}."
        )
    return np.array([*map(str, names)])[labels]


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


def mosaic(tiles: Floats, columns: int) -> Floats:
    """Lay pictures side by side, in rows.

    Parameters
    ----------
    tiles : float32 array (n, height, width)
    columns : int
        In a row.

    Returns
    -------
    float32 array
        With a line of NaN between them.
    """
    rows = -(-len(tiles) // columns)
    height, width = tiles.shape[1:]
    padded = np.full((rows * columns, height + 1, width + 1), np.nan, dtype=np.float32)
    padded[: len(tiles), :-1, :-1] = tiles
    laid = padded.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return laid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]


def _mosaic_image(
    tiles: Floats, value: str, colors: list[str], limits: tuple[float, float]
) -> hv.Image:
    height, width = tiles.shape
    element = hv.Image(tiles, bounds=(0, 0, width, height), kdims=["column", "row"], vdims=[value])
    return element.opts(
        cmap=color_ramp(colors),
        clim=limits,
        frame_width=400,
        data_aspect=1,
        xaxis=None,
        yaxis=None,
        colorbar=True,
        backend="bokeh",
    )
