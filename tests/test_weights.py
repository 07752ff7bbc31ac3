"""Saving and loading weights: whole or not at all, and nothing but the model's own numbers."""

import contextlib
import pickle
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_visual import weights
from mnist_visual._backend import keras
from mnist_visual.weights import load_pretrained, load_weights, save_weights

layers = keras.layers


def build(seed=0, *, nested=False, units=10):
    """Build a small network with every kind of weight; all of them differ with the seed."""
    head = [layers.Dense(4), layers.Dropout(0.5), layers.Dense(units)]
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, name="first"),
            layers.BatchNormalization(),
            layers.Conv2D(2, 3),
            layers.Flatten(),
            *([keras.Sequential([keras.Input((8,)), *head])] if nested else head),
        ]
    )
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape).astype(np.float32))
    return model


def values(model):
    return [np.asarray(variable.value) for variable in model.weights]


def assert_same(model, other):
    for a, b in zip(values(model), values(other), strict=True):
        np.testing.assert_array_equal(a, b)


def write_keras2(path, model, *, whole=False, change=None, chunks=0, names_as=list):
    """Write a model's weights as tf.keras 2 did, optionally with one array changed."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if whole else file
        if whole:
            file.attrs["model_config"] = b'{"class_name": "Lambda", "config": "evil"}'
            file["optimizer_weights/iteration:0"] = np.int64(7)
        names = [layer.name.encode() for layer in model.layers]
        if chunks:
            for number, part in enumerate(np.array_split(np.array(names), chunks)):
                group.attrs[f"layer_names{number}"] = part
        else:
            group.attrs["layer_names"] = names_as(names)
        group.attrs["backend"] = b"tensorflow"
        group.attrs["keras_version"] = b"2.4.0"
        for layer in model.layers:
            variables = layer.trainable_weights + layer.non_trainable_weights
            weight_names = [f"{layer.name}/{v.path}:0" for v in variables]
            part = group.create_group(layer.name)
            part.attrs["weight_names"] = names_as([name.encode() for name in weight_names])
            for name, variable in zip(weight_names, variables, strict=True):
                array = np.asarray(variable.value)
                part[name] = change(array) if change else array


def write_keras3(path, model, **changes):
    """Save a model, then replace data sets by what the functions in `changes` make of them."""
    save_weights(model, path)
    with h5py.File(path, "r+") as file:
        for name, change in changes.items():
            array = file[name][()]
            del file[name]
            change(file, name, array)


KERNEL = "layers/conv2d/vars/0"


@contextlib.contextmanager
def refused(model, sentence):
    """Expect a ValueError that leaves the model as it was and takes little memory."""
    before = values(model)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=sentence):
            yield
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    for old, new in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(new, old)


# --- Saving


@pytest.mark.parametrize("nested", [False, True])
def test_saved_weights_come_back_bit_for_bit(tmp_path, nested):
    model, other = build(0, nested=nested), build(1, nested=nested)
    save_weights(model, tmp_path / "m.weights.h5")
    assert load_weights(other, tmp_path / "m.weights.h5") is None
    assert_same(model, other)


def test_saved_file_is_keras_own(tmp_path):
    model, other = build(0), build(1)
    save_weights(model, tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    assert_same(model, other)


def test_half_precision_weights_come_back(tmp_path):
    model, other = (
        keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="bfloat16")]) for _ in range(2)
    )
    save_weights(model, tmp_path / "m.weights.h5")
    load_weights(other, tmp_path / "m.weights.h5")
    assert_same(model, other)


def test_other_file_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.weights\.h5, .* Received: .*m\.h5"):
        save_weights(build(), tmp_path / "m.h5")


def test_unbuilt_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="built, has weights"):
        save_weights(keras.Sequential([layers.Dense(1)]), tmp_path / "m.weights.h5")


@pytest.mark.parametrize("step", ["write", "replace"])
def test_failing_save_leaves_the_old_file_and_nothing_else(monkeypatch, tmp_path, step):
    model = build()
    path = tmp_path / "m.weights.h5"
    path.write_bytes(b"the old file")

    def fail(*args, **kwargs):
        if step == "write":
            args[0].write(b"half a fi")
        raise OSError("disk full")

    if step == "write":
        monkeypatch.setattr(model, "save_weights", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises(OSError, match="disk full"):
        save_weights(model, path)

    assert [file.name for file in tmp_path.iterdir()] == ["m.weights.h5"]
    assert path.read_bytes() == b"the old file"


# --- Keras 3


def test_trained_model_loads_into_a_fresh_one_and_keeps_its_optimizer(tmp_path):
    model, other = build(0), build(1)
    for each in (model, other):
        each.compile("adam", "mse")
    model.fit(np.zeros((2, 6, 6, 1), np.float32), np.zeros((2, 10), np.float32), verbose=0)
    save_weights(model, tmp_path / "m.weights.h5")

    load_weights(other, tmp_path / "m.weights.h5")

    assert_same(model, other)
    assert int(other.optimizer.iterations.value) == 0


def test_fresh_file_loads_into_a_trained_model_and_keeps_its_optimizer(tmp_path):
    model, other = build(0), build(1)
    save_weights(model, tmp_path / "m.weights.h5")
    other.compile("adam", "mse")
    other.fit(np.zeros((2, 6, 6, 1), np.float32), np.zeros((2, 10), np.float32), verbose=0)

    load_weights(other, tmp_path / "m.weights.h5")

    assert_same(model, other)
    assert int(other.optimizer.iterations.value) == 1


def test_metrics_that_a_model_carries_are_left_alone(tmp_path):
    model, other = build(0), build(1)
    model.loss_tracker = keras.metrics.Mean()
    other.loss_tracker = keras.metrics.Mean()
    model.loss_tracker.update_state(5.0)
    save_weights(model, tmp_path / "m.weights.h5")

    load_weights(other, tmp_path / "m.weights.h5")

    assert_same(model, other)
    assert float(other.loss_tracker.result()) == 0


def test_layout_is_told_from_content_not_name(tmp_path):
    model, other = build(0), build(1)
    save_weights(model, tmp_path / "m.weights.h5")
    (tmp_path / "m.weights.h5").rename(tmp_path / "anything.bin")
    load_weights(other, tmp_path / "anything.bin")
    assert_same(model, other)


def test_wider_and_big_endian_floats_are_converted(tmp_path):
    model, other = build(0), build(1)

    def as_f8(file, name, array):
        file[name] = array.astype(">f8")

    write_keras3(tmp_path / "m.weights.h5", model, **{KERNEL: as_f8})
    load_weights(other, tmp_path / "m.weights.h5")
    assert_same(model, other)


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="must name a file that exists"):
        load_weights(build(), tmp_path / "absent.weights.h5")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a .keras file", pickle.dumps([1.0] * 99)])
def test_file_that_is_not_hdf5_is_refused(tmp_path, data):
    path = tmp_path / "m.weights.h5"
    path.write_bytes(data)
    model = build()
    with refused(model, "must be HDF5"):
        load_weights(model, path)


def test_model_of_another_shape_is_refused(tmp_path):
    save_weights(build(units=9), tmp_path / "m.weights.h5")
    model = build()
    with refused(model, r"float32 of shape \(4, 10\), not float32 of \(4, 9\)"):
        load_weights(model, tmp_path / "m.weights.h5")


def test_model_of_other_layers_is_refused(tmp_path):
    save_weights(build(nested=True), tmp_path / "m.weights.h5")
    model = build()
    with refused(model, "it lacks .*layers/dense/vars/0.* and has .*sequential"):
        load_weights(model, tmp_path / "m.weights.h5")


def test_file_that_is_far_too_large_is_not_opened(tmp_path):
    path = tmp_path / "m.weights.h5"
    save_weights(build(), path)
    with path.open("r+b") as file:
        file.truncate(20 << 20)
    model = build()
    with refused(model, "has at most .* bytes"):
        load_weights(model, path)


def stored(**options):
    return lambda file, name, array: file.create_dataset(name, data=array, **options)


def declared(dtype, shape=None, **options):
    def change(file, name, array):
        file.create_dataset(name, shape or array.shape, dtype, **options)

    return change


def removed(file, name, array):
    pass


def doubled(file, name, array):
    file[name] = file["more"] = array


def soft(file, name, array):
    file["elsewhere"] = array
    file[name] = h5py.SoftLink("/elsewhere")


def external(file, name, array):
    file[name] = h5py.ExternalLink("other.h5", "/x")


def external_storage(file, name, array):
    file.create_dataset(name, array.shape, "f4", external=[("/etc/hostname", 0, array.nbytes)])


def virtual(file, name, array):
    layout = h5py.VirtualLayout(array.shape, "f4")
    layout[...] = h5py.VirtualSource("other.h5", "x", array.shape)
    file.create_virtual_dataset(name, layout)


def hard_twice(file, name, array):
    file[name] = array
    file["layers/conv2d_1/loop"] = file["layers"]


def with_value(value):
    def change(file, name, array):
        array.flat[3] = value
        file[name] = array

    return change


def as_f8_too_large(file, name, array):
    file[name] = array.astype("f8") * 1e300


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (soft, "is a link"),
        (external, "is a link"),
        (hard_twice, "is there twice"),
        (external_storage, "stored in the file itself"),
        (virtual, "stored in the file itself"),
        (stored(chunks=True), "stored in the file itself"),
        (stored(compression="gzip"), "stored in the file itself"),
        (declared("f4"), "complete"),
        (declared("f4", (1 << 30,)), "1073741824"),
        (declared("f4", (1 << 30,), chunks=(1 << 20,), compression="gzip"), "1073741824"),
        (declared("i4"), "not int32"),
        (declared(h5py.string_dtype()), "not object"),
        (removed, "it lacks .*layers/conv2d/vars/0"),
        (doubled, "has .*more"),
        (with_value(np.nan), "must be finite"),
        (with_value(-np.inf), "must be finite"),
        (as_f8_too_large, "must be finite"),
    ],
    ids=[
        "soft-link",
        "external-link",
        "cycle",
        "external-data",
        "virtual-data",
        "chunks",
        "gzip",
        "no-data",
        "gigabytes",
        "gigabytes-in-chunks",
        "integers",
        "strings",
        "missing",
        "extra",
        "nan",
        "inf",
        "overflow",
    ],
)
def test_crafted_file_is_refused_without_memory_or_change(tmp_path, change, sentence):
    path = tmp_path / "m.weights.h5"
    write_keras3(path, build(0), **{KERNEL: change})
    model = build(1)
    with refused(model, sentence):
        load_weights(model, path)


def test_file_cut_anywhere_is_a_value_error(tmp_path):
    model = build()
    path = tmp_path / "m.weights.h5"
    save_weights(model, path)
    whole = path.read_bytes()
    for end in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="weights file must be"):
            load_weights(model, path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = build()
    folder = tmp_path_factory.mktemp("fuzz")
    save_weights(model, folder / "m.weights.h5")
    write_keras2(folder / "m.h5", model)
    write_keras2(folder / "whole.h5", model, whole=True)
    return model, [file.read_bytes() for file in sorted(folder.iterdir())]


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_file_with_bytes_changed_is_loaded_or_refused(saved, tmp_path, data):
    model, files = saved
    content = bytearray(data.draw(st.sampled_from(files)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.weights.h5"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        load_weights(model, path)
    assert all(np.isfinite(array).all() for array in values(model))


# --- Keras 2


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("names_as", [list, np.array], ids=["h5py-3", "h5py-2"])
def test_keras_2_file_loads(tmp_path, whole, nested, names_as):
    model, other = build(0, nested=nested), build(1, nested=nested)
    write_keras2(tmp_path / "mnist_model.h5", model, whole=whole, names_as=names_as)
    load_weights(other, tmp_path / "mnist_model.h5")
    assert_same(model, other)


def test_keras_2_file_with_split_attributes_loads(tmp_path):
    model, other = build(0), build(1)
    write_keras2(tmp_path / "m.h5", model, chunks=3)
    load_weights(other, tmp_path / "m.h5")
    assert_same(model, other)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_whole_model_that_todays_keras_saves_as_h5_loads(tmp_path):
    model, other = build(0), build(1)
    model.save(tmp_path / "m.h5")
    load_weights(other, tmp_path / "m.h5")
    assert_same(model, other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda array: array[..., :-1], "must be float32 of shape"),
        (lambda array: array.astype(np.int32), "not int32"),
        (lambda array: np.full_like(array, np.nan), "must be finite"),
    ],
    ids=["shape", "integers", "nan"],
)
def test_keras_2_file_with_other_arrays_is_refused(tmp_path, change, sentence):
    write_keras2(tmp_path / "m.h5", build(0), change=change)
    model = build(1)
    with refused(model, sentence):
        load_weights(model, tmp_path / "m.h5")


def without_last_layer(file):
    file.attrs["layer_names"] = file.attrs["layer_names"][:-1]


def without_group(file):
    del file["first"]


def without_weight_names(file):
    del file["first"].attrs["weight_names"]


def without_array(file):
    part = file["first"]
    del part[part.attrs["weight_names"][0]]


def with_one_name_fewer(file):
    file["first"].attrs["weight_names"] = file["first"].attrs["weight_names"][:1]


def with_numbers(file):
    file.attrs["layer_names"] = np.arange(3)


def with_a_number(file):
    file.attrs["layer_names"] = 3


def with_many_names(file):
    file.attrs["layer_names"] = ["first"] * 1000


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_last_layer, "it has 4 layers with weights, the model 5"),
        (without_group, "first is listed but missing"),
        (without_weight_names, "has no weight_names"),
        (without_array, "is listed but missing"),
        (with_one_name_fewer, "has 2 weights, and 1 in the file"),
        (with_numbers, "must be a list of names"),
        (with_a_number, "must be a list of names"),
        (with_many_names, "longer than any list"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "refused",
)
def test_damaged_keras_2_file_is_refused(tmp_path, damage, sentence):
    write_keras2(tmp_path / "m.h5", build(0))
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        damage(file)
    model = build(1)
    with refused(model, sentence):
        load_weights(model, tmp_path / "m.h5")


def test_damaged_heap_of_names_is_refused_before_hdf5_can_loop_in_it(tmp_path):
    path = tmp_path / "m.h5"
    write_keras2(path, build(0))
    data = bytearray(path.read_bytes())
    first = data.index(b"GCOL\x01") + 16
    data[first : first + 16] = bytes(16)  # an entry that takes no space
    path.write_bytes(data)
    model = build(1)
    with refused(model, "an entry of a heap"):
        load_weights(model, path)


# --- Pretrained


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A package folder of our own, whose classifier is the small model."""

    class Classifier:
        build_classifier = staticmethod(lambda: build(1))

    def import_module(name, package):
        return Classifier

    def files(package):
        return tmp_path

    monkeypatch.setattr(weights.importlib, "import_module", import_module)
    monkeypatch.setattr(weights.resources, "files", files)
    (tmp_path / "pretrained").mkdir()
    return tmp_path


def test_pretrained_model_has_the_shipped_weights(package):
    shipped = build(0)
    save_weights(shipped, package / "pretrained" / "classifier.weights.h5")
    assert_same(load_pretrained("classifier"), shipped)


def test_pretrained_model_that_is_not_shipped_says_what_to_do(package):
    with pytest.raises(FileNotFoundError, match="Install mnist-visual again, or train"):
        load_pretrained("classifier")


def test_unknown_pretrained_model_lists_the_known():
    with pytest.raises(ValueError, match=r"'classifier' or 'vae'\. Received: 'oracle'"):
        load_pretrained("oracle")
