"""The components' state, without a browser: what a message from the page sets going."""

import asyncio
import re

import numpy as np
import pytest
from bokeh.document import Document

from mnist_visual import components
from mnist_visual.components import (
    FeatureMaps,
    NormalizationSteps,
    Pages,
    Prediction,
    Reading,
    Sketchpad,
    _view,
)
from mnist_visual.components import reading as reading_module
from mnist_visual.components._view import forget_watchers
from mnist_visual.drawing import normalize_image, normalize_strokes
from mnist_visual.inference import DigitNetwork, load_digit_network
from mnist_visual.palette import CLASS_COLORS

from .drawings import THREE
from .waiting import eventually

SCRIBBLE = np.random.default_rng(1).random((60, 2))


def drawn(*strokes):
    """Give the message that the sketchpad's script sends for some strokes."""
    flat = [np.ravel(stroke) for stroke in strokes]
    return {
        "kind": "draw",
        "number": 1,
        "points": np.concatenate([[], *flat]).astype(np.float32),
        "lengths": np.array([len(stroke) for stroke in strokes], dtype=np.int32),
    }


def seen(view):
    """Bring a view into sight, as its script does."""
    view._handle_msg({"kind": "ready"})
    return view


class TestView:
    def test_what_nobody_sees_is_not_sent(self, pad, sent):
        view = NormalizationSteps(pad)
        pad.strokes = [THREE]
        assert [name for name, _ in sent] == []
        seen(view)
        assert [name for name, _ in sent] == ["NormalizationSteps"]

    def test_what_has_gone_out_of_sight_is_not_sent_any_more(self, pad, sent):
        view = seen(NormalizationSteps(pad))
        view._handle_msg({"kind": "away"})
        sent.clear()
        pad.strokes = [THREE]
        assert sent == []

    def test_a_page_that_was_lost_counts_no_longer(self, pad):
        view = NormalizationSteps(pad)
        document = Document()
        view.get_root(document)
        seen(view)
        forget_watchers(document)
        assert not view.watched

    def test_it_is_seen_until_the_last_page_leaves(self, pad):
        view = seen(seen(NormalizationSteps(pad)))
        view._handle_msg({"kind": "away"})
        assert view.watched
        for _ in range(3):  # a script of somebody's own may say so more often than once
            view._handle_msg({"kind": "away"})
        assert not view.watched
        assert seen(view).watched


