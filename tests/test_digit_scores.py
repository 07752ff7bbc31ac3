"""The shipped classifier explained on NumPy alone, against Keras and JAX."""

import jax
import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual._layers import max_pool, max_pool_gradient
from mnist_visual.explanation.scores import class_scores
from mnist_visual.inference import DigitNetwork, shared_network

LAYERS = ("conv1", "conv2", "dense", "probabilities")


# Of flat squares, and of nothing else: whole windows of equal values are pooled.
FLAT = {
    "tiles": lambda rng: np.kron(rng.random((64, 7, 7)) < 0.5, np.ones((4, 4))),
    "grey": lambda _: np.full((4, 28, 28), np.linspace(0, 1, 4)[:, None, None]),
}


def assert_same(ours, theirs, pictures, summed=False):
    """Hold logits, leads and gradients of random sums of classes against those of Keras.

    Which of equal values wins is up to how Keras rounds them. It moves the gradient to other
    pixels, whose sum stays the same.
    """
    rng = np.random.default_rng(1)
    batch = pictures.astype(np.float32)
    weights = rng.normal(size=(len(batch), 10)).astype(np.float32)
    rivals = rng.random((len(batch), 10)) < 0.4
    rivals[::3] = False
    assert ours.logits(batch) == pytest.approx(theirs.logits(batch), abs=1e-5)
    leads, gradients = ours.leads(batch, weights, rivals)
    expected_leads, expected_gradients = theirs.leads(batch, weights, rivals)
    assert leads == pytest.approx(expected_leads, rel=1e-6, abs=2e-5)  # of 30 and more, too
    if summed:
        gradients, expected_gradients = gradients.sum((1, 2)), expected_gradients.sum((1, 2))
    assert gradients == pytest.approx(expected_gradients, abs=(1e-4 if summed else 2e-5))
    assert abs(gradients).max() > 0.05


class TestScores:
    def test_of_digits_they_are_those_of_keras(self, trained, test_digits):
        digits = test_digits[0][:300] / 255
        assert_same(class_scores(shared_network()), class_scores(trained), digits)

    def test_of_noise_too(self, trained):
        noise = np.random.default_rng(0).random((100, 28, 28))
        assert_same(class_scores(shared_network()), class_scores(trained), noise)

    @pytest.mark.parametrize("kind", FLAT)
    def test_of_flat_pictures_too(self, trained, kind):
        pictures = FLAT[kind](np.random.default_rng(0))
        assert_same(class_scores(shared_network()), class_scores(trained), pictures, summed=True)

    def test_with_other_weights_too(self, test_digits):
        model = mv.build_classifier(seed=3)
        rng = np.random.default_rng(0)
        for name in LAYERS:
            kernel, bias = model.get_layer(name).get_weights()
            model.get_layer(name).set_weights([2 * kernel, rng.normal(0, 0.1, bias.shape)])
        network = DigitNetwork({n: tuple(model.get_layer(n).get_weights()) for n in LAYERS})
        assert_same(class_scores(network), class_scores(model), test_digits[0][:40] / 255)

    def test_rivals_that_are_level_share_the_gradient(self, digit):
        weights = shared_network().weights
        kernel, bias = (each.copy() for each in weights["probabilities"])
        kernel[:, 5], bias[5] = kernel[:, 2], bias[2]
        scores = class_scores(DigitNetwork({**weights, "probabilities": (kernel, bias)}))
        batch = digit[None]
        one, none = np.eye(10, dtype=np.float32)[[8]], np.zeros((1, 10), dtype=bool)
        over = np.isin(np.arange(10), [2, 5])[None]
        gradient = scores.leads(batch, one, over)[1]
        shared = one - np.float32([0, 0, 0.5, 0, 0, 0.5, 0, 0, 0, 0])
        assert gradient == pytest.approx(scores.leads(batch, shared, none)[1], abs=1e-6)
        assert abs(gradient).max() > 0.1

    @pytest.mark.parametrize("n", [1, 31, 32, 33, 70])
    def test_how_many_pictures_come_at_once_makes_no_difference(self, test_digits, n):
        scores = class_scores(shared_network())
        batch = (test_digits[0][:n] / 255).astype(np.float32)
        weights = np.tile(np.eye(10, dtype=np.float32)[3], (n, 1))
        leads, gradients = scores.leads(batch, weights, weights > 1)
        assert (leads.shape, gradients.shape, gradients.dtype) == ((n,), (n, 28, 28), np.float32)
        last = scores.leads(batch[-1:], weights[:1], weights[:1] > 1)
        assert leads[-1:] == pytest.approx(last[0], abs=1e-5)
        assert gradients[-1:] == pytest.approx(last[1], abs=1e-5)


