"""Reading MNIST and pen digits: the numbers come out, and broken files cost one sentence."""

import contextlib
import gzip
import hashlib
import http.server
import io
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_visual import _files, _keras_cache, datasets
from mnist_visual._keras_cache import FASHION_MNIST, MNIST
from mnist_visual.datasets import load_dataset, load_fashion_mnist, load_idx, load_mnist
from mnist_visual.pen_digits import load_pen_digits

fuzz = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
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


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No data, no network, no sample: what a test puts there is all there is."""

    def no_network(url, checksum):
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for variable in ("MNIST_VISUAL_DATA", "MNIST_VISUAL_FASHION_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(_keras_cache, "_download", no_network)
    monkeypatch.setattr(datasets, "find_sample", lambda: None)
    return tmp_path / "keras" / "datasets" / "mnist.npz"


@pytest.fixture
def published(monkeypatch):
    """A small file in the place of Keras's mnist.npz."""
    data = npz(**mnist_arrays())
    monkeypatch.setitem(MNIST.checksums, "mnist.npz", hashlib.sha256(data).hexdigest())
    return data


@pytest.fixture
def serve():
    servers = []

    def start(data, *, length=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data) if length is None else length))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


# --- IDX


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


# --- MNIST: layouts


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


# --- MNIST: where it comes from


def test_mnist_is_read_from_the_environment_variable(monkeypatch, tmp_path, offline):
    arrays = mnist_arrays()
    monkeypatch.setenv("MNIST_VISUAL_DATA", str(written(tmp_path, npz(**arrays))))

    _, (_, y_test) = load_mnist()

    np.testing.assert_array_equal(y_test, arrays["y_test"])


def test_mnist_at_a_path_goes_before_the_environment_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_VISUAL_DATA", str(tmp_path / "absent"))
    (x_train, _), _ = load_mnist(written(tmp_path, npz(**mnist_arrays(train=2))))
    assert len(x_train) == 2


