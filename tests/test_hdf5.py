"""The reader of HDF5 sees what the HDF5 library sees, and is not led astray."""

import io
from importlib import resources

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_visual._hdf5 import HDF5

PRETRAINED = resources.files("mnist_visual") / "pretrained"
TYPES = ["<f2", "<f4", "<f8", ">f4", "<i1", "<i8", ">i2", "<u1", ">u4", "S5", "V3"]


def read(stored):
    return np.frombuffer(stored.data, stored.dtype).reshape(stored.shape)


def seen_by_the_library(content):
    groups, arrays = {""}, {}
    with h5py.File(io.BytesIO(content), "r") as file:

        def visit(path, found):
            if isinstance(found, h5py.Group):
                groups.add(path)
            else:
                arrays[path] = found[()]

        file.visititems(visit)
    return groups, arrays


def assert_same(content):
    groups, arrays = seen_by_the_library(content)
    file = HDF5(content)
    assert file.groups.keys() == groups
    assert file.datasets.keys() == arrays.keys()
    for path, array in arrays.items():
        found = read(file.datasets[path])
        assert found.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        assert found.shape == array.shape
        assert found.tobytes() == np.asarray(array, found.dtype).tobytes()


def made(**arrays):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path, array in arrays.items():
            file[path] = array
    return content.getvalue()


@pytest.mark.parametrize("name", ["classifier", "vae"])
def test_shipped_weights_are_read_as_the_library_reads_them(name):
    assert_same((PRETRAINED / f"{name}.weights.h5").read_bytes())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    paths=st.sets(
        st.text("ab/_", min_size=1, max_size=9).map(lambda text: f"x{text}y"), max_size=40
    ),
    data=st.data(),
)
def test_arrays_of_any_name_type_and_shape_are_read_as_the_library_reads_them(paths, data):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path in sorted(paths):
            shape = data.draw(st.lists(st.integers(0, 4), max_size=4).map(tuple))
            dtype = np.dtype(data.draw(st.sampled_from(TYPES)))
            array = np.frombuffer(bytes(range(1, 256)) * 9, dtype, np.prod(shape, dtype=int))
            if path not in file and not any(f"{path}/".startswith(f"{p}/") for p in seen(file)):
                file[path] = array.reshape(shape)
    assert_same(content.getvalue())


def seen(file):
    found = []
    file.visititems(
        lambda path, each: found.append(path) if isinstance(each, h5py.Dataset) else None
    )
    return found


def test_a_thousand_groups_and_long_headers_are_read():
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for number in range(1000):
            file[f"layers/dense_{number}/vars/0"] = np.float32(number)
        for number in range(50):
            file.attrs[f"attribute {number}"] = np.arange(number)
    assert_same(content.getvalue())
    attributes = HDF5(content.getvalue()).attributes("")
    np.testing.assert_array_equal(read(attributes["attribute 49"]), np.arange(49))


@pytest.mark.parametrize("names", [["ä", "", "bc"], np.array([b"one", b"three"])])
def test_texts_are_read(names):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["names"] = names
    file = HDF5(content.getvalue())
    expected = [name.decode() if isinstance(name, bytes) else name for name in names]
    assert file.texts(file.attributes("")["names"]) == expected


def test_a_long_text_to_which_many_names_could_point_is_refused():
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["names"] = ["\N{GRINNING FACE}" * 1001]
    file = HDF5(content.getvalue())
    with pytest.raises(ValueError, match="too long for a name"):
        file.texts(file.attributes("")["names"])


def test_long_paths_are_few():
    content = made(**{f"{'n' * 900}{number}": np.float32(0) for number in range(20)})
    assert len(HDF5(content).datasets) == 20
    with pytest.raises(ValueError, match="too long a name"):
        HDF5(content, most=100)


def test_files_of_a_younger_kind_are_refused():
    content = io.BytesIO()
    with h5py.File(content, "w", libver="latest") as file:
        file["x"] = 1.0
    with pytest.raises(ValueError, match="of another kind than Keras writes"):
        HDF5(content.getvalue())


def test_a_group_that_points_at_its_own_tables_ends():
    content = bytearray(made(**{"a/b": np.float32(1)}))
    tree = content.index(b"TREE")
    content[tree + 5] = 1  # the leaf says that it is a branch, and that its child is itself
    content[tree + 32 : tree + 40] = tree.to_bytes(8, "little")
    with pytest.raises(ValueError, match="more parts than weights can have"):
        HDF5(bytes(content))


def test_a_header_that_goes_on_in_itself_ends():
    content = bytearray(made(x=np.zeros(4, np.float32)))
    first = int.from_bytes(content[64:72], "little") + 16
    content[first : first + 2] = (16).to_bytes(2, "little")  # "it continues at ..."
    content[first + 8 : first + 24] = first.to_bytes(8, "little") + (24).to_bytes(8, "little")
    content[first - 14 : first - 12] = b"\xff\xff"
    with pytest.raises(ValueError, match=r"Keras writes|more parts"):
        HDF5(bytes(content))
