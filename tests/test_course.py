"""The lessons on a page, and the tour: they wait for deeds, and go on."""

import pytest

from mnist_visual.components import Course, Deed, LiveView, Sections, Sketchpad, Stop, Tour
from mnist_visual.lessons import load_lessons

TOPICS = [lesson.topic for lesson in load_lessons()]
LINE = [[(0.5, 0.2), (0.5, 0.8)]]


@pytest.fixture
def pad():
    return Sketchpad()


@pytest.fixture
def course(pad):
    def view():
        return LiveView(Sketchpad(), Deed([(pad, "steps")], lambda: pad.steps.box is not None))

    return Course(dict.fromkeys(TOPICS, view))


def test_it_begins_with_the_first_lesson(course):
    assert course.topic == TOPICS[0]
    assert not course.is_finished


def test_it_may_begin_with_another(pad):
    view = LiveView(pad, Deed([], lambda: False))
    assert Course(dict.fromkeys(TOPICS, lambda: view), topic="pooling").lesson.title == "Pooling"


def test_an_unknown_topic_begins_with_the_first(pad):
    view = LiveView(pad, Deed([], lambda: False))
    assert Course(dict.fromkeys(TOPICS, lambda: view), topic="no such").topic == TOPICS[0]


def test_a_lesson_without_a_view_is_refused():
    with pytest.raises(ValueError, match=r"none for .*'pooling'"):
        Course({topic: lambda: None for topic in TOPICS if topic != "pooling"})


def test_it_goes_on_when_the_task_is_done(course, pad):
    pad.strokes = []
    assert not course.is_finished
    pad.strokes = LINE
    assert course.is_finished


def test_what_was_done_before_counts(pad):
    pad.strokes = LINE
    done = LiveView(pad, Deed([], lambda: bool(pad.strokes)))
    assert Course(dict.fromkeys(TOPICS, lambda: done)).is_finished


def test_it_goes_on_when_the_visitor_says_so(course):
    course._end._handle_msg({"kind": "finish"})
    assert course.finished == TOPICS[:1]


def test_only_the_open_lesson_is_done(course, pad):
    course.topic = "pooling"
    pad.strokes = LINE
    assert course.finished == ["pooling"]


def test_a_view_is_made_once_when_its_lesson_is_opened(pad):
    made = []

    def view():
        made.append(1)
        return LiveView(pad, Deed([], lambda: False))

    course = Course(dict.fromkeys(TOPICS, lambda: LiveView(pad, Deed([], bool))) | {"vae": view})
    assert made == []
    for topic in ("vae", "pooling", "vae"):
        course.topic = topic
    assert made == [1]


def test_the_insight_is_sent_only_when_it_is_due(course, sent):
    course._end._handle_msg({"kind": "ready"})
    course._page._handle_msg({"kind": "ready"})
    course.finish()
    insights = [message["insight"] for name, message in sent if name == "LessonInsight"]
    assert insights[0] == ""
    assert "supervised learning" in insights[1]
    assert [message["finished"] for name, message in sent if name == "LessonIdea"] == [False, True]


def test_the_way_on_leads_to_the_next_lesson(course, sent):
    course._end._handle_msg({"kind": "ready"})
    course.topic = TOPICS[-1]
    assert [message["next"] for _, message in sent] == [
        ["neural-networks", "Neurons and layers"],
        None,
    ]


def test_the_list_says_what_is_done(course, sent):
    course.contents._handle_msg({"kind": "ready"})
    course.finish()
    assert [done for *_, done in sent[-1][1]["lessons"]] == [True] + [False] * (len(TOPICS) - 1)


@pytest.mark.parametrize("message", [None, {"kind": "open"}, {"kind": "open", "topic": ["x"]}])
def test_nonsense_opens_nothing(course, message):
    course._page._handle_msg(message)
    assert course.topic == TOPICS[0]


class TestTour:
    @pytest.fixture
    def tour(self, pad):
        drawn = Deed([(pad, "strokes")], lambda: bool(pad.strokes))
        stops = [Stop("draw", "pad", "Draw.", lambda: drawn), Stop("draw", "answer", "It is read.")]
        tour = Tour(stops)
        tour._handle_msg({"kind": "ready"})
        return tour

    def test_it_waits_for_the_deed(self, tour, pad, sent):
        tour._handle_msg({"kind": "go", "stop": 0})
        pad.strokes = LINE
        assert [(message["waits"], message["done"]) for _, message in sent] == [
            (True, False),
            (False, True),
        ]

    def test_a_stop_without_a_deed_does_not_wait(self, tour, sent):
        tour.go(1)
        assert sent[-1][1]["waits"] is False

    def test_it_can_be_left_at_any_stop(self, tour, pad, sent):
        tour.go(0)
        tour._handle_msg({"kind": "leave"})
        pad.strokes = LINE
        assert tour.stop is None
        assert sent[-1] == ("Tour", {"kind": "show", "stop": None})

    def test_what_is_done_at_one_stop_is_not_done_at_the_next(self, tour, pad):
        tour.go(0)
        tour.go(1)
        pad.strokes = LINE
        assert not tour.is_done

    @pytest.mark.parametrize("stop", [2, -1, "1", None, [0], float("nan")])
    def test_there_is_no_other_stop(self, tour, stop):
        tour._handle_msg({"kind": "go", "stop": stop})
        with pytest.raises(ValueError, match=r"stop is a whole number, 0 to 1\. Received"):
            tour.go(stop)
        assert tour.stop is None


class TestSections:
    def test_one_is_in_sight_and_built(self):
        built = []
        sections = Sections(
            {"Whole network": lambda: built.append(1), "Fool it": lambda: built.append(2)}
        )
        assert [slot.visible for slot in sections.links.slots.values()] == [True, False]
        sections.links.active = "fool-it"
        assert [slot.visible for slot in sections.links.slots.values()] == [False, True]
        assert built == [1, 2]


def test_what_it_forgets_is_made_anew_and_what_is_finished_stays_so(pad):
    made = []

    def view():
        made.append(Sketchpad())
        return LiveView(made[-1], Deed([(pad, "steps")], lambda: pad.steps.box is not None))

    course = Course(dict.fromkeys(TOPICS, view))
    pad.strokes = LINE
    course.forget()
    assert len(made) == 2
    assert [*course._slot] == made[1:]
    assert course.finished == TOPICS[:1]
    course.topic = "pooling"
    pad.strokes = []
    pad.strokes = LINE
    assert course.finished == [TOPICS[0], "pooling"]
