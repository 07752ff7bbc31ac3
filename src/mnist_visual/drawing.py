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

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIZE = 28
BOX = 20.0
# Pen strokes of this width have the mean ink of MNIST's digits (0.131), and with an edge one
# pixel wide the same shares of full, grey and empty pixels.
STROKE_WIDTH = 2.5
# The index of the pixel on which MNIST's own digits have their centre of mass.
CENTRE = 14.0
# Nine in ten of MNIST's digits have strokes of such widths, as measured by _stroke_width.
USUAL_WIDTHS = (1.6, 4.2)

# What is at least so dark, of the darkest, belongs to the digit's box.
INK = 0.1

MAX_STROKES = 10_000
MAX_POINTS = 100_000
MAX_COORDINATE = 1e6
MAX_PIXELS = 5_000_000

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

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


def normalize_image(picture: npt.ArrayLike) -> Floats:
    """Turn any picture of a digit into one that MNIST could hold.

    Parameters
    ----------
    picture : array_like (height, width)
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
    return image_steps(picture).digit


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
    """
    lines = [line for line in _checked_strokes(strokes) if len(line)]
    if not lines:
        return _nothing(None)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    longer_side = float((high - low).max())
    # The outline of the strokes, not their middle, is to measure 20 pixels.
    scale = (BOX - STROKE_WIDTH) / longer_side if longer_side > MAX_COORDINATE * 1e-12 else 0.0
    middle = (low + high) / 2
    starts, ends = _pieces([(line - middle) * scale + (SIZE - 1) / 2 for line in lines])
    fitted = _draw(starts, ends)
    shift = _to_centre(fitted)
    move = np.array(shift, dtype=np.float32)
    box = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    return Normalization(None, box, fitted, shift, _draw(starts + move, ends + move))


def image_steps(picture: npt.ArrayLike) -> Normalization:
    """Do what `normalize_image` does, and keep every step.

    Parameters
    ----------
    picture : array_like (height, width)
        As for `normalize_image`.

    Returns
    -------
    Normalization
        With the box in pixels of the picture, from edge to edge.
    """
    ink = _find_ink(_checked_picture(picture))
    found = _ink_box(ink)
    if found is None:
        return _nothing(ink)
    top, bottom, left, right = found
    fitted = _fit(*_with_usual_weight(ink[top:bottom, left:right]))
    # Whole pixels, as MNIST's makers moved theirs: nothing is blurred twice.
    right_by, down_by = (round(move) for move in _to_centre(fitted))
    box = (float(left), float(right), float(top), float(bottom))
    digit = _moved(fitted, right_by, down_by)
    return Normalization(ink, box, fitted, (float(right_by), float(down_by)), digit)


