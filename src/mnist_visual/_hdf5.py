"""Reading HDF5 files as Keras writes them, in memory, and without the HDF5 library.

That library believes what a file says of itself: a few changed bytes make it take all memory, or
loop for ever. What Keras writes is a small part of the format, of its first version: groups with
tables of symbols, and arrays in one piece. No length, address or count is believed here.

References
----------
.. [1] The HDF Group, "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SIGNATURE = b"\x89HDF\r\n\x1a\n"

_MAX_OBJECTS = 20_000
_STEPS = 25  # parts looked at for each object: a file can point at the same ones many times
_MAX_PATH = 1000  # letters
_LETTERS = 100  # of a path on average, for a file can have names in one another
_MAX_RANK = 32
_MAX_HEAP_ENTRIES = 4096  # of a collection, which the library lets grow to 64 KiB
_NOWHERE = 2**64 - 1
_SOFT_LINK = 2

# What the messages in the header of an object are about.
_SPACE, _TYPE, _LINK, _EXTERNAL, _LAYOUT = 0x01, 0x03, 0x06, 0x07, 0x08
_FILTERS, _ATTRIBUTE, _CONTINUED, _SYMBOLS = 0x0B, 0x0C, 0x10, 0x11

# Where IEEE's numbers have their sign, and their offset, precision, exponent and mantissa.
_FLOATS = {
    2: (15, 0, 16, 10, 5, 0, 10, 15),
    4: (31, 0, 32, 23, 8, 0, 23, 127),
    8: (63, 0, 64, 52, 11, 0, 52, 1023),
}


@dataclass(frozen=True)
class Stored:
    """What a file says of an array, and where the array lies in it.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype or None
        Object for texts of any length; None for what no weights are made of.
    data : memoryview or None
        All of it; None where it is not in the file in one piece, unpacked and complete.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    data: memoryview | None


@dataclass(frozen=True)
class _Message:
    kind: int
    shared: bool
    data: memoryview


