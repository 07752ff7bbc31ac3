"""A dashboard on a stage, or in a hall where nobody looks after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import param

from mnist_visual._links import checked_link, is_loopback, qr_modules

from ._view import JS, View, kind_of

OWN = (
    "Others cannot reach this address: start with --address 0.0.0.0, and open the page by the "
    "address of this machine in your network."
)


class Presenter(View):
    """Shows a dashboard's views in the order of a talk, led by a clicker or the keyboard.

    The address says how: ``?present=1`` starts it, ``?views=draw,latent`` chooses the views, and
    ``?idle=60`` goes back to the first of them whenever nobody has touched the page for that many
    seconds. The document shows itself larger where its root has ``data-presenting``.

    Parameters
    ----------
    views : mapping of str to tuple (str, mapping of str to str)
        What can be shown: by its name in the address a label, and which parts of the address
        lead there, as ``{"page": "network", "view": "fool-it"}``.
    clear : callable
        Takes the drawing away.
    reset : callable, optional
        Makes all ready for the next visitor of a page that was left alone; `clear` by default.
    busy : callable, optional
        Says whether the page is to stay as it is, though nobody touches it.
    walk : sequence of str, optional
        Names of those in a talk, in its order; all by default.
    share : str, optional
        Where the QR code leads; by default to where the page itself was reached.
    **params
        Others of the view, and of Panel, such as ``width``.

    Raises
    ------
    ValueError
        If a name of the walk is none of the views, or `share` is no address of the web.

    Examples
    --------
    >>> from mnist_visual.components import Presenter, Sketchpad
    >>> pad = Sketchpad()
    >>> views = {"draw": ("Draw", {"page": "draw"}), "map": ("The map", {"page": "latent"})}
    >>> presenter = Presenter(views, clear=pad.clear, share="https://example.org/page.html")
    >>> presenter.walk
    ['draw', 'map']
    """

    views = param.List(constant=True, doc="Name, label and parts of the address of each view.")
    walk = param.List(constant=True, doc="The names of those in a talk, in its order.")
    share = param.String(constant=True, doc="Where the QR code leads; empty for this page.")

    _bundle: ClassVar = JS / "presenter.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "presenter.css")]
    _rename: ClassVar = {"share": None}

    def __init__(
        self,
        views: Mapping[str, tuple[str, Mapping[str, str]]],
        *,
        clear: Callable[[], Any],
        reset: Callable[[], Any] | None = None,
        busy: Callable[[], bool] = lambda: False,
        walk: Sequence[str] | None = None,
        share: str | None = None,
        **params: Any,
    ) -> None:
        walk = [*views] if walk is None else [*walk]
        unknown = [name for name in walk if name not in views]
        if unknown or not walk:
            raise ValueError(f"A walk is of {[*views]}. Received: {unknown or walk}.")
        super().__init__(
            views=[[name, label, {**parts}] for name, (label, parts) in views.items()],
            walk=walk,
            share="" if share is None else checked_link(share),
            **params,
        )
        self._clear, self._reset, self._busy = clear, reset or clear, busy

    def _state(self) -> None:
        """Nothing: how things are is the page's affair."""

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "clear":
            self._clear()
        elif kind == "idle":
            self._rest()
        elif kind == "code":
            self._show_code(data.get("link"))
        else:
            super()._handle_msg(data)

    def _rest(self) -> None:
        busy = self._busy()
        if not busy:
            self._reset()
        self._send_msg({"kind": "busy" if busy else "first"})

    def _show_code(self, reached: Any) -> None:
        try:
            link = self.share or checked_link(reached)
        except (TypeError, ValueError, AttributeError):
            return  # not from our script; nothing that it says is trusted
        modules = qr_modules(link)
        note = OWN if is_loopback(link) else ""
        code = {"link": link, "note": note, "side": len(modules), "modules": modules.ravel()}
        self._send_msg({"kind": "code", **code})
