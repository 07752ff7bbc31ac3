"""Reading pen-drawn digits; broken files cost one sentence."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual.pen_digits import load_pen_digits

from .data_files import (
    fuzz,
    npz,
    peak_below,
    pen_arrays,
    refused_or_read,
    written,
)

UNIPEN = """\
.INCLUDE dene.doc
.LEXICON "0" "1" "2"
.HIERARCHY DIGIT
.SEGMENT DIGIT 0-1 ? "4"
.COMMENT 4 12 224
.PEN_DOWN
 100  400
 100  200
.PEN_UP
.DT 100
.PEN_DOWN
 200  450
 200   50
.PEN_UP
 7 7
.SEGMENT  DIGIT  2  ?  "1"
.COMMENT a slip of the pen
.PEN_DOWN
  5   6
.PEN_UP
"""


def test_pen_digits_are_read_from_npz(tmp_path):
    digits = load_pen_digits(written(tmp_path, npz(**pen_arrays())))

    assert [[s.tolist() for s in digit] for digit in digits.strokes] == [
        [[[0, 1]], [[2, 3], [4, 5]]],
        [[[6, 7]]],
    ]
    assert digits.strokes[0][0].dtype == np.float32
    assert (digits.labels.tolist(), digits.labels.dtype) == ([8, 1], np.uint8)
    assert (digits.writers.tolist(), digits.writers.dtype) == ([30, 0], np.int16)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_pen_digits_are_read_from_unipen_with_y_down(tmp_path, pack):
    digits = load_pen_digits(written(tmp_path, pack(UNIPEN.encode())))

    assert [[s.tolist() for s in digit] for digit in digits.strokes] == [
        [[[100, 100], [100, 300]], [[200, 50], [200, 450]]],
        [[[5, 494]]],
    ]
    assert digits.strokes[0][0].dtype == np.float32


def test_unipen_labels_and_writers_are_read_where_they_are_known(tmp_path):
    digits = load_pen_digits(written(tmp_path, UNIPEN.encode()))
    assert (digits.labels.tolist(), digits.labels.dtype) == ([4, 1], np.uint8)
    assert (digits.writers.tolist(), digits.writers.dtype) == ([12, 0], np.int16)


def test_unipen_digits_without_a_point_are_left_out(tmp_path):
    empty = '.SEGMENT DIGIT 3 ? "7"\n.PEN_DOWN\n.PEN_UP\n'
    assert load_pen_digits(written(tmp_path, (empty + UNIPEN).encode())).labels.tolist() == [4, 1]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"1"\n.COMMENT a', '"x"\n.COMMENT a', "line 16: a segment names its digit"),
        (" 100  200", " 100 up", "line 8: a point is two integers"),
        (" 100  200", " 100", "line 8: a point is two integers"),
        (" 100  200", " 100 1e999", "line 8: a point is two integers"),
        (".PEN_DOWN", ".PEN_UP", "with points between"),
    ],
)
def test_unipen_that_is_broken_names_the_line(tmp_path, old, new, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_pen_digits(written(tmp_path, UNIPEN.replace(old, new).encode()))


def test_pen_digits_compressed_as_z_have_to_be_uncompressed(tmp_path):
    with pytest.raises(ValueError, match="uncompressed first"):
        load_pen_digits(written(tmp_path, b"\x1f\x9d\x90" + bytes(20)))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"points": np.zeros((4, 3), np.int16)}, r"points must be int16 of shape \(n, 2\)"),
        ({"points": np.zeros((5, 2), np.int16)}, "stroke_start must rise from 0 to 5"),
        ({"stroke_start": np.array([0, 3, 1, 4], np.int32)}, "stroke_start must rise"),
        ({"digit_start": np.array([0, 2, 9], np.int32)}, "digit_start must rise from 0 to 3"),
        ({"label": np.array([8, 10], np.uint8)}, "label must be 0 to 9. Received: 10"),
        ({"label": np.array([8], np.uint8)}, "one value for each digit"),
        ({"writer": np.array([1, 2, 3], np.int16)}, "one value for each digit"),
    ],
)
def test_pen_digits_of_another_layout_name_the_member(tmp_path, changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_pen_digits(written(tmp_path, npz(**pen_arrays() | changed)))


def test_unipen_with_an_endless_line_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a line of more than 1000 bytes"):
        load_pen_digits(written(tmp_path, UNIPEN.encode() + bytes(2000)))


def test_unipen_that_unpacks_to_a_thousand_times_its_size_takes_no_memory(tmp_path):
    path = written(tmp_path, gzip.compress(b"\n" * (100 << 20), 1))
    with peak_below(50), pytest.raises(ValueError, match="more than"):
        load_pen_digits(path)


@fuzz
@given(data=st.data())
def test_pen_digits_with_bytes_changed_are_read_or_refused(tmp_path, data):
    whole = data.draw(st.sampled_from([UNIPEN.encode(), npz(**pen_arrays())]))
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    refused_or_read(load_pen_digits, written(tmp_path, bytes(content)))
