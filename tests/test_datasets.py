"""Where the published sets come from: a path, a variable, a cache, a download, a sample."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mnist_visual import _files, _keras_cache, datasets
from mnist_visual._keras_cache import FASHION_MNIST, MNIST
from mnist_visual.datasets import load_dataset, load_fashion_mnist, load_mnist

from .data_files import (
    idx_folder,
    mnist_arrays,
    npz,
    written,
)


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


# Fashion-MNIST


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


# Both by their names


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
