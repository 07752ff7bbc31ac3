"""Reading files that may be broken or hostile, and writing them whole.

Nothing is read that was not announced, announced that is not there, or too large.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import re
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

PathLike: TypeAlias = str | os.PathLike[str]
# By its name, what an array holds, and its shape: a type as NumPy writes it, or several with
# spaces between, or "<U" for text of any width below 100.
Layout: TypeAlias = Mapping[str, tuple[str, tuple[int, ...]]]

ANY = -1  # a length that a layout leaves open
MAX_BYTES = 1 << 30
_PIECE = 1 << 20
_TEXT = re.compile(r"<U[1-9]\d?")
_NPY_HEADER = re.compile(
    rb"\{'descr': '([^']{1,20})', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,12},|\d{1,12}(?:, ?\d{1,12})+,?)\),? ?\}\s*"
)


def existing(path: Path, origin: str) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"{origin} must name a file that exists. Received: {path}. Check the spelling."
        )
    return path


def checked_target(path: PathLike) -> Path:
    """Give the path of a weights file to be, before anything is computed for it.

    Parameters
    ----------
    path : path
        A name ending in ``.weights.h5``, in a folder that exists.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the name ends otherwise.
    FileNotFoundError
        If there is no such folder.
    """
    path = Path(path).expanduser()
    if not path.name.endswith(".weights.h5") or path.is_dir():
        raise ValueError(
            "The name of a weights file must end in .weights.h5, and be no folder's. "
            f"Received: {str(path)!r}. Use for example classifier.weights.h5."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder of a weights file must exist. Received: {path}. Make the folder first."
        )
    return path


@contextlib.contextmanager
def broken_is_value_error(
    name: str,
    rule: str = "A data file must be whole and of its format.",
    remedy: str = "Fetch it again, or check that it is the file you meant.",
) -> Iterator[None]:
    """Give every way in which a file can be damaged one type, and a sentence with its name."""
    try:
        yield
    except (
        ValueError,
        EOFError,
        KeyError,
        OSError,
        RuntimeError,
        OverflowError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"{rule} Received: {name} ({error}). {remedy}") from error


def file_size(file: IO[bytes]) -> int:
    """Give the size of a file, or of bytes in memory, from whose start it will be read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def unpacked_limit(stored: int) -> int:
    """Return how many bytes a compressed file may become: digits shrink to a fifth, not 1/100."""
    return min(MAX_BYTES, max(32 << 20, 100 * stored))


def decompressed(file: IO[bytes]) -> tuple[IO[bytes], int]:
    """Return the content as a stream and the most bytes that it may have."""
    size = file_size(file)
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if zipped:
        return gzip.open(file), unpacked_limit(size)  # type: ignore[return-value]
    return file, min(size, MAX_BYTES)


def read_exactly(stream: IO[bytes], size: int, limit: int) -> bytearray:
    """Read the rest of a stream, which has to be `size` bytes."""
    if size > limit:
        raise ValueError(f"it declares {size} bytes of data, where at most {limit} can be")
    data = read_at_most(stream, size)
    if len(data) < size:
        raise ValueError(f"it declares {size} bytes of data and has {len(data)}")
    return data


def read_at_most(stream: IO[bytes], limit: int) -> bytearray:
    """Read the rest of a stream, piece by piece, which has to be `limit` bytes or fewer."""
    data = bytearray()
    # One byte more than allowed is asked for: it also makes gzip and zip check their checksums.
    while piece := stream.read(min(_PIECE, limit + 1 - len(data))):
        data += piece
        if len(data) > limit:
            raise ValueError(f"it has more than the {limit} bytes of data that it may have")
    return data


def read_npz(file: IO[bytes], size: int, layout: Layout) -> dict[str, NDArray[Any]]:
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, where at most {MAX_BYTES} can be")
    with zipfile.ZipFile(file) as archive:
        return {
            name: read_member(archive, name, *layout[name], limit=unpacked_limit(size))
            for name in layout
        }


def read_member(
    archive: zipfile.ZipFile, name: str, descr: str, shape: tuple[int, ...], *, limit: int
) -> NDArray[Any]:
    """Read one array, whose header is compared with what is wanted and never evaluated."""
    if f"{name}.npy" not in archive.namelist():
        raise ValueError(f"{name} is missing; it has {', '.join(archive.namelist())[:200]}")
    # zipfile decompresses no more than it is asked for only of these two.
    packing = archive.getinfo(f"{name}.npy").compress_type
    if packing not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in a way that NumPy does not write")
    with archive.open(f"{name}.npy") as stream:
        magic, length = struct.unpack("<8sH", stream.read(10))
        header = _NPY_HEADER.fullmatch(stream.read(length))
        if magic != b"\x93NUMPY\x01\x00" or header is None:
            raise ValueError(f"{name} is not a plain array")
        found = tuple(int(n) for n in header[3].replace(b",", b" ").split())
        fits = len(found) == len(shape) and all(
            want in (n, ANY) for n, want in zip(found, shape, strict=True)
        )
        own = header[1].decode("latin-1")
        if not fits or not (own in descr.split() or (descr == "<U" and _TEXT.fullmatch(own))):
            wanted = str(shape).replace(str(ANY), "n")
            kinds = " or ".join(np.dtype(each).name for each in descr.split())
            raise ValueError(f"{name} must be {kinds} of shape {wanted}, not {own!r} of {found}")
        dtype = np.dtype(own)
        data = read_exactly(stream, math.prod(found) * dtype.itemsize, limit)
    order: Any = "F" if header[2] == b"True" else "C"
    read = np.frombuffer(data, dtype).reshape(found, order=order)
    return np.ascontiguousarray(read, dtype.newbyteorder("="))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that others see whole or not at all, however many write it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