class TestSketchpad:
    def test_a_drawing_in_the_page_is_normalized(self):
        pad = Sketchpad()
        pad._handle_msg(drawn(THREE[:5], THREE[5:]))
        assert [len(stroke) for stroke in pad.strokes] == [5, 5]
        assert (pad.steps.digit == normalize_strokes(pad.strokes)).all()

    def test_the_page_hears_when_everybody_has_followed(self, sent):
        pad = Sketchpad()
        seen(NormalizationSteps(pad))
        sent.clear()
        pad._handle_msg(drawn(THREE))
        assert [name for name, _ in sent] == ["NormalizationSteps", "Sketchpad"]
        assert sent[-1][1] == {"kind": "done", "number": 1}

    def test_the_page_hears_even_if_somebody_failed(self, sent):
        def fail(_):
            raise ArithmeticError

        pad = Sketchpad()
        pad.param.watch(fail, "steps")
        with pytest.raises(ArithmeticError):
            pad._handle_msg(drawn(THREE))
        assert sent[-1] == ("Sketchpad", {"kind": "done", "number": 1})

    def test_that_the_pen_is_lifted_is_no_new_drawing(self, sent):
        pad = Sketchpad()
        pad._handle_msg({**drawn(THREE), "drawing": True})
        assert pad.drawing
        seen(NormalizationSteps(pad))
        sent.clear()
        pad._handle_msg({**drawn(THREE), "drawing": False})
        assert not pad.drawing
        assert [name for name, _ in sent] == ["Sketchpad"]

    def test_what_was_on_its_way_when_the_pad_was_cleared_does_not_come_back(self, sent):
        pad = seen(Sketchpad())
        pad._handle_msg({**drawn(THREE), "after": 0})
        pad.clear()
        number = sent[-1][1]["shown"]
        sent.clear()
        pad._handle_msg({**drawn(THREE), "after": 0})
        assert pad.strokes == []
        assert sent == [("Sketchpad", {"kind": "done", "number": 1})]
        pad._handle_msg({**drawn(THREE), "after": number})
        assert len(pad.strokes) == 1

    @pytest.mark.parametrize("again", [True, False])
    def test_a_page_that_comes_later_hears_what_to_count_from(self, again, sent):
        pad = seen(Sketchpad())
        pad._handle_msg(drawn(THREE))
        pad.clear()
        number = sent[-1][1]["shown"]
        sent.clear()
        pad._handle_msg({"kind": "ready", "again": again})
        assert sent == [("Sketchpad", {"kind": "shown", "number": number})]

    def test_strokes_set_from_python_go_to_the_page(self, sent):
        pad = seen(Sketchpad())
        pad.strokes = [THREE]
        ((_, message),) = sent
        assert message["kind"] == "show"
        assert message["strokes"][0] == pytest.approx(np.array(THREE))

    def test_a_page_that_comes_late_gets_the_drawing(self, sent):
        pad = Sketchpad(strokes=[THREE])
        pad._handle_msg({"kind": "ready"})
        assert len(sent[-1][1]["strokes"]) == 1

    def test_a_page_that_kept_its_drawing_is_not_shown_an_older_one(self, sent):
        Sketchpad(strokes=[THREE])._handle_msg({"kind": "ready", "again": True})
        assert sent == []

    def test_an_empty_sketchpad_wipes_nothing_that_was_begun_meanwhile(self, sent):
        Sketchpad()._handle_msg({"kind": "ready"})
        assert sent == []

    def test_a_picture_takes_the_place_of_strokes_until_somebody_draws(self, digit):
        pad = Sketchpad()
        pad.picture = digit
        assert (pad.steps.digit == normalize_image(digit)).all()
        pad._handle_msg(drawn(THREE))
        assert pad.picture is None
        assert (pad.steps.digit == normalize_strokes(pad.strokes)).all()

    def test_cleared_is_empty(self):
        pad = Sketchpad()
        pad._handle_msg(drawn(THREE))
        pad._handle_msg(drawn())
        assert pad.strokes == []
        assert pad.steps.box is None

    def test_strokes_and_picture_take_each_others_place(self, digit):
        pad = Sketchpad()
        pad.picture = digit
        pad.strokes = [THREE]
        assert pad.picture is None
        assert (pad.steps.digit == normalize_strokes([THREE])).all()
        pad.picture = digit
        assert pad.strokes == []
        assert (pad.steps.digit == normalize_image(digit)).all()

    def test_a_picture_that_comes_back_in_the_page_is_read(self, digit):
        pad = Sketchpad()
        pad._handle_msg({**drawn(), "picture": digit.ravel()})
        assert (pad.steps.digit == normalize_image(digit)).all()

    def test_a_sample_goes_to_the_page_which_puts_it_on_the_pad(self, sent, digit):
        pad = Sketchpad(samples=lambda: digit)
        asyncio.run(pad._send_sample(pad._samples))
        ((_, message),) = sent
        assert message["kind"] == "sample"
        assert (message["picture"] == normalize_image(digit)).all()

    @pytest.mark.parametrize("error", [FileNotFoundError, ValueError])
    def test_without_samples_the_page_is_told_why(self, sent, error):
        def nothing():
            raise error("Connect to the network once.")

        asyncio.run(Sketchpad(samples=nothing)._send_sample(nothing))
        assert sent == [("Sketchpad", {"kind": "problem", "text": "Connect to the network once."})]

    @pytest.mark.parametrize(
        "message",
        [
            None,
            [],
            "draw",
            {"kind": "draw"},
            {"kind": "draw", "points": "abc", "lengths": [1]},
            {"kind": "draw", "points": [0.1, 0.2], "lengths": [2]},
            {"kind": "draw", "points": [0.1, 0.2], "lengths": [-1, 2]},
            {"kind": "draw", "points": [0.1, 0.2], "lengths": [[1]]},
            {"kind": "draw", "points": [0.1, np.nan], "lengths": [1]},
            {"kind": "draw", "points": [0.1, 1e30], "lengths": [1]},
            {"kind": "draw", "points": np.zeros(2_000_000), "lengths": [1_000_000]},
            {"kind": "draw", "points": np.tile([0.0, 0.0, 1.0, 1.0], 1000), "lengths": [2000]},
            {"kind": "draw", "points": {"a": 1}, "lengths": {}},
            {"kind": "draw", "points": [0.1, 0.2], "lengths": [2**70]},
            {"kind": "draw", "points": [0.1] * 30_000, "lengths": [1] * 15_000},
            {"kind": "draw", "points": [], "lengths": [], "picture": [0.5] * 783},
            {"kind": "draw", "points": [], "lengths": [], "picture": [np.nan] * 784},
            {"kind": "draw", "points": [], "lengths": [], "picture": "abc"},
            {"kind": "sample"},
            {"kind": "nothing of ours"},
        ],
        ids=repr,
    )
    def test_what_no_script_of_ours_sends_changes_nothing(self, message, sent):
        pad = Sketchpad()
        pad._handle_msg(drawn(THREE))
        before = pad.steps
        sent.clear()
        pad._handle_msg(message)
        assert pad.steps is before
        assert sent == []


