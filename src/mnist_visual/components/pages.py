"""The pages of a dashboard: links between them, each built when somebody opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import panel as pn
import param

from ._view import JS, View, kind_of


class Pages(View):
    """Links to the pages of a dashboard, of which one is shown.

    The page's own document says what belongs to a page: an element with ``data-page="latent"``
    is shown on that page alone. The page in sight is part of the address: ``?page=latent``.

    Parameters
    ----------
    pages : mapping of str to callable
        For each page its builder, which gives what to show in its slot, or None if it is in
        the document already. A builder is called once, when the page is first opened.
    active : str, optional
        The page to open first; the first of all by default.

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

    active = param.String(doc="The page in sight.")
    labels = param.Dict(constant=True, doc="What each page is called.")
    first = param.String(constant=True, doc="The page that is opened first.")

    _bundle: ClassVar = JS / "pages.js"
    _rename: ClassVar = {"active": None}

    def __init__(
        self, pages: Mapping[str, Callable[[], Any]], *, active: str | None = None, **params: Any
    ) -> None:
        labels = {label.lower(): label for label in pages}
        self._builders = {label.lower(): build for label, build in pages.items()}
        self.slots = {name: pn.Column(sizing_mode="stretch_width") for name in labels}
        first = active if active in labels else next(iter(labels))
        self._shown = first  # in the browser, which needs no telling what it did itself
        super().__init__(labels=labels, first=first, active=first, **params)
        self._build()

    @param.depends("active", watch=True)
    def _follow_active(self) -> None:
        if self.active not in self.labels:
            raise ValueError(f"active is one of {[*self.labels]}. Received: {self.active!r}.")
        self._build()
        self._welcome()

    def _build(self) -> None:
        build = self._builders.pop(self.active, None)
        content = build() if build else None
        if content is not None:
            self.slots[self.active].append(content)

    def _welcome(self) -> None:
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
