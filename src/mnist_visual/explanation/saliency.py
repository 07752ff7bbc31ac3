"""Which pixels speak for a class: attributions of a classifier's logit to the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mnist_visual._arguments import check_choice
from mnist_visual._arrays import Doubles, Floats

from .scores import FEW, MANY, Scores, checked_label, class_scores, one_picture

# Integrated gradients add up within this part of the range of the logit along the way.
_TOLERANCE, _ROUNDS = 1e-4, 20

Method = Literal["integrated_gradients", "gradient_x_input", "occlusion"]


@dataclass(frozen=True, eq=False)
class Saliency:
    """What each pixel adds to the score of a class.

    Attributes
    ----------
    label : int
        The class.
    method : str
        How it was found.
    image : float32 array (height, width) or (height, width, channels)
        The picture.
    values : float32 array, like the picture
        Positive where a pixel speaks for the class, negative where against it, in units of the
        logit.
    logit, baseline : float
        The score of the class for the picture, and for an empty one, all zeros.
    """

    label: int
    method: str
    image: Floats
    values: Floats
    logit: float
    baseline: float


def saliency(
    model: Any,
    image: npt.ArrayLike,
    label: int,
    *,
    method: Method = "integrated_gradients",
) -> Saliency:
    """Tell which pixels of a picture speak for a class, and which against it.

    The score of the class is its logit, the value before the softmax (or sigmoid) that a model
    ends in: probabilities hardly change where a model is sure.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built Sequential or Functional classifier of one picture; or the shipped one on NumPy
        (`mnist_visual.inference`), for which neither Keras nor JAX is loaded.
    image : array_like (height, width) or (height, width, channels)
        One picture, as for `feature_maps`.
    label : int
        The class, from 0.
    method : {"integrated_gradients", "gradient_x_input", "occlusion"}
        Integrated gradients [1]_: the gradient times the pixel, averaged over all pictures
        between an empty one and this. Complete: ``values.sum() == logit - baseline``, unless a
        layer jumps, as ReLU with a threshold does. Gradient times input [2]_: the same at this
        picture alone, not complete. Occlusion [3]_: by how much the logit falls when a square on
        the pixel, a sixth of the picture wide, is emptied; the mean over all such squares.

    Returns
    -------
    Saliency

    Raises
    ------
    ValueError
        If there is no such class or method, the picture does not fit, or the model is no
        classifier.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks",
       ICML 2017, arXiv:1703.01365.
    .. [2] A. Shrikumar, P. Greenside and A. Kundaje, "Learning important features through
       propagating activation differences", ICML 2017, arXiv:1704.02685.
    .. [3] M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks",
       ECCV 2014, arXiv:1311.2901.

    Examples
    --------
    >>> from mnist_visual import load_pretrained, normalize_strokes, saliency
    >>> digit = normalize_strokes([[(40, 20), (38, 180)]])
    >>> found = saliency(load_pretrained("classifier"), digit, 1)
    >>> found.values.shape
    (28, 28)
    >>> bool(abs(found.values.sum() - (found.logit - found.baseline)) < 1e-2)
    True
    """
    check_choice("method", method, METHODS)
    scores = class_scores(model)
    label = checked_label(label, scores)
    picture = one_picture(scores, image)
    logit, baseline = scores.logits(np.stack([picture, np.zeros_like(picture)]))[:, label]
    values = METHODS[method](scores, picture, label)
    shape = np.shape(image)  # without the channel axis that the model wants
    return Saliency(
        label=label,
        method=method,
        image=picture.reshape(shape),
        values=values.astype(np.float32).reshape(shape),
        logit=float(logit),
        baseline=float(baseline),
    )


def _gradients(scores: Scores, batch: Floats, label: int) -> tuple[Doubles, Doubles]:
    """Compute the logit of a class (n,), and its gradient (n, pixels)."""
    weights = np.zeros((len(batch), scores.classes), dtype=np.float32)
    weights[:, label] = 1
    logits, gradients = scores.leads(batch, weights, np.zeros_like(weights, dtype=bool))
    return logits.astype(float), gradients.reshape(len(batch), -1).astype(float)


def _gradient_x_input(scores: Scores, picture: Floats, label: int) -> Doubles:
    _, (gradient,) = _gradients(scores, picture[None], label)
    return gradient.reshape(picture.shape) * picture


def _integrated_gradients(scores: Scores, picture: Floats, label: int) -> Doubles:
    """Average the gradient along the way from nothing to the picture.

    Most networks are straight along it but for kinks. The rise of the logit over a step, and the
    slopes at both its ends, tell where a kink in it lies, and so how long each gradient holds. So
    weighed, the steps add up to the whole rise, but where several kinks share one; it is halved.
    """

    def along(shares: Doubles) -> tuple[Doubles, Doubles]:
        steps = shares.astype(np.float32).reshape(-1, *[1] * picture.ndim)
        return _gradients(scores, steps * picture, label)

    shares = np.linspace(0, 1, MANY)
    logits, gradients = along(shares)
    for left in reversed(range(_ROUNDS)):
        weights, errors = _end_weights(shares, logits, gradients @ picture.ravel())
        if left == 0 or errors.sum() <= _TOLERANCE * np.ptp(logits):
            break
        rough = np.argsort(-errors)[:FEW]
        middles = (shares[rough] + shares[rough + 1]) / 2
        more_logits, more_gradients = along(middles)
        shares = np.concatenate([shares, middles])
        order = np.argsort(shares)
        shares = shares[order]
        logits = np.concatenate([logits, more_logits])[order]
        gradients = np.concatenate([gradients, more_gradients])[order]
    return (weights @ gradients).reshape(picture.shape) * picture


def _end_weights(shares: Doubles, logits: Doubles, slopes: Doubles) -> tuple[Doubles, Doubles]:
    """Weigh the ends of steps so that their slopes give the rise; and tell by how much not."""
    steps = np.diff(shares)
    rises = np.diff(logits) / steps
    change = slopes[:-1] - slopes[1:]
    first = np.full(len(steps), 0.5)
    np.divide(rises - slopes[1:], change, out=first, where=change != 0)
    first = np.clip(first, 0, 1)
    errors = steps * abs(first * slopes[:-1] + (1 - first) * slopes[1:] - rises)
    weights = np.zeros(len(shares))
    weights[:-1] += steps * first
    weights[1:] += steps * (1 - first)
    return weights, errors


def _occlusion(scores: Scores, picture: Floats, label: int) -> Doubles:
    """Empty square after square, and spread the fall of the logit over each."""
    if picture.ndim < 2:
        raise ValueError(
            "occlusion empties squares of a picture (height, width). "
            f"Received: a model of the input {picture.shape}; take another method."
        )
    size = max(1, (min(picture.shape[:2]) + 3) // 6)
    starts = [range(1 - size, length, max(1, size // 5)) for length in picture.shape[:2]]
    squares = [
        (slice(max(row, 0), row + size), slice(max(column, 0), column + size))
        for row, column in product(*starts)
    ]
    falls, counts = np.zeros(picture.shape), np.zeros(picture.shape)
    for square in squares:
        counts[square] += 1
    inked = [square for square in squares if picture[square].any()]  # the others change nothing
    (whole,) = scores.logits(picture[None])[:, label]
    for first in range(0, len(inked), MANY):
        some = inked[first : first + MANY]
        batch = np.repeat(picture[None], len(some), axis=0)
        for emptied, square in zip(batch, some, strict=True):
            emptied[square] = 0
        for square, logit in zip(some, scores.logits(batch)[:, label], strict=True):
            falls[square] += whole - logit
    return falls / counts


METHODS: dict[Method, Callable[[Scores, Floats, int], Doubles]] = {
    "integrated_gradients": _integrated_gradients,
    "gradient_x_input": _gradient_x_input,
    "occlusion": _occlusion,
}
