"""What changes on a page in a notebook before that is there: kept, and then told at once."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakValueDictionary

from bokeh.document.events import DocumentChangedEvent, RootAddedEvent
from panel.io.notebook import push
from panel.viewable import Viewable
from pyviz_comms import JupyterComm

PATIENCE = 5.0  # seconds; a slow browser takes as long to build a page
_UNTOLD = "embedded"  # Panel tells a page nothing whose root has this tag


class _Awaited:
    """A page in a notebook until it is there.

    Cells that run in one go change a page before its line is open. Panel lets each change try
    again by itself until then: the newest often goes first, and the page sends the older one
    back, to Python. What a page hears before it is built is lost. So all changes are kept until
    a script of a view speaks: that one can hear.
    """

    def __init__(self, root: Any, doc: Any, comm: JupyterComm) -> None:
        self._root, self._doc, self._comm = root, doc, comm
        self._changes: list[DocumentChangedEvent] = []
        self._known: set[Any] = set()  # the models that the page has
        comm._on_open = self._open

    def _keep(self, event: DocumentChangedEvent) -> None:
        # The page has its roots, and what it said itself.
        if not isinstance(event, RootAddedEvent) and event.setter != self._comm.id:
            self._changes.append(event)

    def _open(self, _: object) -> None:
        self._known = self._known or self._doc.models.synced_references
        self._doc.on_change(self._keep)  # until now the document held everything back
        # A page whose views are all out of sight says nothing.
        asyncio.get_running_loop().call_later(PATIENCE, self.tell)

    def tell(self, *_: object) -> None:
        """Tell the page all that changed, in one message, and of later changes at once."""
        if _pages.pop(self._root.id, None) is None:
            return
        self._comm._on_open = None
        self._doc.unhold()  # what it holds back comes to `_keep`
        self._doc.remove_on_change(self._keep)
        self._doc.hold()
        for change in self._changes:
            self._doc.callbacks.trigger_on_change(change)  # of one property, the last one stays
        self._root.tags = [tag for tag in self._root.tags if tag != _UNTOLD]
        # Bokeh takes all for known once the page has said something.
        self._doc.models._new_models |= set(self._doc.models) - self._known
        push(self._doc, self._comm)


# The pages that are not there yet, by the names of their roots; their lines hold them.
_pages: WeakValueDictionary[str, _Awaited] = WeakValueDictionary()


def await_page(view: Any, root: Any, doc: Any, comm: Any) -> None:
    """Keep what changes on a page in a notebook until the page is there.

    Parameters
    ----------
    view, root : bokeh.model.Model
        Of one of our views on the page, and of the page.
    doc : bokeh.document.Document
        The page's.
    comm : pyviz_comms.Comm or None
        The line to it; None outside of notebooks, where nothing is to be done.
    """
    if isinstance(comm, JupyterComm) and comm._comm is None:
        page = _pages.get(root.id)
        if page is None:
            page = _pages[root.id] = _Awaited(root, doc, comm)
        view.on_event("data_event", page.tell)


def _mark(_: Viewable, root: Any) -> None:
    if root.id in _pages and _UNTOLD not in root.tags:
        root.tags = [*root.tags, _UNTOLD]


# Only when a page is complete, its root has the tags that Panel gives it.
Viewable._preprocessing_hooks.append(_mark)
