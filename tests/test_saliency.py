"""Attributions to pixels: complete where they have to be, and right where that is known."""

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.explanation.scores import class_scores

from .classifier_models import HEIGHT, WIDTH, one_picture, shake

layers = keras.layers


def small(*chain, seed=0, shape=(HEIGHT, WIDTH, 1)):
    return shake(keras.Sequential([keras.Input(shape), *chain]), seed)


@pytest.fixture(scope="module")
def smooth():
    """A network without kinks."""
    return small(
        layers.Flatten(),
        layers.Dense(8, activation="tanh"),
        layers.Dense(3, activation="softmax"),
    )


@pytest.fixture(scope="module")
def straight():
    """A network that only weighs the pixels."""
    return small(layers.Flatten(), layers.Dense(3, activation="softmax"))


class TestIntegratedGradients:
    @pytest.mark.parametrize("label", [0, 2])
    @pytest.mark.parametrize("name", ["chain", "graph"])
    def test_they_are_complete_for_other_peoples_networks(self, request, name, label):
        model = request.getfixturevalue(name)
        found = mv.saliency(model, one_picture(model), label)
        rise = found.logit - found.baseline
        assert float(found.values.sum(dtype=float)) == pytest.approx(rise, abs=1e-3 * abs(rise))

    def test_they_are_complete_for_every_class(self, trained, digit):
        for label in range(10):
            found = mv.saliency(trained, digit, label)
            rise = found.logit - found.baseline
            assert float(found.values.sum(dtype=float)) == pytest.approx(rise, abs=2e-3)

    def test_they_are_the_mean_gradient_times_the_pixels(self, trained, digit):
        label, shares = 7, (np.arange(2048) + 0.5) / 2048
        way = (shares[:, None, None] * digit).astype(np.float32)
        weights = np.tile(np.eye(10, dtype=np.float32)[label], (len(way), 1))
        _, gradients = class_scores(trained).leads(way, weights, weights > 1)
        expected = gradients.mean(axis=0, dtype=float) * digit
        found = mv.saliency(trained, digit, label).values
        assert found == pytest.approx(expected, abs=0.02 * abs(expected).max())

    def test_of_a_straight_network_they_are_weights_times_pixels(self, straight):
        picture = one_picture(straight)
        weights = straight.layers[-1].get_weights()[0][:, 1].reshape(HEIGHT, WIDTH)
        for method in ("integrated_gradients", "gradient_x_input"):
            found = mv.saliency(straight, picture, 1, method=method)
            assert found.values == pytest.approx(weights * picture, abs=1e-5)

    def test_an_empty_picture_has_none(self, trained):
        found = mv.saliency(trained, np.zeros((28, 28)), 3)
        assert not found.values.any()
        assert found.logit == found.baseline


class TestGradientTimesInput:
    def test_the_gradient_is_that_of_finite_differences(self, smooth):
        picture = one_picture(smooth)
        found = mv.saliency(smooth, picture, 2, method="gradient_x_input").values
        kernel, bias, last, _ = smooth.get_weights()
        slope = (1 - np.tanh(picture.ravel() @ kernel + bias) ** 2) * last[:, 2]
        assert found == pytest.approx((kernel @ slope).reshape(HEIGHT, WIDTH) * picture, abs=1e-5)


class TestOcclusion:
    def test_of_a_straight_network_it_is_the_mean_of_what_the_squares_held(self, straight):
        picture = one_picture(straight)
        weights = straight.layers[-1].get_weights()[0][:, 0].reshape(HEIGHT, WIDTH)
        held = np.pad(
            weights * picture, 1
        )  # squares of 2x2 pixels, a sixth of 12, go over the edge
        squares = held[:-1, :-1] + held[:-1, 1:] + held[1:, :-1] + held[1:, 1:]
        over = squares[:-1, :-1] + squares[:-1, 1:] + squares[1:, :-1] + squares[1:, 1:]
        found = mv.saliency(straight, picture, 0, method="occlusion").values
        assert found == pytest.approx(over / 4, abs=1e-4)

    def test_squares_that_were_empty_already_change_nothing(self, trained):
        digit = np.zeros((28, 28), np.float32)
        digit[12:16, 13:15] = 1
        values = mv.saliency(trained, digit, 1, method="occlusion").values
        assert values[12:16, 13:15].any()
        assert not values[:8].any()
        assert not values[:, 19:].any()


