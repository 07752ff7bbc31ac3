"""The lessons: what each idea means, in Markdown, for the dashboard and the documentation.

A file holds one lesson: its title, the idea, "Try it", and "What you saw". Formulas are written
in TeX between dollar signs. The number in a file's name is its place, the rest is its topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Lesson", "load_lessons"]

_TASK = "## Try it\n"
_INSIGHT = "## What you saw\n"


@dataclass(frozen=True)
class Lesson:
    """One idea, a thing to do, and what there is to see in it.

    Attributes
    ----------
    topic : str
        Its name in addresses, such as ``"pooling"``.
    title : str
        What stands above it.
    idea, task, insight : str
        Markdown, with formulas in TeX between dollar signs.
    """

    topic: str
    title: str
    idea: str
    task: str
    insight: str


@cache
def load_lessons() -> tuple[Lesson, ...]:
    """Load the lessons, in their order.

    Returns
    -------
    tuple of Lesson

    Examples
    --------
    >>> lessons = load_lessons()
    >>> lessons[0].title
    'What is machine learning?'
    >>> [lesson.topic for lesson in lessons][-1]
    'latent-space'
    """
    texts = [file for file in files(__package__).iterdir() if file.name.endswith(".md")]
    return tuple(
        _parse(file.name, file.read_text(encoding="utf-8"))
        for file in sorted(texts, key=lambda file: file.name)
    )


def as_html(markdown: str) -> str:
    r"""Turn Markdown into HTML; formulas stay TeX, in elements of the class ``math``.

    Parameters
    ----------
    markdown : str
        CommonMark, with formulas between ``$`` or ``$$``.

    Returns
    -------
    str

    Examples
    --------
    >>> as_html("Add $a$ and **b**.")
    '<p>Add <span class="math inline">a</span> and <strong>b</strong>.</p>\n'
    """
    # Not needed before somebody opens a lesson.
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    renderer = MarkdownIt("commonmark", {"typographer": True}).enable("smartquotes")
    return str(renderer.use(dollarmath_plugin).render(markdown))


def _parse(name: str, text: str) -> Lesson:
    title, _, rest = text.removeprefix("# ").partition("\n")
    idea, _, rest = rest.partition(_TASK)
    task, _, insight = rest.partition(_INSIGHT)
    topic = name.partition("-")[2].removesuffix(".md")
    return Lesson(topic, title, idea.strip(), task.strip(), insight.strip())
