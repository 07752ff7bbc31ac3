"""The lessons: complete, readable, and true of the network that ships."""

import re

import numpy as np
import pytest

from mnist_visual.inference import shared_network
from mnist_visual.lessons import as_html, load_lessons

LESSONS = load_lessons()
each = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.topic)


def prose(lesson):
    """Give what is read: formulas and marks apart."""
    text = re.sub(
        r"\$\$.*?\$\$", " ", f"{lesson.idea}\n\n{lesson.task}\n\n{lesson.insight}", flags=re.DOTALL
    )
    return re.sub(r"\$[^$]*\$", "x", text).replace("*", "")


def test_they_cover_the_field_in_order():
    assert [lesson.topic for lesson in LESSONS] == [
        "machine-learning",
        "neural-networks",
        "learning",
        "why-convolution",
        "convolution",
        "filters",
        "activation",
        "pooling",
        "dense",
        "fooling",
        "architecture",
        "training",
        "vae",
        "latent-space",
    ]


@each
def test_each_has_an_idea_a_thing_to_do_and_something_to_see(lesson):
    assert all([lesson.title, lesson.idea, lesson.task, lesson.insight])
    assert "#" not in lesson.idea + lesson.task + lesson.insight


@each
def test_no_sentence_is_longer_than_twenty_words(lesson):
    sentences = re.split(r"(?<=[.?!:])\s+|\n\n", prose(lesson))
    assert max(len(sentence.split()) for sentence in sentences) <= 20


@each
def test_formulas_reach_the_page_as_tex(lesson):
    html = as_html(lesson.insight)
    assert html.count('class="math block"') == lesson.insight.count("$$") / 2
    assert "$" not in html


def test_quotes_are_those_of_print():
    assert as_html('say "x"') == "<p>say “x”</p>\n"


def parameters(layer):
    kernel, bias = shared_network().weights[layer]
    return kernel.size + bias.size


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("architecture", rf"= {parameters('conv1')}"),
        ("architecture", rf"= {parameters('dense'):_}".replace("_", r"\,")),
        ("filters", f"has {shared_network().weights['conv1'][0].shape[-1]} filters"),
        ("filters", f"second has {shared_network().weights['conv2'][0].shape[-1]}"),
        ("pooling", "from 26 to 13, and from 11 to 5"),
    ],
)
def test_the_numbers_are_those_of_the_shipped_network(topic, words):
    maps = shared_network().feature_maps(np.zeros((28, 28)))
    assert [maps[name].shape[0] for name in ("conv1", "pool1", "conv2", "pool2")] == [26, 13, 11, 5]
    (lesson,) = (lesson for lesson in LESSONS if lesson.topic == topic)
    assert words in lesson.insight