class TestLogits:
    @pytest.mark.parametrize(
        "tail",
        [
            lambda: [layers.Dense(3, activation="softmax")],
            lambda: [layers.Dense(3, activation="softmax", use_bias=False)],
            lambda: [layers.Dense(3), layers.Softmax()],
            lambda: [layers.Dense(3), layers.Activation("softmax")],
            lambda: [layers.Dense(3, activation=layers.Softmax())],
            lambda: [keras.Sequential([layers.Dense(3, activation="softmax")])],
        ],
        ids=["dense", "no bias", "layer", "activation layer", "layer in dense", "model"],
    )
    def test_they_are_the_values_before_the_softmax(self, tail):
        model = small(layers.Flatten(), *tail())
        pictures = np.random.default_rng(0).random((5, HEIGHT, WIDTH, 1), dtype=np.float32)
        logits = class_scores(model).logits(pictures)
        shares = np.asarray(model(pictures))
        assert abs(logits.sum(axis=1)).max() > 0.1  # no logarithms of shares
        exponentials = np.exp(logits)
        expected = exponentials / exponentials.sum(axis=1, keepdims=True)
        assert shares == pytest.approx(expected, abs=1e-6)
        assert abs(logits - np.log(shares)).max() > 0.1

    def test_a_lead_is_that_over_the_best_rival_and_so_is_its_gradient(self, smooth):
        scores = class_scores(smooth)
        pictures = np.random.default_rng(0).random((4, HEIGHT, WIDTH, 1), dtype=np.float32)
        logits = scores.logits(pictures)
        weights = np.tile(np.float32([1, 0, 0]), (4, 1))
        rivals = np.tile([False, True, True], (4, 1))
        leads, gradients = scores.leads(pictures, weights, rivals)
        best = logits[:, 1:].argmax(axis=1) + 1
        assert leads == pytest.approx(logits[:, 0] - logits[:, 1:].max(axis=1), abs=1e-6)
        over = weights - np.eye(3, dtype=np.float32)[best]
        assert scores.leads(pictures, over, weights > 1)[1] == pytest.approx(gradients, abs=1e-6)

    def test_before_a_sigmoid_and_without_an_activation(self):
        pictures = np.random.default_rng(0).random((5, HEIGHT, WIDTH, 1), dtype=np.float32)
        model = small(layers.Flatten(), layers.Dense(3, activation="sigmoid"))
        expected = np.asarray(model(pictures))
        logits = class_scores(model).logits(pictures)
        assert 1 / (1 + np.exp(-logits)) == pytest.approx(expected, abs=1e-6)
        model = small(layers.Flatten(), layers.Dense(3, activation="tanh"))
        assert class_scores(model).logits(pictures) == pytest.approx(np.asarray(model(pictures)))

    @pytest.mark.parametrize("merge", [layers.Average, layers.Add])
    def test_of_answers_that_are_put_together_they_are_what_comes_out(self, merge):
        picture = keras.Input((HEIGHT, WIDTH, 1))
        flat = layers.Flatten()(picture)
        parts = [layers.Dense(3, activation="softmax")(flat) for _ in range(2)]
        model = shake(keras.Model(picture, merge()(parts)), 3)
        pictures = np.random.default_rng(0).random((5, HEIGHT, WIDTH, 1), dtype=np.float32)
        found = class_scores(model).logits(pictures)
        assert found == pytest.approx(np.asarray(model(pictures)), abs=1e-6)

    def test_weights_that_changed_count_at_once(self, trained, digit):
        before = mv.saliency(trained, digit, 3, method="gradient_x_input").logit
        trained.predict(digit[None], verbose=0)  # gives the old arrays away
        bias = trained.get_layer("probabilities").bias
        bias.assign(bias + 1)
        after = mv.saliency(trained, digit, 3, method="gradient_x_input").logit
        bias.assign(bias - 1)
        assert after == pytest.approx(before + 1, abs=1e-5)


class TestBorders:
    def test_values_have_the_shape_of_the_picture(self, straight):
        picture = one_picture(straight)
        assert mv.saliency(straight, picture, 0).values.shape == (HEIGHT, WIDTH)
        assert mv.saliency(straight, picture[..., None], 0).values.shape == (HEIGHT, WIDTH, 1)

    def test_bytes_are_read_as_the_floats_they_stand_for(self, straight):
        as_bytes = np.round(255 * one_picture(straight)).astype(np.uint8)
        floats = mv.saliency(straight, as_bytes / 255, 0).values
        assert mv.saliency(straight, as_bytes, 0).values == pytest.approx(floats, abs=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "rule"),
        [
            ((np.zeros((28, 28)), 10), r"label.*0 to 9.*Received: 10"),
            ((np.zeros((2, 28, 28)), 1), "2 pictures"),
            ((np.full((28, 28), np.nan), 1), "NaN"),
            ((np.zeros((27, 28)), 1), r"\(27, 28\)"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, trained, arguments, rule):
        with pytest.raises(ValueError, match=rule):
            mv.saliency(trained, *arguments)

    def test_other_methods_are_refused_with_the_known_ones(self, trained, digit):
        with pytest.raises(ValueError, match=r"integrated_gradients.*Received: 'magic'"):
            mv.saliency(trained, digit, 1, method="magic")

    def test_models_that_are_no_classifiers_are_refused(self):
        with pytest.raises(ValueError, match="a number for each class"):
            mv.saliency(small(layers.Conv2D(2, 3)), np.zeros((HEIGHT, WIDTH)), 0)

    def test_a_flat_picture_has_no_squares(self):
        model = small(layers.Dense(3), shape=(30,))
        assert mv.saliency(model, np.ones(30), 0).values.shape == (30,)
        with pytest.raises(ValueError, match="another method"):
            mv.saliency(model, np.ones(30), 0, method="occlusion")
