"""Numbers that a script and Python both have to know."""

import re

import pytest

from mnist_visual.components import (
    TrainingMonitor,
    _latent_messages,
    _training_snapshots,
    latent_plane,
    sketchpad,
)
from mnist_visual.in_browser.page import MODULES


def number(script, name):
    """Give a constant as a script writes it."""
    (path,) = (folder / script for folder in MODULES if (folder / script).is_file())
    (text,) = re.findall(
        rf"^(?:export )?const {name} = ([^/\n]+)", path.read_text("utf-8"), re.MULTILINE
    )
    value, _, shift = text.partition("<<")
    return int(value) << int(shift or 0)


@pytest.mark.parametrize(
    ("script", "name", "known"),
    [
        ("drawing.js", "MAX_POINTS", sketchpad.MAX_POINTS),
        ("training_keeping.js", "MOST_BYTES", TrainingMonitor._uploads["load"]),
        ("confusion_matrix.js", "MAX_SHOTS", _training_snapshots.MAX_PICTURES),
        ("plane_answers.js", "PATH_STEPS", latent_plane.PATH_STEPS),
        ("plane_answers.js", "FILM_STEPS", _latent_messages.FILM_STEPS),
        ("plane_answers.js", "SAMPLES", latent_plane.SAMPLES),
        ("plane_answers.js", "NEIGHBOURS", latent_plane.NEIGHBOURS),
        ("plane_answers.js", "KEPT", latent_plane.KEPT),
    ],
)
def test_a_script_has_the_number_that_python_has(script, name, known):
    assert number(script, name) == known


def test_what_a_sketchpad_lets_draw_python_takes():
    longest = sketchpad.MAX_LENGTH * sketchpad._SMALL  # of the smallest drawing
    assert number("drawing.js", "MAX_LENGTH") <= longest


def test_what_an_explorer_asks_for_is_answered():
    assert number("plane_filling.js", "FARTHEST") <= latent_plane.FARTHEST
