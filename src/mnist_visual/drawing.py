"""From a drawing to the 28x28 picture that the network reads.

MNIST's makers fitted every digit into a box of 20x20 pixels, keeping its proportions, and put
its centre of mass in the middle of 28x28 pixels [1]_. A network that learned from such pictures
reads a drawing well only after the same steps. They are done here for strokes, which stay
lines until the very end, and for pictures.

References
----------
.. [1] Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._image_ink import checked_picture, find_ink, fit, ink_box, moved, with_usual_weight
from ._mnist import BOX, CENTRE, SIZE, STROKE_WIDTH
from ._stroke_drawing import MAX_COORDINATE, checked_strokes, cut_lines, draw_pieces

_PIXELS = np.arange(SIZE, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Normalization:
    """Every step from a drawing to the network's picture.

    Attributes
    ----------
    ink : float32 array (height, width) or None
        The picture with its ink bright on 0, in [0, 1]; None for strokes, which are lines
        until they are drawn at their final size.
    box : tuple of 4 floats or None
        The ink's bounding box ``(x_min, x_max, y_min, y_max)`` in the drawing's own units
        (for a picture: pixels, from edge to edge), y down; None where there is no ink.
    fitted : float32 array (28, 28)
        The ink scaled to 20 pixels, its box in the middle, in [0, 1].
    shift : tuple of 2 floats
        The move ``(right, down)`` in pixels that then centres the mass.
    digit : float32 array (28, 28)
        What the network reads, in [0, 1], ink bright.
    """

    ink: Floats | None
    box: tuple[float, float, float, float] | None
    fitted: Floats
    shift: tuple[float, float]
    digit: Floats


def normalize_strokes(strokes: Sequence[npt.ArrayLike]) -> Floats:
    """Draw pen strokes as MNIST's makers would have: scaled, centred, of MNIST's weight.

    Parameters
    ----------
    strokes : sequence of array_like (k, 2)
        The points of each stroke, x to the right and y down, in any unit of which the drawing
        is more than a millionth. A stroke of one point is a dot.

    Returns
    -------
    float32 array (28, 28)
        In [0, 1], ink bright; all 0 where there are no points.

    Raises
    ------
    ValueError
        If a stroke is not (k, 2), a coordinate is not finite or beyond 1e6, or there are more
        than 10,000 strokes or 100,000 points.

    Examples
    --------
    >>> digit = normalize_strokes([[(120, 40), (118, 210)]])
    >>> digit.shape, bool(digit[14, 14] > 0.9)
    ((28, 28), True)
    """
    return stroke_steps(strokes).digit


def normalize_image(image: npt.ArrayLike) -> Floats:
    """Turn any picture of a digit into one that MNIST could hold.

    Parameters
    ----------
    image : array_like (height, width)
        Grey values in any range, dark ink on light paper or the reverse; the paper is what
        most of the border shows.

    Returns
    -------
    float32 array (28, 28)
        In [0, 1], ink bright; all 0 where the picture has no contrast.

    Raises
    ------
    ValueError
        If the picture is not 2-D, is empty, has more than 5 million pixels, or holds anything
        but finite real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> page = np.full((200, 300), 255, dtype="uint8")
    >>> page[30:170, 240:244] = 20
    >>> digit = normalize_image(page)
    >>> digit.shape, bool(digit[14, 14] > 0.9)
    ((28, 28), True)
    """
    return image_steps(image).digit


def stroke_steps(strokes: Sequence[npt.ArrayLike]) -> Normalization:
    """Do what `normalize_strokes` does, and keep every step.

    Parameters
    ----------
    strokes : sequence of array_like (k, 2)
        As for `normalize_strokes`.

    Returns
    -------
    Normalization
        With the box in the units of the strokes.

    Raises
    ------
    ValueError
        As for `normalize_strokes`.

    Examples
    --------
    >>> steps = stroke_steps([[(120, 40), (118, 210)]])
    >>> steps.box
    (118.0, 120.0, 40.0, 210.0)
    >>> steps.fitted.shape, steps.digit.shape
    ((28, 28), (28, 28))
    """
    lines = [line for line in checked_strokes(strokes) if len(line)]
    if not lines:
        return _nothing(None)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    longer_side = float((high - low).max())
    # The outline of the strokes, not their middle, is to measure 20 pixels.
    scale = (BOX - STROKE_WIDTH) / longer_side if longer_side > MAX_COORDINATE * 1e-12 else 0.0
    middle = (low + high) / 2
    starts, ends = cut_lines([(line - middle) * scale + (SIZE - 1) / 2 for line in lines])
    fitted = draw_pieces(starts, ends)
    shift = _to_centre(fitted)
    move = np.array(shift, dtype=np.float32)
    box = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    return Normalization(None, box, fitted, shift, draw_pieces(starts + move, ends + move))


def image_steps(image: npt.ArrayLike) -> Normalization:
    """Do what `normalize_image` does, and keep every step.

    Parameters
    ----------
    image : array_like (height, width)
        As for `normalize_image`.

    Returns
    -------
    Normalization
        With the box in pixels of the picture, from edge to edge.

    Raises
    ------
    ValueError
        As for `normalize_image`.

    Examples
    --------
    >>> import numpy as np
    >>> page = np.full((200, 300), 255, dtype="uint8")
    >>> page[30:170, 240:244] = 20
    >>> image_steps(page).box
    (240.0, 244.0, 30.0, 170.0)
    """
    ink = find_ink(checked_picture(image))
    found = ink_box(ink)
    if found is None:
        return _nothing(ink)
    top, bottom, left, right = found
    fitted = fit(*with_usual_weight(ink[top:bottom, left:right]))
    # Whole pixels, as MNIST's makers moved theirs: nothing is blurred twice.
    right_by, down_by = (round(move) for move in _to_centre(fitted))
    box = (float(left), float(right), float(top), float(bottom))
    digit = moved(fitted, down_by, right_by)
    return Normalization(ink, box, fitted, (float(right_by), float(down_by)), digit)


def plain_steps(image: npt.ArrayLike) -> Normalization:
    """Take a picture as it is, where a network has learned from such, and not from digits.

    Parameters
    ----------
    image : array_like (28, 28)
        uint8 in 0..255 or floats in [0, 1], bright on dark. One of another size is treated as
        `image_steps` treats it.

    Returns
    -------
    Normalization
        Without any change; empty where nothing is bright.

    Raises
    ------
    ValueError
        As `normalize_image`.
    """
    values = checked_picture(image)
    if values.shape != (SIZE, SIZE):
        return image_steps(image)
    scale = 255 if np.asarray(image).dtype == np.uint8 else 1
    digit = np.clip(values / scale, 0, 1).astype(np.float32)
    if not digit.any():
        return _nothing(digit)
    return Normalization(digit, (0.0, float(SIZE), 0.0, float(SIZE)), digit, (0.0, 0.0), digit)


def _nothing(ink: Floats | None) -> Normalization:
    blank = np.zeros((SIZE, SIZE), dtype=np.float32)
    return Normalization(ink, None, blank, (0.0, 0.0), blank.copy())


def _to_centre(picture: Floats) -> tuple[float, float]:
    mass = float(picture.sum())
    right = CENTRE - float(picture.sum(axis=0) @ _PIXELS) / mass
    down = CENTRE - float(picture.sum(axis=1) @ _PIXELS) / mass
    return right, down
