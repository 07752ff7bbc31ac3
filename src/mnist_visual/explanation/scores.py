"""The scores of the classes, before a softmax, and their gradients, of any classifier."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count
from mnist_visual._pictures import picture_batch
from mnist_visual.digit_network import DigitNetwork

from .digit_scores import DigitScores

# Of pictures at once: two shapes, so two compilations.
FEW, MANY = 16, 128


class Scores(Protocol):
    """A classifier as a function to logits."""

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape in which it reads one picture, where None stands for any length."""

    @property
    def classes(self) -> int:
        """How many there are."""

    @property
    def precision(self) -> float:
        """The step from 1 to the next number that it can give."""

    @property
    def reads_bytes(self) -> bool:
        """Whether pictures are 0 to 255 to it, as it divides them itself."""

    def logits(self, batch: Floats) -> Floats:
        """Compute the logits of pictures as the model reads them, float32 (n, classes)."""

    def leads(
        self, batch: Floats, weights: Floats, rivals: npt.NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Compute weighted sums of the logits, less the largest of some, and their gradients.

        Parameters
        ----------
        batch : float32 array (n, ...)
            Pictures as the model reads them.
        weights : float32 array (n, classes)
            Of the sum, for each picture.
        rivals : bool array (n, classes)
            Of which logits the largest is taken away; nothing is, where there are none.

        Returns
        -------
        tuple of float32 arrays (n,) and (n, ...)
        """


def class_scores(model: Any) -> Scores:
    """Find the logits of a classifier: the values before its last softmax or sigmoid.

    Where it ends otherwise, its outputs stand for the logits.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built Sequential or Functional classifier of one picture, or the shipped one on NumPy.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If it is not as described.
    """
    if isinstance(model, DigitNetwork):
        return DigitScores(model)
    from .keras_scores import keras_scores  # Keras loads only where it is needed

    return keras_scores(model)


def checked_label(label: Any, scores: Scores) -> int:
    """Give a class as a number; ValueError if there is none such."""
    return checked_count("label", label, least=0, most=scores.classes - 1)


def one_picture(scores: Scores, image: npt.ArrayLike) -> Floats:
    """Give one picture as a classifier reads it, finite; ValueError if it is not one."""
    batch, single = picture_batch(scores.shape, image, as_bytes=scores.reads_bytes)
    if not single:
        raise ValueError(f"One picture is explained at a time. Received: {len(batch)} pictures.")
    return batch[0]
