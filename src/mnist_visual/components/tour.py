"""A tour of a dashboard for those who are there for the first time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import param

from ._messages import checked_index, is_index
from ._view import JS, View, kind_of
from .deeds import Deed


@dataclass(frozen=True)
class Stop:
    """One stop of a tour.

    Attributes
    ----------
    page : str
        The page that it is on.
    place : str
        What is pointed out: the element of the document with this ``data-tour``.
    text : str
        What is to be said of it.
    deed : callable, optional
        Gives what the visitor is asked to do; called when the visitor is there.
    """

    page: str
    place: str
    text: str
    deed: Callable[[], Deed] | None = None


class Tour(View):
    """A walk through the pages of a dashboard, which waits for the visitor at every stop.

    It starts with a button, and can be left at any stop. The page stays usable meanwhile.

    Parameters
    ----------
    stops : sequence of Stop
        In their order.
    address : str, default "?page="
        Address of the pages, to which the name of one is added.
    **params
        Others of the view, and of Panel, such as ``width``.

    Attributes
    ----------
    stop : int or None
        Where the visitor is; None without a tour.
    is_done : bool
        Whether what is to be done at this stop has been done.

    Examples
    --------
    >>> tour = Tour([Stop("draw", "pad", "Draw here."), Stop("draw", "answer", "It is read.")])
    >>> tour.go(1)
    >>> tour.stop
    1
    >>> tour.leave()
    """

    stop = param.Integer(default=None, allow_None=True, constant=True, doc="Where the visitor is.")
    is_done = param.Boolean(default=False, constant=True, doc="Whether the deed here is done.")
    address = param.String(default="?page=", constant=True, doc="Of the pages.")
    count = param.Integer(constant=True, doc="How many stops there are.")

    _bundle: ClassVar = JS / "tour.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "tour.css")]
    _rename: ClassVar = {"stop": None, "is_done": None}

    def __init__(self, stops: Sequence[Stop], *, address: str = "?page=", **params: Any) -> None:
        super().__init__(count=len(stops), address=address, **params)
        self._stops = stops
        self._stop_watching: Callable[[], None] = lambda: None

    def go(self, stop: int) -> None:
        """Go to a stop.

        Parameters
        ----------
        stop : int
            From 0.

        Raises
        ------
        ValueError
            If there is no such stop.
        """
        stop = checked_index("stop", stop, len(self._stops))
        deed = self._stops[stop].deed
        self._stop_watching()
        self._stop_watching = lambda: None
        self._remember(stop=stop, is_done=False)
        if deed is not None:
            self._stop_watching = deed().when_done(lambda: self._remember(is_done=True))

    def leave(self) -> None:
        """End the tour."""
        self._stop_watching()
        self._stop_watching = lambda: None
        self._remember(stop=None, is_done=False)

    def _remember(self, **values: Any) -> None:
        before = self.stop, self.is_done
        with param.edit_constant(self):
            self.param.update(**values)
        if (self.stop, self.is_done) != before:
            self._show()

    def _state(self) -> dict[str, Any]:
        if self.stop is None:
            return {"kind": "show", "stop": None}
        here = self._stops[self.stop]
        return {
            "kind": "show",
            "stop": self.stop,
            "page": here.page,
            "place": here.place,
            "text": here.text,
            "waits": here.deed is not None and not self.is_done,
            "done": self.is_done,
        }

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "go" and is_index(data.get("stop"), len(self._stops)):
            self.go(int(data["stop"]))
        elif kind == "leave":
            self.leave()
        else:
            super()._handle_msg(data)
