"""Reading files that may be broken or hostile, and writing them whole.

Nothing is read that was not announced, announced that is not there, or too large.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import math
import os
import re
import secrets
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if sys.platform != "win32":
    import fcntl

PathLike: TypeAlias = str | os.PathLike[str]
# By its name, what an array holds, and its shape: a type as NumPy writes it, or several with
# spaces between, or "<U" for text of any width below 100.
Layout: TypeAlias = Mapping[str, tuple[str, tuple[int, ...]]]

ANY = -1  # a length that a layout leaves open
MAX_BYTES = 1 << 30
_PIECE = 1 << 20
_NPZ_END = struct.Struct("<4s8xI4xH")
_ZIP64_LOCATOR = struct.Struct("<4sIQI")
_MAX_TABLE = 1 << 20  # of thousands of arrays
_MAX_WORDS = 300  # letters of what a file says
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


WEIGHTS = "weights file", ".weights.h5"  # for `checked_target`


def checked_target(path: PathLike, what: str, *endings: str) -> Path:
    """Give the path of a file to be, before anything is computed for it.

    Parameters
    ----------
    path : path
        In a folder that exists; ``~`` stands for the home.
    what : str
        What the file is, for the error.
    *endings : str
        One of which the name must have, in small letters; it may have any, where none are given.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the name ends otherwise, or is that of a folder.
    FileNotFoundError
        If there is no such folder.
    """
    path = Path(path).expanduser()
    if endings and (not path.name.endswith(endings) or path.is_dir()):
        raise ValueError(
            f"The name of a {what} must end in {endings[0]}, and be no folder's. "
            f"Received: {str(path)!r}. Use for example own{endings[0]}."
        )
    if path.is_dir():
        raise ValueError(f"A {what} is a file. Received: the folder {path}. Name a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder of a {what} must exist. Received: {path}. Make the folder first."
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
        TypeError,
        EOFError,
        KeyError,
        OSError,
        RuntimeError,
        OverflowError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"{rule} Received: {name} ({plain(error)}). {remedy}") from error


def plain(found: object) -> str:
    """Give words that a file had a hand in as one line that no terminal obeys."""
    text = str(found).rstrip(".")
    text = "".join(letter if letter.isprintable() else "?" for letter in text[:_MAX_WORDS])
    return text if len(text) < _MAX_WORDS else f"{text}..."


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


def read_npz(
    file: IO[bytes], size: int, layout: Layout, *, most: int = MAX_BYTES
) -> dict[str, NDArray[Any]]:
    """Read arrays from an archive of NumPy's, of at most so many bytes each."""
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, where at most {MAX_BYTES} can be")
    with opened_npz(file) as archive:
        limit = min(most, unpacked_limit(size))
        return {name: read_member(archive, name, *layout[name], limit=limit) for name in layout}


def opened_npz(file: IO[bytes]) -> zipfile.ZipFile:
    """Open an archive as NumPy writes it: with a short table of contents at its very end."""
    size = file_size(file)
    file.seek(max(size - _NPZ_END.size - _ZIP64_LOCATOR.size, 0))
    end = file.read()
    file.seek(0)
    locator, end = end[: -_NPZ_END.size], end[-_NPZ_END.size :]
    if len(end) < _NPZ_END.size:
        raise ValueError("it is no archive of NumPy's")
    mark, table, comment = _NPZ_END.unpack(end)
    if mark != b"PK\x05\x06" or comment or locator.startswith(b"PK\x06\x07"):
        raise ValueError("it does not end as an archive of NumPy's does")
    if table > _MAX_TABLE:
        raise ValueError(
            f"its table of contents has {table} bytes, where at most {_MAX_TABLE} can be"
        )
    return zipfile.ZipFile(file)


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
    """Write a file that others see whole or not at all, however many write it at once.

    What processes that were killed in writing it left beside it is removed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(path)
        _write_beside(path, data)
    except OSError as error:
        raise type(error)(
            f"A file needs a folder that takes it, with room. Received: {path} "
            f"({error.strerror or error}). Choose another place or name, or make room."
        ) from error
    _sync_folder(path.parent)


def _write_beside(path: Path, data: bytes) -> None:
    """Write a new file beside a file, and move it there."""
    part, file = _own_part(path)
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            _close_on_windows(file)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_parts(path: Path) -> None:
    """Remove what processes that were killed in writing a file have left beside it."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 16}.part"):
        # Whoever still writes it holds its lock, or under Windows the file itself.
        with contextlib.suppress(OSError), part.open("r+b") as file:
            _lock(file, wait=False)
            _close_on_windows(file)
            part.unlink(missing_ok=True)


def _own_part(path: Path) -> tuple[Path, IO[bytes]]:
    """Open a new file beside a file, and lock it, so that nobody else takes it for left over."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        file = part.open("xb")
        with contextlib.suppress(OSError):  # some network drives have no locks, nor give them away
            _lock(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:  # else it was removed before it was locked
            return part, file
        file.close()


def _lock(file: IO[bytes], *, wait: bool) -> None:
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _close_on_windows(file: IO[bytes]) -> None:
    if sys.platform == "win32":  # moves and removes no file that is open
        file.close()


def _sync_folder(folder: Path) -> None:
    """Let a file that was moved into a folder outlast a power cut, where a folder can be told."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
