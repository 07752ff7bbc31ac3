"""Snapshots of a training: kept in bounded memory, made networks of, and saved. Without Keras."""

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
from mnist_visual._files import PathLike, checked_target, write_whole
from mnist_visual._numbers import checked_count
from mnist_visual._weights_file import broken_is_value_error, check_heaps, read_array, walk
from mnist_visual.digit_vae import DigitVAE, digit_vae
from mnist_visual.inference import (
    CLASSIFIER_LAYERS,
    DECODER_LAYERS,
    ENCODER_LAYERS,
    DigitNetwork,
)

from .records import EPOCHS, Floats, Kind, Settings, Snapshot, checked_settings

# Of one training: 30 epochs of the autoencoder, or all of any classifier but the very largest.
MOST_BYTES = 64 << 20
# Of a weights file: with the state of an optimizer, too, the autoencoder has less.
MOST_FILE_BYTES = 18 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"

Weights = dict[str, tuple[Floats, Floats]]


class History:
    """The snapshots of one training.

    Those of the ends of the epochs stay; one from within an epoch gives way to the next. Where
    they would take too much memory, every second one goes, but never the first and the newest.

    Parameters
    ----------
    most_bytes : int, optional
        How much memory they may take.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: list[Snapshot] = []
        self._stride = 1

    def add(self, snapshot: Snapshot) -> None:
        """Add the newest snapshot, in place of one of the same moment."""
        if self._kept:
            last = self._kept[-1]
            if last.epoch % self._stride or last.epoch == snapshot.epoch:
                self._kept.pop()
        self._kept.append(snapshot)
        while len(self._kept) > 2 and sum(map(_bytes, self._kept)) > self._most_bytes:
            self._stride *= 2
            *before, newest = self._kept
            self._kept = [kept for kept in before if kept.epoch % self._stride == 0] + [newest]

    def begin_again(self) -> None:
        """Keep the initial weights alone."""
        self._kept = [kept for kept in self._kept if kept.epoch == 0]
        self._stride = 1

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()

    def list(self) -> list[Snapshot]:
        """List them, the newest last."""
        return [*self._kept]


def _bytes(snapshot: Snapshot) -> int:
    extra = (snapshot.predictions, snapshot.codes)
    weights = [array for layer in snapshot.weights.values() for array in layer]
    return sum(array.nbytes for array in (*weights, *extra) if array is not None)


_Layers = Mapping[str, tuple[str, tuple[int, ...]]]
_PARTS: dict[Kind, list[tuple[str, _Layers]]] = {
    "classifier": [("", CLASSIFIER_LAYERS)],
    "vae": [("encoder/", ENCODER_LAYERS), ("decoder/", DECODER_LAYERS)],
}


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
    """
    return DigitNetwork(_layers(snapshot, "", [*CLASSIFIER_LAYERS]))


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
    """
    return digit_vae(
        _layers(snapshot, "encoder/", [*ENCODER_LAYERS]),
        _layers(snapshot, "decoder/", [*DECODER_LAYERS]),
    )


def _layers(snapshot: Snapshot, part: str, names: list[str]) -> Weights:
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


def save_snapshot(snapshot: Snapshot, settings: Settings, path: PathLike | IO[bytes]) -> None:
    """Save the weights of a snapshot as Keras saves them, without Keras.

    Parameters
    ----------
    snapshot : Snapshot
        Of a training with these settings.
    settings : Settings
        They say which model can load the file: ``build_vae()``, or ``build_classifier`` with the
        same filters and units, and as many classes as the network has.
    path : path or binary file
        A name ending in ``.weights.h5``, in a folder that exists; the file appears whole or not
        at all. Or a file that is open for writing.

    Raises
    ------
    ValueError
        If the name ends otherwise, or the snapshot is of another network.
    OSError
        If the file cannot be written.
    """
    target = checked_target(path) if isinstance(path, str | os.PathLike) else path
    groups: dict[str, Any] = {}
    for part, layers in _PARTS[settings.kind]:
        for name, arrays in _layers(snapshot, part, [*layers]).items():
            groups[layers[name][0]] = arrays
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["epoch"] = float(snapshot.epoch)
        for group, arrays in groups.items():
            for number, array in enumerate(arrays):
                file[f"{group}/vars/{number}"] = array
        # Keras looks for the optimizer of a compiled model, which starts anew.
        file["optimizer/vars/0"] = np.int32(0)
        file["optimizer/vars/1"] = np.float32(settings.learning_rate)
    if isinstance(target, Path):
        write_whole(target, content.getvalue())
    else:
        target.write(content.getvalue())


def load_snapshot(content: bytes) -> tuple[Settings, Snapshot]:
    """Load what `save_snapshot` saved, without Keras; whatever the file is, it is checked.

    Parameters
    ----------
    content : bytes
        Of a file of Keras 3: weights of ``build_vae()``, or of ``build_classifier`` with any
        numbers of filters and units that `Settings` may have, and of 2 to 256 classes.

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
    """
    if len(content) > MOST_FILE_BYTES or not content.startswith(_HDF5):
        raise ValueError(
            f"A weights file is HDF5 of at most {MOST_FILE_BYTES >> 20} MiB. "
            f"Received: something else, of {len(content):,} bytes. Load one that was saved here."
        )
    with broken_is_value_error("this file"):
        check_heaps(content)
        with h5py.File(io.BytesIO(content), "r") as file:
            _, datasets = walk(file)
            settings, classes = _settings_of(datasets)
            weights = {
                part + name: _read_layer(datasets, group, _shape(shape, name, settings, classes))
                for part, layers in _PARTS[settings.kind]
                for name, (group, shape) in layers.items()
            }
            return settings, Snapshot(_epoch_of(file), {}, weights)


def _settings_of(datasets: Mapping[str, Any]) -> tuple[Settings, int]:
    """Give the settings and the number of classes that the sizes of a file's layers tell."""
    if any(path.startswith("encoder/") for path in datasets):
        return Settings(kind="vae"), 0
    first, second, units, classes = (
        int(datasets[f"{group}/vars/1"].size) for group, _ in CLASSIFIER_LAYERS.values()
    )
    settings = replace(Settings(), filters=(first, second), units=units)
    return checked_settings(settings), checked_count("classes", classes, least=2, most=MAX_CLASSES)


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


def _read_layer(
    datasets: Mapping[str, Any], group: str, shape: tuple[int, ...]
) -> tuple[Floats, Floats]:
    # A transposed convolution's kernel has the filters before the channels.
    filters = shape[-2:-1] if "transpose" in group else shape[-1:]
    paths = f"{group}/vars/0", f"{group}/vars/1"
    kernel, bias = (
        read_array(path, datasets[path], wanted, np.dtype(np.float32))
        for path, wanted in zip(paths, (shape, filters), strict=True)
    )
    return kernel, bias


def _epoch_of(file: h5py.File) -> float:
    if "epoch" in file.attrs:
        header = file.attrs.get_id("epoch")
        if header.shape == () and header.dtype.kind == "f" and header.dtype.itemsize <= 8:
            epoch = float(file.attrs["epoch"])
            return epoch if 0 <= epoch <= EPOCHS[1] else math.nan
    return math.nan
