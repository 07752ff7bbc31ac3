"""What a training is told, and what it tells while it goes on. Nothing here needs Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count, checked_filters, checked_number

Kind = Literal["classifier", "vae"]
State = Literal["queued", "starting", "running", "paused", "finished", "stopped", "failed"]
ENDED: tuple[State, ...] = ("finished", "stopped", "failed")

KINDS = ("classifier", "vae")
# The least and the most of each setting. Both ends are there so that a visitor can see what
# happens; beyond, a training would take for ever or more memory than all visitors can have.
EPOCHS = (1, 100)
BATCH_SIZE = (8, 1024)
LEARNING_RATE = (1e-6, 1.0)
BETA = (0.0, 10.0)
FILTERS = (1, 32)
UNITS = (8, 512)
SEED = (0, 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to train, and how.

    Attributes
    ----------
    kind : {"classifier", "vae"}
        Which network.
    epochs, batch_size : int
        How often every picture is seen, and how many at once.
    learning_rate : float
        The size of a step.
    beta : float
        The weight of the KL divergence; for a VAE alone.
    filters : tuple (int, int)
        Of the two convolutions; for a classifier alone.
    units : int
        Of the dense layer; for a classifier alone.
    seed : int
        Where the random numbers start, those of the initial weights too.
    """

    kind: Kind = "classifier"
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    beta: float = 1.0
    filters: tuple[int, int] = (8, 16)
    units: int = 128
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a network has become after an epoch, or where somebody stopped to look.

    Attributes
    ----------
    epoch : float
        How much of the training is done, in epochs: 0 before the first, 2.5 in mid-third. NaN
        where that is not known, as of some files.
    logs : mapping of str to float
        The loss and the metrics since the last epoch began, those of the validation data with
        ``val_`` before their names; empty before the first.
    weights : mapping of str to tuple of float32 or float16 arrays
        Kernel and bias of each layer, as `inference.DigitNetwork` takes them; of a VAE as
        ``encoder/...`` and ``decoder/...``, see `digit_vae.digit_vae`, and in float16, which is
        half as much to keep. Of other models in a `recorder.Recorder` all weights of each layer.
    predictions : uint8 array (n,) or None
        What a classifier reads in each of the validation pictures; uint16 beyond 256 classes.
    codes : float32 array (n, 2) or None
        Where a VAE puts each of the validation pictures.
    """

    epoch: float
    logs: Mapping[str, float]
    weights: Mapping[str, tuple[npt.NDArray[Any], ...]]
    predictions: npt.NDArray[Any] | None = None
    codes: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    state : str
        "queued", "starting", "running", "paused", "finished", "stopped" or "failed".
    place : int
        In the queue: how many have to end before; 0 while it is one's own turn.
    epoch, epochs : int
        The epoch that is being trained, from 0, and how many there will be.
    batch, batches : int
        The same within the epoch.
    seconds_left : float or None
        Until the end, if it goes on as it went; None while that is not known.
    logs : mapping of str to float
        The running means of this epoch.
    message : str
        One sentence for the visitor, where there is something to say: why it failed, say.
    compiling : bool
        Whether a program is being compiled for it, which takes seconds if it is a new one.
    """

    state: State
    place: int = 0
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    seconds_left: float | None = None
    logs: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    compiling: bool = False


def checked_settings(settings: Settings) -> Settings:
    """Check what a visitor wants to train, whatever came from the browser.

    Parameters
    ----------
    settings : Settings
        Of any values.

    Returns
    -------
    Settings
        With plain Python numbers.

    Raises
    ------
    ValueError
        If one is not of its type or not in its range.

    Examples
    --------
    >>> checked_settings(Settings(epochs=0))
    Traceback (most recent call last):
    ValueError: epochs is a whole number, 1 to 100. Received: 0.
    """
    if settings.kind not in KINDS:
        raise ValueError(
            f"What is trained is 'classifier' or 'vae'. Received: {settings.kind!r:.80}."
        )
    return replace(
        settings,
        epochs=_checked_whole("epochs", settings.epochs, EPOCHS),
        batch_size=_checked_whole("batch_size", settings.batch_size, BATCH_SIZE),
        learning_rate=checked_within("learning_rate", settings.learning_rate, LEARNING_RATE),
        beta=checked_within("beta", settings.beta, BETA),
        filters=checked_filters(settings.filters, most=FILTERS[1]),
        units=_checked_whole("units", settings.units, UNITS),
        seed=_checked_whole("seed", settings.seed, SEED),
    )


def checked_within(name: str, value: Any, limits: tuple[float, float]) -> float:
    """Check that a setting is a number within its limits; ValueError where it is not."""
    return checked_number(name, value, least=limits[0], most=limits[1])


def _checked_whole(name: str, value: Any, limits: tuple[int, int]) -> int:
    least, most = limits
    return checked_count(name, value, least=least, most=most)
