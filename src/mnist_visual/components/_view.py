"""What every component of the page shares: its JavaScript, its style, and its start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import panel as pn
import param
from bokeh.document import Document
from bokeh.embed.bundle import extension_dirs
from panel.custom import JSComponent

JS = Path(__file__).parent / "js"

# Bokeh serves this folder, so that one module can import another by its relative path.
extension_dirs["mnist_visual"] = JS

# The classes whose definitions a page has.
_defined: WeakKeyDictionary[Document, set[type]] = WeakKeyDictionary()

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)


def flatten(module: Path, *, seen: set[Path] | None = None) -> str:
    """Write a module and all that it imports as one module, for pages without a server."""
    seen = set() if seen is None else seen
    seen.add(module)
    source = module.read_text(encoding="utf-8")
    imported = [module.parent / name for name in _IMPORT.findall(source)]
    before = [
        re.sub(r"^export (?!default)", "", flatten(path, seen=seen), flags=re.MULTILINE)
        for path in imported
        if path not in seen
    ]
    return "\n".join([*before, _IMPORT.sub("", source)])


class Explained(param.Parameterized):
    """Where to read about what a view shows."""

    lessons = param.String(
        constant=True,
        doc="Address of the lessons, to which a topic is added; without it there are no links.",
    )
    topic = param.String(constant=True, doc="The lesson that explains the view.")


class Titled(Explained):
    """What a view says above itself."""

    heading = param.String(doc="What the view shows, in a few words.")
    note = param.String(doc="One more sentence beside the heading.")


class Watcher:
    """What watches parameters of others, until it is closed."""

    def _watch(
        self, subject: param.Parameterized, callback: Callable[..., Any], names: str | list[str]
    ) -> None:
        watchers = self.__dict__.setdefault("_watching", [])
        watchers.append((subject, subject.param.watch(callback, names)))

    def close(self) -> None:
        """Follow nothing any more: it has left its page for good."""
        watchers = self.__dict__.get("_watching", [])
        while watchers:
            subject, watcher = watchers.pop()
            subject.param.unwatch(watcher)


class View(Watcher, JSComponent):
    """A component whose script asks for the present state once it can be seen on a page.

    A subclass names its script and gives its state as messages: a script may come to a page
    long after the state was made, in a tab that is opened late or after a dropped connection.
    What nobody sees is not sent.
    """

    _bundle: ClassVar[Path]
    _stylesheets: ClassVar[list[str]] = [str(JS / "components.css")]

    __abstract = True

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._watchers = 0

    def _get_properties(self, doc: Document | None) -> dict[str, Any]:
        # A page begins with the definitions of all classes that are there by then. Panel sends
        # that of one that is imported later with its first view of all, to one page alone.
        cls = type(self)
        if doc is not None:
            known = _defined.setdefault(doc, {*_descendants(View)})
            cls._data_model__initialized = cls in known
            known.add(cls)
        properties: dict[str, Any] = super()._get_properties(doc)
        return properties

    @property
    def watched(self) -> bool:
        """Whether it is in sight on some page."""
        return self._watchers > 0

    @classmethod
    def _render_esm(cls, compiled: bool | str = True, server: bool = False) -> str:
        if server:
            return str(super()._render_esm(compiled, server=True))
        return flatten(cls._bundle)

    def _state(self) -> dict[str, Any] | None:
        """Give the message that shows the present state."""
        raise NotImplementedError

    def _show(self, *_: object) -> None:
        state = self._state() if self.watched else None
        if state is not None:
            self._send_msg(state)

    def _welcome(self, *, again: bool) -> None:  # noqa: ARG002 -- for those who need less then
        """Bring a script up to date that has come into sight, for the first time or again."""
        self._show()

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "ready":
            self._watchers += 1
            self._welcome(again=data.get("again") is True)
        elif kind == "away":
            self._watchers = max(0, self._watchers - 1)


def _descendants(cls: type) -> Iterator[type]:
    each: type
    for each in cls.__subclasses__():
        yield each
        yield from _descendants(each)


def close_views(content: pn.viewable.Viewable) -> None:
    """Close all views within something that leaves its page for good."""
    for view in content.select(View):
        view.close()


def stack(*views: Any) -> pn.Column:
    """Put views below each other, as far apart as the cards of a page."""
    gap = {"gap": "clamp(0.75rem, 1.5vw, 1.25rem)"}
    return pn.Column(*views, sizing_mode="stretch_width", styles=gap)


def kind_of(message: Any) -> str | None:
    """Say what kind of message a script sent, or None for what is no message of ours."""
    kind = message.get("kind") if isinstance(message, dict) else None
    return kind if isinstance(kind, str) else None
