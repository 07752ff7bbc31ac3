"""Digits drawn with a pen, as strokes."""

from __future__ import annotations

import array
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    read_npz,
)

_PEN_LAYOUT: Layout = {
    "points": ("<i2", (ANY, 2)),
    "stroke_start": ("<i4", (ANY,)),
    "digit_start": ("<i4", (ANY,)),
    "label": ("|u1", (ANY,)),
    "writer": ("<i2", (ANY,)),
}
_MAX_LINE = 1000  # bytes
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

    def of_writers(self, first: int, last: int) -> PenDigits:
        """Give the digits of some writers only.

        Parameters
        ----------
        first, last : int
            The lowest and the highest number of a writer.

        Returns
        -------
        PenDigits

        Raises
        ------
        ValueError
            If there is no digit of theirs.
        """
        kept = np.flatnonzero((first <= self.writers) & (self.writers <= last))
        if not len(kept):
            raise ValueError(
                f"There has to be a digit of the writers {first} to {last}. Received: writers "
                f"{self.writers.min()} to {self.writers.max()}."
            )
        strokes = [self.strokes[index] for index in kept]
        return PenDigits(strokes, self.labels[kept], self.writers[kept])


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
    path = existing(Path(path).expanduser(), "path")
    with path.open("rb") as file, broken_is_value_error(str(path)):
        start = file.read(2)
        file.seek(0)
        if start == b"\x1f\x9d":
            raise ValueError("a .Z file has to be uncompressed first: run `gzip -d` on it")
        if start == b"PK":
            return _pen_digits_of(read_npz(file, file_size(file), _PEN_LAYOUT))
        stream, limit = decompressed(file)
        return _parse_unipen(_lines(read_at_most(stream, limit)))


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


def _lines(text: bytearray) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start, start + _MAX_LINE) + 1 or len(text)
        if end - start > _MAX_LINE:
            raise ValueError(f"it has a line of more than {_MAX_LINE} bytes")
        yield bytes(text[start:end])
        start = end


def _parse_unipen(lines: Iterable[bytes]) -> PenDigits:
    digits: list[list[array.array[float]]] = []  # x, y, x, y, ... of each stroke, without boxing
    labels: list[int] = []
    writers: list[int] = []
    stroke: array.array[float] | None = None  # None while the pen is up
    for number, raw in enumerate(lines, 1):
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
