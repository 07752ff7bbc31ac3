"""Weights of a model: saved whole or not at all, and checked before they are believed.

Only numbers are ever read. The model is built by the caller, so a file cannot bring code, an
architecture or a surprise along: it must hold exactly the arrays that the model has.
"""

from __future__ import annotations

import importlib
import io
import itertools
import math
import operator
import warnings
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import h5py
import numpy as np

from ._arguments import check_choice
from ._backend import keras
from ._files import WEIGHTS, PathLike, checked_target, existing, write_whole
from ._hdf5 import HDF5, SIGNATURE
from ._shipped import shipped_file
from ._weights_file import broken_weights_are_value_error, read_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .vae import VAE

# Where each model that the package ships weights for is built.
_PRETRAINED = {
    "classifier": ("classifier", "build_classifier"),
    "vae": ("vae", "build_vae"),
}


def save_weights(model: keras.Model, path: PathLike) -> None:
    """Save the weights of a model in Keras 3's layout.

    The file appears whole or not at all: a save that fails or is killed leaves the old one.

    Parameters
    ----------
    model : keras.Model
        A built model.
    path : path
        The file, whose name ends in ``.weights.h5``. Its folder must exist.

    Raises
    ------
    ValueError
        If the name ends otherwise or the model is not built.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "tiny.weights.h5")
    ...     save_weights(model, path)
    ...     load_weights(model, path)
    """
    path = checked_target(path, *WEIGHTS)
    _check_built(model)
    write_whole(path, _saved(model).getvalue())


def load_weights(model: keras.Model, path: PathLike) -> None:
    """Load the weights of a model from a file of Keras 3 or Keras 2, in place.

    The file's layout is told from its content. Everything in it is checked before the first
    weight is set, so a file that is refused leaves the model as it was. Of a whole model that
    Keras 2 saved only the weights are read, and matched by the order of the layers that have
    any. The state of an optimizer or a metric is left alone.

    Parameters
    ----------
    model : keras.Model
        A built model with the shapes of the file.
    path : path
        A ``.weights.h5`` file, or an ``.h5`` file of Keras 2.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the model is not built, or the file is damaged, is not HDF5, holds other names, shapes
        or types than the model, links out of itself, or has a weight that is not finite.

    Examples
    --------
    >>> load_weights(model, "mnist_model.h5")  # doctest: +SKIP
    """
    path = Path(path).expanduser()
    _check_built(model)
    content = _read_file(path, 16 * model.count_params() + (16 << 20))
    # The model's own weights, saved, say what a file of Keras 3 must hold, for any model.
    own = _saved(model)
    with broken_weights_are_value_error(path):
        file = HDF5(content)
        root = file.attributes("model_weights" if "model_weights" in file.groups else "")
        keras2 = any(key in root for key in ("layer_names", "layer_names0"))
        if keras2:
            pairs = _read_keras2(model, file)
        else:
            _read_keras3(model, file, own)
    if keras2:
        for variable, value in pairs:
            variable.assign(value)
    else:
        model.load_weights(own)


@overload
def load_pretrained(name: Literal["vae"]) -> VAE: ...
@overload
def load_pretrained(name: str) -> keras.Model: ...
def load_pretrained(name: str) -> keras.Model:
    """Build a model and load the weights that the package ships for it.

    Parameters
    ----------
    name : {"classifier", "vae"}
        Which; the second is a `VAE`.

    Returns
    -------
    keras.Model
        The trained model, built and compiled.

    Raises
    ------
    ValueError
        If there is no such model.
    FileNotFoundError
        If the package lacks its weights.

    Examples
    --------
    >>> load_pretrained("classifier").count_params()
    53866
    """
    check_choice("name", name, _PRETRAINED)
    module, builder = _PRETRAINED[name]
    remedy = "Install mnist-visual again, or train with `mnist-visual train`."
    shipped = shipped_file(f"{name}.weights.h5", f"the weights of the {name}", remedy=remedy)
    model = getattr(importlib.import_module(f".{module}", __package__), builder)()
    with resources.as_file(shipped) as path:
        load_weights(model, path)
    return model


