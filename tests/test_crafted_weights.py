"""Weights files that somebody crafted are refused, each with a sentence of its own, everywhere."""

import asyncio
import gzip
import io
import pickle
import struct
import zipfile

import h5py
import numpy as np
import pytest

from mnist_visual import build_classifier, cli
from mnist_visual.checkpoints import load_best
from mnist_visual.components import Sketchpad, TrainingMonitor
from mnist_visual.live_training.snapshot_files import load_snapshot
from mnist_visual.weights import load_weights, save_weights

from .hostile_files import Found, peak_memory
from .test_training_monitor import of_kind
from .training_fakes import FakeQueue
from .waiting import eventually

MOST_BYTES = 50 << 20
KERNEL = "layers/conv2d_1/vars/0"
SHAPE = (3, 3, 8, 16)


@pytest.fixture(scope="module")
def model():
    return build_classifier()


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "m.weights.h5"
    save_weights(model, path)
    return path.read_bytes()


def changed(content, change):
    """Give the file with its second kernel replaced by what a function makes of it."""
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        array = file[KERNEL][()]
        del file[KERNEL]
        change(file, array)
    return held.getvalue()


def crafted(**options):
    return lambda file, array: file.create_dataset(KERNEL, **options)


def virtual(file, array):
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[...] = h5py.VirtualSource("/etc/hostname", "x", SHAPE)
    file.create_virtual_dataset(KERNEL, layout)


def linked(link):
    def change(file, array):
        file["elsewhere"] = array
        file[KERNEL] = link

    return change


def cyclic(file, array):
    file[KERNEL] = array
    file["layers/conv2d/again"] = file["layers"]


def not_finite(value):
    def change(file, array):
        array.flat[7] = value
        file[KERNEL] = array

    return change


def more(file, array):
    file[KERNEL] = file["layers/conv2d_9/vars/0"] = array


def deep(file, array):
    file[KERNEL] = array
    file["/".join("d" * 3000)] = 1.0


def long_names(file, array):
    """Make a long name, and many short ones in it, whose paths would fill the memory."""
    file[KERNEL] = array
    group = file.create_group("n" * 60_000)
    for number in range(3000):
        group[f"{number}"] = np.float32(0)


def many_attributes(file, array):
    file[KERNEL] = array.astype("f4").transpose()
    for number in range(2000):
        file.attrs[f"a{number}"] = np.zeros(1000)


HUGE = (3, 3, 8, 1 << 22)  # 1.2 GB
CRAFTED = {
    "too large": (lambda whole: whole + bytes(40 << 20), "at most"),
    "another shape": (crafted(data=np.zeros((5, 5, 8, 16), "f4")), r"shape \(3, 3, 8, 16\), not"),
    "another type": (crafted(data=np.zeros(SHAPE, "i4")), "not int32"),
    "texts": (crafted(shape=SHAPE, dtype=h5py.string_dtype()), "not object"),
    "declared bomb": (crafted(shape=HUGE, dtype="f4"), "4194304"),
    "packed bomb": (
        crafted(shape=HUGE, dtype="f4", chunks=(3, 3, 8, 1 << 16), compression=9),
        "4194304",
    ),
    "packed": (
        crafted(data=np.zeros(SHAPE, "f4"), chunks=True, compression=9),
        "unpacked and complete",
    ),
    "nothing stored": (crafted(shape=SHAPE, dtype="f4"), "unpacked and complete"),
    "soft link": (linked(h5py.SoftLink("/elsewhere")), "is a link"),
    "external link": (linked(h5py.ExternalLink("/etc/hostname", "/x")), "is a link"),
    "cycle": (cyclic, "is there twice"),
    "external storage": (
        crafted(shape=SHAPE, dtype="f4", external=[("/etc/hostname", 0, 4608)]),
        "stored in the file itself",
    ),
    "virtual": (virtual, "stored in the file itself"),
    "NaN": (not_finite(np.nan), "must be finite"),
    "infinite": (not_finite(np.inf), "must be finite"),
    "a missing layer": (lambda file, array: None, "lacks"),
    "one layer more": (more, "and has .*conv2d_9"),
    "deep": (deep, "too deep"),
    "long names": (long_names, "too long a name"),
    "many attributes": (many_attributes, r"not float32 of \(16, 8, 3, 3\)|another kind"),
    "truncated": (lambda whole: whole[: len(whole) // 2], "cut off"),
    "a pickle": (lambda whole: pickle.dumps([1.0] * 99), "HDF5"),
    "no HDF5": (lambda whole: b"\x89PNG" + bytes(5000), "HDF5"),
    "gzip of it": (gzip.compress, "HDF5"),
}
AS_BYTES = {"too large", "truncated", "a pickle", "no HDF5", "gzip of it"}


@pytest.fixture(scope="module")
def files(whole):
    return {
        name: change(whole) if name in AS_BYTES else changed(whole, change)
        for name, (change, _) in CRAFTED.items()
    }


def refused(act, words):
    found = Found()
    with peak_memory(found), pytest.raises(ValueError, match=words) as caught:
        act()
    assert found.peak < MOST_BYTES
    assert "Received: " in str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_is_refused_by_models_and_by_the_page(model, files, name, tmp_path):
    path = tmp_path / "m.weights.h5"
    path.write_bytes(files[name])
    before = [np.asarray(variable.value) for variable in model.weights]
    refused(lambda: load_weights(model, path), CRAFTED[name][1])
    refused(lambda: load_snapshot(files[name]), CRAFTED[name][1])
    for variable, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable.value), value)


