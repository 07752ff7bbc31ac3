"""Small files of every layout that is read, and what broken ones may do."""

import contextlib
import gzip
import io
import struct
import tracemalloc
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings

fuzz = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def idx(array):
    codes = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    head = struct.pack(">HBB", 0, codes[array.dtype.str[1:]], array.ndim)
    head += struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pictures(n, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    return images, rng.integers(0, 10, n, dtype=np.uint8)


def mnist_arrays(train=5, test=3):
    (x_train, y_train), (x_test, y_test) = pictures(train), pictures(test, seed=1)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def npz(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def idx_folder(folder, arrays, *, dot="-", end=""):
    """Write the four IDX files, and give what is in each."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {}
    for key, name in [
        ("x_train", f"train-images{dot}idx3-ubyte"),
        ("y_train", f"train-labels{dot}idx1-ubyte"),
        ("x_test", f"t10k-images{dot}idx3-ubyte"),
        ("y_test", f"t10k-labels{dot}idx1-ubyte"),
    ]:
        data = idx(arrays[key])
        contents[name + end] = gzip.compress(data, mtime=0) if end else data
        written(folder, contents[name + end], name + end)
    return contents


def npy_header(descr, shape):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def pen_arrays():
    return {
        "points": np.array([[0, 1], [2, 3], [4, 5], [6, 7]], np.int16),
        "stroke_start": np.array([0, 1, 3, 4], np.int32),
        "digit_start": np.array([0, 2, 3], np.int32),
        "label": np.array([8, 1], np.uint8),
        "writer": np.array([30, 0], np.int16),
    }


def written(folder, data, name="file"):
    path = Path(folder, name)
    path.write_bytes(data)
    return path


def refused_or_read(load, path):
    with contextlib.suppress(ValueError):
        load(path)


@contextlib.contextmanager
def peak_below(megabytes):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()
