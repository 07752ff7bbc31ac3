"""Breaks files on purpose, with a seed, and reads them: each is read or refused in one sentence.

Run it for a table of thousands: ``python -m tests.hostile_files``.
"""

import argparse
import collections
import contextlib
import dataclasses
import faulthandler
import gzip
import io
import json
import os
import random
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from mnist_visual._checkpoint_file import Record, read_record, read_values, write_checkpoint
from mnist_visual.datasets import load_dataset, load_idx, load_mnist
from mnist_visual.live_training.records import Settings, Snapshot
from mnist_visual.live_training.snapshot_files import MOST_FILE_BYTES, load_snapshot, save_snapshot
from mnist_visual.pen_digits import load_pen_digits

PATIENCE = 60  # seconds for one file, after which it counts as a loop
EXTREMES = [0, 1, 2, 7, 8, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40]
EXTREMES += [(1 << 63) - 1, 1 << 63, (1 << 64) - 1]
ZEROS = bytes(160 << 20)
PACKED_ZEROS = gzip.compress(ZEROS, 1)


@dataclass
class Kind:
    """Whole files by their names, one of which is broken at a time, and who reads them."""

    whole: dict
    read: object
    in_folder: bool = False


@dataclass
class Found:
    """What became of the files of a kind."""

    files: int = 0
    refused: int = 0
    read: int = 0
    peak: int = 0  # bytes
    slowest: float = 0.0  # seconds
    sentences: set = field(default_factory=set)


# How a file is broken


def bits(content, rng):
    place = rng.randrange(len(content))
    content[place] ^= 1 << rng.randrange(8)


def a_byte(content, rng):
    content[rng.randrange(len(content))] = rng.randrange(256)


def extreme(content, rng):
    """Put an extreme number where a field may be: the first bytes have most of them."""
    width = rng.choice([1, 2, 4, 8])
    most = rng.choice([64, 1024, len(content)])
    place = rng.randrange(0, max(min(most, len(content) - width), 1), width)
    number = rng.choice([*EXTREMES, len(content), rng.randrange(len(content))])
    order = rng.choice(["little", "big"])
    content[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, order)


def cut(content, rng):
    del content[rng.randrange(len(content)) :]


def longer(content, rng):
    content += rng.randbytes(rng.randrange(1, 200))


def block(content, rng):
    start, place, size = (rng.randrange(len(content)) for _ in range(3))
    content[place : place + size % 600] = content[start : start + size % 600]


def inserted(content, rng):
    place = rng.randrange(len(content))
    content[place:place] = rng.randbytes(rng.randrange(1, 30))


def zeros(content, rng):
    place = rng.randrange(len(content))
    content[place : place + 40] = bytes(min(40, len(content) - place))


def magic(content, rng):
    content[: rng.randrange(1, 9)] = rng.choice([b"\x80\x04K\x01.", b"PK\x03\x04", b"\x1f\x8b\x08"])


SMALL = [bits, a_byte, extreme, extreme, block, inserted, zeros, cut, longer, magic]


class Trap:
    """What leaves a mark if anybody unpickles it."""

    mark = Path(tempfile.gettempdir()) / f"unpickled-{os.getpid()}"

    def __reduce__(self):
        return Path.touch, (self.mark,)


def small_changes(content, rng):
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if changed:
            rng.choice(SMALL)(changed, rng)
    return bytes(changed)


def rewritten(content, rng, change):
    """Change what is in an archive, and pack it again with the right checksums."""
    if content[:2] == b"\x1f\x8b":
        return gzip.compress(change(gzip.decompress(content)), 1)
    if content[:2] != b"PK":
        return change(content)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        chosen = rng.choice(old.namelist())
        how = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
        for name in old.namelist():
            data = change(old.read(name)) if name == chosen else old.read(name)
            new.writestr(name, data, how if name == chosen else zipfile.ZIP_STORED, 1)
    return packed.getvalue()


def bomb(content, rng):
    """Let an archive, or all of the file, become far larger than it is."""
    if content[:2] == b"PK":
        return rewritten(
            content, rng, lambda data: data[:128] + ZEROS[: rng.choice([40, 160]) << 20]
        )
    if content[:2] == b"\x1f\x8b":
        return gzip.compress(gzip.decompress(content), 1) + PACKED_ZEROS
    size = rng.choice([8, 20, 40, 160]) << 20
    return rng.choice([bytes, packed])(bytes([0, 0, 8, 1, *size.to_bytes(4)]) + ZEROS[:size])


