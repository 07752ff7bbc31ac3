"""The colours, the same everywhere.

Those of the classes are the ten of Petroff [1]_, which people with any kind of colour vision can
tell apart.

References
----------
.. [1] M. A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["class_color", "class_rgb"]

CLASS_COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)

# Nothing is white, much is dark, as ink on paper; and none is the same in both signs.
INK_COLORS = ["#ffffff", "#000000"]
SIGNED_COLORS = ["#2166ac", "#f7f7f7", "#b2182b"]


def class_color(label: int) -> str:
    """Give the colour of a class; beyond the tenth they begin again.

    Parameters
    ----------
    label : int
        The class, from 0.

    Returns
    -------
    str
        As ``#rrggbb``.

    Examples
    --------
    >>> class_color(0), class_color(10)
    ('#3f90da', '#3f90da')
    """
    return CLASS_COLORS[int(label) % len(CLASS_COLORS)]


def class_rgb(labels: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Give the colours of many classes as numbers.

    Parameters
    ----------
    labels : int array_like (...)
        Classes, from 0.

    Returns
    -------
    uint8 array (..., 3)
        Red, green and blue.
    """
    table = np.array([list(bytes.fromhex(color[1:])) for color in CLASS_COLORS], dtype=np.uint8)
    return table[np.asarray(labels) % len(table)]


def color_ramp(colors: list[str]) -> list[str]:
    """Blend colours into 256 steps.

    Parameters
    ----------
    colors : list of str
        Two or more, as ``#rrggbb``, or all as ``#rrggbbaa``.

    Returns
    -------
    list of str
        From the first to the last, in the same form.
    """
    stops = np.array([list(bytes.fromhex(color[1:])) for color in colors])
    places = np.linspace(0, len(colors) - 1, 256)
    channels = [np.interp(places, np.arange(len(colors)), stop) for stop in stops.T]
    return ["#" + bytes(np.rint(color).astype(np.uint8)).hex() for color in np.stack(channels, 1)]
