"""Networks of the snapshots of a training, on NumPy alone."""

from __future__ import annotations

import numpy as np

from mnist_visual._arrays import Floats
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.digit_vae import DigitVAE, digit_vae
from mnist_visual.inference import CLASSIFIER_LAYERS, DECODER_LAYERS, ENCODER_LAYERS

from .records import Snapshot

Weights = dict[str, tuple[Floats, Floats]]


def network_of(snapshot: Snapshot) -> DigitNetwork:
    """Make the classifier of a snapshot, on NumPy alone.

    Parameters
    ----------
    snapshot : Snapshot
        Of a classifier as `build_classifier` makes it.

    Returns
    -------
    DigitNetwork

    Raises
    ------
    ValueError
        If it is of another network.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.inference import shared_network
    >>> from mnist_visual.live_training import Snapshot
    >>> network = network_of(Snapshot(epoch=3, logs={}, weights=shared_network().weights))
    >>> network(np.zeros((5, 28, 28))).shape
    (5, 10)
    """
    return DigitNetwork(layers_of(snapshot, "", [*CLASSIFIER_LAYERS]))


def vae_of(snapshot: Snapshot) -> DigitVAE:
    """Make the autoencoder of a snapshot, on NumPy alone.

    Parameters
    ----------
    snapshot : Snapshot
        Of an autoencoder as `build_vae` makes it.

    Returns
    -------
    DigitVAE

    Raises
    ------
    ValueError
        If it is of another network.

    Examples
    --------
    >>> from mnist_visual.live_training import Settings, TrainingQueue, vae_of
    >>> run = TrainingQueue().submit(Settings(kind="vae"))  # doctest: +SKIP
    >>> vae_of(run.snapshots[-1]).decoder([[0.0, 0.0]]).shape  # doctest: +SKIP
    (1, 28, 28)
    """
    return digit_vae(
        layers_of(snapshot, "encoder/", [*ENCODER_LAYERS]),
        layers_of(snapshot, "decoder/", [*DECODER_LAYERS]),
    )


def layers_of(snapshot: Snapshot, part: str, names: list[str]) -> Weights:
    """Give layers of a part of a network; ValueError if the snapshot lacks one."""
    missing = [part + name for name in names if len(snapshot.weights.get(part + name, ())) != 2]
    if missing:
        raise ValueError(
            "A snapshot has the kernel and the bias of each layer of this network. "
            f"Received: one without {', '.join(missing)}."
        )
    found: Weights = {}
    for name in names:
        kernel, bias = snapshot.weights[part + name]
        found[name] = kernel.astype(np.float32, copy=False), bias.astype(np.float32, copy=False)
    return found
