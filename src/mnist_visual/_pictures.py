"""What pictures and labels a function takes, and one sentence for all else.

Pictures are uint8 in 0..255, or floats in the range that the model learned from, which is [0, 1]
wherever this library trains. Other integers are refused: a 1 could be all the ink, or hardly any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._models import Shape, functional_advice, name_of, reads_bytes

if TYPE_CHECKING:
    from ._backend import keras

Pictures = npt.NDArray[np.uint8] | npt.NDArray[np.float32]

_FLOAT32 = np.dtype(np.float32)


def picture_shape(model: keras.Model) -> tuple[int, ...]:
    """Say which pictures a model reads.

    Parameters
    ----------
    model : keras.Model
        Built, of grey pictures ``(height, width)`` or ``(height, width, 1)``.

    Returns
    -------
    tuple (height, width)

    Raises
    ------
    ValueError
        If its input is something else.
    """
    shape: Any = getattr(model, "input_shape", None)
    grey = isinstance(shape, tuple) and len(shape) in (3, 4) and shape[3:] in ((), (1,))
    if not grey or None in shape[1:3]:
        raise ValueError(
            "A model is trained and evaluated here on grey pictures of one size; its input has to "
            f"be (height, width) or (height, width, 1). Received: {shape and shape[1:]}. "
            f"{_advice(model)}"
        )
    return tuple(shape[1:3])


def class_count(model: keras.Model) -> int:
    """Say how many classes a model tells apart; ValueError where it gives something else."""
    shape: Any = getattr(model, "output_shape", None)
    one = isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)
    if not one or isinstance(getattr(model, "output", None), dict):
        raise ValueError(
            "A classifier is Sequential or Functional, and gives one vector, a number for each "
            f"class. Received: {name_of(model)!r}, of the outputs {shape}. {_advice(model)}"
        )
    return int(shape[1])


def _advice(model: Any) -> str:
    if getattr(model, "inputs", None):
        return "Give it such an input and output, or use Keras's own fit and evaluate."
    return functional_advice(model)


def check_type(pictures: npt.NDArray[Any]) -> None:
    """Raise ValueError unless pictures are uint8 or floats."""
    if pictures.dtype != np.uint8 and pictures.dtype.kind != "f":
        raise ValueError(
            "Pictures are uint8 in 0..255 or floats in [0, 1]; convert them first. "
            f"Received: dtype {pictures.dtype}."
        )


def check_numbers(pictures: npt.NDArray[Any]) -> None:
    """Raise ValueError where pictures hold NaN or an infinity."""
    if pictures.dtype.kind == "f" and not np.isfinite(pictures).all():
        raise ValueError("Pictures hold finite numbers. Received: NaN or an infinity.")


def as_floats(images: npt.ArrayLike) -> Floats:
    """Give pictures as float32.

    Parameters
    ----------
    images : array_like
        uint8 in 0..255, which become 0 to 1, or floats, which stay as they are.

    Returns
    -------
    float32 array
        Of the same shape; no copy of what is float32 already.

    Raises
    ------
    ValueError
        If they are of another type.
    """
    pictures = np.asarray(images)
    if pictures.dtype == _FLOAT32:  # what is drawn on the page comes so, at every stroke
        return pictures
    check_type(pictures)
    floats = pictures.astype(np.float32)
    return floats / np.float32(255) if pictures.dtype == np.uint8 else floats


def unit_floats(images: npt.ArrayLike) -> Floats:
    """Give pictures, one or more, as float32 in [0, 1]; ValueError where they are not."""
    pictures = np.asarray(images)
    check_type(pictures)
    if pictures.dtype.kind == "f":
        low, high = float(pictures.min()), float(pictures.max())
        if not (low >= 0 and high <= 1):  # True for NaN, too
            raise ValueError(
                "Pictures of floats lie in [0, 1]; divide them by their range first. "
                f"Received: values from {low:g} to {high:g}."
            )
    return as_floats(pictures)


def as_read(model: Any, images: npt.ArrayLike) -> Floats:
    """Give pictures, uint8 or floats in [0, 1], as numbers of the range that a model reads."""
    floats = unit_floats(images)
    # Whole numbers again, whatever the division left of them.
    return np.round(floats * np.float32(255), 3) if reads_bytes(model) else floats


def as_digits(images: npt.ArrayLike) -> Floats:
    """Give pictures (n, 28, 28) or (n, 28, 28, 1) as float32 (n, 28, 28); ValueError for others."""
    pictures = as_floats(images)
    if pictures.shape[1:] not in ((28, 28), (28, 28, 1)):
        raise ValueError(f"Pictures have the shape (n, 28, 28). Received: {pictures.shape}.")
    return pictures.reshape(-1, 28, 28)


def reshaped_picture(shape: tuple[int, ...], wanted: Shape | None) -> tuple[int, ...] | None:
    """Add or take away a channel axis of one, so that a picture fits a model.

    Parameters
    ----------
    shape : tuple of int
        Of a picture, ``(height, width)`` or ``(height, width, channels)``.
    wanted : tuple of int or None
        What the model reads, where None stands for any length; None where it does not say.

    Returns
    -------
    tuple of int or None
        The shape to give the picture, or None if it does not fit.
    """
    if wanted is None:
        return shape
    candidates = [shape, (*shape, 1)]
    if len(shape) > 1 and shape[-1] == 1:
        candidates.append(shape[:-1])
    return next((each for each in candidates if _fits(each, wanted)), None)


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        size in (None, length) for size, length in zip(wanted, shape, strict=True)
    )


def batched_pictures(
    images: npt.ArrayLike, wanted: Shape | None
) -> tuple[npt.NDArray[Any], tuple[int, ...], bool]:
    """Give pictures a first axis, and find the shape that a model reads each in.

    Parameters
    ----------
    images : array_like (height, width) or (n, height, width)
        uint8 or floats, with a channel axis or without.
    wanted : tuple of int or None
        The shape that the model reads, where None stands for any length; None if unknown.

    Returns
    -------
    tuple
        The pictures (n, ...), the shape to give each, and whether there was one alone.

    Raises
    ------
    ValueError
        If they are of another type or shape, or none.
    """
    pictures = np.asarray(images)
    check_type(pictures)
    fitting = []
    for single in (False, True):
        batch = pictures[None] if single else pictures
        # A model that does not say what it reads is given what a picture usually is.
        if batch.ndim < 2 or batch.size == 0 or (wanted is None and batch.ndim < 3):
            continue
        shape = reshaped_picture(batch.shape[1:], wanted)
        if shape is not None:
            fitting.append((batch, shape, single))
    if not fitting:
        raise ValueError(
            f"This model reads pictures of the shape {wanted or '(height, width)'}, one or more. "
            f"Received: shape {pictures.shape}."
        )
    # What fits as it is was meant so.
    return min(fitting, key=lambda found: found[0].shape[1:] != found[1])


def picture_batch(
    wanted: Shape | None, images: npt.ArrayLike, *, as_bytes: bool = False
) -> tuple[Floats, bool]:
    """Give one picture or many as a model reads them.

    Parameters
    ----------
    wanted : tuple of int or None
        As for `batched_pictures`.
    images : array_like (height, width) or (n, height, width), with channels or without
        uint8 in 0..255, or floats in the range that the model learned from.
    as_bytes : bool, default False
        Whether uint8 stay 0 to 255, for a model that divides them itself.

    Returns
    -------
    tuple of float32 array (n, ...) and bool
        The pictures, and whether there was one alone.

    Raises
    ------
    ValueError
        If they are of another type, do not fit the model's input, hold NaN or an infinity, or
        are none.
    """
    batch, shape, single = batched_pictures(images, wanted)
    check_numbers(batch)
    keep = as_bytes and batch.dtype == np.uint8
    floats = batch.astype(np.float32) if keep else as_floats(batch)
    if floats is batch:
        floats = floats.copy()  # results keep it, and the caller may go on drawing in theirs
    return floats.reshape(len(batch), *shape), single


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
    images : array_like (n, height, width) or (n, height, width, 1)
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
    if pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    if pictures.ndim != 3 or pictures.shape[1:] != shape or len(pictures) == 0:
        raise ValueError(
            f"Pictures are an array (n, {shape[0]}, {shape[1]}) of at least one. "
            f"Received: shape {pictures.shape}."
        )
    return pictures if pictures.dtype == np.uint8 else unit_floats(pictures)
