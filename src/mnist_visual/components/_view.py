"""What every component of the page shares: its JavaScript, its style, and its start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary, WeakSet

import panel as pn
import param
from bokeh.document import Document
from bokeh.embed.bundle import extension_dirs
from panel.custom import JSComponent

from mnist_visual.in_browser.bundle import bundle, imported_modules

from ._awaited_pages import await_page
from ._linked import Part

JS = Path(__file__).parent / "js"


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


# Bokeh serves this folder, so that one module can import another by its relative path. Its name
# changes with what is in it: browsers may keep what they have from there for good.
EXTENSION = f"mnist_visual-{_fingerprint(JS)}"
extension_dirs[EXTENSION] = JS

# The classes whose definitions a page has.
_defined: WeakKeyDictionary[Document, set[type]] = WeakKeyDictionary()
# The views that a page has.
_placed: WeakKeyDictionary[Document, WeakSet[View]] = WeakKeyDictionary()


@cache
def _modules(name: str) -> frozenset[str]:
    source = (JS / name).read_text(encoding="utf-8")
    return frozenset({name}).union(*map(_modules, imported_modules(source)))


def static_address(name: str) -> str:
    """Say where a page finds a script or a style of the views."""
    return f"static/extensions/{EXTENSION}/{name}"


def scripts_of(views: Iterable[type[View]]) -> list[str]:
    """Name the addresses of all scripts that some views need, to be fetched at once."""
    names = frozenset[str]().union(*(_modules(view._bundle.name) for view in views))
    return [static_address(name) for name in sorted(names)]


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
    _linked: ClassVar[dict[str, Part]] = {}  # by their names, the parameters that an address holds
    _stylesheets: ClassVar[list[str]] = [str(JS / "components.css"), str(JS / "stage.css")]
    # Kinds of messages with which a script sends a file, and the most bytes of one.
    _uploads: ClassVar[dict[str, int]] = {}

    __abstract = True

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._watchers = 0

    def _get_properties(self, doc: Document | None) -> dict[str, Any]:
        # A page begins with the definitions of all classes that are there by then. Panel sends
        # that of one that is imported later with its first view of all, to one page alone.
        cls = type(self)
        if doc is not None:
            _placed.setdefault(doc, WeakSet()).add(self)
            known = _defined.setdefault(doc, {*_descendants(View)})
            cls._data_model__initialized = cls in known
            known.add(cls)
        properties: dict[str, Any] = super()._get_properties(doc)
        return properties

    def _get_model(
        self, doc: Document, root: Any = None, parent: Any = None, comm: Any = None
    ) -> Any:
        model = super()._get_model(doc, root, parent, comm)
        await_page(model, root or model, doc, comm)
        return model

    @property
    def watched(self) -> bool:
        """Whether it is in sight on some page."""
        return self._watchers > 0

    @classmethod
    def _render_esm(cls, compiled: bool | str = True, server: bool = False) -> str:
        if server:
            return str(super()._render_esm(compiled, server=True))
        # Without a server there is nobody from whom one module could import another.
        return f"export default {bundle(cls._bundle.name, [cls._bundle.parent])}\n"

    def _state(self) -> dict[str, Any] | None:
        """Give the message that shows the present state."""
        raise NotImplementedError

    def _take(self, values: dict[str, Any]) -> None:
        """Show what an address says, of `_linked`; ValueError where that cannot be."""
        self.param.update(values)

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
            self._leave_definition_out()  # it is known by now
            self._watchers += 1
            self._welcome(again=data.get("again") is True)
        elif kind == "away":
            self._watchers = max(0, self._watchers - 1)

    def _leave_definition_out(self) -> None:
        for model, _ in self._models.values():
            model._defs = []


def leave_definitions_out(doc: Document) -> None:
    """Let no view bring the definition of its class to a page that is about to have them all.

    Bokeh writes them into every whole page, and a page that is told of one twice fails.
    """
    for view in _placed.get(doc, ()):
        view._leave_definition_out()


def forget_watchers(doc: Document) -> None:
    """Count on nobody who watches, where a page was lost: its scripts could not say so."""
    for view in _placed.get(doc, ()):
        view._watchers = 0


def _descendants(cls: type[View]) -> Iterator[type[View]]:
    for each in cls.__subclasses__():
        yield each
        yield from _descendants(each)


def uploads_of(name: str) -> dict[str, int]:
    """Say which files the scripts of a class of views may send, and how large, by their kinds."""
    return next((cls._uploads for cls in _descendants(View) if cls.__name__ == name), {})


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
