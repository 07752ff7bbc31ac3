"""Whether the shipped codes are those that the shipped weights give, without the pictures."""

import numpy as np
import pytest

from mnist_visual.clusters import nearest_codes
from mnist_visual.codes import load_test_codes
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.latent import encode
from mnist_visual.regions import classify_codes


@pytest.fixture(scope="module")
def shipped():
    return load_test_codes()


@pytest.fixture(scope="module")
def encoded(test_digits):
    return encode(shared_vae(), test_digits[0])


def test_their_pictures_are_read_as_their_labels(shipped):
    chosen = slice(None, None, 4)
    read = classify_codes(shared_vae(), shared_network(), shipped.mean[chosen]).argmax(axis=1)
    assert (read == shipped.labels[chosen]).mean() > 0.8  # 0.74 if they are 0.15 off the place


def test_classes_lie_where_the_encoder_puts_other_digits(shipped, encoded, test_digits):
    for label in range(10):
        ours, others = shipped.mean[shipped.labels == label], encoded.mean[test_digits[1] == label]
        error = others.std(axis=0) / np.sqrt(len(others))
        assert (abs(ours.mean(axis=0) - others.mean(axis=0)) < 6 * error).all()


def test_variances_are_those_that_the_encoder_gives_thereabouts(shipped, encoded):
    chosen = slice(None, None, 20)
    near = [nearest_codes(encoded, code, n=5).indices for code in shipped.mean[chosen]]
    expected, found = encoded.log_var[near].mean(axis=1), shipped.log_var[chosen]
    for axis in (0, 1):
        assert np.corrcoef(expected[:, axis], found[:, axis])[0, 1] > 0.9
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(axis=0), atol=0.1)
