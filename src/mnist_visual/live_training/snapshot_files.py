"""Snapshots as files of weights, as Keras writes them. Without Keras."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from mnist_visual._data_files import MAX_CLASSES
from mnist_visual._files import WEIGHTS, PathLike, checked_target, write_whole
from mnist_visual._hdf5 import HDF5, SIGNATURE, Stored
from mnist_visual._numbers import checked_count
from mnist_visual._weights_file import broken_weights_are_value_error, read_layer
from mnist_visual.inference import CLASSIFIER_LAYERS, DECODER_LAYERS, ENCODER_LAYERS

from .records import EPOCHS, Kind, Settings, Snapshot, checked_settings
from .snapshots import layers_of

# Of a weights file: with the state of an optimizer, too, the autoencoder has less.
MOST_FILE_BYTES = 18 << 20
MOST_OBJECTS = 500  # of a file: small networks, with an optimizer

# What Keras saves beside the weights of a model that learns: they are left alone.
_BESIDE = ("optimizer/", "metrics/", "_reconstruction_tracker/", "_kl_tracker/")

_Layers = Mapping[str, tuple[str, tuple[int, ...]]]
_PARTS: dict[Kind, list[tuple[str, _Layers]]] = {
    "classifier": [("", CLASSIFIER_LAYERS)],
    "vae": [("encoder/", ENCODER_LAYERS), ("decoder/", DECODER_LAYERS)],
}


def save_snapshot(snapshot: Snapshot, settings: Settings, file: PathLike | IO[bytes]) -> None:
    """Save the weights of a snapshot as Keras saves them, without Keras.

    Parameters
    ----------
    snapshot : Snapshot
        Of a training with these settings.
    settings : Settings
        They say which model can load the file: ``build_vae()``, or ``build_classifier`` with the
        same filters and units, and as many classes as the network has.
    file : path or binary file
        A name ending in ``.weights.h5``, in a folder that exists; the file appears whole or not
        at all. Or a file that is open for writing.

    Raises
    ------
    ValueError
        If the name ends otherwise, or the snapshot is of another network.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import io
    >>> from mnist_visual.inference import shared_network
    >>> from mnist_visual.live_training import Settings, Snapshot
    >>> file = io.BytesIO()
    >>> snapshot = Snapshot(epoch=3, logs={}, weights=shared_network().weights)
    >>> save_snapshot(snapshot, Settings(kind="classifier"), file)
    >>> settings, loaded = load_snapshot(file.getvalue())
    >>> settings.filters, loaded.epoch
    ((8, 16), 3.0)
    """
    target = checked_target(file, *WEIGHTS) if isinstance(file, str | os.PathLike) else file
    groups: dict[str, Any] = {}
    for part, layers in _PARTS[settings.kind]:
        for name, arrays in layers_of(snapshot, part, [*layers]).items():
            groups[layers[name][0]] = arrays
    content = io.BytesIO()
    with h5py.File(content, "w") as packed:
        packed.attrs["epoch"] = float(snapshot.epoch)
        for group, arrays in groups.items():
            for number, array in enumerate(arrays):
                packed[f"{group}/vars/{number}"] = array
        # Keras looks for the optimizer of a compiled model, which starts anew.
        packed["optimizer/vars/0"] = np.int32(0)
        packed["optimizer/vars/1"] = np.float32(settings.learning_rate)
    if isinstance(target, Path):
        write_whole(target, content.getvalue())
    else:
        target.write(content.getvalue())


def load_snapshot(file: PathLike | bytes) -> tuple[Settings, Snapshot]:
    """Load what `save_snapshot` saved, without Keras; whatever the file is, it is checked.

    Parameters
    ----------
    file : path or bytes
        A file of Keras 3, or what is in it: weights of ``build_vae()``, or of
        ``build_classifier`` with any numbers of filters and units that `Settings` may have, and
        of 2 to 256 classes.

    Returns
    -------
    settings : Settings
        Its kind, filters and units.
    snapshot : Snapshot
        Its weights, without predictions and codes. The epoch is NaN where the file does not say.

    Raises
    ------
    ValueError
        If the file is damaged, is not HDF5, is too large, holds other names or shapes, links out
        of itself, or has a weight that is not finite.
    OSError
        If there is no such file.
    """
    content = file if isinstance(file, bytes) else _start_of(Path(file))
    is_larger = len(content) > MOST_FILE_BYTES
    if is_larger or not content.startswith(SIGNATURE):
        found = "a larger file" if is_larger else f"something else, of {len(content):,} bytes"
        raise ValueError(
            f"A weights file is HDF5 of at most {MOST_FILE_BYTES >> 20} MiB. "
            f"Received: {found}. Load one that was saved here."
        )
    with broken_weights_are_value_error("this file"):
        stored = HDF5(content, most=MOST_OBJECTS)
        settings, classes = _settings_of(stored.datasets)
        _check_names(stored.datasets, settings)
        weights = {
            part + name: read_layer(stored.datasets, group, _shape(shape, name, settings, classes))
            for part, layers in _PARTS[settings.kind]
            for name, (group, shape) in layers.items()
        }
        return settings, Snapshot(_epoch_of(stored), {}, weights)


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_FILE_BYTES + 1)  # which is too much, whatever follows


def _settings_of(datasets: Mapping[str, Stored]) -> tuple[Settings, int]:
    """Give the settings and the number of classes that the sizes of a file's layers tell."""
    if any(path.startswith("encoder/") for path in datasets):
        return Settings(kind="vae"), 0
    missing = [path for path in _paths("classifier") if path not in datasets]
    if missing:
        raise ValueError(f"it lacks {missing[0]}, which the network has")
    first, second, units, classes = (
        math.prod(datasets[f"{group}/vars/1"].shape) for group, _ in CLASSIFIER_LAYERS.values()
    )
    settings = replace(Settings(), filters=(first, second), units=units)
    return checked_settings(settings), checked_count("classes", classes, least=2, most=MAX_CLASSES)


def _paths(kind: Kind) -> list[str]:
    """List the paths of the weights of a network."""
    groups = [group for _, layers in _PARTS[kind] for group, _ in layers.values()]
    return [f"{group}/vars/{number}" for group in groups for number in (0, 1)]


def _check_names(datasets: Mapping[str, Stored], settings: Settings) -> None:
    found = {path for path in datasets if not path.startswith(_BESIDE)}
    wanted = {*_paths(settings.kind)}
    if found != wanted:
        missing, extra = sorted(wanted - found), sorted(found - wanted)
        raise ValueError(f"it lacks {missing[:3]} and has {extra[:3]}, which the network has not")


def _shape(shape: tuple[int, ...], name: str, settings: Settings, classes: int) -> tuple[int, ...]:
    """Give the shape of a kernel, with the numbers of these settings."""
    if settings.kind == "vae":
        return shape
    first, second = settings.filters
    own = {
        "conv1": (1, first),
        "conv2": (first, second),
        "dense": (shape[0] // 16 * second, settings.units),
        "probabilities": (settings.units, classes),
    }[name]
    return (*shape[:-2], *own)


def _epoch_of(file: HDF5) -> float:
    stored = file.attributes("").get("epoch")
    if stored is None or stored.data is None or stored.dtype is None or stored.shape != ():
        return math.nan
    if stored.dtype.kind != "f":
        return math.nan
    epoch = float(np.frombuffer(stored.data, stored.dtype)[0])
    return epoch if 0 <= epoch <= EPOCHS[1] else math.nan