@pytest.fixture
def pad():
    return Sketchpad()


class TestReading:
    def test_it_follows_the_sketchpad(self, pad):
        reading = Reading(load_digit_network(), pad)
        assert reading.probabilities is None
        pad.strokes = [THREE]
        assert reading.probabilities.argmax() == 3
        pad.strokes = []
        assert reading.maps == {}

    def test_a_keras_model_reads_the_same(self, pad, trained):
        pad.strokes = [THREE]
        ours, keras = Reading(load_digit_network(), pad), Reading(trained, pad)
        assert list(keras.maps)[-1] == "probabilities"
        assert ours.probabilities == pytest.approx(keras.probabilities, abs=1e-5)
        assert (ours.filters("conv2") == keras.filters("conv2")).all()

    def test_a_model_of_several_outputs_is_refused(self, pad):
        from mnist_visual._backend import keras

        picture = keras.Input((28, 28))
        scores = keras.layers.Dense(3)(keras.layers.Flatten()(picture))
        both = keras.Model(picture, [keras.layers.Softmax()(scores), scores])
        with pytest.raises(ValueError, match=r"one output\. Received: 'functional.*' with 2"):
            Reading(both, pad)

    def test_one_computation_of_a_drawing_serves_all_who_trace_it(self, pad, monkeypatch):
        traced = []
        compute = reading_module.trace_network

        def trace_network(model, picture):
            traced.append(picture)
            return compute(model, picture)

        monkeypatch.setattr(reading_module, "trace_network", trace_network)
        reading = Reading(load_digit_network(), pad)
        assert traced == []
        parts = [
            components.NetworkExplorer(reading),
            components.ActivationCurves(reading),
            components.PoolingComparison(reading),
            components.ArchitectureDiagram(reading),
            components.LearningStep(reading),
        ]
        for part in parts:
            seen(part)
        assert len(traced) == 1
        pad.strokes = [THREE]
        assert len(traced) == 2
        assert (reading.computation.maps["image"] == pad.steps.digit).all()
        assert reading.computation is reading.computation


