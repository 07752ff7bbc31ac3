"""What a training is told, and what it tells while it goes on. Nothing here needs Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Kind = Literal["classifier", "vae"]
State = Literal["queued", "starting", "running", "paused", "finished", "stopped", "failed"]


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
        How much of the training is done, in epochs: 0 before the first, 2.5 in mid-third.
    logs : mapping of str to float
        The loss and the metrics since the last epoch began, those of the validation data with
        ``val_`` before their names; empty before the first.
    weights : mapping of str to tuple of float32 arrays
        Kernel and bias of each layer, as `inference.DigitNetwork` takes them; of a VAE as
        ``encoder/...`` and ``decoder/...``, see `digit_vae.digit_vae`.
    predictions : uint8 array (n,) or None
        What a classifier reads in each of the validation pictures.
    codes : float32 array (n, 2) or None
        Where a VAE puts each of the validation pictures.
    """

    epoch: float
    logs: Mapping[str, float]
    weights: Mapping[str, tuple[Floats, Floats]]
    predictions: npt.NDArray[np.uint8] | None = None
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
