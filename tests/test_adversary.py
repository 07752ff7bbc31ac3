"""Fool it, without a browser: paint, the smallest change, and what is believed of a message."""

import asyncio

import numpy as np
import pytest

from mnist_visual.components import Adversary, Reading, Sketchpad
from mnist_visual.components.adversary import find_way, with_share
from mnist_visual.explanation.change import Change
from mnist_visual.inference import shared_network

from .drawings import THREE

LINE = [(0.5, 0.2), (0.5, 0.8)]


@pytest.fixture(autouse=True)
def run_at_once(monkeypatch):
    """Finish at once what a component does in the background."""
    monkeypatch.setattr("param.parameterized.async_executor", lambda work: asyncio.run(work()))


@pytest.fixture
def pad():
    return Sketchpad(strokes=[THREE])


@pytest.fixture
def game(pad, sent):
    game = Adversary(Reading(shared_network(), pad))
    game._handle_msg({"kind": "ready"})
    return game


def last(sent):
    return sent[-1][1]


def paint(game, picture, number=1):
    pixels = np.asarray(picture, dtype=np.float32).ravel()
    game._handle_msg({"kind": "paint", "number": number, "pixels": pixels})


def half(picture):
    """Leave the upper half of a picture."""
    kept = picture.copy()
    kept[14:] = 0
    return kept


class TestPaint:
    def test_at_first_it_is_the_drawing(self, game, pad, sent):
        shown = last(sent)
        np.testing.assert_array_equal(shown["picture"], pad.steps.digit.ravel())
        np.testing.assert_array_equal(shown["before"], shown["now"])
        assert (game.answer, game.fooled, game.share) == (3, False, 0)

    def test_what_is_painted_is_read(self, game, pad, sent):
        picture = half(pad.steps.digit)
        paint(game, picture, number=7)
        expected = shared_network()(picture[None])[0]
        assert (last(sent)["kind"], last(sent)["number"]) == ("painted", 7)
        assert last(sent)["now"] == pytest.approx(expected)
        assert game.answer == expected.argmax()

    def test_another_answer_is_fooled(self, game, sent):
        one = Sketchpad(strokes=[LINE]).steps.digit
        paint(game, one)
        assert (game.answer, game.fooled) == (1, True)
        assert last(sent)["verdict"] == "digit"

    def test_what_looks_like_no_digit_is_not_fooled(self, game, sent):
        noise = np.random.default_rng(0).random((28, 28))
        paint(game, noise)
        assert last(sent)["verdict"] == "other"
        assert not game.fooled

    def test_classes_that_are_no_digits_are_not_doubted(self, pad, sent):
        game = Adversary(Reading(shared_network(), pad), class_names=list("abcdefghij"))
        game._handle_msg({"kind": "ready"})
        paint(game, np.random.default_rng(0).random((28, 28)))
        assert last(sent)["verdict"] == "digit"

    def test_a_new_drawing_starts_again(self, game, pad, sent):
        paint(game, half(pad.steps.digit))
        pad.strokes = [LINE]
        assert last(sent)["kind"] == "show"
        np.testing.assert_array_equal(last(sent)["picture"], pad.steps.digit.ravel())
        assert (game.answer, game.fooled) == (1, False)

    def test_a_page_that_comes_late_sees_what_is_painted(self, game, pad, sent):
        picture = half(pad.steps.digit)
        paint(game, picture)
        game._handle_msg({"kind": "ready", "again": True})
        np.testing.assert_array_equal(last(sent)["picture"], picture.ravel())

    def test_an_empty_sketchpad_has_nothing_to_paint_on(self, game, pad, sent):
        pad.strokes = []
        assert last(sent) == {"kind": "show", "empty": True}
        paint(game, np.ones((28, 28)), number=3)
        assert last(sent) == {"kind": "painted", "number": 3}
        assert (game.answer, game.fooled) == (None, False)

    def test_paint_that_was_overtaken_by_a_drawing_is_not_believed(self, game, pad, sent):
        late = game._painted(np.ones((28, 28), np.float32), 5)
        pad.strokes = [LINE]
        late()
        assert last(sent) == {"kind": "painted", "number": 5}
        assert game.answer == 1