class TestPrediction:
    @pytest.mark.parametrize(
        ("strokes", "verdict"), [([], "empty"), ([THREE], "digit"), ([SCRIBBLE], "other")]
    )
    def test_it_says_whether_there_is_a_digit(self, pad, sent, strokes, verdict):
        prediction = Prediction(Reading(load_digit_network(), pad))
        pad.strokes = strokes
        prediction._handle_msg({"kind": "ready"})
        assert sent[-1][1]["verdict"] == verdict

    def test_it_shows_the_probabilities(self, pad, sent):
        reading = Reading(load_digit_network(), pad)
        seen(Prediction(reading))
        pad.strokes = [THREE]
        message = sent[-1][1]
        assert (message["probabilities"] == reading.probabilities).all()

    def test_classes_of_somebody_elses_each_have_a_bar_and_no_drawing_is_refused(self, pad, sent):
        from .classifier_models import build_small

        reading = Reading(build_small(), pad)
        view = seen(Prediction(reading, class_names=["cat", "dog", "cow", "ant"]))
        assert view.class_names == ["cat", "dog", "cow", "ant"]
        pad.strokes = [SCRIBBLE]
        message = sent[-1][1]
        assert message["verdict"] == "digit"
        assert message["probabilities"].shape == (4,)
        assert Prediction(reading).class_names == [*"0123"]

    @pytest.mark.parametrize("name", ["Prediction", "Adversary", "Attribution", "NetworkExplorer"])
    @pytest.mark.parametrize("activation", [None, "sigmoid"])
    def test_what_are_no_probabilities_are_not_shown_as_such(self, pad, name, activation):
        from mnist_visual._backend import keras

        layers = [keras.layers.Flatten(), keras.layers.Dense(4, activation)]
        reading = Reading(keras.Sequential([keras.Input((28, 28)), *layers]), pad)
        with pytest.raises(ValueError, match="probabilities that sum to 1; add a Softmax layer"):
            getattr(components, name)(reading)

    def test_named_classes_are_no_digits(self, pad, sent):
        seen(Prediction(Reading(load_digit_network(), pad), class_names=[*"abcdefghij"]))
        pad.strokes = [SCRIBBLE]
        assert sent[-1][1]["verdict"] == "digit"


class TestDefinitions:
    """A page knows the classes that were there when it began, and is told of later ones."""

    def defined(self, view, doc):
        return [model.__name__ for model in view._get_properties(doc)["_defs"]]

    def test_every_page_learns_of_a_class_that_comes_later(self):
        pages = [Document(), Document()]
        for page in pages:
            assert self.defined(Sketchpad(), page) == []

        class Late(Sketchpad):
            pass

        for page in pages:
            assert self.defined(Late(), page) == [Late._data_model.__name__]
            assert self.defined(Late(), page) == []

    def test_a_page_that_begins_later_has_it_already(self):
        class Early(Sketchpad):
            pass

        assert self.defined(Early(), Document()) == []


