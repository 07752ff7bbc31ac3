"""What is shown of one snapshot: its network on the drawing and on the validation pictures."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Bytes, Floats
from mnist_visual._weights_file import NOT_FINITE
from mnist_visual.latent import encode
from mnist_visual.live_training.records import Kind, Settings, Snapshot
from mnist_visual.live_training.snapshot_files import load_snapshot, save_snapshot
from mnist_visual.live_training.snapshots import network_of, vae_of

from ._messages import Message
from ._shades import as_bytes, as_greys
from .latent_plane import FARTHEST

CONVOLUTIONS = ("conv1", "conv2")
MAX_PICTURES = 24  # of one cell of the confusion matrix
MAX_POINTS = 3000  # of the scatter, which a script moves in every frame
LEAST_HALF = 3.0  # of the scatter's view: a standard normal distribution
_COME_APART = (
    "This network has come apart: its numbers are beyond all bounds. "
    "Use one of an earlier epoch, or train another with smaller steps."
)


def classifier_message(snapshot: Snapshot, network: Any, labels: Bytes, classes: int) -> Message:
    """Show a classifier: its first filters, and what it takes for what.

    Parameters
    ----------
    snapshot : Snapshot
    network : object or None
        Of it, with ``filters(layer)``.
    labels : uint8 array (n,)
        The true classes of the validation pictures.
    classes : int
        How many there are.

    Returns
    -------
    dict
        ``filters`` of the first layer (filters, channels, height, width) or None, and how many
        the ``second`` has; ``confusion``, counts with the true classes in rows, or None without
        predictions.
    """
    layers = convolutions(network)
    kernels = [network.filters(layer).transpose(3, 2, 0, 1) for layer in layers]
    confusion, predictions = None, snapshot.predictions
    if predictions is not None and max(labels.max(), predictions.max()) < classes:
        pairs = labels.astype(np.int64) * classes + predictions
        confusion = np.bincount(pairs, minlength=classes**2).astype(np.int32)
    return {
        "filters": np.ascontiguousarray(kernels[0]) if kernels else None,
        "second": len(kernels[1]) if len(kernels) > 1 else 0,
        "confusion": confusion,
    }


def convolutions(network: Any) -> tuple[str, ...]:
    """Name the layers of which filters and maps are shown, at most two."""
    if network is None:
        return ()
    return getattr(network, "convolutions", CONVOLUTIONS)


def reading_message(network: Any, digit: Floats, classes: int) -> Message | None:
    """Show what a classifier makes of a drawing; None if it cannot read that."""
    try:
        maps = {} if network is None else network.feature_maps(digit)
    except ValueError:  # somebody's own network of other pictures
        return None
    probabilities = [*maps.values()][-1] if maps else np.empty(0)
    if probabilities.shape != (classes,):
        return None
    return {
        "probabilities": probabilities,
        "maps": [as_greys(maps[layer]) for layer in convolutions(network)],
    }


def misread_message(
    snapshot: Snapshot, pictures: Bytes, labels: Bytes, cell: tuple[int, int]
) -> Message:
    """Show the pictures of one class that were taken for another."""
    found: npt.NDArray[np.intp] = np.empty(0, np.intp)
    if snapshot.predictions is not None:
        found = np.flatnonzero((labels == cell[0]) & (snapshot.predictions == cell[1]))
    some = found[:MAX_PICTURES]
    return {
        "kind": "misread",
        "cell": [*cell],
        "count": len(found),
        "indices": some.tolist(),
        "pictures": np.ascontiguousarray(pictures[some]),
    }


def vae_message(snapshot: Snapshot, labels: Bytes, half: float) -> Message:
    """Show where a VAE puts the validation pictures.

    Parameters
    ----------
    snapshot : Snapshot
    labels : uint8 array (n,)
        The classes of the pictures.
    half : float
        Half the side of the square to see, the same for all epochs.

    Returns
    -------
    dict
        ``codes`` (points * 2,), ``labels`` (points,), the ``centres`` of the classes, each as
        label, x and y, and ``half``; ``codes`` is None where there are none.
    """
    if snapshot.codes is None or snapshot.codes.shape[1:] != (2,):
        return {"codes": None, "half": half}
    codes = snapshot.codes
    centres = {label: np.median(codes[labels == label], axis=0) for label in np.unique(labels)}
    every = -(-len(codes) // MAX_POINTS)
    return {
        "codes": np.ascontiguousarray(codes[::every], dtype=np.float32).ravel(),
        "labels": np.ascontiguousarray(labels[::every]),
        "centres": [[int(label), *centre.tolist()] for label, centre in centres.items()],
        "half": half,
    }


def half_side(snapshot: Snapshot) -> float:
    """Give half the side of a square around 0 in which all but a few codes lie."""
    if snapshot.codes is None or not snapshot.codes.size:
        return LEAST_HALF
    reach = float(np.nan_to_num(np.quantile(np.abs(snapshot.codes), 0.995)))
    # In steps, so that the view seldom changes while the network trains.
    return max(LEAST_HALF, min(2.0 ** (math.ceil(2 * math.log2(max(reach, 1e-3))) / 2), 1e6))


def memory_message(vae: Any, digit: Floats) -> Message | None:
    """Show where a VAE puts a drawing, and what it remembers of it; None if there is none."""
    if vae is None:
        return None
    mean, *_ = vae.encoder(digit[None])
    return {
        "mean": np.asarray(mean)[0].tolist(),
        "digit": as_bytes(digit),
        "reconstruction": as_bytes(np.asarray(vae.decoder(mean)).reshape(digit.shape)),
    }


def weights_file(snapshot: Snapshot, settings: Settings) -> tuple[bytes, str]:
    """Write a snapshot as Keras would, and name the file."""
    content = io.BytesIO()
    save_snapshot(snapshot, settings, content)
    return content.getvalue(), f"{settings.kind}-epoch-{snapshot.epoch:.4g}.weights.h5"


def read_file(content: bytes, classes: int) -> tuple[Kind, Snapshot]:
    """Read a file of weights, in a few milliseconds.

    A ValueError has one sentence for the visitor; what caused it says more.
    """
    try:
        settings, snapshot = load_snapshot(content)
    except ValueError as error:
        if NOT_FINITE in str(error):
            raise ValueError(_COME_APART) from error
        raise ValueError(
            "This file is damaged, or of another network. Load one that was downloaded here."
        ) from error
    if settings.kind == "classifier":
        told = network_of(snapshot).classes
        if told != classes:
            raise ValueError(
                f"A network that can be used here tells {classes} classes apart. "
                f"Received: one of {told}. Load one that has learned from the same pictures."
            )
    return settings.kind, snapshot


def prepare(kind: Kind, snapshot: Snapshot, pictures: Bytes) -> Snapshot:
    """Put the validation pictures on an autoencoder's map; ValueError if it cannot be used."""
    if kind == "vae":
        if not len(pictures):
            raise ValueError(
                "The pictures for its map are still being loaded. Try again in a moment."
            )
        snapshot = replace(snapshot, codes=encode(vae_of(snapshot), pictures).mean)
    check_usable(kind, snapshot)
    return snapshot


def check_usable(kind: Kind, snapshot: Snapshot) -> None:
    """Refuse a network that has come apart; ValueError with one sentence for the visitor."""
    arrays = [array for layer in snapshot.weights.values() for array in layer]
    if kind == "vae":
        arrays.append(np.full(1, np.nan) if snapshot.codes is None else snapshot.codes)
    far = kind == "vae" and snapshot.codes is not None and np.abs(snapshot.codes).max() > FARTHEST
    if far or not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(_COME_APART)