class TestSmallestChange:
    @pytest.mark.parametrize("target", [None, 8])
    def test_it_turns_the_answer(self, game, pad, sent, target):
        game._handle_msg({"kind": "change", "target": target})
        shown = last(sent)
        change = shown["change"]
        picture = (pad.steps.digit.ravel() + change["difference"]).reshape(28, 28)
        answer = shared_network()(picture[None])[0].argmax()
        assert answer == change["answer"] == game.answer != 3
        assert target in (None, answer)
        assert shown["picture"] == pytest.approx(picture.ravel(), abs=1e-6)
        assert game.share == 1
        assert game.fooled == (shown["verdict"] == "digit")

    def test_its_size_is_told(self, game, pad, sent):
        game._handle_msg({"kind": "change", "target": None})
        change = last(sent)["change"]
        moved = abs(change["difference"])
        assert change["ink"] == pytest.approx(moved.sum() / pad.steps.digit.sum(), rel=1e-5)
        assert change["largest"] == pytest.approx(moved.max())
        assert change["distance"] == pytest.approx(np.sqrt((moved**2).sum()), rel=1e-5)

    def test_every_place_of_the_way_is_read(self, game, pad, sent):
        game._handle_msg({"kind": "change", "target": None})
        change = last(sent)["change"]
        assert change["shares"][[0, 50, 100]] == pytest.approx([0, 1, 2])
        for place in (0, 20, 50, 80, 100):
            moved = pad.steps.digit + change["shares"][place] * change["difference"].reshape(28, 28)
            expected = shared_network()(np.clip(moved, 0, 1)[None])[0]
            assert change["probabilities"][place] == pytest.approx(expected, abs=1e-5)
        answers = change["probabilities"].argmax(axis=1)
        turn = int(np.flatnonzero(answers != 3)[0])
        assert change["turn"] == pytest.approx(change["shares"][turn])
        assert 0.9 < change["turn"] <= 1

    def test_sliding_takes_it_back(self, game):
        game._handle_msg({"kind": "change", "target": None})
        changed = game.answer
        game._handle_msg({"kind": "slide", "share": 0.5})
        assert (game.answer, game.fooled, game.share) == (3, False, 0.5)
        game._handle_msg({"kind": "slide", "share": 2})
        assert (game.answer, game.share) == (changed, 2)

    def test_paint_goes_on_from_it(self, game, pad, sent):
        game._handle_msg({"kind": "change", "target": None})
        paint(game, half(pad.steps.digit))
        assert game.share == 0
        game._handle_msg({"kind": "slide", "share": 1})  # of a change that is gone
        assert game.share == 0
        game._handle_msg({"kind": "ready"})
        assert last(sent)["change"] is None

    def test_where_none_is_found_it_is_said(self, pad, sent):
        weights = dict(shared_network().weights)
        kernel, bias = weights["probabilities"]
        weights["probabilities"] = kernel, bias + 1000 * np.eye(10, dtype=np.float32)[4]
        game = Adversary(Reading(type(shared_network())(weights), pad))
        game._handle_msg({"kind": "ready"})
        game._handle_msg({"kind": "change", "target": 2})
        assert last(sent) == {"kind": "unchanged", "target": 2}
        assert (game.answer, game.share) == (4, 0)

    def test_a_change_that_was_overtaken_by_a_drawing_is_not_shown(self, game, pad, sent):
        late = game._changed(game._edition, pad.steps.digit, 3, None)
        pad.strokes = [LINE]
        before = len(sent)
        late()
        assert len(sent) == before
        assert (game.answer, game.share) == (1, 0)

    def test_a_change_that_was_overtaken_by_paint_is_not_shown(self, game, pad, sent):
        late = game._changed(game._edition, pad.steps.digit, 3, None)
        paint(game, half(pad.steps.digit))
        before = len(sent)
        late()
        assert len(sent) == before
        assert game.share == 0

    def test_a_keras_model_can_be_fooled(self, pad, sent, trained):
        game = Adversary(Reading(trained, pad))
        game._handle_msg({"kind": "ready"})
        paint(game, half(pad.steps.digit))
        expected = shared_network()(half(pad.steps.digit)[None])[0]
        assert last(sent)["now"] == pytest.approx(expected, abs=1e-5)
        game._handle_msg({"kind": "change", "target": None})
        assert game.answer == last(sent)["change"]["answer"] != 3


class TestWay:
    def test_the_turn_is_where_another_class_leads_first(self):
        change = Change(np.zeros((2, 2)), np.full((2, 2), 0.5), 0, 1)

        def read(pictures):  # the second class leads where there is more than 0.305 ink
            second = pictures.mean(axis=(1, 2)) > 0.305
            return np.stack([~second, second], axis=1).astype(np.float32)

        assert find_way(change, read).turn == pytest.approx(0.62)  # in steps of 0.02

    def test_no_pixel_leaves_the_range(self):
        change = Change(np.zeros((2, 2)), np.array([[0.4, 0.9], [0, 0.5]]), 0, 1)
        assert with_share(change, 2) == pytest.approx(np.array([[0.8, 1], [0, 1]]))


class TestBorders:
    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "paint"},
            {"kind": "paint", "number": 1, "pixels": [0.5] * 783},
            {"kind": "paint", "number": 1, "pixels": [2.0] * 784},
            {"kind": "paint", "number": 1, "pixels": [-0.1] * 784},
            {"kind": "paint", "number": 1, "pixels": [np.nan] * 784},
            {"kind": "paint", "number": 1, "pixels": "abc"},
            {"kind": "paint", "number": 1, "pixels": None},
            {"kind": "paint", "number": 1, "pixels": {"a": 1}},
            {"kind": "paint", "number": "one", "pixels": [0.0] * 784},
            {"kind": "change"},
            {"kind": "change", "target": 10},
            {"kind": "change", "target": -1},
            {"kind": "change", "target": "abc"},
            {"kind": "change", "target": [1]},
            {"kind": "change", "target": "8"},
            {"kind": "change", "target": 2.7},
            {"kind": "change", "target": True},
            {"kind": "change", "target": np.nan},
            {"kind": "slide"},
            {"kind": "slide", "share": 0.5},  # of no change
            {"kind": "slide", "share": "abc"},
            {"kind": "slide", "share": None},
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, game, sent, message):
        sent.clear()
        game._handle_msg(message)
        assert (game.answer, game.fooled, game.share) == (3, False, 0)
        assert sent == []

    @pytest.mark.parametrize("share", [-0.1, 2.1, np.nan, np.inf, "abc", "0.5", True])
    def test_shares_of_no_place_change_nothing(self, game, share):
        game._handle_msg({"kind": "change", "target": None})
        answer = game.answer
        game._handle_msg({"kind": "slide", "share": share})
        assert (game.answer, game.share) == (answer, 1)
