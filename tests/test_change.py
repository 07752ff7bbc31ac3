"""The smallest change: it changes the answer, and nothing simpler is smaller."""

import numpy as np
import pytest
from scipy.optimize import minimize

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.explanation.scores import class_scores

from .classifier_models import one_picture, shake

layers = keras.layers


def small(*chain, seed=0):
    return shake(keras.Sequential([keras.Input((6, 5)), layers.Flatten(), *chain]), seed)


def answers(model, pictures):
    return model.predict(np.asarray(pictures, np.float32), verbose=0, batch_size=200).argmax(axis=1)


def along_the_gradient(model, picture, label):
    """Go along the gradient of each other class's lead, and of all of them, in small steps."""
    scores = class_scores(model)
    directions = np.eye(scores.classes, dtype=np.float32) - np.eye(scores.classes)[label]
    gradients = scores.leads(np.stack([picture] * len(directions)), directions, directions > 1)[1]
    gradients = [*np.delete(gradients, label, axis=0), gradients.sum(axis=0)]
    lengths, best = np.linspace(0.02, 4, 200)[:, None, None], np.inf
    for gradient in gradients:
        way = np.clip(picture + lengths * gradient / np.linalg.norm(gradient), 0, 1)
        for other in way[answers(model, way) != label][:1]:
            best = min(best, float(np.linalg.norm(other - picture)))
    return best


class TestShippedNetwork:
    @pytest.mark.parametrize("number", [3, 200])
    def test_it_changes_the_answer_by_less_than_the_gradient_needs(
        self, trained, test_digits, number
    ):
        picture = (test_digits[0][number] / 255).astype(np.float32)
        label = int(answers(trained, picture[None])[0])
        change = mv.smallest_change(trained, picture, label)
        assert answers(trained, change.changed[None]) == [change.answer]
        assert change.answer != label == change.label
        assert change.changed.min() >= 0
        assert change.changed.max() <= 1
        np.testing.assert_array_equal(change.image, picture)
        assert change.distance == pytest.approx(np.linalg.norm(change.changed - picture))
        assert change.distance <= 1.005 * along_the_gradient(trained, picture, label)

    def test_it_is_on_the_border_between_two_answers(self, trained, digit):
        label = int(answers(trained, digit[None])[0])
        change = mv.smallest_change(trained, digit, label)
        almost = change.image + 0.95 * change.difference
        assert answers(trained, almost[None]) == [label]

    def test_the_same_picture_gives_the_same_change(self, trained, digit):
        first, second = (mv.smallest_change(trained, digit, 7) for _ in range(2))
        np.testing.assert_array_equal(first.changed, second.changed)

    def test_any_other_class_can_be_asked_for(self, trained, digit):
        label = int(answers(trained, digit[None])[0])
        nearest = mv.smallest_change(trained, digit, label)
        for target in {0, 4, 8} - {label}:
            change = mv.smallest_change(trained, digit, label, target=target)
            assert answers(trained, change.changed[None]) == [target]
            assert change.answer == target
            assert change.distance >= 0.9 * nearest.distance

    def test_what_says_something_else_already_stays_as_it_is(self, trained, digit):
        label = int(answers(trained, digit[None])[0])
        change = mv.smallest_change(trained, digit, (label + 1) % 10)
        assert (change.answer, change.distance) == (label, 0)
        assert mv.smallest_change(trained, digit, (label + 1) % 10, target=label).distance == 0


def least_of_a_straight_network(kernel, bias, picture, label):
    """Solve for each other class what scipy can: the least change, with all pixels in [0, 1]."""
    best, start = np.inf, picture.ravel().astype(float)
    for other in set(range(kernel.shape[1])) - {label}:
        weights = (kernel[:, other] - kernel[:, label]).astype(float)
        offset = float(bias[other] - bias[label])
        solved = minimize(
            lambda x: ((x - start) ** 2).sum(),
            np.full_like(start, 0.5),
            jac=lambda x: 2 * (x - start),
            bounds=[(0, 1)] * len(start),
            constraints={
                "type": "ineq",
                "fun": lambda x, w=weights, b=offset: x @ w + b,
                "jac": lambda _, w=weights: w,
            },
            method="SLSQP",
        )
        if solved.success:
            best = min(best, float(np.sqrt(solved.fun)))
    return best