def packed(data):
    return gzip.compress(data, 1)


def pickled(content, rng):
    if content[:2] != b"PK":
        return b"\x80\x04" + content
    arrays = io.BytesIO()
    np.save(arrays, np.array([Trap(), 1], object), allow_pickle=True)
    return rewritten(content, rng, lambda _: arrays.getvalue())


def broken(content, rng):
    chance = rng.random()
    if chance < 0.004:
        return bomb(content, rng)
    if chance < 0.03:
        return pickled(content, rng)
    if chance < 0.5:
        return rewritten(content, rng, lambda data: small_changes(data, rng))
    return small_changes(content, rng)


# What is broken


def idx(array):
    codes = {"u1": 8, "i2": 11, "f8": 14}
    head = bytes([0, 0, codes[array.dtype.str[1:]], array.ndim])
    head += np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npz(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def pictures():
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28)).astype(np.uint8)
    labels = np.arange(4, dtype=np.uint8) % 2
    return {"x_train": images, "y_train": labels, "x_test": images[:2], "y_test": labels[:2]}


def idx_files():
    arrays = [
        np.arange(24, dtype="i2").reshape(2, 3, 4),
        np.linspace(0, 1, 9),
        pictures()["x_test"],
    ]
    whole = {f"plain{n}": idx(array) for n, array in enumerate(arrays)}
    packed = {f"packed{n}": gzip.compress(data, 1) for n, data in enumerate(whole.values())}
    return Kind(whole | packed, load_idx)


def npz_files():
    names = np.array(["cat", "dog"])
    arrays = pictures()
    whole = {
        "plain.npz": npz(**arrays),
        "packed.npz": npz(np.savez_compressed, **arrays),
        "named.npz": npz(**arrays, class_names=names),
    }
    return Kind(whole, lambda path: (load_dataset(path), load_mnist(path)))


def folders():
    arrays = pictures()
    whole = {
        "train-images-idx3-ubyte": idx(arrays["x_train"]),
        "train-labels-idx1-ubyte.gz": gzip.compress(idx(arrays["y_train"])),
        "t10k-images-idx3-ubyte.gz": gzip.compress(idx(arrays["x_test"])),
        "t10k-labels-idx1-ubyte": idx(arrays["y_test"]),
        "class_names.txt": "Hund\nKätzchen\n".encode(),
    }
    return Kind(whole, load_dataset, in_folder=True)


def pen_digits():
    text = b'.SEGMENT DIGIT 0 ? "1"\n.COMMENT 1 2 3\n.PEN_DOWN\n 250 400\n 250 100\n.PEN_UP\n'
    arrays = {
        "points": np.array([[0, 1], [2, 3], [4, 5], [6, 7]], np.int16),
        "stroke_start": np.array([0, 1, 3, 4], np.int32),
        "digit_start": np.array([0, 2, 3], np.int32),
        "label": np.array([8, 1], np.uint8),
        "writer": np.array([30, 0], np.int16),
    }
    whole = {"a.tra": text, "b.tra.gz": gzip.compress(text), "c.npz": npz(**arrays)}
    return Kind(whole, load_pen_digits)