def test_mnist_at_a_missing_path_never_falls_back(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must name a file.*absent"):
        load_mnist(tmp_path / "absent.npz")


def test_mnist_at_a_missing_path_in_the_variable_never_falls_back(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_VISUAL_DATA", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match="MNIST_VISUAL_DATA must name a file"):
        load_mnist()


def test_cached_mnist_is_used_without_a_download(offline, published):
    offline.parent.mkdir(parents=True)
    offline.write_bytes(published)

    (x_train, _), _ = load_mnist()

    assert x_train.shape == (5, 28, 28)


def test_mnist_is_downloaded_into_kerass_cache(monkeypatch, offline, published, serve):
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(offline.parents[1]))
    monkeypatch.setitem(MNIST.checksums, "mnist.npz", hashlib.sha256(published).hexdigest())
    monkeypatch.setattr(_keras_cache, "_URL", serve(published))

    (x_train, _), _ = load_mnist()

    assert x_train.shape == (5, 28, 28)
    assert offline.read_bytes() == published
    assert [file.name for file in offline.parent.iterdir()] == ["mnist.npz"]


def test_damaged_cache_is_replaced(monkeypatch, offline, published):
    offline.parent.mkdir(parents=True)
    offline.write_bytes(published[:100])
    monkeypatch.setattr(_keras_cache, "_download", lambda url, checksum: published)

    load_mnist()

    assert offline.read_bytes() == published


def test_damaged_cache_that_cannot_be_replaced_is_named(offline, published):
    offline.parent.mkdir(parents=True)
    offline.write_bytes(published[:100])

    with pytest.raises(FileNotFoundError, match=r"cached .*mnist\.npz is damaged .*no network"):
        load_mnist()

    assert offline.read_bytes() == published[:100]


def test_mnist_is_read_even_where_no_cache_can_be_written(monkeypatch, offline, published):
    offline.parents[1].write_bytes(b"a file where the folder should be")
    monkeypatch.setattr(_keras_cache, "_download", lambda url, checksum: published)
    (x_train, _), _ = load_mnist()
    assert x_train.shape == (5, 28, 28)


def test_a_failing_write_leaves_nothing_behind(monkeypatch, tmp_path):
    def no_replace(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", no_replace)
    with pytest.raises(OSError, match="disk full"):
        _files.write_whole(tmp_path / "mnist.npz", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [None, 1000])
def test_a_download_with_another_hash_is_refused(published, serve, length):
    with pytest.raises(OSError, match="100 bytes do not have the checksum"):
        _keras_cache._download(serve(published[:100], length=length), "0" * 64)


def test_without_data_or_network_one_sentence_says_what_to_do(offline):
    with pytest.raises(FileNotFoundError) as caught:
        load_mnist()
    for way in ("Connect to the internet", "pass a path", "MNIST_VISUAL_DATA", "[offline]"):
        assert way in str(caught.value)


def test_eight_processes_at_once_end_with_one_whole_file(tmp_path, published, serve):
    code = (
        "import sys; from mnist_visual import _keras_cache as c, datasets as d;"
        "c._URL, c.MNIST.checksums['mnist.npz'] = sys.argv[1:];"
        "print(d.load_mnist()[0][0].shape)"
    )
    source = Path(datasets.__file__).parents[1]
    environment = os.environ | {"KERAS_HOME": str(tmp_path), "PYTHONPATH": str(source)}
    environment.pop("MNIST_VISUAL_DATA", None)
    command = [sys.executable, "-c", code, serve(published), hashlib.sha256(published).hexdigest()]
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]

    answers = [worker.communicate(timeout=60)[0].strip() for worker in workers]

    assert answers == ["(5, 28, 28)"] * 8
    assert (tmp_path / "datasets" / "mnist.npz").read_bytes() == published
    assert len(list((tmp_path / "datasets").iterdir())) == 1


def test_offline_sample_stands_in_with_a_warning(monkeypatch, offline):
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(offline.parents[1]))
    monkeypatch.setattr(_keras_cache, "_URL", "http://127.0.0.1:9/")

    with pytest.warns(UserWarning, match="offline sample of 5,000 training digits"):
        (x_train, y_train), (x_test, y_test) = load_mnist()

    assert x_train.shape == (4000, 28, 28)
    assert x_test.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [400] * 10
    assert np.bincount(y_test).tolist() == [100] * 10
    assert y_train[:10].tolist() == list(range(10))
    assert 25 < x_train.mean() < 45
    assert x_train.max() == 255