def plain_steps(picture: npt.ArrayLike) -> Normalization:
    """Take a picture as it is, where a network has learned from such, and not from digits.

    Parameters
    ----------
    picture : array_like (28, 28)
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
    values = _checked_picture(picture)
    if values.shape != (SIZE, SIZE):
        return image_steps(picture)
    scale = 255 if np.asarray(picture).dtype == np.uint8 else 1
    digit = np.clip(values / scale, 0, 1).astype(np.float32)
    if not digit.any():
        return _nothing(digit)
    return Normalization(digit, (0.0, float(SIZE), 0.0, float(SIZE)), digit, (0.0, 0.0), digit)


def _nothing(ink: Floats | None) -> Normalization:
    blank = np.zeros((SIZE, SIZE), dtype=np.float32)
    return Normalization(ink, None, blank, (0.0, 0.0), blank.copy())


def _moved(picture: Floats, right: int, down: int) -> Floats:
    """Move a picture by whole pixels; what leaves it is gone."""
    padded = np.pad(picture, SIZE)
    return padded[SIZE - down : 2 * SIZE - down, SIZE - right : 2 * SIZE - right].copy()


def _to_centre(picture: Floats) -> tuple[float, float]:
    mass = float(picture.sum())
    right = CENTRE - float(picture.sum(axis=0) @ _PIXELS) / mass
    down = CENTRE - float(picture.sum(axis=1) @ _PIXELS) / mass
    return right, down


def _checked_strokes(strokes: Sequence[npt.ArrayLike]) -> list[npt.NDArray[np.float64]]:
    if not hasattr(strokes, "__len__"):
        raise ValueError(f"A drawing is a sequence of strokes. Received: {strokes!r}.")
    if len(strokes) > MAX_STROKES:
        raise ValueError(
            f"A drawing has at most {MAX_STROKES:,} strokes. Received: {len(strokes):,}."
        )
    checked, points = [], 0
    for index, stroke in enumerate(strokes):
        rule = f"A stroke is an array (k, 2) of finite numbers up to {MAX_COORDINATE:g}"
        try:
            line = np.asarray(stroke)
            if line.dtype.kind not in "buif":
                raise TypeError(f"dtype {line.dtype}")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{rule}. Received for stroke {index}: {error}.") from error
        if line.size == 0:
            line = np.empty((0, 2))
        if line.ndim != 2 or line.shape[1] != 2:
            raise ValueError(f"{rule}. Received for stroke {index}: shape {line.shape}.")
        points += len(line)
        if points > MAX_POINTS:
            raise ValueError(
                f"A drawing has at most {MAX_POINTS:,} points. "
                f"Received: {points:,} by stroke {index}."
            )
        line = line.astype(np.float64)
        if not (np.abs(line) <= MAX_COORDINATE).all():  # False for NaN, too
            worst = line[~(np.abs(line) <= MAX_COORDINATE)][0]
            raise ValueError(f"{rule}. Received for stroke {index}: {worst}.")
        checked.append(line)
    return checked


def _pieces(lines: list[npt.NDArray[np.float64]]) -> tuple[Floats, Floats]:
    """Cut lines, in pixels, into straight pieces of a pixel at the most: starts and ends."""
    lines = [_thinned(line) for line in lines]
    starts = np.concatenate([line[:-1] if len(line) > 1 else line for line in lines])
    along = np.concatenate([line[1:] if len(line) > 1 else line for line in lines]) - starts
    counts = np.maximum(1, np.ceil(np.hypot(*along.T))).astype(int)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    step = (np.arange(counts.sum()) - first)[:, None]
    along = np.repeat(along / counts[:, None], counts, axis=0)
    starts = np.repeat(starts, counts, axis=0) + step * along
    return starts.astype(np.float32), (starts + along).astype(np.float32)


def _thinned(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out points that are closer along the line than anyone can see."""
    if len(line) < 50:
        return line
    length = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    keep = np.diff(np.floor(length * 6), prepend=-1.0) > 0
    keep[-1] = True
    return line[keep]


def _draw(starts: Floats, ends: Floats) -> Floats:
    """Draw short pieces of lines, in pixels of the picture, with round ends and soft edges."""
    reach = STROKE_WIDTH / 2 + 0.5
    border = math.ceil(reach) + 2  # so that no piece reaches beyond
    side = SIZE + 2 * border
    squared = np.full(side * side, reach**2, dtype=np.float32)
    # A piece of one pixel reaches the pixels of a small square around its middle, and no others.
    window = np.arange(math.floor(2 * reach + 1) + 1, dtype=np.float32)
    for first in range(0, len(starts), 4096):  # memory stays flat for a long scribble
        a, b = starts[first : first + 4096], ends[first : first + 4096]
        corner = np.ceil((a + b) / 2 - reach - 0.5)
        x = corner[:, :1] + window - a[:, :1]
        y = corner[:, 1:] + window - a[:, 1:]
        corner = np.clip(corner, -border, side - border - len(window)).astype(int) + border
        rows = (corner[:, 1:] + window.astype(int))[:, :, None]
        places = rows * side + (corner[:, :1] + window.astype(int))[:, None, :]
        np.minimum.at(squared, places.ravel(), _squared_distance(x, y, b - a).ravel())
    distance = np.sqrt(squared.reshape(side, side)[border:-border, border:-border])
    return np.clip(reach - distance, 0, 1)


def _squared_distance(x: Floats, y: Floats, along: Floats) -> Floats:
    """Give the squared distance of pixels, seen from a piece's start, to the piece."""
    length = np.einsum("sk,sk->s", along, along)
    length[length == 0] = 1
    along_x, along_y = along[:, 0, None, None], along[:, 1, None, None]
    x, y = x[:, None, :], y[:, :, None]
    share = np.clip((x * along_x + y * along_y) / length[:, None, None], 0, 1)
    return np.asarray((x - share * along_x) ** 2 + (y - share * along_y) ** 2)