def weights():
    from mnist_visual._backend import keras
    from mnist_visual.weights import load_weights, save_weights

    layers = [keras.Input((5,)), keras.layers.Dense(4, name="one"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    with tempfile.TemporaryDirectory() as folder:
        save_weights(model, Path(folder, "m.weights.h5"))
        keras3 = Path(folder, "m.weights.h5").read_bytes()
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            names = [f"{layer.name}/{variable.name}:0" for variable in layer.weights]
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = names
            for name, variable in zip(names, layer.weights, strict=True):
                group[name] = np.asarray(variable.value)

    def load(path):
        load_weights(model, path)
        assert all(np.isfinite(variable.value).all() for variable in model.weights)

    return Kind({"m.weights.h5": keras3, "m.h5": content.getvalue()}, load)


def snapshots():
    shapes = {"conv1": (3, 3, 1, 2), "conv2": (3, 3, 2, 2), "dense": (50, 8)}
    shapes["probabilities"] = (8, 10)
    arrays = {
        name: (np.ones(shape, np.float32), np.ones(shape[-1:], np.float32))
        for name, shape in shapes.items()
    }
    content = io.BytesIO()
    settings = Settings(filters=(2, 2), units=8)
    save_snapshot(Snapshot(2.5, {}, arrays), settings, content)

    def load(path):
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
        _, snapshot = load_snapshot(content)
        assert all(np.isfinite(array).all() for both in snapshot.weights.values() for array in both)

    return Kind({"m.weights.h5": content.getvalue()}, load)


@dataclass(frozen=True)
class Variable:
    """What `read_values` asks of a variable."""

    shape: tuple
    dtype: str


def checkpoints():
    values = [np.ones((3, 4), np.float32), np.ones((), np.int32)]
    variables = [Variable(value.shape, str(value.dtype)) for value in values]
    history = {"loss": [0.5, 0.25], "val_loss": [0.5]}
    record = Record(
        {"seed": 5}, 2, stopped=False, history=history, best=None, memories=[{"wait": 1}]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.checkpoint")
        write_checkpoint(path, record, {"state": values})
        content = path.read_bytes()
    text = np.frombuffer(json.dumps(dataclasses.asdict(record)).encode(), np.uint8)
    state = {f"state{number}": value.reshape(-1) for number, value in enumerate(values)}
    packed = npz(np.savez_compressed, record=text, **state)

    def load(path):
        found = read_record(path)
        assert found.epoch <= 1 << 20
        arrays = read_values(path, "state", variables)
        assert all(np.isfinite(array).all() for array in arrays)

    return Kind({"m.checkpoint": content, "n.checkpoint": packed}, load)


KINDS = {
    "IDX": idx_files,
    "NPZ": npz_files,
    "folder": folders,
    "pen digits": pen_digits,
    "weights": weights,
    "snapshot": snapshots,
    "checkpoint": checkpoints,
}
# Of 12,000: at least 10,000 of IDX, NPZ and weights.
SHARES = {"IDX": 3, "NPZ": 3, "folder": 1, "pen digits": 1, "weights": 2, "snapshot": 2}


def memory(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise KeyError(name)


@contextlib.contextmanager
def peak_memory(found):
    """Keep in `found.peak` how much more memory the process had at most, where Linux tells."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        yield
        return
    clear.write_text("5")
    before = memory("VmRSS")
    yield
    found.peak = max(found.peak, memory("VmHWM") - before)


def read_broken(name, count, seed=0):
    """Break and read so many files of a kind; an error that is no sentence is raised."""
    kind, found = KINDS[name](), Found()
    with tempfile.TemporaryDirectory() as folder:
        for file, content in kind.whole.items():
            Path(folder, file).write_bytes(content)
        for file in kind.whole:  # what is whole is read, and what is loaded once is loaded now
            kind.read(Path(folder) if kind.in_folder else Path(folder, file))
        for number in range(count):
            rng = random.Random(f"{seed} {name} {number}")
            file = rng.choice([*kind.whole])
            path = Path(folder, file)
            path.write_bytes(broken(kind.whole[file], rng))
            read_one(kind, Path(folder) if kind.in_folder else path, found, number)
            path.write_bytes(kind.whole[file])
    assert not Trap.mark.exists()
    return found


def read_one(kind, path, found, number):
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    begin = time.perf_counter()
    with peak_memory(found):
        try:
            kind.read(path)
        except ValueError as error:
            text = str(error)
            assert "Received: " in text, (number, text)
            assert text.isprintable(), (number, text)
            assert len(text) < 1000, (number, text)
            found.refused += 1
            found.sentences.add(text)
        except Exception as error:
            error.add_note(f"file {number}")
            raise
        else:
            found.read += 1
    faulthandler.cancel_dump_traceback_later()
    found.files += 1
    found.slowest = max(found.slowest, time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=12_000, help="of all files together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=[*KINDS])
    options = parser.parse_args()
    print(f"{'file':12}{'files':>8}{'refused':>9}{'read':>8}{'peak MB':>9}{'slowest ms':>12}")
    total = collections.Counter()
    for name in options.kinds:
        found = read_broken(name, options.count * SHARES.get(name, 1) // 13, options.seed)
        numbers = f"{found.files:8}{found.refused:9}{found.read:8}"
        print(f"{name:12}{numbers}{found.peak / 1e6:9.1f}{found.slowest * 1e3:12.0f}", flush=True)
        total.update(files=found.files, refused=found.refused, read=found.read)
    print(f"{'all':12}{total['files']:8}{total['refused']:9}{total['read']:8}")


if __name__ == "__main__":
    main()