class TestAnotherClassifier:
    """Another network takes over, of other shapes."""

    @pytest.fixture
    def small(self):
        return DigitNetwork(
            {
                "conv1": (np.full((3, 3, 1, 2), 0.1, np.float32), np.zeros(2, np.float32)),
                "conv2": (np.full((3, 3, 2, 3), 0.1, np.float32), np.zeros(3, np.float32)),
                "dense": (np.full((75, 4), 0.1, np.float32), np.zeros(4, np.float32)),
                "probabilities": (np.zeros((4, 10), np.float32), np.arange(10, dtype=np.float32)),
            }
        )

    def test_it_reads_what_is_drawn(self, pad, small):
        pad.strokes = [THREE]
        reading = Reading(load_digit_network(), pad)
        reading.use(small)
        assert reading.classifier is small
        assert reading.probabilities == pytest.approx(small(pad.steps.digit[None])[0])
        assert reading.filters("conv2").shape == (3, 3, 2, 3)

    def test_who_watches_hears_of_it_while_there_are_no_maps(self, pad, small):
        pad.strokes = [THREE]
        reading, heard = Reading(load_digit_network(), pad), []
        reading.param.watch(
            lambda _: heard.append((reading.maps, reading.classifier)), "classifier"
        )
        reading.use(small)
        assert heard == [({}, small)]

    def test_feature_maps_follow(self, pad, small, sent):
        pad.strokes = [THREE]
        reading = Reading(load_digit_network(), pad)
        view = seen(FeatureMaps(reading, "conv2"))
        sent.clear()
        reading.use(small)
        assert (view.filters, view.channels) == (3, 2)
        shapes = [message["filters"].shape for _, message in sent if message["kind"] == "filters"]
        assert shapes == [(3, 2, 3, 3)]
        assert sent[-1][1]["maps"].shape == (3, 11, 11)

    def test_a_closed_view_follows_nothing(self, pad, sent):
        reading = Reading(load_digit_network(), pad)
        view = seen(Prediction(reading))
        sent.clear()
        view.close()
        pad.strokes = [THREE]
        assert sent == []

    def test_a_page_that_is_forgotten_is_built_anew_and_its_views_closed(self, pad, sent):
        reading = Reading(load_digit_network(), pad)
        pages = Pages({"Draw": lambda: None, "Network": lambda: Prediction(reading)})
        pages.active = "network"
        (before,) = pages.slots["network"]
        seen(before)
        pages.forget("network")
        (now,) = pages.slots["network"]
        assert now is not before
        pages.active = "draw"
        pages.forget("network")
        assert len(pages.slots["network"]) == 0
        sent.clear()
        pad.strokes = [THREE]
        assert sent == []

    @pytest.mark.parametrize(
        "name",
        [
            "Adversary",
            "ActivationCurves",
            "ArchitectureDiagram",
            "Attribution",
            "ConvolutionSandbox",
            "LearningStep",
            "NetworkExplorer",
            "PoolingComparison",
        ],
    )
    def test_every_part_of_the_network_can_be_of_it(self, pad, small, sent, name):
        pad.strokes = [THREE]
        view = getattr(components, name)(Reading(small, pad))
        sent.clear()

        async def look():
            seen(view)
            await eventually(lambda: sent)

        asyncio.run(look())
        assert "problem" not in {message["kind"] for _, message in sent}


class TestFeatureMaps:
    def test_maps_share_one_scale_from_nothing_to_the_brightest(self, pad, sent):
        reading = Reading(load_digit_network(), pad)
        seen(FeatureMaps(reading, "conv2"))
        pad.strokes = [THREE]
        shown = sent[-1][1]["maps"]
        expected = reading.maps["conv2"].transpose(2, 0, 1)
        assert shown.dtype == np.uint8
        assert shown / 255 == pytest.approx(expected / expected.max(), abs=1 / 255)

    def test_a_dead_layer_stays_dark(self, pad, sent):
        reading = Reading(load_digit_network(), pad)
        seen(FeatureMaps(reading, "conv1"))
        with_nothing = {"conv1": np.zeros((26, 26, 8), dtype=np.float32)}
        reading._read = lambda _: with_nothing
        pad.strokes = [THREE]
        assert not sent[-1][1]["maps"].any()

    def test_a_filter_of_a_depthwise_convolution_looks_at_one_channel(self, pad, sent):
        from mnist_visual._backend import keras

        layers = [
            keras.layers.Conv2D(3, 3),
            keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="each"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4, "softmax"),
        ]
        model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
        view = seen(FeatureMaps(Reading(model, pad), "each"))
        assert (view.filters, view.channels) == (6, 1)
        pad.strokes = [THREE]
        (_, filters), (_, maps) = sent[0], sent[-1]
        assert filters["filters"].shape == (6, 1, 3, 3)
        kernel = np.asarray(model.get_layer("each").kernel)
        assert (filters["filters"][5, 0] == kernel[:, :, 2, 1]).all()
        assert maps["maps"].shape == (6, 24, 24)

    def test_a_page_that_comes_late_gets_filters_and_maps(self, pad, sent):
        pad.strokes = [THREE]
        reading = Reading(load_digit_network(), pad)
        view = FeatureMaps(reading, "conv2")
        sent.clear()
        view._handle_msg({"kind": "ready"})
        (_, filters), (_, maps) = sent
        assert filters["filters"].shape == (16, 8, 3, 3)
        assert (filters["filters"][5, 2] == reading.filters("conv2")[:, :, 2, 5]).all()
        assert maps["maps"].shape == (16, 11, 11)


