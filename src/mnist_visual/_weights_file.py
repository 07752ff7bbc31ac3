"""Reading weights from a file that may be broken or hostile. Without Keras."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _files
from ._hdf5 import Stored

NOT_FINITE = "it has NaN or infinite values"  # in the sentence of an error


def broken_weights_are_value_error(path: object) -> AbstractContextManager[None]:
    """Give every way in which a file can be damaged one type, and a sentence with its name."""
    return _files.broken_is_value_error(
        str(path),
        "A weights file must be whole and hold what the model has.",
        "Save it again from the same model.",
    )


def read_array(path: str, stored: Stored, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Read one array after what it declares has been compared with what is wanted."""
    own = stored.dtype
    floats = own is not None and dtype.kind == own.kind == "f"
    if own is None or stored.shape != shape or not (floats or own == dtype):
        found = "something else" if own is None else own
        raise ValueError(f"{path} must be {dtype} of shape {shape}, not {found} of {stored.shape}")
    if stored.data is None:
        raise ValueError(f"{path} must be stored in the file itself, unpacked and complete")
    with np.errstate(over="ignore"):
        values: NDArray[Any] = np.frombuffer(stored.data, own).astype(dtype).reshape(shape)
    # HDF5 knows no bfloat16: Keras stores its two bytes as they are.
    numbers = values.view("bfloat16") if dtype.kind == "V" else values
    if not np.isfinite(numbers).all():
        raise ValueError(f"{path} must be finite; {NOT_FINITE}")
    return values


def read_layer(
    datasets: Mapping[str, Stored], group: str, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read the kernel of a layer, of a shape, and its bias; KeyError where one is missing."""
    # A transposed convolution's kernel has the filters before the channels.
    filters = shape[-2:-1] if "transpose" in group else shape[-1:]
    paths = f"{group}/vars/0", f"{group}/vars/1"
    kernel, bias = (
        read_array(path, datasets[path], wanted, np.dtype(np.float32))
        for path, wanted in zip(paths, (shape, filters), strict=True)
    )
    return kernel, bias
