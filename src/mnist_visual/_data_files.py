"""Reading sets of 28x28 pictures with labels from files.

A file is checked before it is believed: what it declares is compared with what is wanted and
with the bytes that are there, so that a broken or hostile file costs a sentence, not the memory.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Mapping, Sequence
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
    opened_npz,
    read_at_most,
    read_exactly,
    read_npz,
)

Images: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]

NAMES_FILE = "class_names.txt"
MAX_CLASSES = 256  # as many as a byte can tell apart
MAX_NAME = 40  # characters: what fits beside a bar
_MAX_NAMES_BYTES = 4 * MAX_CLASSES * (MAX_NAME + 2)

_INTEGERS = "|u1 <i8 <i4"
_LAYOUT: Layout = {
    "x_train": ("|u1", (ANY, 28, 28)),
    "y_train": (_INTEGERS, (ANY,)),
    "x_test": ("|u1", (ANY, 28, 28)),
    "y_test": (_INTEGERS, (ANY,)),
}
_NAMES_LAYOUT: Layout = {"class_names": ("<U", (ANY,))}
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_IDX_MAX_DIMS = 8
_KINDS = {"images": 3, "labels": 1}  # and their dimensions


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
    with path.open("rb") as file:
        return _read_idx(file, str(path))


def _read_idx(file: IO[bytes], name: str) -> NDArray[Any]:
    with broken_is_value_error(name):
        stream, limit = decompressed(file)
        zero, code, ndim = struct.unpack(">HBB", stream.read(4))
        if zero != 0 or code not in _IDX_TYPES or not 1 <= ndim <= _IDX_MAX_DIMS:
            raise ValueError("an IDX file starts with 00 00, a type and a number of dimensions")
        shape = struct.unpack(f">{ndim}I", stream.read(4 * ndim))
        dtype = np.dtype(_IDX_TYPES[code])
        data = read_exactly(stream, math.prod(shape) * dtype.itemsize, limit)
        read = np.frombuffer(data, dtype).reshape(shape)
        return read.astype(dtype.newbyteorder("="), copy=False)


def read_set(path: Path, origin: str) -> tuple[Images, Images]:
    """Read a set of pictures: to learn from, and to measure on.

    Parameters
    ----------
    path : Path
        An ``.npz`` in Keras's layout, or a folder with the four IDX files.
    origin : str
        Who named the path, for the error.

    Returns
    -------
    tuple ((x_train, y_train), (x_test, y_test))
        uint8 (n, 28, 28) and uint8 (n,).

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the folder lacks one.
    ValueError
        If a file is damaged or holds something else.
    """
    if path.is_dir():
        return _read_idx_folder(path)
    remedy = (
        "Fetch it again, or write it with numpy.savez(file, x_train=..., y_train=..., x_test=..., "
        "y_test=...): pictures are uint8 (n, 28, 28), labels whole numbers from 0."
    )
    with (
        existing(path, origin).open("rb") as file,
        broken_is_value_error(str(path), remedy=remedy),
    ):
        return read_npz_set(file)


def read_npz_set(file: IO[bytes]) -> tuple[Images, Images]:
    """Read a set in Keras's layout from an open file; damage is any error of `read_npz`."""
    arrays = read_npz(file, file_size(file), _LAYOUT)
    train = _paired(arrays, "x_train", "y_train")
    return train, _paired(arrays, "x_test", "y_test")


def read_idx_set(files: Mapping[str, IO[bytes]]) -> tuple[Images, Images]:
    """Read a set from four open IDX files.

    Parameters
    ----------
    files : mapping of str to binary file
        By their paths, whose names begin with ``train-images``, ``train-labels``, ``t10k-images``
        and ``t10k-labels``.

    Returns
    -------
    tuple ((x_train, y_train), (x_test, y_test))
        As from `read_set`.

    Raises
    ------
    ValueError
        If a file is damaged or holds something else.
    """
    arrays = {}
    for path, file in files.items():
        part, kind = Path(path).name.replace(".", "-").split("-")[:2]
        read = arrays[f"{part}-{kind}"] = _read_idx(file, path)
        if read.dtype != np.uint8 or read.shape[1:] != ((28, 28) if kind == "images" else ()):
            raise ValueError(
                f"{path} must hold uint8 {kind} of 28x28 pictures. Received: {read.dtype} of "
                f"shape {read.shape}. Take the file from the published set."
            )
    train = _paired(arrays, "train-images", "train-labels")
    return train, _paired(arrays, "t10k-images", "t10k-labels")


