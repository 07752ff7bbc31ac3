"""Reading IDX files: the numbers come out, and broken files cost one sentence."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual.datasets import load_idx

from .data_files import (
    fuzz,
    idx,
    peak_below,
    refused_or_read,
    written,
)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_round_trips_every_type(tmp_path, dtype, pack):
    array = np.arange(-6, 6).astype(dtype).reshape(3, 2, 2)

    read = load_idx(written(tmp_path, pack(idx(array))))

    np.testing.assert_array_equal(read, array, strict=True)
    assert read.dtype.isnative
    assert read.flags.writeable


def test_idx_may_hold_nothing(tmp_path):
    assert load_idx(written(tmp_path, idx(np.zeros((0, 28, 28), np.uint8)))).shape == (0, 28, 28)


def test_idx_that_is_missing_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="must name a file that exists"):
        load_idx(tmp_path / "absent")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00\x08",
        b"\x00\x01\x08\x01\x00\x00\x00\x00",
        b"\x00\x00\x0a\x01\x00\x00\x00\x00",
        b"\x00\x00\x08\x00",
        b"\x00\x00\x08\xff" + bytes(4 * 255),
        b"\x00\x00\x08\x01\x00\x00\x00\x02\x07",
        b"\x00\x00\x08\x01\x00\x00\x00\x01\x07\x07",
        b"\x80\x04K\x01.",
    ],
    ids=["empty", "short", "magic", "type", "no-dims", "dims", "truncated", "longer", "pickle"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_that_is_broken_is_a_value_error(tmp_path, data, pack):
    with pytest.raises(ValueError, match="must be whole and of its format"):
        load_idx(written(tmp_path, pack(data)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_cut_anywhere_is_a_value_error(tmp_path, pack):
    whole = pack(idx(np.arange(24, dtype=np.int16).reshape(2, 3, 4)))
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="must be whole"):
            load_idx(written(tmp_path, whole[:end]))


def test_idx_that_declares_terabytes_takes_no_memory(tmp_path):
    huge = struct.pack(">HBB3I", 0, 0x0E, 3, 100_000, 1000, 1000)
    with peak_below(50), pytest.raises(ValueError, match="declares 800000000000 bytes"):
        load_idx(written(tmp_path, gzip.compress(huge)))


def test_idx_that_unpacks_to_a_thousand_times_its_size_takes_no_memory(tmp_path):
    bomb = gzip.compress(struct.pack(">HBBI", 0, 8, 1, 200 << 20) + bytes(200 << 20), 1)
    with peak_below(50), pytest.raises(ValueError, match="at most"):
        load_idx(written(tmp_path, bomb))


def test_idx_with_more_data_than_declared_is_not_unpacked(tmp_path):
    bomb = gzip.compress(struct.pack(">HBBI", 0, 8, 1, 4) + bytes(200 << 20), 1)
    with peak_below(50), pytest.raises(ValueError, match="more than the 4 bytes"):
        load_idx(written(tmp_path, bomb))


@fuzz
@given(data=st.binary(max_size=64), pack=st.sampled_from([bytes, gzip.compress]))
def test_idx_of_random_bytes_is_read_or_refused(tmp_path, data, pack):
    refused_or_read(load_idx, written(tmp_path, pack(b"\x00\x00" + data)))
    refused_or_read(load_idx, written(tmp_path, data))


@fuzz
@given(at=st.integers(0, 200), byte=st.integers(0, 255), packed=st.booleans())
def test_idx_with_one_byte_changed_is_read_or_refused(tmp_path, at, byte, packed):
    data = bytearray(idx(np.arange(60, dtype=np.int16).reshape(3, 4, 5)))
    if packed:
        data = bytearray(gzip.compress(data))
    data[at % len(data)] = byte
    refused_or_read(load_idx, written(tmp_path, bytes(data)))