class _InMemory(io.BytesIO):
    """A file in memory, for Keras, which looks for the end of a name before it takes one."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def _saved(model: Any) -> _InMemory:
    content = _InMemory()
    with warnings.catch_warnings():
        # Keras's variables and NumPy 2 disagree about a keyword; the arrays are right.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save_weights(content)
    return content


def _check_built(model: Any) -> None:
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError(
            "A model of Keras, built, has weights; call it on a batch first. "
            f"Received: {model!r:.80}."
        )


def _read_file(path: Path, limit: int) -> bytes:
    size = existing(path, "path").stat().st_size
    if size > limit:
        raise ValueError(
            f"A weights file of this model has at most {limit} bytes. Received: {path} of {size} "
            "bytes. Load it into the model that it was saved from."
        )
    with path.open("rb") as file:
        content = file.read(limit)
    if not content.startswith(SIGNATURE):
        raise ValueError(
            f"A weights file must be HDF5. Received: {path}, which is something else. "
            "Save it with save_weights, or with Keras as .weights.h5."
        )
    return content


def _read_keras3(model: Any, file: HDF5, own: io.BytesIO) -> None:
    """Put the weights of a file of Keras 3 into the file `own`, which the model saved."""
    metrics = {k for k, v in vars(model).items() if isinstance(v, keras.metrics.Metric)}
    ignored = {"optimizer", "metrics"} | metrics
    saved = HDF5(own.getvalue()).datasets
    wanted, found = (
        {path: stored for path, stored in each.items() if path.split("/")[0] not in ignored}
        for each in (saved, file.datasets)
    )
    if wanted.keys() != found.keys():
        missing, extra = sorted(wanted.keys() - found), sorted(found.keys() - wanted)
        raise ValueError(f"it lacks {missing[:3]} and has {extra[:3]}, which the model has not")
    with h5py.File(own, "r+") as target:
        for path, stored in sorted(wanted.items(), key=operator.itemgetter(0)):
            target[path][()] = read_array(path, found[path], stored.shape, target[path].dtype)


def _read_keras2(model: Any, file: HDF5) -> list[tuple[Any, NDArray[Any]]]:
    """Pair the model's variables with the arrays of a file of Keras 2, in order."""
    # Keras 2 wrote a layer's trainable weights first, then the others.
    layers = [(x.name, x.trainable_weights + x.non_trainable_weights) for x in model.layers]
    layers = [(name, variables) for name, variables in layers if variables]
    saved = _weight_paths(file, most=len(model.layers) + len(model.weights) + 2)
    if len(saved) != len(layers) or sum(len(v) for _, v in layers) != len(model.weights):
        raise ValueError(f"it has {len(saved)} layers with weights, the model {len(layers)}")
    pairs = []
    for (name, variables), paths in zip(layers, saved, strict=True):
        if len(paths) != len(variables):
            raise ValueError(f"{name} has {len(variables)} weights, and {len(paths)} in the file")
        for variable, path in zip(variables, paths, strict=True):
            if path not in file.datasets:
                raise ValueError(f"{path:.200} is listed but missing")
            dtype = np.dtype(variable.dtype)
            array = read_array(path, file.datasets[path], tuple(variable.shape), dtype)
            pairs.append((variable, array))
    return pairs


def _weight_paths(file: HDF5, most: int) -> list[list[str]]:
    """Return the paths of the weights, layer by layer, of the layers that have any."""
    prefix = "model_weights/" if "model_weights" in file.groups else ""
    named = _names(file, prefix.rstrip("/"), "layer_names", most)
    layers = [f"{prefix}{name}" for name in named]
    # What a subclassed model holds outside its layers: empty in most files, absent in old ones.
    if (top := f"{prefix}top_level_model_weights") in file.groups:
        layers.append(top)
    saved = []
    for layer in layers:
        if layer not in file.groups:
            raise ValueError(f"the layer {layer:.80} is listed but missing")
        weights = _names(file, layer, "weight_names", most)
        saved.append([f"{layer}/{weight}" for weight in weights])
    return [paths for paths in saved if paths]


def _names(file: HDF5, group: str, key: str, most: int) -> list[str]:
    """Read a list of names, which Keras 2 splits over `key0`, `key1`, ... when it is long."""
    attributes = file.attributes(group)
    numbered = (f"{key}{n}" for n in itertools.count())
    parts = (
        [key] if key in attributes else [*itertools.takewhile(attributes.__contains__, numbered)]
    )
    if not parts:
        raise ValueError(f"/{group} has no {key}")
    names: list[str] = []
    for part in parts:
        stored = attributes[part]
        count = math.prod(stored.shape)
        # A hostile file can point many names at one long text, so their number is bounded too.
        if len(names) + count > most:
            raise ValueError(f"{part} of /{group} is longer than any list of this model's")
        if count and (
            len(stored.shape) != 1 or stored.dtype is None or stored.dtype.kind not in "SO"
        ):
            raise ValueError(f"{part} of /{group} must be a list of names")
        # Keras 2 stored bytes of a fixed length or, with a younger h5py, of any length.
        names += file.texts(stored) if count else []
    return names