class TestPooling:
    def test_of_equal_values_the_one_counts_that_counts_for_keras(self):
        rng = np.random.default_rng(0)
        maps = rng.integers(0, 3, (5, 11, 9, 4)).astype(np.float32)  # (channels, ..., n)
        weights = rng.normal(size=(5, 5, 4, 4)).astype(np.float32)

        def pooled(values):
            return (keras.layers.MaxPooling2D()(values) * weights.transpose(3, 1, 2, 0)).sum()

        expected = np.asarray(jax.grad(pooled)(maps.transpose(3, 1, 2, 0))).transpose(3, 1, 2, 0)
        found = max_pool_gradient(weights, maps, max_pool(maps))
        np.testing.assert_array_equal(found, expected)

    def test_what_differs_by_rounding_alone_is_equal(self):
        window = np.float32([[0.3, 0.3], [0.3, 0.2]])
        window[1, 0] = np.nextafter(window[0, 0], np.float32(1))
        maps = np.stack([window, np.ones((2, 2), np.float32)])[..., None]
        found = max_pool_gradient(np.ones((2, 1, 1, 1), np.float32), maps, max_pool(maps))
        assert found[..., 0].tolist() == 2 * [[[1, 0], [0, 0]]]


class TestExplanations:
    @pytest.mark.parametrize("label", [3, 9])
    @pytest.mark.parametrize("method", ["integrated_gradients", "gradient_x_input", "occlusion"])
    def test_saliency_is_that_of_the_keras_model(self, trained, test_digits, method, label):
        for picture in test_digits[0][:3] / 255:
            ours = mv.saliency(shared_network(), picture, label, method=method)
            keras_ = mv.saliency(trained, picture, label, method=method)
            assert ours.values == pytest.approx(keras_.values, abs=1e-3)
            expected = keras_.logit, keras_.baseline
            assert (ours.logit, ours.baseline) == pytest.approx(expected, abs=1e-5)

    def test_integrated_gradients_are_complete(self, test_digits):
        for number in range(0, 100, 5):
            found = mv.saliency(shared_network(), test_digits[0][number] / 255, number % 10)
            rise = found.logit - found.baseline
            assert float(found.values.sum(dtype=float)) == pytest.approx(rise, abs=2e-3)

    def test_the_smallest_change_is_that_of_the_keras_model(self, trained, test_digits):
        for picture in test_digits[0][:4] / 255:
            label = int(shared_network()(picture[None]).argmax())
            ours = mv.smallest_change(shared_network(), picture, label)
            keras_ = mv.smallest_change(trained, picture, label)
            told = trained.predict(ours.changed[None], verbose=0).argmax()
            assert ours.answer == told == keras_.answer
            assert ours.distance == pytest.approx(keras_.distance, rel=0.02)

    def test_a_class_can_be_asked_for(self, trained, digit):
        change = mv.smallest_change(shared_network(), digit, 3, target=8)
        assert trained.predict(change.changed[None], verbose=0).argmax() == change.answer == 8

    @pytest.mark.parametrize("shape", [(27, 28), (784,), (2, 28, 28)])
    def test_pictures_that_do_not_fit_are_refused(self, shape):
        with pytest.raises(ValueError, match="Received"):
            mv.saliency(shared_network(), np.zeros(shape), 1)
        with pytest.raises(ValueError, match="Received"):
            mv.smallest_change(shared_network(), np.zeros(shape), 1)


@pytest.mark.parametrize(("filters", "units"), [((1, 1), 8), ((3, 5), 9), ((20, 4), 33)])
def test_gradients_of_a_network_with_other_numbers_of_filters_and_units(filters, units):
    """Against differences of its logits, far from where a ReLU or a maximum turns."""
    random = np.random.default_rng(sum(filters))
    first, second = filters
    shapes = {
        "conv1": (3, 3, 1, first),
        "conv2": (3, 3, first, second),
        "dense": (25 * second, units),
        "probabilities": (units, 10),
    }
    weights = {
        name: (
            random.normal(0, 0.4, shape).astype(np.float32),
            random.normal(0, 0.4, shape[-1]).astype(np.float32),
        )
        for name, shape in shapes.items()
    }
    scores = class_scores(DigitNetwork(weights))
    picture = random.random((1, 28, 28), dtype=np.float32)
    wanted = np.eye(10, dtype=np.float32)[[3]]
    leads, gradients = scores.leads(picture, wanted, np.zeros((1, 10), bool))
    assert leads[0] == pytest.approx(scores.logits(picture)[0, 3], rel=1e-5)
    step = 1e-3 * gradients / np.linalg.norm(gradients)
    ends = [scores.logits(picture + side * step)[0, 3] for side in (-1, 1)]
    assert (ends[1] - ends[0]) / 2e-3 == pytest.approx(np.linalg.norm(gradients), rel=0.05)
