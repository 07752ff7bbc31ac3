"""Reading MNIST from files of two layouts; broken files cost one sentence."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual.datasets import load_mnist

from .data_files import (
    fuzz,
    idx,
    idx_folder,
    mnist_arrays,
    npy_header,
    npz,
    peak_below,
    pictures,
    refused_or_read,
    written,
)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mnist_is_read_from_a_file_in_kerass_layout(tmp_path, save):
    arrays = mnist_arrays()

    (x_train, y_train), (x_test, y_test) = load_mnist(written(tmp_path, npz(save, **arrays)))

    np.testing.assert_array_equal(x_train, arrays["x_train"], strict=True)
    np.testing.assert_array_equal(y_train, arrays["y_train"], strict=True)
    np.testing.assert_array_equal(x_test, arrays["x_test"], strict=True)
    np.testing.assert_array_equal(y_test, arrays["y_test"], strict=True)


def test_mnist_in_fortran_order_keeps_its_pixels(tmp_path):
    arrays = mnist_arrays()
    data = npz(**arrays | {"x_train": np.asfortranarray(arrays["x_train"])})

    (x_train, _), _ = load_mnist(written(tmp_path, data))

    np.testing.assert_array_equal(x_train, arrays["x_train"])


@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_mnist_is_read_from_a_folder_of_idx_files(tmp_path, dot, end):
    arrays = mnist_arrays()
    idx_folder(tmp_path, arrays, dot=dot, end=end)

    (x_train, y_train), (x_test, y_test) = load_mnist(tmp_path)

    np.testing.assert_array_equal(x_train, arrays["x_train"])
    np.testing.assert_array_equal(y_train, arrays["y_train"])
    np.testing.assert_array_equal(x_test, arrays["x_test"])
    np.testing.assert_array_equal(y_test, arrays["y_test"])


def test_mnist_folder_without_a_file_names_it(tmp_path):
    written(tmp_path, idx(pictures(2)[0]), "train-images-idx3-ubyte")
    with pytest.raises(FileNotFoundError, match="without train-labels-idx1-ubyte"):
        load_mnist(tmp_path)


def test_mnist_folder_with_another_size_of_picture_is_refused(tmp_path):
    idx_folder(tmp_path, mnist_arrays() | {"x_train": np.zeros((5, 32, 32), np.uint8)})
    with pytest.raises(ValueError, match=r"uint8 images of 28x28 .* \(5, 32, 32\)"):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"x_train": np.zeros((5, 28, 28), np.float32)}, "x_train must be uint8 .* '<f4'"),
        ({"x_train": np.zeros((5, 784), np.uint8)}, r"x_train must be uint8 .* \(5, 784\)"),
        ({"x_test": np.zeros((3, 32, 32), np.uint8)}, r"x_test must be .* \(3, 32, 32\)"),
        ({"y_train": np.zeros(5)}, "y_train must be uint8 or int64 or int32 .* '<f8'"),
        ({"y_train": np.full(5, 256)}, "y_train must be 0 to 255. Received: 256 to 256"),
        ({"y_test": np.array([0, -1, 2])}, "y_test must be 0 to 255. Received: -1 to 2"),
        ({"y_train": np.zeros(4, np.uint8)}, "equally many.* 5 and 4"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)}, "at least"),
        ({"y_test": np.array([1, None, 3])}, "y_test must be uint8"),
        ({"y_test": np.zeros(3, [("a", "u1")])}, "y_test is not a plain array"),
        ({"y_test": np.uint8(3)}, "y_test is not a plain array"),
    ],
    ids=[
        "float",
        "flat",
        "size",
        "real",
        "high",
        "negative",
        "fewer",
        "none",
        "object",
        "record",
        "scalar",
    ],
)
def test_mnist_of_another_layout_names_the_member(tmp_path, changed, sentence):
    path = written(tmp_path, npz(**mnist_arrays() | changed))
    with pytest.raises(ValueError, match=sentence):
        load_mnist(path)


def test_mnist_without_a_member_names_it(tmp_path):
    arrays = mnist_arrays()
    del arrays["y_test"]
    with pytest.raises(ValueError, match="y_test is missing"):
        load_mnist(written(tmp_path, npz(**arrays)))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x04K\x01.", idx(pictures(2)[0])])
def test_mnist_that_is_no_npz_is_a_value_error(tmp_path, data):
    with pytest.raises(ValueError, match="must be whole and of its format"):
        load_mnist(written(tmp_path, data))


def test_mnist_that_declares_gigabytes_takes_no_memory(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", npy_header("|u1", (10_000_000, 28, 28)))
    with peak_below(50), pytest.raises(ValueError, match="declares 7840000000 bytes"):
        load_mnist(written(tmp_path, file.getvalue()))


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_mnist_that_unpacks_to_a_thousand_times_its_size_takes_no_memory(tmp_path, packing):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("x_train.npy", npy_header("|u1", (100_000, 28, 28)) + bytes(78_400_000))
    with peak_below(50), pytest.raises(ValueError, match=r"at most|compressed in a way"):
        load_mnist(written(tmp_path, file.getvalue()))


def test_mnist_cut_anywhere_is_a_value_error(tmp_path):
    whole = npz(np.savez_compressed, **mnist_arrays(1, 1))
    for end in range(0, len(whole), 7):
        with pytest.raises(ValueError, match="must be whole"):
            load_mnist(written(tmp_path, whole[:end]))


@fuzz
@given(data=st.data(), pack=st.sampled_from([np.savez, np.savez_compressed]))
def test_mnist_with_bytes_changed_is_read_or_refused(tmp_path, data, pack):
    content = bytearray(npz(pack, **mnist_arrays(1, 1)))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    refused_or_read(load_mnist, written(tmp_path, bytes(content)))


@fuzz
@given(header=st.binary(max_size=80) | st.text("{}'(),: descrfotanhp|u10", max_size=80))
def test_mnist_with_any_array_header_is_read_or_refused(tmp_path, header):
    header = header.encode() if isinstance(header, str) else header
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
        archive.writestr("x_train.npy", head + header)
    refused_or_read(load_mnist, written(tmp_path, file.getvalue()))
