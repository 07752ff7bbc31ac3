"""The sets that Keras keeps copies of: found in its cache, or else downloaded into it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ._files import write_whole

# Keras's own copies, as in keras.datasets.
_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_MAX_BYTES = 64 << 20
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Published:
    """A set that Keras keeps a copy of.

    Attributes
    ----------
    title : str
        What people call it.
    variable : str
        The environment variable that may name a path of it.
    checksums : mapping of str to str
        Where in Keras's cache its files lie, and what they are known by: SHA-256 where Keras
        names one, or else MD5, as the set's makers do. That tells what is damaged; what is
        hostile costs a sentence anyway when it is read.
    class_names : tuple of str
        As in `Dataset`.
    """

    title: str
    variable: str
    checksums: Mapping[str, str]
    class_names: tuple[str, ...]


MNIST = Published(
    "MNIST",
    "MNIST_VISUAL_DATA",
    {"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
    tuple("0123456789"),
)
FASHION_MNIST = Published(
    "Fashion-MNIST",
    "MNIST_VISUAL_FASHION_DATA",
    {
        "fashion-mnist/train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "fashion-mnist/train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "fashion-mnist/t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)


def is_cached(known: Published) -> bool:
    """Say whether the cache has files of these names, whole or not."""
    return all(_cache_file(name).is_file() for name in known.checksums)


def cached_files(known: Published) -> dict[str, bytes]:
    """Get the files of a set.

    Parameters
    ----------
    known : Published
        Which set.

    Returns
    -------
    dict of str to bytes
        Each whole, by its name as in `Published.checksums`. What was absent or damaged in the
        cache is there now, if it can be written.

    Raises
    ------
    OSError
        If one is not in the cache, or damaged, and cannot be downloaded.
    """
    return {name: _cached_file(name, checksum) for name, checksum in known.checksums.items()}


def _cached_file(name: str, checksum: str) -> bytes:
    cache = _cache_file(name)
    damaged = False
    if cache.is_file():
        data = cache.read_bytes() if cache.stat().st_size <= _MAX_BYTES else b""
        if _is_whole(data, checksum):
            return data
        damaged = True
    url = _URL + Path(name).name
    try:
        data = _download(url, checksum)
    except OSError as error:
        found = f"the cached {cache} is damaged and " if damaged else ""
        raise OSError(f"{found}the download of {url} failed ({error})") from error
    # A cache that cannot be written costs a download next time, nothing else.
    with contextlib.suppress(OSError):
        write_whole(cache, data)
    return data


def _cache_file(name: str) -> Path:
    home = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras")).expanduser()
    return home / "datasets" / name


def _is_whole(data: bytes, checksum: str) -> bool:
    algorithm = "sha256" if len(checksum) == 64 else "md5"
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() == checksum


def _download(url: str, checksum: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 -- ours, of https
            data: bytes = response.read(_MAX_BYTES)
    except http.client.HTTPException as error:
        raise OSError(f"the answer broke off: {error!r}") from error
    if not _is_whole(data, checksum):
        raise OSError(f"its {len(data)} bytes do not have the checksum that is published")
    return data
