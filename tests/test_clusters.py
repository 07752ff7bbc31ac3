import jax.numpy as jnp
import numpy as np
import pytest

from mnist_visual.clusters import class_means, class_modes, nearest_codes
from mnist_visual.latent import LatentCodes


def cloud(place, sigma, n, *, seed=0):
    return np.random.default_rng(seed).normal(place, sigma, (n, 2)).astype(np.float32)


def test_means_are_those_of_each_class():
    codes, labels = cloud(0, 1, 90), np.repeat([2, 5, 9], 30)
    means = class_means(LatentCodes(codes, np.zeros_like(codes)), labels.astype(np.uint8))
    assert list(means) == [2, 5, 9]
    np.testing.assert_allclose(means[5], codes[30:60].mean(axis=0), rtol=1e-5)


class Foreign:
    """An array of another library: a method mean, and NumPy's protocol."""

    def __init__(self, values):
        self.values = values

    def mean(self):
        raise AssertionError("nobody asked")

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


@pytest.mark.parametrize("array", [jnp.asarray, np.ndarray.tolist, Foreign])
def test_any_array_that_numpy_understands_will_do(array):
    codes = cloud(0, 1, 30)
    found = nearest_codes(array(codes), [0, 0], n=3)
    assert found.indices.tolist() == nearest_codes(codes, [0, 0], n=3).indices.tolist()


class Locked:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("detach me first")


@pytest.mark.parametrize(("codes", "words"), [(object(), "dtype object"), (Locked(), "detach me")])
def test_what_is_no_array_is_refused(codes, words):
    with pytest.raises(ValueError, match=f"finite real numbers.*Received: {words}"):
        nearest_codes(codes, [0, 0])


@pytest.mark.parametrize("order", [1, -1])
def test_mode_is_the_denser_of_two_clusters_wherever_the_mean_is(order):
    codes = np.concatenate([cloud((-2, 1), 0.2, 600), cloud((3, -1), 0.4, 500)])[::order]
    modes = class_modes(codes, np.full(1100, 4))
    np.testing.assert_allclose(modes[4], [-2, 1], atol=0.1)


def test_mode_of_one_cluster_is_its_middle():
    codes = cloud((1, 2), 0.5, 3000)
    np.testing.assert_allclose(class_modes(codes, np.zeros(3000, int))[0], [1, 2], atol=0.15)


def test_modes_of_few_or_equal_codes():
    codes = [[1, 2], [5, 5], [5, 5], [5, 5], [7, 0], [7, 1]]
    modes = class_modes(codes, [0, 1, 1, 1, 2, 2])
    assert modes[0].tolist() == [1, 2]
    assert modes[1].tolist() == [5, 5]
    assert modes[2] == pytest.approx([7, 0.5], abs=0.51)


def test_modes_are_the_same_in_any_order():
    codes, labels = cloud(0, 1, 3000), np.arange(3000) % 2
    order = np.random.default_rng(1).permutation(3000)
    first, again = class_modes(codes, labels), class_modes(codes[order], labels[order])
    assert all((first[label] == again[label]).all() for label in first)


def test_nearest_codes_are_those_of_a_full_sort():
    codes = cloud(0, 1, 500)
    found = nearest_codes(codes, [0.3, -0.2], n=7)
    distances = np.hypot(*(codes.astype(float) - [0.3, -0.2]).T)
    assert found.indices.tolist() == np.argsort(distances)[:7].tolist()
    np.testing.assert_allclose(found.distances, np.sort(distances)[:7], rtol=1e-6)


def test_equally_near_codes_come_in_order():
    assert nearest_codes(np.ones((9, 3)), [0, 0, 0], n=4).indices.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[0, 0]], [0, 0], {"n": 0}), "n is"),
        (([[0, 0]], [0, 0], {"n": 2}), "n is"),
        (([[0, 0]], [0, 0, 0], {"n": 1}), r"\(3,\)"),
        (([[0, np.nan]], [0, 0], {"n": 1}), "NaN"),
        (([0, 0], [0, 0], {"n": 1}), "latent_dim"),
        (([[0, 0]], [0, np.inf], {"n": 1}), "infinity"),
    ],
)
def test_wrong_neighbours_are_refused(arguments, words):
    codes, point, options = arguments
    with pytest.raises(ValueError, match=words):
        nearest_codes(codes, point, **options)


@pytest.mark.parametrize("labels", [[1], [1, 2, 3], [0.5, 1], [[1, 2]], ["a", "b"]])
@pytest.mark.parametrize("place", [class_means, class_modes])
def test_labels_that_do_not_fit_are_refused(place, labels):
    with pytest.raises(ValueError, match="one for each of the 2 codes"):
        place(np.zeros((2, 2)), labels)