def test_each_has_a_sentence_of_its_own(model, files, tmp_path):
    alike = {"packed", "nothing stored", "external storage", "virtual"}, {"NaN", "infinite"}
    path, sentences = tmp_path / "m.weights.h5", {}
    for name, content in files.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match="Received") as caught:
            load_weights(model, path)
        sentences[name] = str(caught.value)
    assert len(set(sentences.values())) >= len(files) - sum(len(each) - 1 for each in alike) - 5


@pytest.mark.parametrize("name", ["declared bomb", "external link", "NaN", "truncated", "a pickle"])
def test_the_commands_refuse_it_in_one_sentence(files, name, tmp_path, capsys):
    path, page = tmp_path / "m.weights.h5", tmp_path / "page.html"
    path.write_bytes(files[name])
    for arguments in (
        ["export", str(page), "--classifier"],
        ["evaluate", "classifier", "--weights"],
    ):
        found = Found()
        with peak_memory(found):
            assert cli.main([*arguments, str(path)]) == cli.BAD_USAGE
        assert found.peak < MOST_BYTES
        (sentence,) = capsys.readouterr().err.splitlines()
        assert "Received: " in sentence
    assert not page.exists()


@pytest.mark.parametrize("name", ["packed bomb", "soft link", "long names", "no HDF5"])
def test_the_page_says_so_and_goes_on(sent, files, name):
    monitor = TrainingMonitor(Sketchpad(), queue=FakeQueue())
    monitor._handle_msg({"kind": "ready"})
    found = Found()

    async def ask():
        monitor._handle_msg({"kind": "load", "data": np.frombuffer(files[name], np.uint8)})
        await eventually(lambda: not monitor._line._working)

    with peak_memory(found):
        asyncio.run(ask())
    assert found.peak < MOST_BYTES
    assert monitor.chosen == {}
    (problem,) = of_kind(sent, "problem")
    assert "This file is damaged" in problem["text"]


# Checkpoints


def archive(packing=zipfile.ZIP_STORED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as new:
        for name, data in members.items():
            new.writestr(f"{name}.npy", data)
    return file.getvalue()


def npy(array=None, *, data=None, descr="|u1"):
    if array is not None:
        held = io.BytesIO()
        np.save(held, array, allow_pickle=True)
        return held.getvalue()
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({len(data)},), }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def many_members():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for number in range(30_000):
            new.writestr(f"{number:040}", b"")
    return file.getvalue()


CHECKPOINTS = {
    "no archive": lambda: b"no archive" * 99,
    "a pickle": lambda: pickle.dumps([1.0] * 99),
    "pickled record": lambda: archive(record=npy(np.array([{}, 1], object))),
    "packed bomb": lambda: archive(zipfile.ZIP_DEFLATED, record=npy(data=bytes(200 << 20))),
    "bomb of lists": lambda: archive(
        zipfile.ZIP_DEFLATED, record=npy(data=b"[" + b"[]," * (8 << 20))
    ),
    "deep lists": lambda: archive(record=npy(data=b"[" * 900_000)),
    "many members": many_members,
    "endless epochs": lambda: archive(
        record=npy(
            data=b'{"fingerprint": {}, "epoch": 9999999999999, "stopped": false, "history": {},'
            b' "best": null, "memories": []}'
        )
    ),
    "a number without end": lambda: archive(
        record=npy(
            data=b'{"fingerprint": {}, "epoch": 1, "stopped": false, "history": {"loss": [0.5]},'
            b' "best": {"epoch": 1, "logs": {"val_loss": 1%s}}, "memories": []}' % (b"0" * 400)
        )
    ),
    "truncated": lambda: archive(record=npy(data=bytes(9999)))[:5000],
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_crafted_checkpoint_is_refused(model, name, tmp_path):
    path = tmp_path / "m.checkpoint"
    path.write_bytes(CHECKPOINTS[name]())
    refused(lambda: load_best(model, path), "A checkpoint must be whole")
