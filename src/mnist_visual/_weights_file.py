"""Reading HDF5 files of weights that may be broken or hostile. Without Keras."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

_MAX_OBJECTS = 20_000
_MAX_TEXT_BYTES = 1 << 20


def check_heaps(data: bytes) -> None:
    """Refuse a damaged heap, where HDF5 keeps texts: HDF5 itself can loop in one for ever."""
    for found in re.finditer(rb"GCOL\x01", data):
        place = found.start() + 16
        end = found.start() + int.from_bytes(data[place - 8 : place], "little")
        if end > len(data):
            raise ValueError("a heap is longer than the file")
        while end - place >= 16:
            index, length = struct.unpack_from("<H6xQ", data, place)
            step = 16 + -(-length // 8) * 8 if index else length  # index 0 is the free rest
            if not 16 <= step <= end - place or (index and length > _MAX_TEXT_BYTES):
                raise ValueError("an entry of a heap is longer than can be")
            place += step


@contextmanager
def broken_is_value_error(path: object) -> Iterator[None]:
    """Give every way in which HDF5 reports damage one type, and a sentence with the file's name."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"A weights file must be whole and hold what the model has. Received: {path} "
            f"({error}). Save it again from the same model."
        ) from error


def walk(file: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the groups and the data sets of a file by their paths, and follow no link."""
    if file.id.get_create_plist().get_sizes() != (8, 8):
        raise ValueError("its addresses and lengths must be of 8 bytes, as Keras writes them")
    groups: dict[str, Any] = {"": file}
    datasets: dict[str, Any] = {}
    seen = {h5py.h5o.get_info(file.id).addr}
    pending = [""]
    while pending:
        parent = pending.pop()
        for name in groups[parent]:
            path = f"{parent}/{name}" if parent else name
            link = groups[parent].get(name, getlink=True)
            if not isinstance(link, h5py.HardLink) or "/" in name:
                raise ValueError(f"{path} is a link, and a weights file has none")
            found = groups[parent][name]
            address = h5py.h5o.get_info(found.id).addr
            if address in seen or len(seen) > _MAX_OBJECTS:
                raise ValueError(f"{path} is there twice, or is one object too many")
            seen.add(address)
            if isinstance(found, h5py.Group):
                groups[path] = found
                pending.append(path)
            elif isinstance(found, h5py.Dataset):
                datasets[path] = found
    return groups, datasets


def read_array(path: str, dataset: Any, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Read one data set after its header has been compared with what is wanted."""
    floats = dtype.kind == dataset.dtype.kind == "f" and dataset.dtype.itemsize <= 8
    if dataset.shape != shape or not (floats or dataset.dtype == dtype):
        raise ValueError(
            f"{path} must be {dtype} of shape {shape}, not {dataset.dtype} of {dataset.shape}"
        )
    # Keras packs nothing. Chunks could blow up when unpacked; virtual and external data sets
    # are read from other files.
    header = dataset.id.get_create_plist()
    plain = header.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not plain or header.get_external_count() or dataset.id.get_storage_size() != dataset.nbytes:
        raise ValueError(f"{path} must be stored in the file itself, unpacked and complete")
    with np.errstate(over="ignore"):
        values: NDArray[Any] = np.asarray(dataset[()]).astype(dtype)
    # HDF5 knows no bfloat16: Keras stores its two bytes as they are.
    numbers = values.view("bfloat16") if dtype.kind == "V" else values
    if not np.isfinite(numbers).all():
        raise ValueError(f"{path} must be finite; it has NaN or infinite values")
    return values
