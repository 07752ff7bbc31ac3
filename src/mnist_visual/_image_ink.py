"""The ink of a picture: found, given the usual weight, and fitted to size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._mnist import BOX, SIZE, STROKE_WIDTH

# Nine in ten of MNIST's digits have strokes of such widths, as `with_usual_weight` measures them.
USUAL_WIDTHS = (1.6, 4.2)
# What is at least so dark, of the darkest, belongs to the digit's box.
INK = 0.1
MAX_PIXELS = 5_000_000


def checked_picture(picture: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give a picture (height, width) as float64; ValueError if it is none."""
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


def moved(picture: Floats, down: int, right: int) -> Floats:
    """Move a picture by whole pixels; what leaves it is lost, and nothing comes in."""
    height, width = picture.shape
    down, right = int(np.clip(down, -height, height)), int(np.clip(right, -width, width))
    padded = np.pad(picture, [(height, height), (width, width)])
    return padded[height - down : 2 * height - down, width - right : 2 * width - right].copy()


def find_ink(values: npt.NDArray[np.float64]) -> Floats:
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


def ink_box(ink: Floats) -> tuple[int, int, int, int] | None:
    """Find the box of the ink: top, bottom, left and right; None where there is none."""
    mask = ink > INK
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def with_usual_weight(ink: Floats) -> tuple[Floats, float]:
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


def fit(ink: Floats, longer_side: float) -> Floats:
    """Scale the ink and lay its box in the middle of 28x28 pixels."""
    top, bottom, left, right = ink_box(ink) or (0, len(ink), 0, ink.shape[1])
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