def _read_idx_folder(folder: Path) -> tuple[Images, Images]:
    with contextlib.ExitStack() as stack:
        files = [_idx_file(folder, part, kind) for part in ("train", "t10k") for kind in _KINDS]
        return read_idx_set({str(file): stack.enter_context(file.open("rb")) for file in files})


def _idx_file(folder: Path, part: str, kind: str) -> Path:
    names = [f"{part}-{kind}{dot}idx{_KINDS[kind]}-ubyte" for dot in "-."]
    found = [folder / (name + end) for name in names for end in ("", ".gz")]
    file = next(filter(Path.is_file, found), None)
    if file is None:
        raise FileNotFoundError(
            "The folder must hold four IDX files with the names of MNIST's. Received: "
            f"{folder}, without {names[0]}. Add that file, or pass an .npz."
        )
    return file


def _paired(arrays: dict[str, NDArray[Any]], images: str, labels: str) -> Images:
    x, y = arrays[images], arrays[labels]
    if not 1 <= len(x) == len(y):
        raise ValueError(
            f"{images} and {labels} must be equally many, and at least one. "
            f"Received: {len(x)} and {len(y)}."
        )
    if not 0 <= y.min() <= y.max() < MAX_CLASSES:
        raise ValueError(
            f"{labels} must be 0 to {MAX_CLASSES - 1}. Received: {y.min()} to {y.max()}."
        )
    return x, y.astype(np.uint8, copy=False)


def read_class_names(path: Path) -> list[str] | None:
    """Read what the classes of a set are called, where it says so.

    Parameters
    ----------
    path : Path
        As for `read_set`. An ``.npz`` says so in an array ``class_names`` of strings, a folder
        in a file ``class_names.txt``, in UTF-8 and with one name a line.

    Returns
    -------
    list of str or None
        The name of each class from 0.

    Raises
    ------
    ValueError
        If the names are damaged, or are no names, see `checked_class_names`.
    """
    if path.is_dir():
        path = path / NAMES_FILE
        if not path.is_file():
            return None
        with path.open("rb") as file, broken_is_value_error(str(path)):
            text = read_at_most(file, _MAX_NAMES_BYTES).decode("utf-8-sig")
            return checked_class_names(text.rstrip().splitlines())
    with path.open("rb") as file, broken_is_value_error(str(path)):
        with opened_npz(file) as archive:
            named = "class_names.npy" in archive.namelist()
        if not named:
            return None
        arrays = read_npz(file, file_size(file), _NAMES_LAYOUT)
        return checked_class_names(arrays["class_names"])


def checked_class_names(names: Sequence[str] | NDArray[np.str_]) -> list[str]:
    """Check names of classes: a few, each short, readable and unlike the others.

    Parameters
    ----------
    names : sequence of str
        One for each class, from 0.

    Returns
    -------
    list of str
        Without spaces around them.

    Raises
    ------
    ValueError
        If there are fewer than 2 or more than 256, or one is empty, longer than 40 characters,
        not printable, or there twice.

    Examples
    --------
    >>> checked_class_names(["cat", "dog "])
    ['cat', 'dog']
    """
    rule = f"Names of classes are 2 to {MAX_CLASSES}, each another one of 1 to {MAX_NAME} letters"
    if not 2 <= len(names) <= MAX_CLASSES:
        raise ValueError(f"{rule}. Received: {len(names)}.")
    found = [str(name).strip() for name in names]
    for place, name in enumerate(found):
        if not (1 <= len(name) <= MAX_NAME and name.isprintable()) or name in found[:place]:
            raise ValueError(f"{rule}. Received for class {place}: {name!a:.80}.")
    return found
