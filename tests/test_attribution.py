"""Why this digit, without a browser: the numbers that are sent, and who may ask for which."""

import asyncio
import re

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual.components import Attribution, Reading, Sketchpad
from mnist_visual.inference import shared_network

from .drawings import THREE


@pytest.fixture(autouse=True)
def run_at_once(monkeypatch):
    """Finish at once what a component does in the background."""
    monkeypatch.setattr("param.parameterized.async_executor", lambda work: asyncio.run(work()))


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def why(pad, sent):
    why = Attribution(Reading(shared_network(), pad))
    why._handle_msg({"kind": "ready"})
    return why


def last(sent):
    return sent[-1][1]


class TestPixels:
    @pytest.mark.usefixtures("why")
    def test_of_the_answer_they_come_by_themselves(self, pad, sent):
        shown = last(sent)
        found = mv.saliency(shared_network(), pad.steps.digit, 3)
        assert (shown["label"], shown["answer"], shown["chosen"]) == (3, 3, None)
        np.testing.assert_array_equal(shown["values"], found.values.ravel())
        np.testing.assert_array_equal(shown["digit"], pad.steps.digit.ravel())
        total = shown["values"].sum(dtype=float)
        assert shown["baseline"] + total == pytest.approx(shown["logit"], abs=2e-3)

    @pytest.mark.usefixtures("why")
    def test_they_follow_the_drawing(self, pad, sent):
        pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
        assert last(sent)["label"] == 1
        expected = mv.saliency(shared_network(), pad.steps.digit, 1).values
        np.testing.assert_array_equal(last(sent)["values"], expected.ravel())

    @pytest.mark.parametrize("method", ["occlusion", "gradient_x_input"])
    def test_the_page_asks_for_another_class_and_method(self, why, pad, sent, method):
        why._handle_msg({"kind": "ask", "label": 8, "method": method})
        assert (why.label, why.method) == (8, method)
        expected = mv.saliency(shared_network(), pad.steps.digit, 8, method=method).values
        np.testing.assert_array_equal(last(sent)["values"], expected.ravel())
        assert (last(sent)["label"], last(sent)["answer"]) == (8, 3)

    def test_a_class_asked_about_stays_while_the_drawing_changes(self, why, pad, sent):
        why.label = 8
        pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
        assert (last(sent)["label"], last(sent)["answer"]) == (8, 1)
        why._handle_msg({"kind": "ask", "label": None, "method": "occlusion"})
        assert last(sent)["label"] == 1

    @pytest.mark.usefixtures("why")
    def test_an_empty_sketchpad_has_no_reasons(self, pad, sent):
        pad.strokes = []
        assert last(sent)["empty"]
        assert "values" not in last(sent)

    def test_what_nobody_sees_is_not_computed(self, pad, sent):
        why = Attribution(Reading(shared_network(), pad))
        why.label = 4
        pad.strokes = []
        assert sent == []


class TestUnits:
    @pytest.mark.parametrize("label", [3, 8])
    def test_the_strongest_the_rest_and_the_bias_are_the_score(self, why, pad, sent, label):
        why.label = label
        shown = last(sent)["evidence"]
        found = mv.evidence(shared_network(), pad.steps.digit, label)
        total = shown["values"].sum(dtype=float) + shown["rest"] + shown["bias"]
        assert total == pytest.approx(shown["logit"], abs=1e-5)
        assert shown["logit"] == pytest.approx(found.logit)
        assert shown["others"] == 118

    @pytest.mark.usefixtures("why")
    def test_they_are_the_ten_largest_in_order_and_named_from_one(self, pad, sent):
        shown = last(sent)["evidence"]
        values = mv.evidence(shared_network(), pad.steps.digit, 3).contributions
        assert (np.diff(shown["values"]) <= 0).all()
        assert sorted(abs(shown["values"])) == sorted(abs(values))[-10:]
        for name, value in zip(shown["names"], shown["values"], strict=True):
            assert values[int(name.removeprefix("unit ")) - 1] == value


class TestOtherClassifiers:
    @pytest.mark.usefixtures("why")
    def test_a_keras_model_gives_the_same_reasons(self, pad, sent, trained):
        ours = last(sent)
        names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        other = Attribution(Reading(trained, pad), class_names=names)
        other._handle_msg({"kind": "ready"})
        theirs = last(sent)
        assert other.class_names == names
        assert theirs["values"] == pytest.approx(ours["values"], abs=1e-3)
        assert theirs["evidence"]["values"] == pytest.approx(ours["evidence"]["values"], abs=1e-4)

    def test_units_of_a_map_are_named_by_their_place(self, pad, sent):
        from mnist_visual._backend import keras

        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(2, 5, strides=4, activation="relu"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        why = Attribution(Reading(model, pad), class_names=["a", "b", "c"])
        why._handle_msg({"kind": "ready"})
        shown = last(sent)
        assert shown["values"].shape == (784,)
        pattern = re.compile(r"row \d, column \d, map \d")
        assert all(map(pattern.fullmatch, shown["evidence"]["names"]))

    def test_without_a_sum_over_units_there_are_still_pixels(self, pad, sent):
        from mnist_visual._backend import keras

        layers = keras.layers
        mean = layers.GlobalAveragePooling2D()
        model = keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Conv2D(3, 5), mean, layers.Softmax()]
        )
        why = Attribution(Reading(model, pad))
        why._handle_msg({"kind": "ready"})
        assert last(sent)["evidence"] is None
        assert last(sent)["values"].any()

    def test_names_have_to_be_those_of_the_classes(self, pad):
        with pytest.raises(ValueError, match="3 for 10 classes"):
            Attribution(Reading(shared_network(), pad), class_names=["a", "b", "c"])

    def test_only_a_class_that_there_is_can_be_asked_about(self, pad):
        assert Attribution(Reading(shared_network(), pad), label=9).label == 9
        with pytest.raises(ValueError, match="9"):
            Attribution(Reading(shared_network(), pad), label=10)


class TestBorders:
    @pytest.mark.parametrize(
        "message",
        [
            {},
            {"label": 3},
            {"method": "occlusion"},
            {"label": 10, "method": "occlusion"},
            {"label": -1, "method": "occlusion"},
            {"label": 1.5, "method": "occlusion"},
            {"label": "3", "method": "occlusion"},
            {"label": [3], "method": "occlusion"},
            {"label": True, "method": "occlusion"},
            {"label": 2**70, "method": "occlusion"},
            {"label": 3, "method": "magic"},
            {"label": 3, "method": ["occlusion"]},
            {"label": 3, "method": None},
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, why, sent, message):
        sent.clear()
        why._handle_msg({"kind": "ask", **message})
        assert (why.label, why.method) == (None, "integrated_gradients")
        assert sent == []

    def test_python_cannot_ask_for_what_there_is_not(self, why):
        with pytest.raises(ValueError, match="9"):
            why.label = 10
        with pytest.raises(ValueError, match="occlusion"):
            why.method = "magic"
