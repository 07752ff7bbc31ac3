"""Pooling of a whole map, against Keras."""

import numpy as np
import pytest

from mnist_visual._backend import keras
from mnist_visual.arithmetic.pooling import pool_map

MAP = np.random.default_rng(0).normal(size=(11, 14)).astype(np.float32)


def by_keras(layer, values):
    return np.asarray(layer(values[None, ..., None]))[0, ..., 0]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 11])
def test_windows_side_by_side(size):
    pooled = pool_map(MAP, size=size)
    layers = keras.layers
    assert pooled.maximum == pytest.approx(by_keras(layers.MaxPooling2D(size), MAP))
    assert pooled.average == pytest.approx(by_keras(layers.AveragePooling2D(size), MAP), abs=1e-6)


def test_the_whole_map():
    pooled, layers = pool_map(MAP), keras.layers
    largest = by_keras(layers.GlobalMaxPooling2D(keepdims=True), MAP)
    mean = by_keras(layers.GlobalAveragePooling2D(keepdims=True), MAP)
    assert pooled.maximum == pytest.approx(largest)
    assert pooled.average == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("size", [0, 12, 1.5, True, "2"])
def test_a_window_is_no_larger_than_the_map(size):
    with pytest.raises(ValueError, match=r"size is a whole number, 1 to 11. Received"):
        pool_map(MAP, size=size)


@pytest.mark.parametrize("values", [[1, 2], [[]], [[np.nan]], [["a"]], [[1, 2], [3]]])
def test_what_is_no_map_is_refused(values):
    with pytest.raises(ValueError, match=r"A map is a table of finite real numbers. Received"):
        pool_map(values)
