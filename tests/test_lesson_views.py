"""The live view of every lesson: its task is done by doing it, and by nothing less."""

import asyncio
import re

import panel as pn
import pytest

from mnist_visual import components, normalize_strokes
from mnist_visual.components import Course, Reading, Sketchpad, _view, lesson_views, shipped_plane
from mnist_visual.inference import shared_network
from mnist_visual.lessons import load_lessons

from .drawings import THREE

TOPICS = [lesson.topic for lesson in load_lessons()]


def tiny(stroke):
    return [(0.9 + 0.1 * x, 0.9 + 0.1 * y) for x, y in stroke]


ZIGZAG = [(0.1, 0.1), (0.9, 0.2), (0.1, 0.5), (0.9, 0.6), (0.1, 0.9), (0.9, 0.9), (0.5, 0.1)]


def draw(pad, _):
    pad.strokes = [[(0.5, 0.15), (0.5, 0.85)]]


def point(layer, unit):
    message = {"kind": "trace", "layer": layer, "unit": unit}
    return lambda pad, explorer: explorer._handle_msg(message)


def teach(pad, view):
    view.choose_label(8)
    view.take_steps(1)


def teach_the_truth(pad, view):
    view.choose_label(3)
    view.take_steps(1)


def look(view, visits, play):
    view._handle_msg({"kind": "looked", "place": [3, 3], "visits": visits, "play": play})


def play_and_pause(pad, view):
    look(view, 6, play=True)
    look(view, 0, play=False)


def paint_it_out(pad, view):
    pixels = normalize_strokes([[(0.5, 0.15), (0.5, 0.85)]]).ravel()
    view._handle_msg({"kind": "paint", "number": 1, "pixels": pixels})


def paint_the_same(pad, view):
    view._handle_msg({"kind": "paint", "number": 1, "pixels": pad.steps.digit.ravel()})


def point_below_zero(pad, view):
    scene = view._scene()
    places = scene.before[..., scene.sheet.channel].ravel()
    view._handle_msg({"kind": "point", "map": scene.sheet.channel, "place": int(places.argmin())})


DEEDS = {
    "machine-learning": draw,
    "neural-networks": point("dense", [57]),
    "learning": teach,
    "why-convolution": lambda pad, view: view.show(shift=(0, 3)),
    "convolution": play_and_pause,
    "filters": lambda pad, view: view[0].show(kernel="learned 3"),
    "activation": point_below_zero,
    "pooling": lambda pad, view: view._handle_msg({"kind": "choose", "size": 4}),
    "dense": lambda pad, view: setattr(view, "label", 8),
    "fooling": paint_it_out,
    "architecture": lambda pad, view: view.show_layer("dense"),
    "training": lambda pad, view: setattr(pad, "strokes", [tiny(THREE)]),
    "vae": lambda pad, view: view[0]._handle_msg({"kind": "sample"}),
    "latent-space": lambda pad, view: setattr(view, "end", (1.0, 1.0)),
}
# Something else that one may do there, which is not what was asked.
OTHERS = {
    "machine-learning": lambda pad, view: setattr(pad, "strokes", [ZIGZAG]),
    "neural-networks": point("conv1", [3, 3, 0]),
    "learning": teach_the_truth,
    "why-convolution": lambda pad, view: view.show(kernel="blur"),
    "convolution": lambda pad, view: look(view, 9, play=False),
    "filters": lambda pad, view: view[0].show(kernel="blur"),
    "pooling": lambda pad, view: view._handle_msg({"kind": "choose", "map": 1}),
    "dense": lambda pad, view: setattr(view, "method", "occlusion"),
    "architecture": lambda pad, view: view.show_layer("conv1"),
    "training": draw,
    "vae": draw,
    "fooling": paint_the_same,
    "latent-space": lambda pad, view: setattr(view, "cursor", (1.0, 1.0)),
}


def visit(topic):
    """Open a lesson with a digit drawn, but for the lesson that asks for one."""
    pad = Sketchpad(strokes=[] if topic == "machine-learning" else [THREE])
    return pad, Course(lesson_views(Reading(shared_network(), pad), shipped_plane), topic=topic)


def view_of(course):
    content = course._live[course.topic].content
    return content.objects if isinstance(content, pn.Column) else content


@pytest.mark.parametrize("topic", TOPICS)
def test_the_task_is_done_by_doing_it(topic):
    pad, course = visit(topic)
    assert not course.is_finished
    DEEDS[topic](pad, view_of(course))
    assert course.is_finished


@pytest.mark.parametrize("topic", OTHERS)
def test_and_not_by_something_else(topic):
    pad, course = visit(topic)
    OTHERS[topic](pad, view_of(course))
    assert not course.is_finished


def test_a_change_after_which_it_is_no_digit_any_more_turns_the_answer_too(monkeypatch):
    monkeypatch.setattr("param.parameterized.async_executor", lambda work: asyncio.run(work()))
    _, course = visit("fooling")
    game = view_of(course)
    game._handle_msg({"kind": "change", "target": 8})
    assert not game.fooled
    assert course.is_finished


@pytest.mark.parametrize("name", components.__all__)
def test_what_a_view_says_explains_it_is_a_lesson(name):
    default = getattr(components, name).__dict__.get("topic")
    assert name == "Course" or default is None or default.default in TOPICS


def test_layers_lead_to_lessons_that_exist():
    script = (_view.JS / "layer_kinds.js").read_text()
    topics = set(re.findall(r'", "([\w-]+)"\]', script))
    assert topics
    assert topics <= set(TOPICS)
