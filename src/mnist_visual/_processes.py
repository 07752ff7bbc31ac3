"""Training in several processes, on one machine or on several, which JAX has connected.

All of them compute the same, and must: each divides every batch with the others. The first alone
writes files, and what it reads the others hear from it, so that they need no common folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from ._backend import keras
from ._rendezvous import WAIT_SECONDS, host_and_port, meet

logger = logging.getLogger(__name__)

_FORM = "like 0/2 for the first of two, or auto under Slurm or Open MPI"


def join(
    process: str, coordinator: str | None, *, check: Callable[[], None] = lambda: None
) -> None:
    """Connect this process with the others, and divide every batch among all their devices.

    Parameters
    ----------
    process : str
        Which of how many, "0/2" for the first of two; "auto" where a cluster's own environment
        says so, as under Slurm and Open MPI.
    coordinator : str or None
        ``host:port`` of the first process; not needed for "auto".
    check : callable, optional
        Called now and then while waiting; what it raises ends that, see `Interrupts.check`.

    Raises
    ------
    ValueError
        If either is of another form.
    ConnectionError
        If the others do not come, or do not fit.
    """
    number, count = _number_and_count(process)
    if number is not None and not coordinator:
        raise ValueError(
            "Processes find each other at the address of the first. Received: --process without "
            "--coordinator. Add --coordinator HOST:PORT, the same for all."
        )
    if coordinator:
        host_and_port(coordinator)
    if number is not None and count is not None and coordinator:
        minutes = WAIT_SECONDS / 60
        logger.info("Waiting for all processes at %s, at most %d minutes.", coordinator, minutes)
        meet(number, count, coordinator, check=check)
    # Its handler of SIGTERM would replace that of this process.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        keras.distribution.initialize(coordinator, count, number)
    except (RuntimeError, ValueError) as error:
        raise ConnectionError(
            "JAX connects the processes of a training. Received: "
            f"{str(error).splitlines()[0]} Say --process I/N and --coordinator HOST:PORT."
        ) from error
    everything = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(everything)


def _number_and_count(process: str) -> tuple[int | None, int | None]:
    if process == "auto":
        return None, None
    number, _, count = process.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise ValueError(f"A process is {_FORM}. Received: {process!r}.")
    return int(number), int(count)


def several() -> bool:
    """Say whether there are other processes."""
    return jax.process_count() > 1


def is_first() -> bool:
    """Say whether this process writes the files."""
    return jax.process_index() == 0


@contextlib.contextmanager
def others_go_on() -> Iterator[None]:
    """Turn what JAX says when another process has ended into a sentence."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not several():
            raise
        raise ConnectionError(
            "A training goes on while all its processes do. Received: another one ended "
            f"({str(error).splitlines()[0]:.120}). Start all of them again; with a checkpoint "
            "(--resume) they go on after the last epoch that was done."
        ) from error


def check_alike(text: str) -> None:
    """Raise a ValueError unless all processes have the same text, such as what they train."""
    if not several():
        return
    mine = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    found = np.asarray(multihost_utils.process_allgather(mine)).reshape(-1, mine.size)
    others = [number for number, digest in enumerate(found) if (digest != found[0]).any()]
    if others:
        # Who ends now might end another one that has not heard of it.
        with contextlib.suppress(jax.errors.JaxRuntimeError):
            multihost_utils.sync_global_devices("all know")
        raise ValueError(
            "All processes train the same model on the same data with the same options. "
            f"Received: something else in process {others[0]} than in the first. "
            "Start all of them with the same command and files."
        )


@contextlib.contextmanager
def file_of_first(path: Path) -> Iterator[Path | None]:
    """Give a file as the first process has it, or None where that has none."""
    if not several():
        yield path if path.exists() else None
        return
    data = path.read_bytes() if is_first() and path.exists() else None
    size = int(multihost_utils.broadcast_one_to_all(np.int64(-1 if data is None else len(data))))
    if size < 0:
        yield None
        return
    held: Any = np.zeros(size, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    held = np.asarray(multihost_utils.broadcast_one_to_all(held))
    if is_first():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="mnist-visual-") as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(held.tobytes())
        yield copy
