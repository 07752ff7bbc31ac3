"""The recipe behind the weights that come with the library.

The digits are MNIST's, warped anew for every epoch, and those that people drew with a pen,
since a drawing on the page is made of strokes, too. Among them are pictures that show no digit,
with every class equally right [1]_: so the network learns to doubt what it has not seen, and
its highest probability says whether there is a digit at all.

The learning rate rises and falls once [2]_, the weights are averaged over the last steps [3]_,
the labels are smoothed [4]_, and the warps ease off in the last epochs, so that the network
settles on digits as they are.

Of other pictures than digits only the training itself is kept: the rates, the averages and the
smoothing. Coats have no slant and no wobble of a hand, nobody draws them with this pen, and a
scribble is as unlike them as a digit is; so nothing is warped, and nothing added.

References
----------
.. [1] D. Hendrycks, M. Mazeika, T. Dietterich, "Deep Anomaly Detection with Outlier Exposure",
   ICLR 2019.
.. [2] L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
   Large Learning Rates", 2018.
.. [3] B. T. Polyak, A. B. Juditsky, "Acceleration of Stochastic Approximation by Averaging",
   SIAM Journal on Control and Optimization 30, 1992.
.. [4] C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._backend import keras
from ._pictures import as_floats, labelled_pictures
from .augmentation import affine_maps, warp
from .classifier import build_classifier
from .drawing import SIZE, normalize_strokes
from .outliers import random_outliers
from .training import check_options, fit_epochs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._files import PathLike
    from .pen_digits import PenDigits

Floats = npt.NDArray[np.float32]

EPOCHS = 40
BATCH_SIZE = 128
HIGHEST_RATE = 3e-3
WARM_UP = 0.15  # of all steps
AVERAGING = 0.999  # of the average stays at every step
SMOOTHING = 0.05
# MNIST's digits are warped with full strength until there, then less and less: the network is
# to settle on them as they are. Pen digits are always redrawn: there are few people behind them.
FULL_WARPS = 0.6  # of all epochs

# How a pen digit is redrawn, besides the maps of a warp: standard deviations, of its longer side.
BEND = 0.03
LIFT = 0.02  # a stroke lands beside where it was meant to

OUTLIERS = 24_000  # drawn once
OUTLIER_SHARE = 0.1  # of the pictures of an epoch


def pretrain_classifier(
    data: tuple[npt.ArrayLike, npt.ArrayLike],
    pen_digits: PenDigits | None = None,
    *,
    num_classes: int = 10,
    are_digits: bool = True,
    validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    epochs: int = EPOCHS,
    seed: int = 0,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    checkpoint: PathLike | None = None,
    verbose: int | str = "auto",
) -> keras.Model:
    """Train a classifier as the one that comes with the library was.

    Parameters
    ----------
    data : tuple (pictures, labels)
        uint8 in 0..255 or floats in [0, 1], ``(n, 28, 28)``; integers ``(n,)`` from 0.
    pen_digits : PenDigits, optional
        Digits as pen strokes, to learn from as well.
    num_classes : int, default 10
        How many classes there are.
    are_digits : bool, default True
        Whether the pictures are handwritten digits: these are warped anew for every epoch, and
        pictures of no digit stand among them. Other pictures are learned as they are.
    validation_data : tuple (pictures, labels), optional
        Measured after every epoch with the averaged weights, never learned from.
    epochs : int, default 40
        How often every picture is seen.
    seed : int, default 0
        Where all random numbers start. The same seed gives the same bits.
    callbacks : iterable of keras.callbacks.Callback, default ()
        As for Keras's ``fit``.
    checkpoint : path, optional
        A file to go on from after an interruption, as for `train_classifier`. It stays at the end,
        so that the weights can be saved before it is removed: `checkpoints.remove_checkpoint`.
    verbose : {"auto", 0, 1, 2}, default "auto"
        As for Keras's ``fit``.

    Returns
    -------
    keras.Model
        As from `build_classifier`, trained.

    Raises
    ------
    ValueError
        As from `train_classifier`, or if there are pen digits among other pictures.
    """
    check_options(epochs=epochs, batch_size=BATCH_SIZE, seed=seed)
    if pen_digits is not None and (num_classes != 10 or not are_digits):
        raise ValueError(
            "Pen-drawn digits go with pictures of the ten digits. "
            f"Received: {num_classes} classes of {'digits' if are_digits else 'other pictures'}. "
            "Leave the pen digits out."
        )
    shape = (SIZE, SIZE)
    pictures, labels = labelled_pictures(*data, shape, num_classes)
    if validation_data is not None:
        x_validation, y_validation = labelled_pictures(*validation_data, shape, num_classes)
        validation_data = (as_floats(x_validation), _one_hot(y_validation, num_classes))
    learned = as_floats(pictures), _one_hot(labels, num_classes)
    mixture: _AsTheyAre | _Mixture = _AsTheyAre(*learned)
    if are_digits:
        mixture = _Mixture(*learned, pen_digits, epochs=epochs, seed=seed)
    model = build_classifier(num_classes=num_classes, seed=seed)
    _compile_for(model, steps=epochs * math.ceil(len(mixture) / BATCH_SIZE))
    fit_epochs(
        model,
        mixture.epoch,
        validation_data=validation_data,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        seed=seed,
        callbacks=[keras.callbacks.SwapEMAWeights(), *callbacks],
        checkpoint=checkpoint,
        verbose=verbose,
    )
    finished = build_classifier(num_classes=num_classes, seed=seed)  # compiled as users expect it
    for weight, trained in zip(finished.weights, model.weights, strict=True):
        weight.assign(trained)
    return finished


def _compile_for(model: keras.Model, *, steps: int) -> None:
    rate = keras.optimizers.schedules.CosineDecay(
        HIGHEST_RATE / 25,
        decay_steps=steps - int(WARM_UP * steps),
        warmup_target=HIGHEST_RATE,
        warmup_steps=int(WARM_UP * steps),
    )
    model.compile(
        keras.optimizers.Adam(rate, use_ema=True, ema_momentum=AVERAGING),
        keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING),
        metrics=["accuracy"],  # in training too low: it counts pictures of no digit
    )


class _AsTheyAre:
    """What is learned in each epoch of other pictures than digits: the same."""

    def __init__(self, pictures: Floats, targets: Floats) -> None:
        self._data = pictures, targets

    def __len__(self) -> int:
        return len(self._data[0])

    def epoch(self, epoch: int) -> tuple[Floats, Floats]:  # noqa: ARG002 -- as a mixture's
        """Give the pictures, float32 (n, 28, 28), and targets, float32 (n, classes)."""
        return self._data


class _Mixture:
    """What is learned in each epoch: MNIST's digits, pen digits, and pictures of no digit."""

    def __init__(
        self,
        pictures: Floats,
        targets: Floats,
        pen_digits: PenDigits | None,
        *,
        epochs: int,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._pens = None if pen_digits is None else _Pens(pen_digits.strokes)
        self._epochs = epochs
        self._seed = seed
        classes = targets.shape[1]
        parts = [targets]
        if pen_digits is not None:
            parts.append(_one_hot(pen_digits.labels, classes))
        digits = sum(map(len, parts))
        self._outliers_an_epoch = round(digits * OUTLIER_SHARE / (1 - OUTLIER_SHARE))
        self._outliers = random_outliers(min(OUTLIERS, epochs * self._outliers_an_epoch), seed=seed)
        # A target that smoothing leaves as it is: no class is more likely than another.
        parts.append(np.full((self._outliers_an_epoch, classes), 1 / classes, np.float32))
        self._targets = np.concatenate(parts)

    def __len__(self) -> int:
        return len(self._targets)

    def epoch(self, epoch: int) -> tuple[Floats, Floats]:
        """Give the pictures, float32 (n, 28, 28), and targets, float32 (n, classes)."""
        random = np.random.default_rng((self._seed, epoch, 1))
        chosen = random.integers(len(self._outliers), size=self._outliers_an_epoch)
        parts = [warp(self._pictures, seed=(self._seed, epoch, 2), strength=self._strength(epoch))]
        if self._pens is not None:
            parts.append(self._pens.redrawn(random))
        parts.append(warp(self._outliers[chosen], seed=(self._seed, epoch, 3)))
        return np.concatenate(parts), self._targets

    def _strength(self, epoch: int) -> float:
        done = epoch / max(self._epochs - 1, 1)
        return float(np.interp(done, [FULL_WARPS, 1], [1, 0]))


class _Pens:
    """Pen digits that can be redrawn, each a little differently, before they are normalised."""

    def __init__(self, digits: Sequence[Sequence[npt.ArrayLike]]) -> None:
        strokes = [stroke for digit in digits for stroke in _of_unit_size(digit)]
        lengths = [len(stroke) for stroke in strokes]
        counts = [len(digit) for digit in digits]
        self._points = np.concatenate(strokes)
        self._stroke_ends = np.cumsum(lengths)[:-1]
        self._digit_ends = np.cumsum([0, *counts])
        # The stroke and the digit to which each point belongs.
        self._stroke_of = np.repeat(np.arange(len(strokes)), lengths)
        self._digit_of = np.repeat(np.arange(len(digits)), counts)[self._stroke_of]

    def redrawn(self, random: np.random.Generator) -> Floats:
        """Draw all digits, float32 (n, 28, 28), each in its own new way."""
        n = len(self._digit_ends) - 1
        maps = affine_maps(random, n, 1.0)[self._digit_of]
        lifts = LIFT * random.standard_normal((len(self._stroke_ends) + 1, 2))
        points = np.einsum("pij,pj->pi", maps, self._points) + lifts[self._stroke_of]
        points = points + self._bends(random)
        strokes = np.split(points, self._stroke_ends)
        return np.stack(
            [
                normalize_strokes(strokes[first:last])
                for first, last in zip(self._digit_ends[:-1], self._digit_ends[1:], strict=True)
            ]
        )

    def _bends(self, random: np.random.Generator) -> npt.NDArray[np.float64]:
        """Displace every point by two plane waves over the paper, other ones for every digit."""
        n = len(self._digit_ends) - 1
        total = np.zeros(self._points.shape)
        for _ in range(2):
            waves = random.uniform(-8, 8, (n, 2))[self._digit_of]
            phases = random.uniform(0, 2 * np.pi, n)[self._digit_of]
            heights = (BEND * random.standard_normal((n, 2)))[self._digit_of]
            angles = np.einsum("pi,pi->p", waves, self._points) + phases
            total += np.sin(angles)[:, None] * heights
        return total


def _of_unit_size(digit: Sequence[npt.ArrayLike]) -> list[Floats]:
    """Move a digit's strokes around 0 and scale its longer side to 1; a dot stays a dot."""
    strokes = [np.asarray(stroke, dtype=np.float32) for stroke in digit]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / max((high - low).max(), 1) for stroke in strokes]


def _one_hot(labels: npt.ArrayLike, classes: int) -> Floats:
    return np.equal.outer(labels, np.arange(classes)).astype(np.float32)
