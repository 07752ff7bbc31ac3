"""Sets of one's own, and the names of their classes."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_visual.datasets import load_dataset

from .data_files import (
    fuzz,
    idx_folder,
    mnist_arrays,
    npy_header,
    npz,
    peak_below,
    refused_or_read,
    written,
)


def own_arrays(labels=(0, 1, 2, 1, 0), **others):
    arrays = {"y_train": np.array(labels), "y_test": np.array([2, 1, 0])}
    return mnist_arrays() | arrays | others


NAMES = ["circle", "square", "Stern über Straße"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_names_its_classes(tmp_path, save):
    arrays = own_arrays(class_names=NAMES)
    found = load_dataset(written(tmp_path, npz(save, **arrays)))
    assert found.class_names == tuple(NAMES)
    assert found.train[1].tolist() == [0, 1, 2, 1, 0]
    assert found.train[1].dtype == np.uint8
    np.testing.assert_array_equal(found.test[0], arrays["x_test"], strict=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_folder_names_its_classes_in_a_text_file(tmp_path, encoding, end):
    labels = {"y_train": np.array([0, 1, 2, 1, 0], np.uint8), "y_test": np.zeros(3, np.uint8)}
    idx_folder(tmp_path, mnist_arrays() | labels, end=".gz")
    written(tmp_path, (end.join(NAMES) + end).encode(encoding), "class_names.txt")
    assert load_dataset(tmp_path).class_names == tuple(NAMES)


def test_classes_without_names_are_called_by_their_numbers(tmp_path):
    found = load_dataset(written(tmp_path, npz(**own_arrays())))
    assert found.class_names == ("0", "1", "2")


def test_named_classes_need_not_all_be_there(tmp_path):
    path = written(tmp_path, npz(**own_arrays((0, 2, 2, 2, 0), class_names=NAMES)))
    assert load_dataset(path).class_names == tuple(NAMES)


def test_a_path_may_be_called_like_a_built_in_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    idx_folder(tmp_path / "mnist", mnist_arrays() | {"y_train": np.arange(5, dtype=np.uint8)})
    written(tmp_path / "mnist", "\n".join("abcdefghij").encode(), "class_names.txt")
    assert load_dataset("./mnist").class_names == tuple("abcdefghij")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"labels": (1, 2, 3, 4, 4)}, r"without a picture of class \[0\]. Number the classes anew"),
        ({"labels": (0, 1, 2, 5, 0)}, r"without a picture of class \[3, 4\]"),
        ({"labels": (0, 0, 0, 0, 0), "y_test": np.zeros(3, int)}, "with class 0 alone"),
        ({"y_test": np.array([0, 1, 7])}, "with 3 classes and the label 7"),
        ({"class_names": NAMES[:2]}, "with 2 classes and the label 2"),
        ({"class_names": ["one"]}, "2 to 256, .* Received: 1"),
        ({"class_names": [str(n) for n in range(257)]}, "2 to 256, .* Received: 257"),
        ({"class_names": ["a", "b", "a"]}, "Received for class 2: 'a'"),
        ({"class_names": ["a", " ", "c"]}, "Received for class 1: ''"),
        ({"class_names": ["a", "b", "c" * 41]}, "Received for class 2: 'ccc"),
        ({"class_names": ["a", "b", "c" * 120]}, "class_names must be str .* '<U120'"),
        ({"class_names": ["a", "b\n", "c\nd"]}, r"Received for class 2: 'c\\nd'"),
        ({"class_names": ["a", "b", "\u202ec"]}, r"Received for class 2: '\\u202ec'"),
        ({"class_names": [b"a", b"b", b"c"]}, "class_names must be str .* '|S1'"),
        ({"class_names": np.array(["a", "b", None])}, "class_names must be str .* '|O'"),
        ({"class_names": np.array([["a", "b", "c"]])}, r"class_names must be str .* \(1, 3\)"),
    ],
)
def test_a_set_that_does_not_fit_itself_is_refused_in_one_sentence(tmp_path, changed, sentence):
    path = written(tmp_path, npz(**own_arrays(**changed)))
    with pytest.raises(ValueError, match=sentence):
        load_dataset(path)


def test_names_that_are_no_text_are_refused(tmp_path):
    idx_folder(tmp_path, mnist_arrays())
    written(tmp_path, b"\xff\xfe\x00", "class_names.txt")
    with pytest.raises(ValueError, match=r"must be whole .*class_names\.txt"):
        load_dataset(tmp_path)


def test_a_set_that_is_nowhere_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="'mnist' or 'fashion-mnist', or a path"):
        load_dataset("fashion_mnist")


def test_a_million_names_take_no_memory(tmp_path):
    names = np.full(1_000_000, "a")
    path = written(tmp_path, npz(np.savez_compressed, **own_arrays(class_names=names)))
    with peak_below(20), pytest.raises(ValueError, match="Received: 1000000"):
        load_dataset(path)


@fuzz
@given(names=st.binary(max_size=60), width=st.integers(0, 12), count=st.integers(0, 9))
def test_class_names_of_any_bytes_are_read_or_refused(tmp_path, names, width, count):
    file = io.BytesIO(npz(**own_arrays()))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("class_names.npy", npy_header(f"<U{width}", (count,)) + names)
    refused_or_read(load_dataset, written(tmp_path, file.getvalue()))


@fuzz
@given(names=st.lists(st.text(max_size=12), max_size=5))
def test_class_names_of_any_text_are_read_or_refused(tmp_path, names):
    path = written(tmp_path, npz(**own_arrays(class_names=np.array(names, dtype="<U12"))))
    try:
        found = load_dataset(path)
    except ValueError:
        return
    assert found.class_names == tuple(name.strip() for name in np.array(names).tolist())
    assert all(name.isprintable() and name for name in found.class_names)


@fuzz
@given(data=st.data())
def test_a_named_set_with_bytes_changed_is_read_or_refused(tmp_path, data):
    content = bytearray(npz(**own_arrays(class_names=NAMES)))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    refused_or_read(load_dataset, written(tmp_path, bytes(content)))