class HDF5:
    """The groups and the arrays of a file.

    Parameters
    ----------
    content : bytes
        The file.
    most : int, optional
        Objects that it may have, groups and arrays.

    Raises
    ------
    ValueError
        If it is damaged, has links, or has more parts than a file of weights can have.

    Attributes
    ----------
    groups : dict of str to int
        Where each group is, by its path; that of the first is empty.
    datasets : dict of str to Stored
        The arrays by their paths.
    """

    def __init__(self, content: bytes, *, most: int = _MAX_OBJECTS) -> None:
        self._content = memoryview(content)
        self._most = most
        self._steps = self._letters = 0
        self._heaps: dict[int, dict[int, memoryview]] = {}
        self.groups: dict[str, int] = {}
        self.datasets: dict[str, Stored] = {}
        self._walk(self._first_group())

    def attributes(self, path: str) -> dict[str, Stored]:
        """Give the attributes of a group by their names."""
        messages = self._messages(self.groups[path])
        return dict(_attribute(each) for each in messages if each.kind == _ATTRIBUTE)

    def texts(self, stored: Stored) -> list[str]:
        """Read texts; ValueError if they are none."""
        if stored.data is None or stored.dtype is None or stored.dtype.kind not in "SO":
            raise ValueError("it has something else where texts should be")
        if stored.dtype.kind == "S":
            fixed: list[bytes] = np.frombuffer(stored.data, stored.dtype).tolist()
            return [text.decode() for text in fixed]
        texts = []
        for length, heap, index in struct.iter_unpack("<IQI", stored.data):
            text = self._heap(heap).get(index)
            if text is None or length > len(text):
                raise ValueError("an entry of a heap is missing, or too short")
            if length > 4 * _MAX_PATH:  # many entries can point at one long text
                raise ValueError("it has a text that is too long for a name")
            texts.append(bytes(text[:length]).decode())
        return texts

    def _take(self, start: int, size: int) -> memoryview:
        if start + size > len(self._content):
            raise ValueError(f"it points at {start + size}, beyond its {len(self._content)} bytes")
        return self._content[start : start + size]

    def _unpack(self, form: str, start: int) -> tuple[Any, ...]:
        return struct.unpack(form, self._take(start, struct.calcsize(form)))

    def _step(self, count: int = 1) -> None:
        self._steps += count
        if self._steps > _STEPS * self._most:
            raise ValueError("it has more parts than weights can have")

    def _first_group(self) -> int:
        version, offsets, lengths = self._unpack("<B4xBB", 8)
        if (version, offsets, lengths) != (0, 8, 8):
            raise ValueError("it is HDF5 of another kind than Keras writes")
        base, _, end, _, _, first = self._unpack("<6Q", 24)
        if base or end > len(self._content):
            raise ValueError(f"it is cut off: it has {len(self._content)} of {end} bytes")
        return int(first)

    def _walk(self, first: int) -> None:
        seen, pending = {first}, [("", first)]
        while pending:
            path, place = pending.pop()
            messages = self._messages(place)
            found = {each.kind: each for each in reversed(messages)}
            if _SYMBOLS not in found:
                # Groups of a younger kind hold their links, of any kind, as messages.
                if any(each.kind == _LINK and _is_link(each.data) for each in messages):
                    raise ValueError(f"in {path or 'it'} is a link, and a weights file has none")
                self.datasets[path] = self._dataset(path, found)
                continue
            self.groups[path] = place
            for name, inner in self._entries(path, *_unpacked("<2Q", found[_SYMBOLS].data)):
                inside = f"{path}/{name}" if path else name
                if inner in seen or len(seen) > self._most:
                    raise ValueError(f"{inside} is there twice, or is one object too many")
                self._letters += len(inside)
                if len(inside) > _MAX_PATH or self._letters > _LETTERS * self._most:
                    raise ValueError(f"{inside[:60]}... is too long a name, or too deep")
                seen.add(inner)
                pending.append((inside, inner))

    def _messages(self, place: int) -> list[_Message]:
        """Read the header of an object, which may go on elsewhere."""
        version, count, size = self._unpack("<BxH4xI", place)
        if version != 1:
            raise ValueError("it has an object of another kind than Keras writes")
        found: list[_Message] = []
        pieces = [(place + 16, size)]
        for start, length in pieces:  # which grows
            self._take(start, length)
            place, end = start, start + length
            while place + 8 <= end and len(found) < count:
                self._step()
                kind, size, flags = self._unpack("<HHB", place)
                if place + 8 + size > end:
                    raise ValueError("a part of it is longer than the whole")
                message = _Message(kind, bool(flags & 2), self._take(place + 8, size))
                if kind == _CONTINUED:
                    pieces.append(_unpacked("<2Q", message.data))
                found.append(message)
                place += 8 + size
        return found

    def _entries(self, path: str, tree: int, heap: int) -> Iterator[tuple[str, int]]:
        """List what is in a group: a tree, whose leaves are tables of names and places."""
        mark, size, place = self._unpack("<4s4xQ8xQ", heap)
        if mark != b"HEAP":
            raise ValueError("names are not where they should be")
        names = self._take(place, size)
        pending = [tree]
        while pending:
            node = pending.pop()
            mark, kind, level, used = self._unpack("<4sBBH", node)
            if mark != b"TREE" or kind:
                raise ValueError("a group is not where it should be")
            self._step(used + 1)
            # After the siblings on both sides, keys take turns with the children.
            children = self._unpack("<" + "8xQ" * used, node + 24)
            if level:
                pending.extend(children)
            else:
                for table in children:
                    yield from self._table(path, table, names)

    def _table(self, path: str, table: int, names: memoryview) -> Iterator[tuple[str, int]]:
        mark, count = self._unpack("<4s2xH", table)
        if mark != b"SNOD":
            raise ValueError("a table of names is not where it should be")
        self._step(count)
        for number in range(count):
            start, place, kind = self._unpack("<QQI", table + 8 + 40 * number)
            text, end, _ = bytes(names[start : start + _MAX_PATH + 1]).partition(b"\0")
            name = text.decode()
            if kind == _SOFT_LINK or place == _NOWHERE or "/" in name:
                raise ValueError(f"{path}/{name} is a link, and a weights file has none")
            if not (name and end):
                raise ValueError(f"{path}/{name[:60]}... is no name, or too long a name")
            yield name, place

    def _dataset(self, path: str, found: dict[int, _Message]) -> Stored:
        if not {_SPACE, _TYPE, _LAYOUT} <= found.keys():
            raise ValueError(f"{path or 'it'} is no array, nor a group as Keras writes them")
        shape, dtype = _shape(found[_SPACE]), _dtype(found[_TYPE])
        if shape is None or dtype is None:
            return Stored(shape or (), None, None)
        size = math.prod(shape) * _item_size(dtype)
        packed = _FILTERS in found or _EXTERNAL in found or found[_LAYOUT].shared
        data = None if packed else self._laid_out(found[_LAYOUT].data, size)
        return Stored(shape, dtype, data)

    def _laid_out(self, layout: memoryview, size: int) -> memoryview | None:
        kind = tuple(layout[:2])
        if kind == (3, 0):  # in the header itself
            (found,) = _unpacked("<2xH", layout)
            data = layout[4 : 4 + found]
        elif kind == (3, 1):
            start, found = _unpacked("<2x2Q", layout)
            data = self._take(0 if start == _NOWHERE else start, 0 if start == _NOWHERE else found)
        else:  # in chunks, or elsewhere
            return None
        return data if len(data) == size else None

    def _heap(self, place: int) -> dict[int, memoryview]:
        """Read a collection of texts by their numbers."""
        if place in self._heaps:
            return self._heaps[place]
        mark, size = self._unpack("<4s4xQ", place)
        end = place + size
        if mark != b"GCOL" or end > len(self._content):
            raise ValueError("a heap of texts is not where it should be, or longer than the file")
        found: dict[int, memoryview] = {}
        entry = place + 16
        while entry + 16 <= end and len(found) <= _MAX_HEAP_ENTRIES:
            self._step()
            index, length = self._unpack("<H6xQ", entry)
            if index == 0:  # the free rest
                break
            if length > end - entry - 16:
                raise ValueError("an entry of a heap is longer than can be")
            found[index] = self._take(entry + 16, length)
            entry += 16 + -(-length // 8) * 8
        self._heaps[place] = found
        return found


def _unpacked(form: str, data: memoryview) -> Any:
    if len(data) < struct.calcsize(form):
        raise ValueError("a part of it is too short")
    return struct.unpack_from(form, data)


def _is_link(data: memoryview) -> bool:
    """Say whether a link says of which kind it is, as all do but those to objects in the file."""
    return len(data) > 1 and bool(data[1] & 8)


def _shape(message: _Message) -> tuple[int, ...] | None:
    version, rank, _, kind = _unpacked("<4B", message.data)
    if message.shared or version not in (1, 2) or rank > _MAX_RANK or (version, kind) == (2, 2):
        return None
    start = 8 if version == 1 else 4
    return tuple(_unpacked(f"<{rank}Q", message.data[start:]))


def _dtype(message: _Message) -> np.dtype[Any] | None:
    first, bits, sign, size = _unpacked("<BBBxI", message.data)
    kind, properties, order = first & 15, message.data[8:], "<>"[bits & 1]
    if message.shared or not 1 <= size <= 1 << 16:
        return None
    if kind == 0 and size in (1, 2, 4, 8) and _unpacked("<2H", properties) == (0, 8 * size):
        return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
    if kind == 1 and bits & ~1 == 0x20:
        layout = (sign, *_unpacked("<2H4BI", properties))
        return np.dtype(f"{order}f{size}") if _FLOATS.get(size) == layout else None
    if kind in (3, 5):
        return np.dtype(f"{'S' if kind == 3 else 'V'}{size}")
    return np.dtype(object) if kind == 9 and bits & 15 == 1 and size == 16 else None


def _item_size(dtype: np.dtype[Any]) -> int:
    return 16 if dtype.kind == "O" else dtype.itemsize


def _attribute(message: _Message) -> tuple[str, Stored]:
    version, *sizes = _unpacked("<Bx3H", message.data)
    if version not in (1, 2, 3) or message.shared:
        raise ValueError("it has an attribute of another kind than Keras writes")
    parts, place = [], 9 if version == 3 else 8
    for size in sizes:
        parts.append(message.data[place : place + size])
        place += -(-size // 8) * 8 if version == 1 else size
    name = bytes(parts[0]).partition(b"\0")[0].decode()
    dtype = _dtype(_Message(_TYPE, shared=False, data=parts[1]))
    shape = _shape(_Message(_SPACE, shared=False, data=parts[2]))
    if shape is None or dtype is None:
        return name, Stored((), None, None)
    size = math.prod(shape) * _item_size(dtype)
    data = message.data[place:][:size]
    return name, Stored(shape, dtype, data if len(data) == size else None)
