"""Training a classifier, repeatable to the bit.

A loop of our own, see `fast`, trains models of the usual layers several times as fast as Keras's
``fit``, to the same numbers but for rounding. What it does not know it leaves to Keras.

The order of the pictures and their warps are drawn from the seed and the number of the epoch
alone. So an epoch does not depend on how many came before it in this process, and a training
that a checkpoint takes up again goes on to the same bits, see `checkpoints`.
"""

from __future__ import annotations

import functools
import json
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._backend import keras
from ._files import PathLike
from ._fingerprint import digest, fingerprint
from ._models import check_reads_units
from ._numbers import checked_count
from ._pictures import Pictures, as_floats, class_count, labelled_pictures, picture_shape
from ._processes import check_alike, others_go_on, several
from .augmentation import warp
from .checkpoints import Checkpoint, remove_checkpoint
from .fast.devices import check_divides
from .fast.layers import UnknownKindError
from .fast.loop import fit
from .fast.objective import CompiledObjective, Objective

logger = logging.getLogger(__name__)

WARPS, NOISE = 1, 5  # the last number of a seed: apart from what else is drawn in an epoch

# From the number of an epoch, from 0, to its pictures and what the loss compares them with.
EpochData = Callable[[int], tuple[Pictures, npt.NDArray[Any]]]


