"""Where the shipped autoencoder's encoder puts MNIST's test digits on the plane.

They come with the library, so that the plane can be shown without the data and without Keras.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._files import (
    ANY,
    Layout,
    PathLike,
    broken_is_value_error,
    checked_target,
    file_size,
    read_npz,
    write_whole,
)
from ._shipped import shipped_file
from .latent import LatentCodes, encode

if TYPE_CHECKING:
    from .vae import VAE

_LAYOUT: Layout = {
    "z_mean": ("<f2", (ANY, 2)),
    "z_log_var": ("<f2", (ANY, 2)),
    "labels": ("|u1", (ANY,)),
}


@dataclass(frozen=True, eq=False)
class LabelledCodes(LatentCodes):
    """Codes of pictures, normal distributions on the plane, and what the pictures show.

    Attributes
    ----------
    mean : float32 array (n, 2)
        The middle of each posterior.
    log_var : float32 array (n, 2)
        The logarithm of its variance along each axis.
    labels : uint8 array (n,)
        The digits, 0 to 9.
    """

    labels: npt.NDArray[np.uint8]


def load_test_codes() -> LabelledCodes:
    """Load the codes of MNIST's 10,000 test digits, as the shipped encoder gives them.

    Returns
    -------
    LabelledCodes
        In MNIST's order, with the precision of float16: three digits.

    Raises
    ------
    FileNotFoundError
        If the package lacks the file.
    ValueError
        If the file is damaged.

    Examples
    --------
    >>> codes = load_test_codes()
    >>> codes.mean.shape, codes.mean.dtype, codes.labels[:3]
    ((10000, 2), dtype('float32'), array([7, 2, 1], dtype=uint8))
    """
    shipped = shipped_file("vae_test_codes.npz", "the codes of the test digits")
    with resources.as_file(shipped) as path, broken_is_value_error(str(path)):
        with path.open("rb") as file:
            arrays = read_npz(file, file_size(file), _LAYOUT)
        if len({len(array) for array in arrays.values()}) != 1:
            raise ValueError("its arrays have different lengths")
    return LabelledCodes(
        arrays["z_mean"].astype(np.float32),
        arrays["z_log_var"].astype(np.float32),
        arrays["labels"],
    )


def save_codes(
    vae: VAE, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], path: PathLike
) -> None:
    """Encode pictures and save their codes as the package ships them: in half precision.

    The file appears whole or not at all, and the same codes give the same bytes.

    Parameters
    ----------
    vae : VAE
        With a plane of codes, ``latent_dim=2``.
    images : uint8 array (n, 28, 28)
        Pictures, ink bright.
    labels : uint8 array (n,)
        What they show.
    path : path
        The ``.npz`` file. Its folder must exist.

    Raises
    ------
    ValueError
        If the name ends otherwise.
    OSError
        If the file cannot be written.
    """
    target = checked_target(path, "file of codes", ".npz")
    codes = encode(vae, images)
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        z_mean=codes.mean.astype("<f2"),
        z_log_var=codes.log_var.astype("<f2"),
        labels=np.asarray(labels, np.uint8),
    )
    write_whole(target, packed.getvalue())