class TestOtherNetworks:
    @pytest.mark.parametrize("seed", range(2))
    def test_of_a_straight_network_it_is_the_least(self, seed):
        model = small(layers.Dense(4, activation="softmax"), seed=seed)
        picture = one_picture(model, seed)
        label = int(answers(model, picture[None])[0])
        change = mv.smallest_change(model, picture, label)
        least = least_of_a_straight_network(*model.get_weights(), picture, label)
        assert least <= 1.001 * change.distance
        assert change.distance <= 1.02 * least + 1e-3

    @pytest.mark.parametrize(("name", "last"), [("chain", "logits"), ("graph", "last")])
    def test_any_classifier_can_be_changed(self, request, name, last):
        model = request.getfixturevalue(name)
        shape, bias = one_picture(model).shape, model.get_layer(last).bias
        pictures = np.random.default_rng(1).random((64, *shape), dtype=np.float32)
        logits = mv.feature_maps(model, pictures, layers=[last])[last]
        # The network shall say 0 for one of them and 1 for another, with the border in between.
        leads, before = logits[:, 0] - logits[:, 1], np.array(bias)
        level = (leads.max() + leads.min()) / 2
        bias.assign(before + np.array([0, level, *[-99] * (len(before) - 2)]))
        picture = pictures[leads.argmax()]
        change = mv.smallest_change(model, picture, 0)
        told = [int(answers(model, each[None])[0]) for each in (picture, change.changed)]
        bias.assign(before)
        assert told == [0, 1]
        assert change.answer == 1
        assert change.distance <= np.linalg.norm(pictures[leads.argmin()] - picture)

    def test_where_the_gradient_vanishes_other_ways_are_tried(self):
        hidden = layers.Dense(1, activation="relu")
        model = small(hidden, layers.Dense(2))
        hidden.set_weights([np.full((30, 1), 1 / 30), np.array([-0.6])])  # asleep until 60 % ink
        model.layers[-1].set_weights([np.array([[-9.0, 9.0]]), np.array([1.0, -1.0])])
        change = mv.smallest_change(model, np.zeros((6, 5)), 0)
        assert change.answer == 1
        # The least is as much ink everywhere as needed: 0.6 + 1/9.
        assert change.distance == pytest.approx((0.6 + 1 / 9) * np.sqrt(30), rel=0.01)

    def test_more_classes_than_are_tried_at_once(self):
        model = small(layers.Dense(40, activation="softmax"), seed=3)
        picture = one_picture(model)
        label = int(answers(model, picture[None])[0])
        assert mv.smallest_change(model, picture, label).answer != label

    def test_a_network_that_never_says_anything_else_is_said_so(self):
        model = small(layers.Dense(3))
        model.layers[-1].bias.assign([1000.0, 0.0, -5.0])
        with pytest.raises(ValueError, match="anything else for nothing"):
            mv.smallest_change(model, one_picture(model), 0)
        with pytest.raises(ValueError, match="and 2 for nothing"):
            mv.smallest_change(model, one_picture(model), 0, target=2)

    @pytest.mark.parametrize(
        ("classes", "arguments", "rule"),
        [
            (1, {"label": 0}, "two classes"),
            (3, {"label": 3}, "label.*0 to 2"),
            (3, {"label": 0, "target": 3}, "0 to 2"),
            (3, {"label": 1, "target": 1}, "another class"),
            (3, {"label": 0, "image": np.full((6, 5), 2.0)}, "2 to 2"),
            (3, {"label": 0, "image": np.full((6, 5), np.inf)}, "infinity"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, classes, arguments, rule):
        model = small(layers.Dense(classes))
        with pytest.raises(ValueError, match=rule):
            mv.smallest_change(model, **{"image": np.zeros((6, 5)), **arguments})


def test_the_answer_is_that_of_a_model_of_half_precision():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", dtype="float16"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", dtype="float16"),
        ]
    )
    for picture in np.random.default_rng(0).random((8, 8, 8)).astype(np.float32):
        label = int(np.argmax(model(picture[None, ..., None])[0]))
        change = mv.smallest_change(model, picture, label)
        assert int(np.argmax(model(change.changed[None, ..., None])[0])) == change.answer != label