def test_datasets_imports_no_keras():
    code = "import sys, mnist_visual.datasets; sys.exit('keras' in sys.modules)"
    source = Path(datasets.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


# --- Fashion-MNIST


@pytest.fixture
def fashion(monkeypatch, tmp_path):
    """Small files in the place of Fashion-MNIST's, by their names; they lie in no cache."""
    arrays = mnist_arrays()
    contents = idx_folder(tmp_path / "published", arrays, end=".gz")
    for name, data in contents.items():
        checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        monkeypatch.setitem(FASHION_MNIST.checksums, f"fashion-mnist/{name}", checksum)
    return arrays, contents


def assert_same(found, arrays):
    for (images, labels), part in zip(found, ("train", "test"), strict=True):
        np.testing.assert_array_equal(images, arrays[f"x_{part}"], strict=True)
        np.testing.assert_array_equal(labels, arrays[f"y_{part}"], strict=True)


def test_cached_fashion_mnist_is_used_without_a_download(offline, fashion):
    arrays, contents = fashion
    folder = offline.parent / "fashion-mnist"
    folder.mkdir(parents=True)
    for name, data in contents.items():
        written(folder, data, name)
    assert_same(load_fashion_mnist(), arrays)


def test_of_fashion_mnist_only_what_lacks_or_is_damaged_is_downloaded(
    monkeypatch, offline, fashion
):
    arrays, contents = fashion
    folder = offline.parent / "fashion-mnist"
    folder.mkdir(parents=True)
    first, second, *_ = contents
    written(folder, contents[first], first)
    written(folder, contents[second][:30], second)
    asked = []

    def download(url, checksum):
        asked.append(url)
        return contents[url.rsplit("/", 1)[1]]

    monkeypatch.setattr(_keras_cache, "_download", download)

    assert_same(load_fashion_mnist(), arrays)

    keras = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert asked == [keras + name for name in contents if name != first]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == contents


def test_fashion_mnist_lies_where_keras_looks_for_it(monkeypatch, offline, fashion):
    from keras.datasets import fashion_mnist
    from keras.src.datasets import fashion_mnist as keras_own

    _, contents = fashion
    monkeypatch.setattr(
        _keras_cache, "_download", lambda url, checksum: contents[url.rsplit("/", 1)[1]]
    )
    load_fashion_mnist()

    def cached(name, origin, cache_subdir):
        assert origin == _keras_cache._URL + name
        return str(offline.parents[1] / cache_subdir / name)

    monkeypatch.setattr(keras_own, "get_file", cached)
    for found, right in zip(load_fashion_mnist(), fashion_mnist.load_data(), strict=True):
        np.testing.assert_array_equal(found[0], right[0])
        np.testing.assert_array_equal(found[1], right[1])


def test_fashion_mnist_is_read_from_a_path_or_its_own_environment_variable(
    monkeypatch, offline, tmp_path, fashion
):
    arrays, _ = fashion
    monkeypatch.setenv("MNIST_VISUAL_DATA", str(tmp_path / "absent"))
    monkeypatch.setenv("MNIST_VISUAL_FASHION_DATA", str(tmp_path / "published"))
    assert_same(load_fashion_mnist(), arrays)
    other = written(tmp_path, npz(**mnist_arrays(train=2)))
    assert len(load_fashion_mnist(other)[0][0]) == 2


def test_without_fashion_mnist_one_sentence_says_what_to_do_and_no_digits_stand_in(offline):
    with pytest.raises(FileNotFoundError) as caught:
        load_fashion_mnist()
    for way in ("Fashion-MNIST is neither", "no network", "path", "MNIST_VISUAL_FASHION_DATA"):
        assert way in str(caught.value)


def test_published_checksums_are_those_of_the_sets_makers():
    """From Keras's source for MNIST, and the README of Fashion-MNIST."""
    (mnist,) = MNIST.checksums.values()
    assert mnist == "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
    assert {name[14:]: checksum for name, checksum in FASHION_MNIST.checksums.items()} == {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }


# --- Sets of one's own, and the names of their classes


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


def test_a_built_in_set_comes_with_its_names(monkeypatch, offline, tmp_path, fashion):
    monkeypatch.setenv("MNIST_VISUAL_FASHION_DATA", str(tmp_path / "published"))
    monkeypatch.setenv("MNIST_VISUAL_DATA", str(tmp_path / "published"))
    clothes, digits = load_dataset("fashion-mnist"), load_dataset("mnist")
    assert clothes.class_names[:2] == ("T-shirt/top", "Trouser")
    assert clothes.class_names[9] == "Ankle boot"
    assert digits.class_names == tuple("0123456789")
    assert_same((clothes.train, clothes.test), fashion[0])


def test_a_further_built_in_set_is_the_one_that_is_loaded(monkeypatch):
    images, labels = np.full((4, 28, 28), 7, np.uint8), np.array([0, 1, 1, 0], np.uint8)
    signs = _keras_cache.Published("Signs", "MNIST_VISUAL_SIGNS", {}, ("dot", "dash"))
    load = (signs, lambda: (((images, labels), (images[:2], labels[:2])), True))
    monkeypatch.setitem(datasets._BUILT_IN, "signs", load)
    found = load_dataset("signs")
    assert found.class_names == datasets.built_in_names("signs") == ("dot", "dash")
    assert found.is_sample
    np.testing.assert_array_equal(found.train[0], images)
    np.testing.assert_array_equal(found.test[1], [0, 1])


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


# --- Pen digits


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