def _checked_picture(picture: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(picture)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "buif":
        raise ValueError(
            "A picture is a 2-D array of real numbers; average the channels of a colour picture. "
            f"Received: shape {values.shape}, dtype {values.dtype}."
        )
    if values.size > MAX_PIXELS:
        raise ValueError(
            f"A picture has at most {MAX_PIXELS:,} pixels; make it smaller first. "
            f"Received: shape {values.shape}."
        )
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("A picture holds finite numbers. Received: NaN or an infinity.")
    return values


def _find_ink(values: npt.NDArray[np.float64]) -> Floats:
    """Make the ink bright on 0, whichever way round the picture has it."""
    values = values / max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    paper = float(np.median(border))
    brighter, darker = float(values.max()) - paper, paper - float(values.min())
    contrast = max(brighter, darker)
    # Shadows and grain: how far the paper strays from its own shade, by what the border shows.
    stray = min(1.5 * float(np.percentile(np.abs(border - paper), 75)), contrast / 2)
    if contrast - stray < 0.02:
        return np.zeros(values.shape, dtype=np.float32)
    ink = values - paper if brighter >= darker else paper - values
    return np.clip((ink - stray) / (contrast - stray), 0, 1).astype(np.float32)


def _ink_box(ink: Floats) -> tuple[int, int, int, int] | None:
    mask = ink > INK
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _with_usual_weight(ink: Floats) -> tuple[Floats, float]:
    """Thicken hairlines and thin markers; leave strokes as they are that MNIST could have.

    Returns the ink and the pixels that its longer side is to measure.
    """
    from scipy import ndimage  # strokes do without, and the page starts sooner

    longer_side = max(ink.shape)
    zoom = max(1, math.ceil(6 * BOX / longer_side))  # coarse pixels would hide the width
    fine = ndimage.zoom(ink, zoom, order=1, grid_mode=True, mode="nearest")
    mask = np.pad(fine >= 0.5, 1)
    inside = ndimage.distance_transform_edt(mask) - 0.5
    # Across a stroke the distance to its edge averages a quarter of the width.
    width = 4 * float(inside[mask].mean())
    if width > zoom * longer_side / 2:
        return ink, STROKE_WIDTH  # a dot
    wanted = float(np.clip(width / zoom * BOX / longer_side, *USUAL_WIDTHS))
    scale = (BOX - wanted) / (zoom * longer_side - width)
    outward = wanted / scale / 2 - width / 2
    if abs(outward * scale) < 0.05:
        return ink, BOX
    margin = max(0, math.ceil(outward))
    mask = np.pad(mask, margin)
    outside = ndimage.distance_transform_edt(~mask) - 0.5
    inside = np.pad(inside, margin)
    distance = np.where(mask, -inside, outside)
    return np.clip(0.5 + outward - distance, 0, 1).astype(np.float32), BOX


def _fit(ink: Floats, longer_side: float) -> Floats:
    """Scale the ink and lay its box in the middle of 28x28 pixels."""
    top, bottom, left, right = _ink_box(ink) or (0, len(ink), 0, ink.shape[1])
    scale = longer_side / max(bottom - top, right - left)
    rows = _resampling(bottom - top, scale)
    columns = _resampling(right - left, scale)
    return np.clip(rows @ ink[top:bottom, left:right] @ columns.T, 0, 1)


def _resampling(count: int, scale: float) -> Floats:
    """Weights (28, count) that average ``count`` pixels over the area of each new one."""
    # A whole pixel, so that a digit of MNIST comes out as it went in.
    corner = round((SIZE - count * scale) / 2)
    width = max(1 / scale, 1.0)  # never narrower than a pixel: enlarging is linear
    centre = (np.arange(SIZE) + 0.5 - corner) / scale
    low, high = centre - width / 2, centre + width / 2
    old = np.arange(count)
    overlap = np.minimum(high[:, None], old + 1) - np.maximum(low[:, None], old)
    return (np.clip(overlap, 0, None) / width).astype(np.float32)
