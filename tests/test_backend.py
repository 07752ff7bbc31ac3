"""Keras's backend: who chooses it, and what happens beside one that somebody else has chosen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_visual

PACKAGE = Path(mnist_visual.__file__).parents[1]
NEED_KERAS = {
    "VAE",
    "build_classifier",
    "build_vae",
    "load_pretrained",
    "load_weights",
    "save_weights",
    "train_classifier",
    "train_vae",
}


def run(folder, code, **environment):
    """Run code in a process where nobody has chosen a backend, and give what it said.

    Keras reads its settings from the folder's ``keras.json``, and modules in it are installed.
    """
    settings = {"KERAS_HOME": str(folder), "PYTHONPATH": f"{folder}{os.pathsep}{PACKAGE}"}
    inherited = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=inherited | settings | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


CHOSEN = "import os, mnist_visual; print(os.environ.get('KERAS_BACKEND'))"
REFUSED = """
import mnist_visual
try:
    mnist_visual.build_classifier
except ImportError as error:
    print(error)
"""
# Keras has a backend on NumPy, too.
BESIDE_NUMPY = """
import json
import keras
import numpy as np
import mnist_visual as mv
from mnist_visual.components import Reading, Sketchpad
from mnist_visual.inference import shared_network

def refused(task):
    try:
        task()
    except ImportError as error:
        return str(error)

layers = [keras.Input((2,)), keras.layers.Dense(784), keras.layers.Reshape((28, 28))]
decoder = keras.Sequential(layers)
pooled = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.MaxPooling2D()])
kernel = keras.layers.Conv2D(2, 3, name="conv")
convolution = keras.Sequential([keras.Input((28, 28, 1)), kernel])
as_function = lambda codes: decoder.predict(codes, verbose=0)
pad = Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]])
mv.plot_latent_grid(mv.latent_grid(as_function, n=3))
print(json.dumps({
    "refused": {name: refused(lambda: getattr(mv, name)) for name in mv.__all__},
    "decoder": refused(lambda: mv.decode(decoder, [0, 1])),
    "maps": refused(lambda: mv.feature_maps(pooled, np.zeros((28, 28)))),
    "filters": refused(lambda: mv.filters(convolution, "conv")),
    "equal": bool((mv.decode(as_function, [0, 1]) == as_function(np.array([[0, 1]]))[0]).all()),
    "read": int(Reading(shared_network(), pad).probabilities.argmax()),
    "backend": keras.config.backend(),
    "shape": decoder.predict(np.ones((3, 2)), verbose=0).shape,
}))
"""


@pytest.fixture(scope="module")
def beside_numpy(tmp_path_factory):
    """What a process found that runs Keras on another backend."""
    return json.loads(run(tmp_path_factory.mktemp("own"), BESIDE_NUMPY, KERAS_BACKEND="numpy"))


def test_jax_is_chosen_where_nobody_chose(tmp_path):
    assert run(tmp_path, CHOSEN) == "jax"


def test_default_that_keras_wrote_into_its_file_is_nobodys_choice(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "tensorflow"}))
    assert run(tmp_path, CHOSEN) == "jax"


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_choice_in_the_file_of_keras_stands(tmp_path, backend):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": backend}))
    assert run(tmp_path, CHOSEN) == "None"
    assert f"{backend!r} ({tmp_path / 'keras.json'} says so)" in run(tmp_path, REFUSED)


@pytest.mark.parametrize("settings", ["", "[]", '{"backend": null}', "{"])
def test_file_of_keras_that_says_nothing_is_no_choice(tmp_path, settings):
    (tmp_path / "keras.json").write_text(settings)
    assert run(tmp_path, CHOSEN) == "jax"


def test_import_leaves_the_backend_open_where_tensorflow_is_installed(tmp_path):
    (tmp_path / "tensorflow.py").touch()
    assert run(tmp_path, CHOSEN) == "None"


def test_jax_is_chosen_beside_tensorflow_once_something_needs_keras(tmp_path):
    (tmp_path / "tensorflow.py").touch()
    code = "import mnist_visual; mnist_visual.build_classifier; import keras"
    assert run(tmp_path, f"{code}; print(keras.config.backend())") == "jax"


def test_another_choice_is_refused_in_a_sentence_that_says_what_to_do(tmp_path):
    said = run(tmp_path, REFUSED, KERAS_BACKEND="torch")
    assert "Received: the backend 'torch' (KERAS_BACKEND says so). Set KERAS_BACKEND=jax" in said


def test_beside_keras_on_another_backend_only_what_needs_keras_is_refused(beside_numpy):
    said = {name: error for name, error in beside_numpy["refused"].items() if error}
    assert said.keys() == NEED_KERAS
    assert all("'numpy' (Keras is imported and runs on it)" in error for error in said.values())


def test_keras_on_another_backend_goes_on_as_before(beside_numpy):
    assert beside_numpy["backend"] == "numpy"
    assert beside_numpy["shape"] == [3, 28, 28]


@pytest.mark.parametrize("task", ["decoder", "maps", "filters"])
def test_model_on_another_backend_is_refused(beside_numpy, task):
    assert "models given as functions of arrays need no Keras" in beside_numpy[task]


def test_decoder_on_another_backend_is_explored_as_a_function(beside_numpy):
    assert beside_numpy["equal"]


def test_components_work_beside_keras_on_another_backend(beside_numpy):
    assert beside_numpy["read"] == 1