class TestNormalizationSteps:
    def test_it_shows_every_step(self, pad, sent):
        seen(NormalizationSteps(pad))
        pad.strokes = [THREE]
        message = sent[-1][1]
        assert message["box"] == pytest.approx([0.33, 0.64, 0.18, 0.80])
        assert (message["fitted"] == pad.steps.fitted).all()
        assert (message["digit"] == pad.steps.digit).all()

    def test_it_shows_a_picture_as_ink(self, pad, sent, digit):
        seen(NormalizationSteps(pad))
        pad.picture = digit
        message = sent[-1][1]
        assert message["ink"] == pytest.approx(digit / digit.max(), abs=1e-6)


class TestPages:
    def test_a_page_is_built_when_it_is_first_opened_and_never_again(self):
        built = []
        pages = Pages({"Draw": lambda: None, "Latent": lambda: built.append(1)})
        assert built == []
        for page in ("latent", "draw", "latent"):
            pages._handle_msg({"kind": "open", "page": page})
            assert pages.active == page
        assert built == [1]

    def test_what_a_builder_gives_stands_in_its_slot(self):
        pages = Pages({"Draw": lambda: None, "Latent": lambda: "the plane"})
        pages.active = "latent"
        assert [pane.object for pane in pages.slots["latent"]] == ["the plane"]
        assert len(pages.slots["draw"]) == 0

    def test_the_page_of_a_link_is_opened_first(self):
        pages = Pages({"Draw": lambda: None, "Latent": lambda: "the plane"}, active="latent")
        assert pages.active == pages.first == "latent"
        assert len(pages.slots["latent"]) == 1

    def test_a_link_to_nowhere_opens_the_first_page(self):
        assert Pages({"Draw": lambda: None}, active="nowhere").active == "draw"

    def test_python_turns_the_page(self, sent):
        pages = seen(Pages({"Draw": lambda: None, "Latent": lambda: None}))
        sent.clear()
        pages.active = "latent"
        assert sent == [("Pages", {"kind": "show", "page": "latent"})]

    def test_the_browser_is_not_told_what_it_did_itself(self, sent):
        pages = seen(Pages({"Draw": lambda: None, "Latent": lambda: None}))
        sent.clear()
        pages._handle_msg({"kind": "open", "page": "latent"})
        assert sent == []

    @pytest.mark.parametrize("page", ["nowhere", None, 7, ["latent"], {}])
    def test_a_page_that_is_none_is_not_opened(self, page):
        pages = Pages({"Draw": lambda: None, "Latent": lambda: None})
        pages._handle_msg({"kind": "open", "page": page})
        assert pages.active == "draw"

    def test_python_is_told_which_pages_there_are(self):
        pages = Pages({"Draw": lambda: None})
        with pytest.raises(ValueError, match=r"draw"):
            pages.active = "nowhere"
        assert pages.active == "draw"

    def test_a_page_that_cannot_be_built_says_so_and_is_tried_again(self, caplog):
        attempts = []

        def build():
            attempts.append(1)
            if len(attempts) == 1:
                raise FileNotFoundError("the weights are gone")
            return "the plane"

        pages = Pages({"Draw": lambda: None, "Latent": build}, active="latent")
        assert "cannot be shown" in pages.slots["latent"][0].object
        assert "the weights are gone" in caplog.text
        pages.active = "draw"
        pages.active = "latent"
        assert [pane.object for pane in pages.slots["latent"]] == ["the plane"]


PARTS = [getattr(components, name) for name in components.__all__]
SCRIPTED = [part for part in PARTS if isinstance(part, type) and issubclass(part, _view.View)]


class TestScripts:
    @pytest.mark.parametrize("view", SCRIPTED)
    def test_a_page_without_a_server_gets_one_module(self, view):
        source = view._render_esm()
        assert "import {" not in source
        assert source.count("export default") == 1

    def test_the_palette_is_that_of_the_plots(self):
        script = (_view.JS / "palette.js").read_text()
        colors = re.findall(r"\[(\d+), (\d+), (\d+)\]", script)
        assert ["#{:02x}{:02x}{:02x}".format(*map(int, color)) for color in colors] == [
            *CLASS_COLORS
        ]
