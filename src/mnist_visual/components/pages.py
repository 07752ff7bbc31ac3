"""The pages of a dashboard: links between them, each built when somebody opens it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import panel as pn
import param

from ._view import JS, View, close_views, kind_of


class Pages(View):
    """Links to the pages of a dashboard, of which one is shown.

    The page's own document says what belongs to a page: an element with ``data-page="latent"``
    is shown on that page alone. The page in sight is part of the address: ``?page=latent``.

    Parameters
    ----------
    pages : mapping of str to callable
        For each page its builder, which gives what to show in its slot, or None if it is in
        the document already. A builder is called once, when the page is first opened, and
        again after `forget`.
    active : str, optional
        The page to open first; the first of all by default.
    key : str, default "page"
        What names the page in the address and in the document.
    **params
        Others of the view, and of Panel, such as ``width``.

    Attributes
    ----------
    slots : dict of str to Column
        Where each page's content goes.

    Examples
    --------
    >>> pages = Pages({"Draw": lambda: None, "Latent": lambda: "a plane"})
    >>> len(pages.slots["latent"])
    0
    >>> pages.active = "latent"
    >>> len(pages.slots["latent"])
    1
    """

    active = param.Selector(check_on_set=True, doc="The page in sight.")
    labels = param.Dict(constant=True, doc="What each page is called.")
    first = param.String(constant=True, doc="The page that is opened first.")
    key = param.String(default="page", constant=True, doc="What names the page in the address.")

    _bundle: ClassVar = JS / "pages.js"
    _rename: ClassVar = {"active": None}

    def __init__(
        self,
        pages: Mapping[str, Callable[[], Any]],
        *,
        active: str | None = None,
        key: str = "page",
        **params: Any,
    ) -> None:
        labels = {_slug(label): label for label in pages}
        self._builders = dict(zip(labels, pages.values(), strict=True))
        self._built: set[str] = set()
        self.slots = {name: pn.Column(sizing_mode="stretch_width") for name in labels}
        first = active if active in labels else next(iter(labels))
        self._shown = first  # in the browser, which needs no telling what it did itself
        super().__init__(labels=labels, first=first, key=key, **params)
        self.param.active.objects = [*labels]
        self.active = first

    def forget(self, page: str) -> None:
        """Have a page built anew when it is opened next, and at once if it is in sight.

        Parameters
        ----------
        page : str
            One of the `slots`. The views that stand there are closed.
        """
        close_views(self.slots[page])
        self.slots[page].clear()
        self._built.discard(page)
        if page == self.active:
            self._build()

    @param.depends("active", watch=True)
    def _follow_active(self) -> None:
        self._build()
        self._welcome()

    def _build(self) -> None:
        if self.active in self._built:
            return
        slot = self.slots[self.active]
        try:
            content = self._builders[self.active]()
        except Exception:
            # The other pages are still there, and the next visit tries again.
            logging.getLogger(__name__).exception("The page %r cannot be built.", self.active)
            slot[:] = [pn.pane.Str("This page cannot be shown. The server's log says why.")]
            return
        self._built.add(self.active)
        slot[:] = [] if content is None else [content]

    def _welcome(self, *, again: bool = False) -> None:  # noqa: ARG002 -- it is little
        if self.active != self._shown:
            self._show()
        self._shown = self.active

    def _state(self) -> dict[str, Any]:
        return {"kind": "show", "page": self.active}

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) != "open":
            super()._handle_msg(data)
            return
        page = data.get("page")
        if isinstance(page, str) and page in self.labels:
            self._shown = page
            self.active = page


class Sections(pn.viewable.Viewer):
    """Parts of one page, of which one is shown below links to all of them.

    Parameters
    ----------
    sections : mapping of str to callable
        For each its builder, which gives what Panel shows; called when it is first opened.
    active : str, optional
        The one to open first; the first of all by default.
    key : str, default "view"
        What names the section in the address.

    Attributes
    ----------
    links : Pages
        The links; ``links.active`` is the section in sight.

    Examples
    --------
    >>> sections = Sections({"Whole network": lambda: "layers", "Fool it": lambda: "a brush"})
    >>> sections.links.active = "fool-it"
    """

    def __init__(
        self,
        sections: Mapping[str, Callable[[], Any]],
        *,
        active: str | None = None,
        key: str = "view",
    ) -> None:
        super().__init__()
        self.links = Pages(sections, active=active, key=key)
        self._show_active()
        self.links.param.watch(self._show_active, "active")

    def _show_active(self, *_: object) -> None:
        for name, slot in self.links.slots.items():
            slot.visible = name == self.links.active

    def __panel__(self) -> pn.Column:
        return pn.Column(self.links, *self.links.slots.values(), sizing_mode="stretch_width")


def _slug(label: str) -> str:
    return re.sub(r"\W+", "-", label.lower()).strip("-")
