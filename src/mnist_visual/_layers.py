"""Layers of small networks on NumPy alone, for many pictures at once.

The batch is the last axis. So each layer is a matrix product, and what is none runs along long
stretches of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats

Weights = Mapping[str, tuple[Floats, Floats]]  # kernel and bias by the name of the layer

# The logarithm of a code's variance stays within -10 and 10: far wider than training ever takes it,
# and far from where float32 overflows.
LOG_VAR_LIMIT = 10.0
# How far two sums of the same products may be apart, as a share of the largest sums.
ROUNDING = 2 * float(np.finfo(np.float32).eps)
# Inputs at once: what the layers make of more leaves the caches, and the system takes its memory
# back after every call.
BATCH_SIZE = 32


def in_batches(
    layers: Callable[..., Sequence[Floats]],
    inputs: Sequence[npt.NDArray[Any]],
    *shapes: tuple[int, ...],
) -> list[Floats]:
    """Run layers over inputs, batch by batch.

    Parameters
    ----------
    layers : callable
        From inputs ``(..., k)``, one or several, to results ``(..., k)``, one for each of `shapes`.
    inputs : sequence of arrays (n, ...)
        What the layers read, for any number n.
    *shapes : tuples of int
        What one input becomes.

    Returns
    -------
    list of float32 arrays (n, ...)
        One for each of `shapes`.
    """
    count = len(inputs[0])
    results = [np.empty((count, *shape), np.float32) for shape in shapes]
    for first in range(0, count, BATCH_SIZE):
        batches = [_first_axis_last(each[first : first + BATCH_SIZE]) for each in inputs]
        found = layers(*map(np.ascontiguousarray, batches))
        for result, values in zip(results, found, strict=True):
            _first_axis_last(result[first : first + BATCH_SIZE])[...] = values
    return results


def _first_axis_last(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.transpose(*range(1, array.ndim), 0)  # np.moveaxis costs 5 µs


@dataclass(frozen=True, eq=False)
class Affine:
    """A matrix product along the last axis but one, and a bias.

    Attributes
    ----------
    matrix : float32 array (outputs, inputs)
        The weights.
    bias : float32 array (outputs,)
        What is added.
    """

    matrix: Floats
    bias: Floats

    def __call__(self, values: Floats) -> Floats:
        """Map values (..., inputs, n) to (..., outputs, n)."""
        result = self.matrix @ values
        result += self.bias[:, None]
        return result


def affine(kernel: Floats, bias: Floats) -> Affine:
    """Make one of the weights of a dense layer, or of a convolution for its `patches`.

    Parameters
    ----------
    kernel : float32 array (..., outputs)
        As Keras has it.
    bias : float32 array (outputs,)
        As Keras has it.

    Returns
    -------
    Affine
    """
    return Affine(np.ascontiguousarray(kernel.reshape(-1, kernel.shape[-1]).T), bias)


def convolve(maps: Floats, layer: Affine, size: int) -> Floats:
    """Convolve maps without padding.

    Parameters
    ----------
    maps : float32 array (channels, rows, columns, n)
        The channels of n pictures.
    layer : Affine
        Of a kernel ``(size, size, channels, filters)``.
    size : int
        Rows and columns of the kernel.

    Returns
    -------
    float32 array (filters, rows - size + 1, columns - size + 1, n)
    """
    channels, rows, columns, count = maps.shape
    rows, columns = rows - size + 1, columns - size + 1
    patches = np.empty((size, size, channels, rows, columns, count), np.float32)
    for down in range(size):
        for right in range(size):
            patches[down, right] = maps[:, down : down + rows, right : right + columns]
    values = layer(patches.reshape(-1, rows * columns * count))
    return values.reshape(-1, rows, columns, count)


def convolve_gradient(gradients: Floats, layer: Affine, size: int) -> Floats:
    """Turn gradients by what `convolve` gave into those by the maps that it read.

    Parameters
    ----------
    gradients : float32 array (filters, rows, columns, n)
        Of n pictures.
    layer, size
        As for `convolve`.

    Returns
    -------
    float32 array (channels, rows + size - 1, columns + size - 1, n)
    """
    filters, rows, columns, count = gradients.shape
    patches = layer.matrix.T @ gradients.reshape(filters, -1)
    patches = patches.reshape(size, size, -1, rows, columns, count)
    shape = patches.shape[2], rows + size - 1, columns + size - 1, count
    result = np.zeros(shape, np.float32)
    for down in range(size):
        for right in range(size):
            result[:, down : down + rows, right : right + columns] += patches[down, right]
    return result


def max_pool(maps: Floats) -> Floats:
    """Take the largest of each two by two values of maps (channels, rows, columns, n)."""
    rows, columns = (size // 2 * 2 for size in maps.shape[1:3])
    taller = np.maximum(maps[:, 0:rows:2, :columns], maps[:, 1:rows:2, :columns])
    return np.maximum(taller[:, :, ::2], taller[:, :, 1::2])


def max_pool_gradient(gradients: Floats, maps: Floats, pooled: Floats) -> Floats:
    """Turn gradients by what `max_pool` gave into those by the maps that it read.

    Of equal values in a window the first counts, row by row, as in Keras on JAX. What differs by
    the rounding of its sum alone is equal: how a matrix product rounds depends on the place of a
    value in it, and on the processor.

    Parameters
    ----------
    gradients, pooled : float32 arrays (channels, rows, columns, n)
        By the pooled values, and these.
    maps : float32 array (channels, height, width, n)
        What was pooled.

    Returns
    -------
    float32 array (channels, height, width, n)
    """
    result = np.zeros_like(maps)
    rows, columns = (size // 2 * 2 for size in maps.shape[1:3])
    least = pooled - ROUNDING * np.abs(pooled).max(axis=(0, 1, 2))
    free = np.ones(pooled.shape, bool)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        place = np.s_[:, down:rows:2, right:columns:2]
        winner = (maps[place] >= least) & free
        np.multiply(gradients, winner, out=result[place])
        free &= ~winner
    return result


def overlay(squares: Floats, step: int) -> Floats:
    """Lay squares on a canvas, each a step after the one before, and add where they overlap.

    Parameters
    ----------
    squares : float32 array (rows, columns, size, size, n)
        Squares of n pictures, where ``step <= size <= 2 * step``.
    step : int
        From one square to the next.

    Returns
    -------
    float32 array ((rows + 1) * step, (columns + 1) * step, n)
        Zero where no square is.
    """
    rows, columns, size, _, count = squares.shape
    canvas = np.zeros((rows + 1, step, columns + 1, step, count), np.float32)
    lines = squares.swapaxes(1, 2)
    over = size - step
    canvas[:-1, :, :-1] = lines[:, :step, :, :step]
    canvas[1:, :over, :-1] += lines[:, step:, :, :step]
    canvas[:-1, :, 1:, :over] += lines[:, :step, :, step:]
    canvas[1:, :over, 1:, :over] += lines[:, step:, :, step:]
    return canvas.reshape((rows + 1) * step, (columns + 1) * step, count)


def relu(values: Floats) -> Floats:
    """Compute ``max(values, 0)`` in place."""
    return np.maximum(values, 0, out=values)


def silu(values: Floats) -> Floats:
    """Compute ``values / (1 + exp(-values))`` in place, without overflow."""
    values *= 0.5
    gate = np.tanh(values)
    gate += 1
    values *= gate
    return values


def sigmoid(values: Floats) -> Floats:
    """Compute ``1 / (1 + exp(-values))`` in place, without overflow."""
    values *= 0.5
    np.tanh(values, out=values)
    values += 1
    values *= 0.5
    return values


def softmax(logits: Floats) -> Floats:
    """Compute the probabilities that belong to logits (classes, n), in place."""
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return logits
