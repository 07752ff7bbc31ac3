"""The latent plane's state, without a browser: what it answers, and what it does not believe."""

import asyncio
import io
import zlib

import numpy as np
import pytest
from PIL import Image

import mnist_visual as mv
from mnist_visual.components import (
    DrawingReconstruction,
    LatentExplorer,
    LatentPlane,
    Sketchpad,
)
from mnist_visual.components import latent_plane as latent_planes
from mnist_visual.components.latent_plane import Examples
from mnist_visual.inference import shared_network, shared_vae

from .drawings import THREE
from .waiting import eventually


class SmallVAE:
    """An autoencoder of somebody's own, of pictures of 5 x 7."""

    @staticmethod
    def encoder(pictures):
        mean = pictures.reshape(len(pictures), -1)[:, :2]
        return mean, np.full_like(mean, -2)

    @staticmethod
    def decoder(codes):
        return 1 / (1 + np.exp(-codes[:, :1, None] - codes[:, 1:, None] * np.ones((1, 5, 7))))


def three_classes(pictures):
    """Read a picture by its first pixel: dark, grey or bright."""
    share = pictures.reshape(len(pictures), -1)[:, :1]
    weights = np.exp(-20 * (share - np.array([0.1, 0.5, 0.9])) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


SMALL_CODES = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
SMALL_LABELS = np.arange(60) % 3


@pytest.fixture(scope="module")
def plane():
    codes = mv.load_test_codes()
    return LatentPlane(shared_vae(), shared_network(), codes, codes.labels)


@pytest.fixture
def explorer(plane, sent):
    explorer = LatentExplorer(plane)
    explorer._handle_msg({"kind": "ready"})
    sent.clear()
    return explorer


def answer(explorer, sent, **message):
    """Ask as the script does, and give the one answer that comes back."""
    explorer._handle_msg({"number": 1, "view": "a", **message})
    ((_, answer),) = sent
    sent.clear()
    return answer


def slow_answer(explorer, sent, **message):
    """The same for what is computed in the line of all explorers."""

    async def ask():
        explorer._handle_msg({"view": "a", **message})
        await eventually(lambda: not explorer._line._working)

    asyncio.run(ask())
    *_, (_, last) = sent
    return last


@pytest.fixture(autouse=True)
def run_at_once(monkeypatch):
    """Run what a component does later in the loop that runs, as Panel does."""
    tasks = set()

    def execute(function):
        task = asyncio.get_running_loop().create_task(function())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    monkeypatch.setattr("param.parameterized.async_executor", execute)


class TestPlane:
    def test_a_point_is_the_decoders_picture_and_the_classifiers_opinion(self, plane):
        picture, probabilities = plane.look((0.5, -1.25))
        vae, network = shared_vae(), shared_network()
        expected = vae.decoder(np.array([[0.5, -1.25]], np.float32))
        assert picture == pytest.approx(expected[0], abs=1e-6)
        assert probabilities == pytest.approx(network(expected)[0], abs=1e-6)

    def test_it_is_seen_whole_at_first(self, plane):
        x_min, x_max, y_min, y_max = plane.extent
        inside = (plane.codes >= [x_min, y_min]) & (plane.codes <= [x_max, y_max])
        assert inside.all(axis=1).mean() > 0.998
        assert x_max - x_min == pytest.approx(y_max - y_min)
        assert (x_min + x_max, y_min + y_max) == (0, 0)

    def test_a_plane_far_from_zero_is_seen_where_it_is(self):
        plane = LatentPlane(SmallVAE, three_classes, SMALL_CODES + np.array([100, 0]), SMALL_LABELS)
        assert sum(plane.extent[:2]) / 2 == pytest.approx(100, abs=1)

    def test_a_drawing_lies_where_the_encoder_puts_it(self, plane, digit):
        placement = plane.place(digit)
        codes = mv.encode(shared_vae(), digit)
        assert placement.mean == pytest.approx(codes.mean)
        assert placement.sigma == pytest.approx(np.exp(codes.log_var / 2))
        assert placement.reconstruction == pytest.approx(mv.decode(shared_vae(), codes.mean))

    def test_its_samples_spread_as_its_posterior(self, plane, digit):
        placements = [plane.place(digit, seed=seed) for seed in range(200)]
        away = np.concatenate([each.sample_codes - each.mean for each in placements])
        assert away.std(axis=0) == pytest.approx(placements[0].sigma, rel=0.1)

    def test_its_neighbours_are_the_nearest_real_digits(self, plane, digit):
        placement = plane.place(digit)
        away = np.linalg.norm(plane.codes - placement.mean, axis=1)
        nearest = np.argsort(away)[:6]
        assert placement.neighbour_labels.tolist() == plane.labels[nearest].tolist()
        assert placement.neighbour_images is None

    def test_pictures_of_neighbours_come_with_the_pictures(self, test_digits):
        images, labels = test_digits[0][:50], test_digits[1][:50]
        codes = mv.encode(shared_vae(), images)
        plane = LatentPlane(shared_vae(), shared_network(), codes, labels, images=images)
        placement = plane.place(images[17] / np.float32(255))
        assert (placement.neighbour_images[0] == images[17]).all()

    def test_regions_are_computed_once(self, monkeypatch):
        plane = LatentPlane(SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS)
        calls = []
        monkeypatch.setattr(latent_planes, "class_regions", lambda *_, **__: calls.append(1))
        for _ in range(3):
            plane.regions((-1.5, 1.0, -1.0, 1.5))
        assert calls == [1]

    def test_no_more_than_a_few_are_kept(self, monkeypatch):
        plane = LatentPlane(SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS)
        monkeypatch.setattr(latent_planes, "class_regions", lambda *_, **__: 0)
        for k in range(100):
            plane.regions((0.0, 1.0 + k, 0.0, 1.0))
        assert len(plane._kept) == latent_planes.KEPT


class TestForeignModels:
    @pytest.mark.parametrize(
        "question",
        [
            {"kind": "decode", "point": [1, 2]},
            {"kind": "path", "start": [0, 0], "end": [1, 1], "method": "linear"},
            {"kind": "sample"},
        ],
    )
    def test_every_question_is_answered(self, sent, question):
        explorer = LatentExplorer(SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS)
        assert answer(explorer, sent, **question)["kind"] != "problem"

    def test_every_slow_question_is_answered(self, sent):
        explorer = LatentExplorer(SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS)
        ends = {"start": [0, 0], "end": [1, 1], "method": "linear"}
        for question in (
            {"kind": "regions", "extent": [0, 1, 0, 1]},
            {"kind": "grid", "extent": [0, 1, 0, 1], "n": 3},
            {"kind": "film", **ends},
        ):
            assert slow_answer(explorer, sent, **question)["kind"] == question["kind"]

    def test_other_pictures_and_classes(self, sent):
        names = ["dark", "grey", "bright"]
        explorer = LatentExplorer(
            SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS, class_names=names
        )
        assert explorer.class_names == names
        found = answer(explorer, sent, kind="decode", number=1, point=[5, 5])
        assert found["picture"].shape == (5, 7)
        assert found["probabilities"].shape == (3,)
        assert names[found["probabilities"].argmax()] == "bright"

    def test_keras_models(self, sent):
        vae, classifier = mv.load_pretrained("vae"), mv.load_pretrained("classifier")
        codes = mv.load_test_codes()
        explorer = LatentExplorer(vae, classifier, codes, codes.labels)
        found = answer(explorer, sent, kind="decode", number=1, point=[0.5, -1.25])
        expected = mv.decode(vae, [0.5, -1.25])
        assert found["picture"] == pytest.approx(255 * expected, abs=0.51)

    def test_a_decoder_alone_makes_a_plane_but_places_no_drawing(self):
        explorer = LatentExplorer(
            SmallVAE.decoder, three_classes, SMALL_CODES, SMALL_LABELS, sketchpad=Sketchpad()
        )
        assert explorer.placed is None

    def test_a_drawing_has_to_fit_the_encoder(self):
        class Narrow(SmallVAE):
            @staticmethod
            def encoder(pictures):
                return SmallVAE.encoder(pictures.reshape(-1, 5, 7))

        Narrow.encoder.input_shape = (5, 7)
        with pytest.raises(ValueError, match=r"\(5, 7\).*\(28, 28\)"):
            LatentExplorer(Narrow, three_classes, SMALL_CODES, SMALL_LABELS, sketchpad=Sketchpad())

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"codes": SMALL_CODES[:, :1]}, r"\(n, 2\)"),
            ({"codes": SMALL_CODES[:5]}, "one for each of the 5 codes"),
            ({"codes": np.full((60, 2), np.nan)}, "finite"),
            ({"labels": SMALL_LABELS + 1}, "0 to 2. Received: 1 to 3"),
            ({"labels": None}, "needs their codes.*and their labels"),
            ({"codes": None}, "needs their codes"),
            ({"classifier": None}, "classifier"),
            ({"classifier": lambda pictures: pictures}, "probabilit"),
            ({"vae": lambda codes: codes}, "pictures"),
            ({"vae": lambda codes: np.ones((len(codes), 5, 7, 3))}, "Grey"),
            ({"class_names": ["one", "two"]}, "one name for each class.*2 for 3"),
            ({"images": np.zeros((5, 5, 7))}, r"each of the 60 codes.*\(5, 5, 7\)"),
            ({"images": np.full((60, 5, 7), 300.0)}, "300"),
            ({"vae": LatentPlane(SmallVAE, three_classes, SMALL_CODES, SMALL_LABELS)}, "besides"),
            ({"extent": (1, 0, 0, 1)}, "each min below its max"),
            ({"extent": (-1e5, 1e5, 0, 1)}, "within 10000"),
            ({"codes": SMALL_CODES + 9999}, "within 10000"),
        ],
    )
    def test_what_does_not_fit_is_refused_in_a_sentence(self, change, message):
        arguments = {"vae": SmallVAE, "classifier": three_classes}
        arguments |= {"codes": SMALL_CODES, "labels": SMALL_LABELS} | change
        with pytest.raises(ValueError, match=message):
            LatentExplorer(**arguments)


