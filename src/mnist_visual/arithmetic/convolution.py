"""Windows that walk over a picture, and the convolution of a picture with any kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count, checked_floats

Places = npt.NDArray[np.intp]

_MOST_PIXELS = 10_000_000  # with the padding; the next mistake would be out of memory


@dataclass(frozen=True)
class Window:
    """How a window walks over a picture, along one axis or several.

    Attributes
    ----------
    size, stride, dilation : tuple of int
        Its cells, the step from one position to the next, and the step from cell to cell, for
        each axis.
    padding : "valid", "same" or int
        Whether it stays on the picture; goes over the edge so that, with a stride of 1, there are
        as many positions as pixels [1]_; or goes so many pixels over each edge.

    References
    ----------
    .. [1] V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
       arXiv:1603.07285.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str | int = "valid"

    @property
    def span(self) -> tuple[int, ...]:
        """How many pixels it reaches over along each axis."""
        pairs = zip(self.size, self.dilation, strict=True)
        return tuple((size - 1) * dilation + 1 for size, dilation in pairs)

    def margins(self, lengths: tuple[int, ...]) -> list[tuple[int, int]]:
        """Give the padding before and after each axis of a picture of such lengths."""
        if self.padding == "valid":
            return [(0, 0)] * len(lengths)
        if self.padding != "same":
            return [(int(self.padding), int(self.padding))] * len(lengths)
        sides = []
        for length, stride, span in zip(lengths, self.stride, self.span, strict=True):
            total = max((-(-length // stride) - 1) * stride + span - length, 0)
            sides.append((total // 2, total - total // 2))  # an odd pixel comes after, as in Keras
        return sides

    def places(self, lengths: tuple[int, ...], position: tuple[int, ...]) -> Places:
        """Tell which pixels lie in the window at a position.

        Parameters
        ----------
        lengths : tuple of int
            Of the picture, for each axis.
        position : tuple of int
            In the output, for each axis.

        Returns
        -------
        int array (*size, axes)
            The index of each pixel; -1 along every axis where there is padding.
        """
        axes = [
            first * stride - before + dilation * np.arange(size)
            for first, size, stride, dilation, (before, _) in zip(
                position, self.size, self.stride, self.dilation, self.margins(lengths), strict=True
            )
        ]
        places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        places[((places < 0) | (places >= lengths)).any(axis=-1)] = -1
        return places


def apply_kernel(
    image: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    stride: int = 1,
    padding: Literal["valid", "same"] | int = "valid",
    dilation: int = 1,
) -> Floats:
    """Convolve a picture with a kernel of one's own, as a convolution of Keras would.

    As everywhere in neural networks, the kernel is not flipped [1]_.

    Parameters
    ----------
    image : array_like (height, width) or (height, width, channels)
        Finite real numbers.
    kernel : array_like (rows, columns), or (rows, columns, channels, filters)
        The latter for a picture with channels.
    stride : int, default 1
        Pixels from one position of the kernel to the next.
    padding : "valid", "same" or int
        "valid": the kernel stays on the picture. "same": it goes over the edge, so that with a
        stride of 1 the result is as large as the picture. A number: so many pixels of nothing are
        added at each edge.
    dilation : int, default 1
        Pixels from one cell of the kernel to the next. Keras has no stride with a dilation.

    Returns
    -------
    float32 array (rows, columns) or (rows, columns, filters)

    Raises
    ------
    ValueError
        If picture or kernel are not as described, or do not go together: the kernel reaches over
        more than the padded picture, or there are both a stride and a dilation.

    References
    ----------
    .. [1] I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", MIT Press 2016, section 9.1.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import apply_kernel
    >>> step = np.repeat([[0.0, 0, 1, 1]], 3, axis=0)
    >>> edge = [[-1, 0, 1]] * 3
    >>> apply_kernel(step, edge)
    array([[3., 3.]], dtype=float32)
    >>> apply_kernel(step, edge, stride=2, padding=1)
    array([[0., 2.],
           [0., 2.]], dtype=float32)
    """
    values, weights = _numbers("image", image), _numbers("kernel", kernel)
    flat = values.ndim == 2
    if (values.ndim, weights.ndim) not in ((2, 2), (3, 4)):
        raise ValueError(
            "A picture (height, width) needs a kernel (rows, columns), and one of (height, width, "
            "channels) a kernel (rows, columns, channels, filters). "
            f"Received: a picture {values.shape} and a kernel {weights.shape}."
        )
    if flat:
        values, weights = values[..., None], weights[..., None, None]
    if values.shape[2] != weights.shape[2]:
        raise ValueError(
            "The kernel has as many channels as the picture. "
            f"Received: {weights.shape[2]} in the kernel and {values.shape[2]} in the picture."
        )
    result = _convolve(values, weights, _window(weights, stride, padding, dilation))
    return result[..., 0] if flat else result


def correlate(values: Floats, kernel: Floats, window: Window) -> Floats:
    """Slide a kernel over a picture of any number of axes.

    Parameters
    ----------
    values : float32 array (*lengths, channels)
    kernel : float32 array (*size, channels, filters)
    window : Window
        Of the kernel's size; it has at least one position on the padded picture.

    Returns
    -------
    float32 array (*positions, filters)
    """
    axes = range(kernel.ndim - 2)
    padded = np.pad(values, [*window.margins(values.shape[:-1]), (0, 0)])
    patches = np.lib.stride_tricks.sliding_window_view(padded, window.span, axis=tuple(axes))
    every = [slice(None, None, step) for step in (*window.stride, 1, *window.dilation)]
    patches = patches[tuple(every)]  # (*positions, channels, *size)
    channels = len(axes)
    cells = [channels + 1 + axis for axis in axes]
    summed = np.tensordot(patches, kernel, axes=([*cells, channels], [*axes, channels]))
    return summed.astype(np.float32)


def _numbers(name: str, given: npt.ArrayLike) -> Floats:
    values = checked_floats(f"{name} is an array of finite real numbers", given)
    if values.size == 0:
        raise ValueError(f"{name} has at least one number. Received: shape {values.shape}.")
    return values


def _window(weights: Floats, stride: Any, padding: Any, dilation: Any) -> Window:
    step = checked_count("stride", stride)
    spread = checked_count("dilation", dilation)
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise ValueError(f"padding is 'valid', 'same' or a number. Received: {padding!r}.")
    else:
        padding = checked_count("padding", padding, least=0)
    if step > 1 and spread > 1:
        raise ValueError(
            "A window that moves more than one pixel (stride) has no gaps between its cells "
            "(dilation). "
            f"Received: stride {step} and dilation {spread}. Set one of them to 1."
        )
    return Window(weights.shape[:2], (step, step), (spread, spread), padding)


def _convolve(values: Floats, weights: Floats, window: Window) -> Floats:
    margins = window.margins(values.shape[:2])
    rows, columns = (
        length + sum(sides) for length, sides in zip(values.shape, margins, strict=False)
    )
    if rows * columns > _MOST_PIXELS:
        raise ValueError(
            f"With its padding, a picture has at most {_MOST_PIXELS:,} pixels. "
            f"Received: {rows}x{columns}. Take less padding or dilation."
        )
    if window.span[0] > rows or window.span[1] > columns:
        raise ValueError(
            f"The kernel reaches over {window.span[0]}x{window.span[1]} pixels, more than the "
            f"padded picture has. Received: {rows}x{columns}. "
            "Take a smaller kernel or dilation, or more padding."
        )
    return correlate(values, weights, window)
