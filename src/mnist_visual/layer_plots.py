"""The feature maps and the filters of a layer as HoloViews elements; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import holoviews as hv
import holoviews.plotting.bokeh  # registers the options of Bokeh
import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._numbers import checked_count, checked_floats
from .palette import INK_COLORS, SIGNED_COLORS, color_ramp


@overload
def plot_feature_maps(maps: Mapping[str, npt.ArrayLike], *, columns: int = 8) -> hv.Layout: ...
@overload
def plot_feature_maps(maps: npt.ArrayLike, *, columns: int = 8) -> hv.Image: ...
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
        If there are no maps, or `columns` is out of range.

    Examples
    --------
    >>> from mnist_visual import normalize_strokes, plot_feature_maps
    >>> from mnist_visual.inference import shared_network
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> plot_feature_maps(shared_network().feature_maps(seven)["conv1"], columns=4)
    :Image   [column,row]   (activation)
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
        # Maps of one layer are larger than those of another, and each fill their frame.
        return hv.Layout(images).opts(shared_axes=False, backend="bokeh")
    columns = checked_count("columns", columns)
    values = checked_floats("Maps are finite real numbers", maps)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(
            "The maps of a layer are (height, width, channels), of one picture. "
            f"Received: shape {values.shape}."
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

    Examples
    --------
    >>> from mnist_visual import plot_filters
    >>> from mnist_visual.inference import shared_network
    >>> plot_filters(shared_network().filters("conv2"))
    :Image   [column,row]   (weight)
    """
    values = checked_floats("Kernels are finite real numbers", kernels)
    if values.ndim != 4 or values.size == 0:
        raise ValueError(
            f"Kernels are (height, width, input channels, filters). Received: {values.shape}."
        )
    height, width, inputs, count = values.shape
    tiles = values.transpose(2, 3, 0, 1).reshape(inputs * count, height, width)
    limit = max(float(abs(values).max()), 1e-6)
    return _mosaic_image(mosaic(tiles, count), "weight", SIGNED_COLORS, (-limit, limit))


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
        colorbar_position="bottom",  # beside a single row its title would be cut
        backend="bokeh",
    )
