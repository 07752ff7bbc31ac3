"""The files that a training writes, found out before anything slow: with neither Keras nor JAX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_visual._files import WEIGHTS, PathLike, checked_target


@dataclass(frozen=True)
class TrainingFiles:
    """Where a training writes.

    Attributes
    ----------
    output, checkpoint : Path
        The weights, and beside them what an unfinished training goes on from.
    codes : Path or None
        The codes of the pictures that an autoencoder is measured on, if they are wanted.
    """

    output: Path
    checkpoint: Path
    codes: Path | None = None


def training_files(output: PathLike, codes: PathLike | None = None) -> TrainingFiles:
    """Find out where a training is to write.

    Parameters
    ----------
    output : path
        As for `checked_target`, which says what it raises.
    codes : path, optional
        A name ending in ``.npz``, in a folder that exists; or else it raises the like.

    Returns
    -------
    TrainingFiles

    Examples
    --------
    >>> print(training_files("own.weights.h5").checkpoint)
    own.checkpoint
    """
    output = checked_target(output, *WEIGHTS)
    checkpoint = output.with_name(f"{output.name.removesuffix('.weights.h5')}.checkpoint")
    if codes is not None:
        codes = checked_target(codes, "file of codes", ".npz")
    return TrainingFiles(output, checkpoint, codes)


def check_checkpoint(checkpoint: Path, *, resume: bool) -> None:
    """Say what becomes of an unfinished training.

    Parameters
    ----------
    checkpoint : Path
        As from `training_files`.
    resume : bool
        Whether to go on with it.

    Raises
    ------
    FileExistsError
        If there is one, and it is not to go on.
    """
    if checkpoint.exists() and not resume:
        raise FileExistsError(
            f"An unfinished training is not overwritten. Received: {checkpoint}, which is there. "
            "Add --resume to go on with it, or delete the file to begin anew."
        )
    if resume and not checkpoint.exists():
        print(f"There is no {checkpoint}: the training begins anew.", flush=True)
