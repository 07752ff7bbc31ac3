"""The recipes behind the weights that come with the library.

In both the learning rate rises and falls once [1]_, and the weights are averaged over the last
steps [2]_.

The classifier's digits are MNIST's, warped anew for every epoch, and those that people drew with a
pen, since a drawing on the page is made of strokes, too. Among them are pictures that show no
digit, with every class equally right [3]_: so the network learns to doubt what it has not seen, and
its highest probability says whether there is a digit at all. The labels are smoothed [4]_, and the
warps ease off in the last epochs, so that the network settles on digits as they are.

Of other pictures than digits only the training itself is kept: the rates, the averages and the
smoothing. Coats have no slant and no wobble of a hand, nobody draws them with this pen, and a
scribble is as unlike them as a digit is; so nothing is warped, and nothing added.

An encoder that guesses the codes less well than the decoder allows costs more than all else: about
2.6 nats of 136 after 12 epochs, on digits that it has learned from as on others [5]_. Time is
what mends it, hence the autoencoder's many epochs, and the weight decay for the sake of new digits.

References
----------
.. [1] L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
   Large Learning Rates", 2018.
.. [2] B. T. Polyak, A. B. Juditsky, "Acceleration of Stochastic Approximation by Averaging",
   SIAM Journal on Control and Optimization 30, 1992.
.. [3] D. Hendrycks, M. Mazeika, T. Dietterich, "Deep Anomaly Detection with Outlier Exposure",
   ICLR 2019.
.. [4] C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
.. [5] C. Cremer, X. Li, D. Duvenaud, "Inference Suboptimality in Variational Autoencoders",
   ICML 2018.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy.typing as npt

from ._backend import keras
from ._mnist import SIZE
from ._pictures import as_floats, checked_pictures, labelled_pictures
from .classifier import build_classifier
from .digit_mixture import DigitMixture, one_hot
from .training import EpochData, check_options, fit_epochs
from .vae import VAE, build_vae
from .vae_training import fit_vae

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._files import PathLike
    from .pen_digits import PenDigits

CLASSIFIER_EPOCHS = 40
VAE_EPOCHS = 65
BATCH_SIZE = 128
HIGHEST_RATE = 3e-3
WARM_UP = 0.15  # of all steps
AVERAGING = 0.999  # of the average stays at every step
SMOOTHING = 0.05
WEIGHT_DECAY = 2e-2

Model = TypeVar("Model", bound=keras.Model)


def pretrain_classifier(
    data: tuple[npt.ArrayLike, npt.ArrayLike],
    pen_digits: PenDigits | None = None,
    *,
    num_classes: int = 10,
    are_digits: bool = True,
    validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    epochs: int = CLASSIFIER_EPOCHS,
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
        validation_data = (as_floats(x_validation), one_hot(y_validation, num_classes))
    learned = as_floats(pictures), one_hot(labels, num_classes)
    count = len(labels)
    epoch_data: EpochData = lambda _: learned  # noqa: E731
    if are_digits:
        mixture = DigitMixture(*learned, pen_digits, epochs=epochs, seed=seed)
        count, epoch_data = len(mixture), mixture.epoch
    model = build_classifier(num_classes=num_classes, seed=seed)
    model.compile(
        keras.optimizers.Adam(_rate(epochs, count), use_ema=True, ema_momentum=AVERAGING),
        keras.losses.CategoricalCrossentropy(label_smoothing=SMOOTHING),
        metrics=["accuracy"],  # in training too low: it counts pictures of no digit
    )
    fit_epochs(
        model,
        epoch_data,
        validation_data=validation_data,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        seed=seed,
        callbacks=[keras.callbacks.SwapEMAWeights(), *callbacks],
        checkpoint=checkpoint,
        verbose=verbose,
    )
    return _with_weights_of(model, build_classifier(num_classes=num_classes, seed=seed))


def pretrain_vae(
    x_train: npt.ArrayLike,
    *,
    validation_data: npt.ArrayLike | None = None,
    epochs: int = VAE_EPOCHS,
    seed: int = 0,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    checkpoint: PathLike | None = None,
    verbose: int | str = "auto",
) -> VAE:
    """Train the variational autoencoder as the one that comes with the library was.

    Parameters
    ----------
    x_train : array_like (n, 28, 28)
        Pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    validation_data : array_like (m, 28, 28), optional
        Pictures, measured after every epoch with the averaged weights, never learned from.
    epochs : int, default 65
        How often every picture is seen.
    seed : int, default 0
        Where all random numbers start. The same seed gives the same bits.
    callbacks : iterable of keras.callbacks.Callback, default ()
        As for Keras's ``fit``.
    checkpoint : path, optional
        A file to go on from after an interruption, as for `train_vae`. It stays at the end,
        so that the weights can be saved before it is removed: `checkpoints.remove_checkpoint`.
    verbose : {"auto", 0, 1, 2}, default "auto"
        As for Keras's ``fit``.

    Returns
    -------
    VAE
        As from `build_vae`, trained.

    Raises
    ------
    ValueError
        As from `train_vae`.
    """
    check_options(epochs=epochs, batch_size=BATCH_SIZE, seed=seed)
    pictures = checked_pictures(x_train, (SIZE, SIZE))
    vae = build_vae(seed=seed)
    vae.compile(
        keras.optimizers.AdamW(
            _rate(epochs, len(pictures)),
            beta_2=0.99,
            weight_decay=WEIGHT_DECAY,
            use_ema=True,
            ema_momentum=AVERAGING,
        )
    )
    fit_vae(
        vae,
        pictures,
        validation_data,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        seed=seed,
        callbacks=[keras.callbacks.SwapEMAWeights(), *callbacks],
        checkpoint=checkpoint,
        verbose=verbose,
    )
    return _with_weights_of(vae, build_vae(seed=seed))


def _rate(epochs: int, count: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Give the learning rates of a training on ``count`` pictures an epoch."""
    steps = epochs * math.ceil(count / BATCH_SIZE)
    return keras.optimizers.schedules.CosineDecay(
        HIGHEST_RATE / 25,
        decay_steps=steps - int(WARM_UP * steps),
        warmup_target=HIGHEST_RATE,
        warmup_steps=int(WARM_UP * steps),
    )


def _with_weights_of(trained: Model, finished: Model) -> Model:
    """Copy weights into a model that is compiled as users expect it."""
    for weight, value in zip(finished.weights, trained.weights, strict=True):
        weight.assign(value)
    return finished
