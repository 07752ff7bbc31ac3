"""The lessons on a page: each with something to do, on the visitor's own drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import panel as pn
import param
from panel.models.katex import KaTeX

from mnist_visual.lessons import Lesson, as_html, load_lessons

from ._messages import is_name
from ._view import JS, View, close_views, kind_of, stack
from .deeds import Deed


class LiveView(NamedTuple):
    """What a lesson shows, and what there is to do with it.

    Attributes
    ----------
    content : object
        Anything that Panel can show.
    task : Deed
        What there is to do.
    """

    content: Any
    task: Deed


class Course(pn.viewable.Viewer):
    """All lessons, of which one is open: its idea, its live view, and what there was to see.

    What there was to see appears once the task is done, or when the visitor asks for it.

    Parameters
    ----------
    views : mapping of str to callable
        For the topic of each lesson a function that makes its `LiveView`; called once, when the
        lesson is first opened, and again after `forget`.
    topic : str, optional
        The lesson to open first; the first of all by default.
    address : str, optional
        Address of the lessons, to which a topic is added, where a page has one for each.

    Attributes
    ----------
    topic : str
        The lesson that is open.
    finished : list of str
        Topics whose tasks are done, or were skipped.
    contents : View
        The list of all lessons, to put beside.

    Raises
    ------
    ValueError
        If a lesson has no view.

    Examples
    --------
    >>> from mnist_visual.components import Deed, LiveView, Sketchpad
    >>> from mnist_visual.lessons import load_lessons
    >>> pad = Sketchpad()
    >>> def draw():
    ...     return LiveView(pad, Deed([(pad, "strokes")], lambda: bool(pad.strokes)))
    >>> course = Course({lesson.topic: draw for lesson in load_lessons()})
    >>> pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
    >>> course.topic in course.finished
    True
    """

    topic = param.Selector(check_on_set=True, doc="The lesson that is open.")
    finished = param.List(default=[], constant=True, doc="Topics that are done, or skipped.")

    def __init__(
        self,
        views: Mapping[str, Callable[[], LiveView]],
        *,
        topic: str | None = None,
        address: str = "",
    ) -> None:
        self.lessons = {lesson.topic: lesson for lesson in load_lessons()}
        missing = self.lessons.keys() - views.keys()
        if missing:
            raise ValueError(f"Every lesson needs a view. Received: none for {sorted(missing)}.")
        super().__init__()
        self._views = dict(views)
        self._live: dict[str, LiveView] = {}
        self._stop_watching: Callable[[], None] = lambda: None
        self._slot = pn.Column(sizing_mode="stretch_width")
        self.param.topic.objects = [*self.lessons]
        self.contents: View = LessonContents(self, address=address)
        self._page = LessonIdea(self, address=address)
        self._end = LessonInsight(self, address=address)
        self.topic = topic if topic in self.lessons else next(iter(self.lessons))
        self._open()

    def __panel__(self) -> pn.Column:
        return stack(self._page, self._slot, self._end)

    @property
    def lesson(self) -> Lesson:
        """The lesson that is open."""
        return self.lessons[self.topic]

    @property
    def is_finished(self) -> bool:
        """Whether the open lesson's task is done, or was skipped."""
        return self.topic in self.finished

    def finish(self) -> None:
        """Show what there was to see, whether the task is done or not."""
        if not self.is_finished:
            with param.edit_constant(self):
                self.finished = [*self.finished, self.topic]

    def forget(self) -> None:
        """Have all live views made anew, for other networks say; what is finished stays so."""
        for live in self._live.values():
            close_views(pn.panel(live.content))
        self._live.clear()
        self._open()

    def look(self) -> None:
        """Bring what there was to see into sight."""
        self._end._send_msg({"kind": "look"})

    @param.depends("topic", watch=True)
    def _open(self) -> None:
        topic = self.topic
        if topic not in self._live:
            self._live[topic] = self._views[topic]()
        live = self._live[topic]
        self._stop_watching()
        self._stop_watching = live.task.when_done(self.finish)
        self._slot[:] = [live.content]
        if live.task.is_done():  # before one came
            self.finish()


class _Part(View):
    """A part of the open lesson."""

    address = param.String(constant=True, doc="Of the lessons, to which a topic is added.")

    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "lessons.css")]

    __abstract = True

    def __init__(self, course: Course, **params: Any) -> None:
        super().__init__(**params)
        self._course = course
        self._watch(course, self._show, ["topic", "finished"])

    def _state(self) -> dict[str, Any]:
        topics = [*self._course.lessons]
        return {
            "kind": "show",
            "topic": self._course.topic,
            "place": topics.index(self._course.topic),
            "count": len(topics),
            "finished": self._course.is_finished,
        }

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "open" and is_name(data.get("topic"), self._course.lessons):
            self._course.topic = data["topic"]
        elif kind == "finish":
            self._course.finish()
        elif kind == "look":
            self._course.look()
        else:
            super()._handle_msg(data)


class _Formulas(_Part):
    """A part whose text has formulas."""

    katex = param.String(default=KaTeX.__javascript__[0], constant=True, doc="Where KaTeX is.")

    __abstract = True


class LessonContents(_Part):
    """The list of all lessons."""

    _bundle: ClassVar = JS / "lesson_contents.js"

    def _state(self) -> dict[str, Any]:
        course = self._course
        lessons = [
            [topic, lesson.title, topic in course.finished]
            for topic, lesson in course.lessons.items()
        ]
        return {**super()._state(), "lessons": lessons}


class LessonIdea(_Formulas):
    """The idea of the open lesson, and the thing to do."""

    _bundle: ClassVar = JS / "lesson_idea.js"

    def _state(self) -> dict[str, Any]:
        lesson = self._course.lesson
        return {
            **super()._state(),
            "title": lesson.title,
            "idea": as_html(lesson.idea),
            "task": as_html(lesson.task),
        }


class LessonInsight(_Formulas):
    """What there was to see, once the thing is done, and the way on."""

    _bundle: ClassVar = JS / "lesson_insight.js"

    def _state(self) -> dict[str, Any]:
        course = self._course
        topics = [*course.lessons]
        following = topics[topics.index(course.topic) + 1 :]
        return {
            **super()._state(),
            "insight": as_html(course.lesson.insight) if course.is_finished else "",
            "next": [following[0], course.lessons[following[0]].title] if following else None,
        }
