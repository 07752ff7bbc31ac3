"""How a kernel slides over a picture, what comes of it, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from mnist_visual._arrays import Floats
from mnist_visual._image_ink import moved
from mnist_visual._numbers import checked_count
from mnist_visual.arithmetic.convolution import Window, apply_kernel

from ._kernels import DECIMALS, SIDE

STRIDES = (1, 2, 3)
Padding = Literal["valid", "same"]
PADDINGS: tuple[Padding, ...] = get_args(Padding)
DILATIONS = (1, 2, 3)


@dataclass(frozen=True, eq=False)
class Sliding:
    """A kernel on its way over a picture.

    Attributes
    ----------
    kernel : float32 array (3, 3)
        What each pixel under the window is multiplied by.
    stride, dilation : int
        Pixels from one place of the window to the next, and from one of its cells to the next.
    padding : {"valid", "same"}
        Whether the window stays on the picture or goes over its edge.
    shift : tuple of 2 ints
        How far the picture is moved before: rows down, columns to the right.
    """

    kernel: Floats
    stride: int = 1
    padding: Padding = "valid"
    dilation: int = 1
    shift: tuple[int, int] = (0, 0)

    @property
    def window(self) -> Window:
        """The window of the kernel's size."""
        pair = (self.stride, self.stride), (self.dilation, self.dilation)
        return Window((SIDE, SIDE), *pair, self.padding)

    def picture(self, digit: Floats) -> Floats:
        """Move a picture, and round it to what can be shown and checked by hand."""
        return moved(np.round(digit, DECIMALS), *self.shift)

    def sums(self, picture: Floats) -> Floats:
        """Give the sum of products at every place; ValueError says why there is none."""
        return apply_kernel(
            picture,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )

    def layout(self, picture: Floats) -> dict[str, Any]:
        """Say where the window's places are, in pixels of the padded picture."""
        (top, bottom), (left, right) = self.window.margins(picture.shape)
        rows, columns = picture.shape
        return {
            "stride": self.stride,
            "dilation": self.dilation,
            "padding": self.padding,
            "shift": [*self.shift],
            "before": [top, left],
            "padded": [rows + top + bottom, columns + left + right],
        }

    def words(self, picture: Floats, sums: Floats) -> str:
        """Say in words what becomes of the picture's size, and why."""
        size = f"{_times(picture.shape)} pixels become {_times(sums.shape)}."
        reasons = [
            "The window stays inside, so it has fewer places than there are pixels."
            if self.padding == "valid"
            else "A rim of zeros lets the window go over the edge."
        ]
        if self.stride > 1:
            reasons.append(f"It moves {self.stride} pixels at a time.")
        if self.dilation > 1:
            reasons.append(
                f"Its cells stand {self.dilation} apart and span {_times(self.window.span)} pixels."
            )
        return " ".join([size, *reasons])


def checked_settings(given: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Check how a kernel is to slide, all but the kernel.

    Parameters
    ----------
    given : dict
        Any of the attributes of `Sliding`.
    shape : tuple of int
        Of the picture: it moves by half its size at the most.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If one is not among what is offered.
    """
    checked = dict(given)
    if "stride" in given:
        checked["stride"] = checked_count("stride", given["stride"], most=STRIDES[-1])
    if "dilation" in given:
        checked["dilation"] = checked_count("dilation", given["dilation"], most=DILATIONS[-1])
    if "padding" in given and given["padding"] not in PADDINGS:
        raise ValueError(f"padding is 'valid' or 'same'. Received: {given['padding']!r}.")
    if "shift" in given:
        checked["shift"] = _checked_shift(given["shift"], shape)
    return checked


def _checked_shift(shift: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    limits = [length // 2 for length in shape]
    try:
        down, right = (
            checked_count("shift", by, least=-limit, most=limit)
            for by, limit in zip(shift, limits, strict=True)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The picture moves by whole pixels, at most {limits[0]} down or up and {limits[1]} "
            f"to a side. Received: {shift!r}. Move it the other way."
        ) from error
    return down, right


def _times(shape: tuple[int, ...]) -> str:
    return "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, shape))
