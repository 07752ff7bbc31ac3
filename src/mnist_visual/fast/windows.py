"""Convolutions and pooling for training on a CPU, with the batch as the last axis.

Arrays are ``(channels, height, width, batch)``. A row of the batch is contiguous, so whatever is
done with a pixel is done with 16 pictures at a time, whatever the size of the layer.

All rests on two linear functions, each the transpose of the other: `patches` copies the windows
of pictures into the columns of a matrix, and `paint` adds windows to pictures. A convolution is a
matrix product with patches, and its gradient is painted; a transposed convolution paints the
columns of a matrix product, and its gradient is a product with patches.

The optimization barriers keep XLA from fusing a copy with what reads it: such a fusion finds
every element by division and remainder, one at a time, and takes several times as long.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """Where windows lie on pictures.

    Attributes
    ----------
    size : tuple (height, width)
        Pixels of a window.
    strides : tuple
        Pixels from a window to the next.
    dilation : tuple
        Pixels from a pixel of a window to its next.
    before : tuple
        Pixels that the first window begins above and left of the picture.
    count : tuple
        Windows in a column and in a row.
    groups : tuple
        Windows stand together in groups of so many: those that a pooling will compare. A
        divisor of `count`.
    """

    size: Pair
    strides: Pair
    dilation: Pair
    before: Pair
    count: Pair
    groups: Pair = (1, 1)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The windows of a group, and the rows and columns of groups."""
        (rows, columns), (down, right) = self.count, self.groups
        return down * right, rows // down, columns // right

    @property
    def steps(self) -> Pair:
        """Pixels from a group to the next."""
        return self.strides[0] * self.groups[0], self.strides[1] * self.groups[1]

    def frame(self, size: Pair) -> Pair:
        """Count the pixels of pictures of such a size, with what windows need around them."""
        tall, wide = (
            max(
                self.before[axis] + size[axis],
                (self.count[axis] - 1) * self.strides[axis]
                + (self.size[axis] - 1) * self.dilation[axis]
                + 1,
            )
            for axis in (0, 1)
        )
        return tall, wide

    def offsets(self) -> Iterator[tuple[Pair, int, Pair]]:
        """Give each pixel of a window, each window of a group, and where the two begin."""
        for down, right, row, column in itertools.product(*map(range, self.size + self.groups)):
            top = down * self.dilation[0] + row * self.strides[0]
            left = right * self.dilation[1] + column * self.strides[1]
            yield (down, right), row * self.groups[1] + column, (top, left)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def patches(pictures: Any, windows: Windows, fill: float = 0.0) -> Any:
    """Copy the windows of pictures.

    Parameters
    ----------
    pictures : array (channels, height, width, batch)
        The pictures.
    windows : Windows
        Which windows.
    fill : float, default 0.0
        What a pixel beside the picture is.

    Returns
    -------
    array (window height, window width, channels, *windows.shape, batch)
    """
    channels, height, width, batch = pictures.shape
    (above, before), (tall, wide) = windows.before, windows.frame((height, width))
    frame = ((0, 0), (above, tall - above - height), (before, wide - before - width), (0, 0))
    if any(map(any, frame)):
        pictures = jnp.pad(pictures, frame, constant_values=fill)
    (members, rows, columns), (down, right) = windows.shape, windows.steps
    slices = [
        pictures[
            :,
            top : top + (rows - 1) * down + 1 : down,
            left : left + (columns - 1) * right + 1 : right,
        ]
        for _, _, (top, left) in windows.offsets()
    ]
    slices = [
        jnp.stack(slices[first : first + members], axis=1)
        for first in range(0, len(slices), members)
    ]
    copies = lax.optimization_barrier(jnp.stack(slices))
    return copies.reshape(*windows.size, channels, *windows.shape, batch)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def paint(values: Any, windows: Windows, size: Pair) -> Any:
    """Add windows to empty pictures: the transpose of `patches`.

    Parameters
    ----------
    values : array (window height, window width, channels, *windows.shape, batch)
        The windows.
    windows : Windows
        Where they lie.
    size : tuple (height, width)
        Of the pictures.

    Returns
    -------
    array (channels, height, width, batch)
    """
    channels, batch = values.shape[2], values.shape[-1]
    down, right = windows.steps
    above, before = windows.before
    rows, columns = -(-size[0] // down), -(-size[1] // right)
    # Pixels that lie `steps` apart stand side by side, so that no sum has gaps.
    phases: dict[Pair, list[Any]] = {}
    values = lax.optimization_barrier(values)
    for (y, x), member, (top, left) in windows.offsets():
        in_rows, rows_around = _inside((top - above) // down, windows.shape[1], rows)
        in_columns, columns_around = _inside((left - before) // right, windows.shape[2], columns)
        part = values[y, x, :, member, in_rows, in_columns]
        frame = (0, 0), rows_around, columns_around, (0, 0)
        phase = (top - above) % down, (left - before) % right
        phases.setdefault(phase, []).append(jnp.pad(part, frame))
    empty = [jnp.zeros((channels, rows, columns, batch))]
    summed = {
        phase: functools.reduce(operator.add, phases.get(phase, empty))
        for phase in itertools.product(range(down), range(right))
    }
    lines = [jnp.stack([summed[y, x] for x in range(right)], axis=3) for y in range(down)]
    painted = jnp.stack(lines, axis=2).reshape(channels, rows * down, columns * right, batch)
    return painted[:, : size[0], : size[1]]


def _inside(first: int, count: int, length: int) -> tuple[slice, Pair]:
    """Of a row of things from a place on, say which lie within a length, and what is around."""
    low = min(max(first, 0), length)
    high = max(min(first + count, length), low)
    return slice(low - first, high - first), (low, length - high)


def _patches_forward(pictures: Any, windows: Windows, fill: float) -> Any:
    return patches(pictures, windows, fill), jnp.empty((0, *pictures.shape[1:3]))


def _patches_back(windows: Windows, fill: float, kept: Any, gradient: Any) -> Any:  # noqa: ARG001 -- JAX gives it
    return (paint(gradient, windows, kept.shape[1:]),)


patches.defvjp(_patches_forward, _patches_back)


def _paint_forward(values: Any, windows: Windows, size: Pair) -> Any:
    return paint(values, windows, size), None


def _paint_back(windows: Windows, size: Pair, kept: Any, gradient: Any) -> Any:  # noqa: ARG001 -- JAX gives it
    return (patches(lax.optimization_barrier(gradient), windows),)


paint.defvjp(_paint_forward, _paint_back)


def convolve(pictures: Any, kernel: Any, windows: Windows) -> Any:
    """Convolve pictures.

    Parameters
    ----------
    pictures : array (channels, height, width, batch)
        The pictures.
    kernel : array (kernel height, kernel width, channels, filters)
        As Keras keeps it.
    windows : Windows
        Those of the kernel; pixels beside the picture count as zeros.

    Returns
    -------
    array (filters, *windows.shape, batch)
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    columns = patches(pictures, windows).reshape(len(matrix), -1)
    product = jnp.tensordot(matrix, columns, (0, 0))
    shape = (kernel.shape[-1], *windows.shape, pictures.shape[-1])
    return lax.optimization_barrier(product.reshape(shape))


def convolve_transposed(pictures: Any, kernel: Any, windows: Windows, size: Pair) -> Any:
    """Convolve pictures, transposed: every pixel paints a window.

    Parameters
    ----------
    pictures : array (channels, height, width, batch)
        The pictures.
    kernel : array (kernel height, kernel width, filters, channels)
        As Keras keeps it.
    windows : Windows
        Where the windows lie on the result, one for each pixel.
    size : tuple (height, width)
        Of the result.

    Returns
    -------
    array (filters, *size, batch)
    """
    channels, *_, batch = pictures.shape
    pixels = lax.optimization_barrier(pictures).reshape(channels, -1)
    painted = kernel.reshape(-1, channels) @ pixels
    return paint(painted.reshape(*kernel.shape[:3], *windows.shape, batch), windows, size)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def largest(values: Any, axis: int) -> Any:
    """Take the largest along an axis; the first of equal ones alone gets the gradient.

    Parameters
    ----------
    values : array
        At least one along the axis.
    axis : int
        Which axis, from 0 up.

    Returns
    -------
    array
        With that axis gone.
    """
    return jnp.max(values, axis)


def _largest_forward(values: Any, axis: int) -> Any:
    members = [lax.index_in_dim(values, n, axis, keepdims=False) for n in range(values.shape[axis])]
    most = members[0]
    for member in members[1:]:
        most = jnp.maximum(most, member)
    winner = jnp.full(most.shape, len(members) - 1, jnp.uint8)
    for number in range(len(members) - 2, -1, -1):
        winner = jnp.where(members[number] == most, jnp.uint8(number), winner)
    most, winner = lax.optimization_barrier((most, winner))
    return most, (winner, jnp.arange(len(members), dtype=jnp.uint8))


def _largest_back(axis: int, kept: Any, gradient: Any) -> Any:
    winner, numbers = kept
    shares = [jnp.where(winner == number, gradient, 0) for number in numbers]
    return (lax.optimization_barrier(jnp.stack(shares, axis)),)


largest.defvjp(_largest_forward, _largest_back)
