"""What pictures and labels a training takes, and one sentence for all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ._backend import keras

Pictures = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


def picture_shape(model: keras.Model) -> tuple[int, ...]:
    """Say which pictures a model reads.

    Parameters
    ----------
    model : keras.Model
        Built, of pictures ``(height, width)`` or ``(height, width, 1)``.

    Returns
    -------
    tuple (height, width)

    Raises
    ------
    ValueError
        If its input is something else.
    """
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) not in (3, 4) or shape[3:] not in ((), (1,)):
        raise ValueError(
            "The model's input has to be pictures (height, width) or (height, width, 1). "
            f"Received: {shape}. Begin it with a Reshape or Flatten layer."
        )
    return tuple(shape[1:3])


def as_floats(pictures: Pictures) -> npt.NDArray[np.float32]:
    """Scale pictures of uint8 to float32 in [0, 1]; leave those of float32 as they are."""
    if pictures.dtype == np.uint8:
        return pictures.astype(np.float32) / np.float32(255)
    return pictures.astype(np.float32, copy=False)


def labelled_pictures(
    images: npt.ArrayLike, labels: npt.ArrayLike, shape: tuple[int, ...], classes: int
) -> tuple[Pictures, npt.NDArray[np.int32]]:
    """Check pictures and their labels.

    Parameters
    ----------
    images : array_like (n, height, width)
        uint8 in 0..255 or floats in [0, 1].
    labels : array_like (n,)
        Integers in 0..classes - 1.
    shape : tuple (height, width)
        Of the pictures that the model reads.
    classes : int
        How many the model knows.

    Returns
    -------
    tuple
        The pictures, uint8 or float32 ``(n, height, width)``, and the labels, int32 ``(n,)``.

    Raises
    ------
    ValueError
        If anything is not as described, the numbers differ, or there are no pictures.
    """
    pictures, targets = checked_pictures(images, shape), np.asarray(labels)
    if targets.ndim != 1 or targets.dtype.kind not in "ui":
        raise ValueError(
            "Labels are a 1-D array of integers, one for each picture. "
            f"Received: shape {targets.shape}, dtype {targets.dtype}."
        )
    if len(targets) != len(pictures):
        raise ValueError(
            "Every picture has one label. "
            f"Received: {len(pictures):,} pictures and {len(targets):,} labels."
        )
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"A label is one of the model's {classes} classes, 0 to {classes - 1}. "
            f"Received: labels from {low} to {high}."
        )
    return pictures, targets.astype(np.int32)


def checked_pictures(images: npt.ArrayLike, shape: tuple[int, ...]) -> Pictures:
    """Check pictures: their type, shape, number and range.

    Parameters
    ----------
    images : array_like (n, height, width)
        uint8 in 0..255 or floats in [0, 1].
    shape : tuple (height, width)
        Of the pictures that the model reads.

    Returns
    -------
    uint8 or float32 array (n, height, width)
        The same pictures; not a copy where they have such a type already.

    Raises
    ------
    ValueError
        If anything is not as described, or there are no pictures.
    """
    pictures = np.asarray(images)
    if pictures.ndim != 3 or pictures.shape[1:] != shape or len(pictures) == 0:
        raise ValueError(
            f"Pictures are an array (n, {shape[0]}, {shape[1]}) of at least one. "
            f"Received: shape {pictures.shape}."
        )
    if pictures.dtype == np.uint8:
        return pictures
    if pictures.dtype.kind != "f":
        raise ValueError(
            "Pictures are uint8 in 0..255 or floats in [0, 1]; convert them first. "
            f"Received: dtype {pictures.dtype}."
        )
    low, high = float(pictures.min()), float(pictures.max())
    if not (low >= 0 and high <= 1):  # True for NaN, too
        raise ValueError(
            "Pictures of floats lie in [0, 1]; divide them by their range first. "
            f"Received: values from {low:g} to {high:g}."
        )
    return pictures.astype(np.float32, copy=False)