class TestExplorer:
    def test_a_page_that_comes_late_gets_the_plane(self, plane, sent):
        explorer = LatentExplorer(plane, cursor=(1.0, 2.0))
        explorer._handle_msg({"kind": "ready"})
        ((_, shown),) = sent
        assert shown["cursor"] == (1.0, 2.0)
        assert (shown["codes"].reshape(-1, 2) == plane.codes).all()
        assert (shown["labels"] == plane.labels).all()
        assert {label for label, *_ in shown["modes"]} == set(range(10))

    def test_the_digit_under_the_pointer(self, explorer, plane, sent):
        found = answer(explorer, sent, kind="decode", number=7, point=[0.5, -1.25])
        picture, probabilities = plane.look((0.5, -1.25))
        assert found["number"] == 7
        assert found["picture"] == pytest.approx(255 * picture, abs=0.51)
        assert (found["probabilities"] == probabilities).all()
        assert explorer.cursor == (0.5, -1.25)

    def test_a_path_is_that_of_interpolate(self, explorer, plane, sent):
        ends = {"start": [0, 1], "end": [2, -1], "method": "spherical"}
        found = answer(explorer, sent, kind="path", number=1, **ends)
        expected = mv.interpolate(
            plane.vae,
            [0, 1],
            [2, -1],
            steps=len(found["images"]),
            method="spherical",
            classifier=plane.classifier,
        )
        assert found["codes"].reshape(-1, 2) == pytest.approx(expected.codes)
        assert found["images"] == pytest.approx(255 * expected.images, abs=0.51)
        assert found["probabilities"] == pytest.approx(expected.probabilities)
        assert (explorer.start, explorer.end) == ((0, 1), (2, -1))

    def test_the_page_chooses_how_the_path_goes(self, explorer):
        explorer._handle_msg({"kind": "method", "method": "spherical"})
        assert explorer.method == "spherical"

    def test_the_page_chooses_what_the_map_shows(self, explorer):
        explorer._handle_msg({"kind": "switch", "name": "show_grid", "on": True})
        explorer._handle_msg({"kind": "switch", "name": "shade", "on": False})
        assert (explorer.show_grid, explorer.shade) == (True, False)

    @pytest.mark.parametrize("name", ["noun", "no_such", None, ["shade"]])
    def test_the_page_switches_nothing_else(self, explorer, name):
        before = explorer.param.values()
        explorer._handle_msg({"kind": "switch", "name": name, "on": True})
        assert explorer.param.values() == before

    def test_regions(self, explorer, plane, sent):
        extent = [-1.0, 1.0, -1.0, 1.0]
        found = slow_answer(explorer, sent, kind="regions", extent=extent)
        values = np.frombuffer(zlib.decompress(found["data"]), np.uint8)
        labels, confidence = values.reshape(2, found["side"], found["side"])
        expected = plane.regions((-1.0, 1.0, -1.0, 1.0))
        assert (labels == expected.labels).all()
        assert confidence == pytest.approx(255 * expected.confidence, abs=0.51)

    def test_a_grid(self, explorer, plane, sent):
        found = slow_answer(explorer, sent, kind="grid", extent=[-2, 2, 0, 4], n=4)
        values = np.frombuffer(zlib.decompress(found["data"]), np.uint8)
        pictures = values.reshape(4, 4, found["height"], found["width"])
        expected = mv.latent_grid(plane.vae, n=4, extent=(-2, 2, 0, 4))
        assert pictures == pytest.approx(255 * expected.images, abs=0.51)

    def test_a_film_goes_there_and_back(self, explorer, sent):
        ends = {"start": [0, 1], "end": [2, -1], "method": "linear"}
        found = slow_answer(explorer, sent, kind="film", **ends)
        film = Image.open(io.BytesIO(found["data"].tobytes()))
        frames = []
        for k in range(film.n_frames):
            film.seek(k)
            frames.append(np.asarray(film.convert("L")))
        assert len(frames) == 94
        assert (frames[1] == frames[-1]).all()
        assert (frames[0] != frames[47]).any()

    def test_of_what_is_asked_in_a_hurry_only_the_newest_is_computed(
        self, explorer, plane, monkeypatch
    ):
        asked = []
        original = plane.grid
        monkeypatch.setattr(plane, "grid", lambda *a: (asked.append(a[0]), original(*a))[1])

        async def hurry():
            for k in range(1, 30):
                explorer._handle_msg({"kind": "grid", "view": "a", "extent": [0, k, 0, k], "n": 1})
            await eventually(lambda: not explorer._line._working)

        asyncio.run(hurry())
        assert asked[-1] == (0, 29, 0, 29)
        assert len(asked) <= 2

    def test_the_same_seed_imagines_the_same(self, plane, sent):
        first, second = (LatentExplorer(plane, seed=3) for _ in range(2))
        points = [answer(each, sent, kind="sample")["point"] for each in (first, second, first)]
        assert points[0] == points[1] != points[2]

    def test_samples_are_from_the_prior(self, explorer, sent):
        points = [answer(explorer, sent, kind="sample")["point"] for _ in range(400)]
        assert np.mean(points, axis=0) == pytest.approx([0, 0], abs=0.25)
        assert np.std(points, axis=0) == pytest.approx([1, 1], abs=0.2)

    def test_python_moves_the_cursor_and_the_page_hears_it(self, explorer, sent):
        explorer.cursor = (1.5, 0.5)
        assert sent[-1][1]["cursor"] == (1.5, 0.5)

    def test_an_answer_says_whom_it_answers(self, explorer, sent):
        found = answer(explorer, sent, kind="decode", number=7, view="b", point=[1, 2])
        assert (found["of"], found["number"], found["view"]) == ("decode", 7, "b")
        assert tuple(found["point"]) == (1, 2)

    def test_a_watcher_that_moves_the_cursor_is_seen_on_the_page(self, explorer, sent):
        explorer.param.watch(
            lambda event: setattr(explorer, "cursor", tuple(map(round, event.new))), "cursor"
        )
        explorer._handle_msg({"kind": "decode", "number": 1, "view": "a", "point": [1.2, 1.7]})
        assert sent[-1][1]["kind"] == "points"
        assert sent[-1][1]["cursor"] == (1, 2)

    def test_back_in_sight_it_is_not_sent_all_again(self, plane, sent):
        explorer = LatentExplorer(plane)
        explorer._handle_msg({"kind": "ready", "again": False})
        explorer._handle_msg({"kind": "away"})
        sent.clear()
        explorer._handle_msg({"kind": "ready", "again": True})
        assert sent == []

    def test_the_page_is_not_told_what_it_did_itself(self, explorer, sent):
        kinds = []
        explorer.param.watch(lambda event: kinds.append(event.new), "cursor")
        answer(explorer, sent, kind="decode", number=1, point=[1, 2])
        assert kinds == [(1.0, 2.0)]

    def test_an_error_of_a_foreign_model_is_told_in_its_words(self, explorer, sent, monkeypatch):
        def broken(*_):
            raise ValueError("The decoder gave NaN.")

        monkeypatch.setattr(explorer.plane, "look", broken)
        found = answer(explorer, sent, kind="decode", number=1, point=[1, 2])
        asked = {"of": "decode", "number": 1, "view": "a"}
        assert found == {"kind": "problem", "text": "The decoder gave NaN.", **asked}

    def test_any_other_failure_is_told_and_logged(self, explorer, sent, monkeypatch, caplog):
        def broken(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(explorer.plane, "look", broken)
        found = answer(explorer, sent, kind="decode", number=1, point=[1, 2])
        assert found["kind"] == "problem"
        assert "log" in found["text"]
        assert "out of memory" in caplog.text

    @pytest.mark.parametrize("point", [(np.nan, 0.0), (np.inf, 0.0), (0.0, 1e5), (1.0,), "ab"])
    def test_python_cannot_put_the_cursor_off_the_plane(self, explorer, point):
        before = explorer.cursor
        with pytest.raises(ValueError):  # noqa: PT011 - Param has sentences of its own
            explorer.cursor = point
        assert explorer.cursor == before

    @pytest.mark.parametrize(
        "message",
        [
            {"kind": "decode"},
            {"kind": "decode", "number": 1, "point": None},
            {"kind": "decode", "number": 1, "point": [1]},
            {"kind": "decode", "number": 1, "point": [1, 2, 3]},
            {"kind": "decode", "number": 1, "point": [np.nan, 0]},
            {"kind": "decode", "number": 1, "point": [0, np.inf]},
            {"kind": "decode", "number": 1, "point": [1e308, 0]},
            {"kind": "decode", "number": 1, "point": [2**2000, 0]},
            {"kind": "decode", "number": 1, "point": ["x", {}]},
            {"kind": "decode", "number": None, "point": [0, 0]},
            {"kind": "decode", "number": np.inf, "point": [0, 0]},
            {"kind": "path", "number": 1, "start": [0, 0], "end": [0, 0]},
            {"kind": "path", "number": 1, "start": [0, 0], "end": [0, 0], "method": "by air"},
            {"kind": "path", "number": 1, "start": [0, 0], "end": [0, 0], "method": []},
            {"kind": "path", "number": 1, "start": 0, "end": [0, 0], "method": "linear"},
            {"kind": "method", "method": "by air"},
            {"kind": "method", "method": []},
            {"kind": "regions", "extent": [0, 1, 1, 0]},
            {"kind": "regions", "extent": [0, 0, 1, 1]},
            {"kind": "regions", "extent": [0, np.nan, 0, 1]},
            {"kind": "regions", "extent": [-1e9, 1e9, -1e9, 1e9]},
            {"kind": "regions", "extent": "abcd"},
            {"kind": "regions"},
            {"kind": "grid", "extent": [0, 1, 0, 1]},
            {"kind": "grid", "extent": [0, 1, 0, 1], "n": 0},
            {"kind": "grid", "extent": [0, 1, 0, 1], "n": 100_000},
            {"kind": "grid", "extent": [0, 1, 0, 1], "n": 2.5},
            {"kind": "grid", "extent": [0, 1, 0, 1], "n": True},
            {"kind": "film", "start": [0, 0], "end": [np.nan, 0], "method": "linear"},
            {"kind": "nothing"},
            {},
            [],
            None,
            "decode",
        ],
    )
    def test_what_no_script_of_ours_says_changes_nothing(self, explorer, sent, message):
        before = (explorer.cursor, explorer.start, explorer.end, explorer.method)
        explorer._handle_msg({"view": "a", **message} if isinstance(message, dict) else message)
        assert (explorer.cursor, explorer.start, explorer.end, explorer.method) == before
        assert sent == []
        assert not explorer._line._working


class TestDrawing:
    @pytest.fixture
    def pad(self):
        return Sketchpad(strokes=[THREE])

    def test_it_moves_on_the_plane_as_it_is_drawn(self, plane, pad, sent):
        explorer = LatentExplorer(plane, sketchpad=pad)
        explorer._handle_msg({"kind": "ready"})
        places = [sent[-1][1]["mean"]]
        pad.strokes = [THREE[:6]]
        places.append(sent[-1][1]["mean"])
        for place, strokes in zip(places, ([THREE], [THREE[:6]]), strict=True):
            expected = mv.encode(plane.vae, mv.normalize_strokes(strokes)).mean
            assert place == pytest.approx(expected)

    def test_an_empty_sketchpad_is_nowhere(self, plane, pad, sent):
        explorer = LatentExplorer(plane, sketchpad=pad)
        explorer._handle_msg({"kind": "ready"})
        sent.clear()
        pad.strokes = []
        assert ("LatentExplorer", {"kind": "spread", "mean": None}) in sent

    def test_it_costs_nothing_while_nobody_looks(self, plane, pad, monkeypatch):
        LatentExplorer(plane, sketchpad=pad)
        monkeypatch.setattr(plane, "place", lambda *_: pytest.fail("placed for nobody"))
        pad.strokes = [THREE[:6]]

    def test_what_is_remembered_of_it_is_shown_beside(self, plane, pad, sent):
        memory = DrawingReconstruction(LatentExplorer(plane, sketchpad=pad))
        memory._handle_msg({"kind": "ready"})
        ((_, shown),) = sent
        placement = plane.place(pad.steps.digit)
        assert shown["digit"] == pytest.approx(255 * pad.steps.digit, abs=0.51)
        assert shown["reconstruction"] == pytest.approx(255 * placement.reconstruction, abs=0.51)
        assert shown["labels"] == placement.neighbour_labels.tolist()

    @pytest.mark.usefixtures("sent")
    def test_it_is_placed_once_for_all_who_show_it(self, plane, pad, monkeypatch):
        explorer = LatentExplorer(plane, sketchpad=pad)
        views = [explorer, DrawingReconstruction(explorer)]
        for view in views:
            view._handle_msg({"kind": "ready"})
        placed = []
        original = plane.place
        monkeypatch.setattr(
            plane, "place", lambda *a, **k: (placed.append(1), original(*a, **k))[1]
        )
        pad.strokes = [THREE[:6]]
        assert placed == [1]

    def test_other_guesses_come_on_request(self, plane, pad, sent):
        memory = DrawingReconstruction(LatentExplorer(plane, sketchpad=pad))
        memory._handle_msg({"kind": "ready"})
        first = sent[-1][1]["samples"]
        memory._handle_msg({"kind": "sample"})
        assert (sent[-1][1]["samples"] != first).any()

    def test_neighbours_found_later_are_used(self, pad, test_digits):
        codes = mv.load_test_codes()
        plane = LatentPlane(shared_vae(), shared_network(), codes, codes.labels)
        explorer = LatentExplorer(plane, sketchpad=pad)
        assert explorer.placed.placement.neighbour_images is None
        images, labels = test_digits[0][:20], test_digits[1][:20]
        plane.examples = Examples(images, mv.encode(plane.vae, images).mean, labels)
        assert explorer.placed.placement.neighbour_images.shape == (6, 28, 28)

    def test_find_it_reaches_the_plane(self, plane, pad, sent):
        DrawingReconstruction(LatentExplorer(plane, sketchpad=pad))._handle_msg({"kind": "find"})
        assert sent == [("LatentExplorer", {"kind": "find"})]

    def test_without_a_sketchpad_there_is_nothing_to_remember(self, plane):
        with pytest.raises(ValueError, match="sketchpad and an encoder"):
            DrawingReconstruction(LatentExplorer(plane))
