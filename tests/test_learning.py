"""One step of learning against Keras and by hand, and what a visitor may do with it."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.arithmetic.learning import cross_entropy, gradient_step
from mnist_visual.components import LearningStep, Reading, Sketchpad
from mnist_visual.components.samples import typical_digits
from mnist_visual.inference import shared_network

from .drawings import THREE

layers = keras.layers


class TestGradientStep:
    @pytest.mark.parametrize("use_bias", [True, False])
    def test_it_is_what_one_batch_of_sgd_in_keras_does(self, use_bias):
        rng = np.random.default_rng(0)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(3, 3, activation="relu", name="conv"),
                layers.Flatten(name="flat"),
                layers.Dense(5, "softmax", use_bias=use_bias, name="answer"),
            ]
        )
        model.get_layer("conv").trainable = False
        model.compile(keras.optimizers.SGD(0.3), "sparse_categorical_crossentropy")
        picture = rng.random((8, 8), dtype=np.float32)
        features = mv.feature_maps(model, picture)["flat"]
        kernel, *bias = model.get_layer("answer").get_weights()
        step = gradient_step(features, kernel, bias[0] if bias else None, 2, learning_rate=0.3)
        loss = model.train_on_batch(picture[None, ..., None], np.array([2]))
        expected = model.get_layer("answer").get_weights()
        np.testing.assert_allclose(step.kernel, expected[0], rtol=2e-6, atol=1e-7)
        if use_bias:
            np.testing.assert_allclose(step.bias, expected[1], rtol=2e-6, atol=1e-7)
        else:
            assert step.bias is None
        assert step.loss == pytest.approx(float(loss), rel=1e-5)

    def test_the_gradient_is_that_of_small_changes(self):
        rng = np.random.default_rng(1)
        features, kernel, bias = rng.normal(size=4), rng.normal(size=(4, 3)), rng.normal(size=3)
        step = gradient_step(features, kernel, bias, 1)
        for where in np.ndindex(kernel.shape):
            changed = kernel.copy()
            changed[where] += 0.01
            up = cross_entropy(features, changed, bias, 1)[1]
            changed[where] -= 0.02
            down = cross_entropy(features, changed, bias, 1)[1]
            assert step.kernel_gradient[where] == pytest.approx((up - down) / 0.02, abs=1e-4)

    def test_no_step_however_large_makes_its_own_picture_worse(self):
        rng = np.random.default_rng(2)
        for rate in (0.001, 0.1, 10, 1000):
            features, kernel = rng.normal(size=6), rng.normal(size=(6, 4))
            step = gradient_step(features, kernel, None, 3, learning_rate=rate)
            after = cross_entropy(features, step.kernel, None, 3)[1]
            assert 0 <= after <= step.loss

    def test_what_it_was_given_stays_as_it_was(self):
        features, kernel, bias = np.ones(2, np.float32), np.ones((2, 2), np.float32), np.ones(2)
        gradient_step(features, kernel, bias, 0, learning_rate=5)
        assert (features == 1).all()
        assert (kernel == 1).all()
        assert (bias == 1).all()

    def test_far_logits_give_numbers(self):
        probabilities, loss = cross_entropy([1e4], [[1.0, -1.0]], None, 1)
        assert probabilities.tolist() == [1, 0]
        assert loss == pytest.approx(2e4)

    @given(st.lists(st.floats(-50, 50), min_size=2, max_size=6), st.integers(0, 1))
    def test_the_loss_is_minus_the_logarithm_of_the_right_share(self, logits, label):
        probabilities, loss = cross_entropy([1.0], [logits], None, label)
        shift = max(np.float32(logits))
        shares = np.exp(np.float64(np.float32(logits)) - shift)
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert loss == pytest.approx(-math.log(shares[label] / shares.sum()), abs=1e-9)

    @pytest.mark.parametrize(
        ("arguments", "rate", "rule"),
        [
            (([1, 2], np.ones((3, 2)), None, 0), 0.1, r"features \(2,\), kernel \(3, 2\)"),
            (([1], np.ones((1, 2)), [1], 0), 0.1, r"bias \(1,\)"),
            (([np.nan], np.ones((1, 2)), None, 0), 0.1, "features are finite"),
            ((["a"], np.ones((1, 2)), None, 0), 0.1, "features are finite"),
            (([1], np.ones((1, 2)), None, 2), 0.1, "label.*Received: 2"),
            (([1], np.ones((1, 2)), None, 0), -1, "learning_rate.*Received: -1"),
            (([1], np.ones((1, 2)), None, 0), np.inf, "learning_rate.*Received: inf"),
            (([1], np.ones((1, 2)), None, 0), True, "learning_rate.*Received: True"),
            (([1e30], np.ones((1, 2)), None, 0), 1e30, "smaller learning_rate"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arguments, rate, rule):
        with pytest.raises(ValueError, match=rule):
            gradient_step(*arguments, learning_rate=rate)


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def lesson(pad, sent):
    lesson = LearningStep(Reading(shared_network(), pad))
    lesson._handle_msg({"kind": "ready"})
    sent.clear()
    return lesson


class TestLesson:
    def test_steps_are_those_of_the_textbook(self, lesson, pad, sent):
        kernel, bias = shared_network().weights["probabilities"]
        features = shared_network().feature_maps(pad.steps.digit)["dense"]
        lesson.choose_label(8)
        lesson.learning_rate = 0.01
        lesson.take_steps(3)
        weights, biases = kernel.astype(float), bias.astype(float)
        losses = []
        for _ in range(4):
            logits = features @ weights + biases
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            losses.append(-math.log(shares[8]))
            error = shares - np.eye(10)[8]
            last = weights, biases, shares
            weights = weights - 0.01 * np.outer(features, error)
            biases = biases - 0.01 * error
        shown = sent[-1][1]
        assert shown["curve"] == pytest.approx(losses, abs=1e-4)
        assert shown["after"] == pytest.approx(last[2], abs=1e-5)
        assert shown["losses"] == pytest.approx([losses[0], losses[3]], abs=1e-4)
        assert (lesson.steps, lesson.loss) == (3, pytest.approx(losses[3], abs=1e-4))
        units = shown["sum"]["units"]
        assert shown["sum"]["after"] == pytest.approx(last[0][units, 8], abs=1e-5)
        assert shown["sum"]["scores"][1] == pytest.approx(
            features @ last[0][:, 8] + last[1][8], abs=1e-4
        )

    def test_the_network_of_all_visitors_never_changes(self, lesson, pad):
        before = {name: [w.copy() for w in own] for name, own in shared_network().weights.items()}
        answer = shared_network()(pad.steps.digit[None])
        lesson.choose_label(0)
        lesson.learning_rate = 1.0
        lesson.take_steps(20)
        for name, own in shared_network().weights.items():
            for array, was in zip(own, before[name], strict=True):
                np.testing.assert_array_equal(array, was)
        np.testing.assert_array_equal(shared_network()(pad.steps.digit[None]), answer)

    def test_it_begins_again_at_the_original_weights(self, lesson, sent):
        lesson.choose_label(8)
        before = sent[-1][1]["after"]
        lesson.take_steps(10)
        lesson.start_again()
        assert lesson.steps == 0
        assert (sent[-1][1]["after"] == before).all()
        assert len(sent[-1][1]["curve"]) == 1

    def test_another_drawing_is_read_with_the_taught_weights(self, lesson, pad, sent):
        lesson.choose_label(8)
        lesson.learning_rate = 1.0
        lesson.take_steps(5)
        pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
        shown = sent[-1][1]
        assert shown["steps"] == 5
        assert len(shown["curve"]) == 1
        assert (shown["before"] != shown["after"]).any()

    def test_it_forgets_other_digits_and_says_which(self, lesson, sent):
        lesson.choose_label(8)
        assert sent[-1][1]["answers"].tolist() == [*range(10)]
        lesson.learning_rate = 1.0
        lesson.take_steps(10)
        answers = sent[-1][1]["answers"]
        pictures, labels = typical_digits()
        kernel, bias = lesson._weights
        for picture, answer in zip(pictures, answers, strict=True):
            features = shared_network().feature_maps(picture)["dense"]
            assert (features @ kernel + bias).argmax() == answer
        assert 0 < (answers == labels).sum() < 6

    def test_without_a_drawing_or_a_label_nothing_is_learned(self, lesson, pad):
        lesson.take_steps(5)
        assert (lesson.steps, lesson.loss) == (0, None)
        lesson.choose_label(3)
        pad.strokes = []
        lesson.take_steps(5)
        assert (lesson.steps, lesson.loss) == (0, None)

    def test_a_page_that_comes_late_gets_the_examples_and_the_state(self, lesson, sent):
        lesson._handle_msg({"kind": "ready"})
        (_, examples), (_, state) = sent
        assert examples["pictures"].shape == (10, 28, 28)
        assert (examples["read"], examples["labels"].tolist()) == (10, [*range(10)])
        assert state["kind"] == "show"

    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "label", "value": 10},
            {"kind": "label", "value": -1},
            {"kind": "label", "value": "8"},
            {"kind": "label", "value": 8.5},
            {"kind": "steps", "value": 1000},
            {"kind": "steps", "value": True},
            {"kind": "steps", "value": [1]},
            {"kind": "steps"},
            {"kind": "rate", "value": 1e9},
            {"kind": "rate", "value": np.nan},
            {"kind": "rate", "value": [0.1]},
            {"kind": "nothing of ours", "value": 1},
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, lesson, sent, message):
        lesson.choose_label(8)
        sent.clear()
        lesson._handle_msg(message)
        assert (lesson.label, lesson.steps, lesson.learning_rate) == (8, 0, 0.003)
        assert sent == []


class TestForeignModels:
    def build(self, *last, classes=4):
        return keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(3, 5, strides=4, activation="relu"),
                layers.Flatten(name="flat"),
                *(last or [layers.Dense(classes, "softmax", use_bias=False, name="answer")]),
            ]
        )

    def test_a_keras_model_is_taught_and_stays_as_it_is(self, pad):
        model = self.build()
        before = [weights.copy() for weights in model.get_weights()]
        lesson = LearningStep(Reading(model, pad), class_names=["cat", "dog", "cow", "ant"])
        lesson.choose_label(2)
        was = lesson.loss
        answer = model(pad.steps.digit[None, ..., None])
        assert was == pytest.approx(-math.log(float(answer[0, 2])), abs=1e-4)
        lesson.take_steps(10)
        assert lesson.loss < was
        for now, own in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, own)

    def test_a_softmax_that_is_a_layer_counts_too(self, pad):
        model = self.build(layers.Dense(3, name="scores"), layers.Softmax())
        lesson = LearningStep(Reading(model, pad))
        lesson.choose_label(1)
        assert lesson.loss > 0

    def test_examples_of_ones_own_are_read(self, pad, digit):
        model = self.build()
        lesson = LearningStep(Reading(model, pad), examples=([digit, digit.T], [1, 3]))
        expected = np.argmax(model(np.stack([digit, digit.T])[..., None]), axis=1)
        assert lesson._state()["answers"].tolist() == expected.tolist()

    def test_ten_classes_without_names_are_taken_for_digits(self, pad):
        assert len(LearningStep(Reading(self.build(classes=10), pad))._labels) == 10
        names = [*"abcdefghij"]
        named = LearningStep(Reading(self.build(classes=10), pad), class_names=names)
        assert len(named._labels) == 0

    def test_other_endings_are_refused_in_one_sentence(self, pad):
        model = self.build(layers.Dense(4, "sigmoid", name="answer"))
        with pytest.raises(ValueError, match=r"dense layer with softmax.*'answer' with sigmoid"):
            LearningStep(Reading(model, pad))

    def test_a_network_without_a_dense_layer_at_its_end_is_refused(self, pad):
        model = self.build(layers.Reshape((12, 9, 1)), layers.GlobalMaxPooling2D())
        with pytest.raises(ValueError, match=r"^LearningStep needs a network that ends in a dense"):
            LearningStep(Reading(model, pad))

    def test_it_may_begin_with_a_label_that_there_is(self, pad):
        lesson = LearningStep(Reading(shared_network(), pad), label=8)
        assert lesson.label == 8
        assert lesson.loss > 0
        with pytest.raises(ValueError, match=r"0 to 9\. Received: 10"):
            LearningStep(Reading(shared_network(), pad), label=10)

    def test_names_and_examples_have_to_fit(self, pad, digit):
        with pytest.raises(ValueError, match=r"one name for each class.*2 for 10"):
            LearningStep(Reading(shared_network(), pad), class_names=["a", "b"])
        with pytest.raises(ValueError, match="as many labels, 0 to 9"):
            LearningStep(Reading(shared_network(), pad), examples=([digit], [10]))


def test_the_shipped_network_learns_without_keras():
    code = (
        "import sys; from mnist_visual.inference import shared_network;"
        "from mnist_visual.components import LearningStep, Reading, Sketchpad;"
        "LearningStep(Reading(shared_network(), Sketchpad()));"
        "assert not {'keras', 'jax'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
