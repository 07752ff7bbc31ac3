"""The devices among which every batch is divided.

A distribution of Keras's names them, those of other processes and hosts too. Without one they are
the CPU devices of this process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from mnist_visual._backend import keras

from .layers import UnknownKindError

DEVICES = "devices"  # the name of the axis


def mesh_of_devices() -> Mesh | None:
    """Give the devices that compute; None where it is one alone.

    Returns
    -------
    jax.sharding.Mesh or None
        Of one axis, `DEVICES`.
    """
    distribution = keras.distribution.distribution()
    if distribution is not None:
        devices = distribution.device_mesh.backend_mesh.devices.ravel()
    elif jax.default_backend() == "cpu":
        devices = np.array(jax.local_devices()[: os.cpu_count()])
    else:
        return None
    return Mesh(devices, (DEVICES,)) if len(devices) > 1 else None


def put(array: Any, mesh: Mesh, *, divided: bool = False) -> Any:
    """Copy an array, or several in lists and tuples, to all devices.

    Parameters
    ----------
    array : array (n, ...), or lists and tuples of them
        The same in all processes.
    mesh : jax.sharding.Mesh
        As from `mesh_of_devices`.
    divided : bool, default False
        Whether each device has an even share of the first axis instead of everything.

    Returns
    -------
    jax.Array, or lists and tuples of them
    """
    placed = NamedSharding(mesh, PartitionSpec(DEVICES) if divided else PartitionSpec())
    if not mesh.is_multi_process:
        return jax.device_put(array, placed)

    def mine(value: Any) -> Any:
        # Every process has all of it: unlike `device_put`, nothing is compared over the wire.
        value = np.asarray(value)
        return jax.make_array_from_callback(value.shape, placed, lambda part: value[part])

    return jax.tree.map(mine, array)


def divides_by_hand() -> bool:
    """Say whether a device is told its pictures, as on a CPU, where XLA divides nothing well."""
    return jax.default_backend() == "cpu"


def divides_batches() -> bool:
    """Say whether Keras is to divide the batches, if anything."""
    distribution = keras.distribution.distribution()
    return distribution is None or type(distribution) is keras.distribution.DataParallel


@contextmanager
def undivided() -> Iterator[None]:
    """Let Keras compute batches of any size: it would divide only those that come out even."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def check_distribution() -> None:
    """Raise an UnknownKindError if Keras is to divide something else than the batches."""
    if not divides_batches():
        kind = type(keras.distribution.distribution()).__name__
        raise UnknownKindError(f"the distribution {kind}")


def check_divides(n: int, validation_data: Any, batch_size: int) -> None:
    """Raise a ValueError unless Keras's own loop can divide all batches among the devices.

    Parameters
    ----------
    n : int
        Pictures to learn from.
    validation_data : tuple or None
        What is measured.
    batch_size : int
        Of all but the last batch.
    """
    if keras.distribution.distribution() is None:
        return
    if jax.process_count() > 1:
        raise ValueError(
            "Several processes train models that the fast loop knows. Received: another one; the "
            "log says at the level INFO why. Train it in one process."
        )
    mesh = mesh_of_devices()
    count = 1 if mesh is None else mesh.size
    sizes = [batch_size, n % batch_size]
    if validation_data is not None:
        sizes.append(len(validation_data[0]) % batch_size)
    uneven = [size for size in sizes if size % count]
    if uneven:
        raise ValueError(
            f"Keras divides every batch evenly among {count} devices, the last one too. "
            f"Received: a batch of {uneven[0]}. Choose another batch_size, or leave pictures out."
        )