def train_classifier(
    model: keras.Model,
    x_train: npt.ArrayLike,
    y_train: npt.ArrayLike,
    *,
    validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    seed: int = 0,
    augment: bool = False,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    checkpoint: PathLike | None = None,
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Train a classifier with the optimizer, loss and metrics that it was compiled with.

    A callback that looks at every batch makes small models train more slowly.

    Parameters
    ----------
    model : keras.Model
        Compiled, from pictures to one probability for each class.
    x_train : array_like (n, height, width) or (n, height, width, 1)
        Pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    y_train : array_like (n,)
        The class of each picture, integers from 0.
    validation_data : tuple (pictures, labels), optional
        Measured after every epoch, never learned from.
    epochs : int, default 10
        How often every picture is seen.
    batch_size : int, default 128
        Pictures for each step of the optimizer.
    seed : int, default 0
        Where the random numbers start. The same seed, on the same model, gives the same bits.
    augment : bool, default False
        Whether to warp every picture anew for every epoch, see `augmentation.warp`.
    callbacks : iterable of keras.callbacks.Callback, default ()
        As for Keras's ``fit``.
    checkpoint : path, optional
        A file to go on from after an interruption, whatever it was: the same call takes it up,
        with the same result, to the bit, as if nothing had happened. It is written after every
        epoch and removed at the end. The weights and the optimizer, with its learning rate, are
        then those of the file, and so is what Keras's ``EarlyStopping``, ``ReduceLROnPlateau``,
        ``ModelCheckpoint`` and ``SwapEMAWeights`` remember; callbacks of your own begin anew.
        `checkpoints.load_best` gives the best weights of a training that is not to go on.
    verbose : {"auto", 0, 1, 2}, default "auto"
        As for Keras's ``fit``: a progress bar, or 0 for silence, or 2 for a line an epoch.

    Returns
    -------
    keras.callbacks.History
        With the loss and the metrics of every epoch in ``history``, from the first one on.

    Raises
    ------
    ValueError
        If pictures or labels have a wrong shape, type or range, do not match in number, or
        are none; if `epochs`, `batch_size` or `seed` is out of range; or if the checkpoint is
        damaged, or of a training with another model, other data, other options, or other
        versions or devices, which would change the bits. The file stays as it is.
    OSError
        If the checkpoint cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, train_classifier
    >>> pictures = np.random.default_rng(0).random((64, 28, 28), dtype="float32")
    >>> labels = (pictures[:, 14, 14] > 0.5).astype("int32")
    >>> history = train_classifier(build_classifier(), pictures, labels, epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    """
    shape, classes = picture_shape(model), class_count(model)
    pictures, labels = labelled_pictures(x_train, y_train, shape, classes)
    check_reads_units(model, "train_classifier")
    if validation_data is not None:
        pair = _checked_pair(validation_data)
        x_validation, y_validation = labelled_pictures(*pair, shape, classes)
        validation_data = (as_floats(x_validation), y_validation)

    def epoch_data(epoch: int) -> tuple[Pictures, npt.NDArray[np.int32]]:
        if not augment:
            return pictures, labels
        return warp(as_floats(pictures), seed=(seed, epoch, WARPS)), labels

    history = fit_epochs(
        model,
        epoch_data,
        validation_data=validation_data,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        callbacks=callbacks,
        checkpoint=checkpoint,
        verbose=verbose,
    )
    if checkpoint is not None:
        remove_checkpoint(checkpoint)
    return history


def fit_epochs(
    model: keras.Model,
    epoch_data: EpochData,
    *,
    validation_data: tuple[Any, Any] | None,
    epochs: int,
    batch_size: int,
    seed: int,
    callbacks: Iterable[keras.callbacks.Callback],
    verbose: int | str,
    checkpoint: PathLike | None = None,
    objective_of: Callable[[Any], Objective] = CompiledObjective,
    start_noise: Callable[[int], None] | None = None,
) -> keras.callbacks.History:
    """Train a model on data that may be other ones for every epoch.

    The fast loop does it where it knows the model, and Keras's ``fit`` elsewhere, to the same
    weights but for rounding; which one and why is logged at the level INFO.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    epoch_data : callable
        From the number of an epoch, from 0, to the pictures ``(n, height, width)``, uint8 or
        float32, and the targets ``(n, ...)`` of that epoch, with the same n for every epoch.
    validation_data, epochs, batch_size, seed, callbacks, verbose
        As for `train_classifier`, but with pictures in float32.
    checkpoint : path, optional
        As for `train_classifier`, but it stays at the end, so that the weights can be saved
        before it is removed.
    objective_of : callable, optional
        From the model to what the fast loop makes smaller; by default the loss that it was
        compiled with.
    start_noise : callable, optional
        Starts the noise of the model's layers anew for an epoch, whose number it is given; by
        default it follows from the seed and that number.

    Returns
    -------
    keras.callbacks.History
        With the loss and the metrics of every epoch in ``history``.

    Raises
    ------
    ValueError
        If `epochs`, `batch_size` or `seed` is out of range, or the checkpoint is refused; if the
        processes of one training train different things; or if Keras itself has to train, and
        cannot divide the batches evenly among the devices.
    ConnectionError
        If another process of the training ended.
    """
    check_options(epochs=epochs, batch_size=batch_size, seed=seed)
    epoch_data = functools.lru_cache(maxsize=1)(epoch_data)  # the first is asked for repeatedly
    objective = _known(model, objective_of)
    start = start_noise or _noise_of(model, seed)
    calls = [
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: start(epoch)),
        *checked_callbacks(callbacks),
    ]
    initial_epoch = 0
    if checkpoint is not None or several():
        run = fingerprint(
            model,
            training_data=epoch_data(0),
            validation_data=validation_data,
            seed=int(seed),
            epochs=int(epochs),
            batch_size=int(batch_size),
            loop="Keras's fit" if objective is None else "the fast one",
        )
        initial_epoch, calls = _taken_up(model, run, calls, epochs=epochs, checkpoint=checkpoint)
    options: dict[str, Any] = {
        "validation_data": validation_data,
        "epochs": epochs,
        "initial_epoch": initial_epoch,
        "verbose": verbose,
    }
    if objective is None:
        return _fit_by_keras(model, epoch_data, calls, batch_size=batch_size, seed=seed, **options)

    def order(epoch: int, n: int) -> npt.NDArray[np.int64]:
        return epoch_order(n, seed=seed, epoch=epoch)

    with others_go_on():
        return fit(objective, epoch_data, order, batch_size=batch_size, callbacks=calls, **options)


def _taken_up(
    model: keras.Model,
    run: dict[str, Any],
    calls: list[keras.callbacks.Callback],
    *,
    epochs: int,
    checkpoint: PathLike | None,
) -> tuple[int, list[keras.callbacks.Callback]]:
    """Hold the processes to one training, and go on from its checkpoint.

    Gives the first epoch, and the callbacks, with those that keep the checkpoint.
    """
    if several():
        weights = digest(tuple(np.asarray(weight.value) for weight in model.weights))
        with others_go_on():
            check_alike(json.dumps([run, weights], sort_keys=True))
    if checkpoint is None:
        return 0, calls
    keeper = Checkpoint(checkpoint, model, run, calls)
    with others_go_on():
        initial_epoch = keeper.take_up(epochs)
    return initial_epoch, [*calls, keeper.history, keeper]


def _fit_by_keras(
    model: keras.Model,
    epoch_data: EpochData,
    calls: list[keras.callbacks.Callback],
    *,
    batch_size: int,
    seed: int,
    **options: Any,
) -> keras.callbacks.History:
    check_divides(len(epoch_data(0)[0]), options["validation_data"], batch_size)
    batches = _Batches(epoch_data, batch_size=batch_size, seed=seed)
    return model.fit(
        batches,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=batches.start), *calls],
        validation_batch_size=batch_size,
        shuffle=False,  # Keras would shuffle the batches, with a seed of its own
        **options,
    )


def _known(model: keras.Model, objective_of: Callable[[Any], Objective]) -> Objective | None:
    """Make what the fast loop makes smaller, or None where it does not know the model."""
    try:
        return objective_of(model)
    except UnknownKindError as unknown:
        logger.info("Keras trains %r itself: the fast loop does not know %s.", model.name, unknown)
        return None


def _noise_of(model: keras.Model, seed: int) -> Callable[[int], None]:
    """Make what starts the noise of all layers from the seed and the number of an epoch alone."""
    weights = {id(variable) for variable in model.non_trainable_weights}
    # What is a variable but no weight is the state of a random generator.
    states = [value for value in model.non_trainable_variables if id(value) not in weights]

    def start(epoch: int) -> None:
        numbers = np.random.SeedSequence((seed, epoch, NOISE)).generate_state(2 * len(states) or 1)
        for number, state in enumerate(states):
            state.assign(numbers[2 * number : 2 * number + 2])

    return start


def _checked_pair(data: Any) -> tuple[Any, Any]:
    if not isinstance(data, tuple | list) or len(data) != 2:
        given = f"{type(data).__name__} of {len(data)}" if hasattr(data, "__len__") else repr(data)
        raise ValueError(
            "validation_data of a classifier is a pair of pictures and labels. "
            f"Received: {given}. Pass (x_test, y_test)."
        )
    return data[0], data[1]


def checked_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    """Give callbacks as a list, as Keras does: also one alone, or None; ValueError for others."""
    one = callbacks is None or not isinstance(callbacks, Iterable)
    found = [] if callbacks is None else [callbacks] if one else list(callbacks)
    for each in found:
        if not isinstance(each, keras.callbacks.Callback):
            raise ValueError(
                "Callbacks are of Keras, or derived from keras.callbacks.Callback. "
                f"Received: {each!r}."
            )
    return found


def check_options(*, epochs: int, batch_size: int, seed: int) -> None:
    """Raise a ValueError unless the options of a training are integers in their ranges."""
    checked_count("epochs", epochs)
    checked_count("batch_size", batch_size)
    checked_count("seed", seed, least=0)


def epoch_order(n: int, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Draw the order in which an epoch shows n pictures."""
    return np.random.default_rng((seed, epoch)).permutation(n)


class _Batches(keras.utils.PyDataset):
    """The batches of one epoch after the other, in an order drawn from seed and epoch."""

    def __init__(self, epoch_data: EpochData, *, batch_size: int, seed: int) -> None:
        super().__init__()
        self._epoch_data = epoch_data
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = -1
        self.start(0)  # Keras looks at a batch before it begins the first epoch

    def start(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002 -- Keras gives it
        if epoch == self._epoch:
            return
        self._epoch = epoch
        self._pictures, self._targets = self._epoch_data(epoch)
        self._order = epoch_order(len(self._pictures), seed=self._seed, epoch=epoch)

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any]]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return as_floats(self._pictures[chosen]), self._targets[chosen]
