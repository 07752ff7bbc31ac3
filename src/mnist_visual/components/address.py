"""The address of a page, which says how its views are set, and can be sent to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from ._linked import LONGEST, take, written
from ._messages import checked_index
from ._view import JS, View, kind_of

MOST = 100  # parts of an address that are looked at

Followed = TypeVar("Followed", bound=View)


class Address(View):
    """Keeps a page's address as its views are set, and sets them as the address says.

    What is as usual is left out of it. It changes once the visitor rests, without a new step
    back; on the way back and forward, and on links, the views follow.

    Parameters
    ----------
    asked : mapping of str to str
        The parts of the address that the page was opened by.
    **params
        Others of the view, and of Panel, such as ``width``.

    Examples
    --------
    >>> from mnist_visual.components import Address, ConvolutionSandbox, Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> address = Address({"kernel": "blur", "stride": "9"})
    >>> sandbox = address.follow(ConvolutionSandbox(Reading(shared_network(), Sketchpad())))
    >>> sandbox.kernel_name, sandbox.stride
    ('blur', 1)
    >>> sandbox.show(padding="same")
    >>> address.parts["padding"], address.parts["stride"]
    ('same', None)
    """

    _bundle: ClassVar = JS / "kept_address.js"

    def __init__(self, asked: Mapping[str, str], **params: Any) -> None:
        super().__init__(**params)
        self._asked = _plain(asked)
        self._turn = 0  # how often the visitor went elsewhere
        self._followed: dict[type[View], tuple[View, dict[str, str]]] = {}

    def follow(self, view: Followed) -> Followed:
        """Set a view as the address says, and from now on the reverse.

        Parameters
        ----------
        view : View
            Of each kind one; a second takes the place of the first.

        Returns
        -------
        View
            The same.
        """
        usual = written(view)
        self._followed[type(view)] = view, usual
        self._set(view, usual)
        self._show()
        return view

    @property
    def parts(self) -> dict[str, str | None]:
        """How the views are set, by the names in the address; None where that is as usual."""
        parts: dict[str, str | None] = {}
        for view, usual in self._followed.values():
            now = written(view)
            for part in view._linked.values():
                text = now.get(part.name)
                parts[part.name] = None if text == usual.get(part.name) else text
        return parts

    def _set(self, view: View, usual: dict[str, str]) -> None:
        names = [part.name for part in view._linked.values()]
        take(view, {name: self._asked.get(name, usual.get(name)) for name in names})

    def _state(self) -> dict[str, Any] | None:
        if not self._followed:
            return None  # until then the page need not ask
        return {"kind": "parts", "parts": self.parts, "turn": self._turn}

    def _welcome(self, *, again: bool) -> None:
        if not again:
            self._turn = 0  # a page that was lost comes back with a script that counts anew
        super()._welcome(again=again)

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "rest":
            self._show()
        elif kind == "went" and isinstance(data.get("parts"), dict):
            self._go(data)
        else:
            super()._handle_msg(data)

    def _go(self, message: dict[str, Any]) -> None:
        try:
            self._turn = checked_index("turn", message.get("turn"), 2**31)
        except ValueError:
            return  # not from our script; nothing that it says is trusted
        self._asked = _plain(message["parts"])
        for view, usual in self._followed.values():
            self._set(view, usual)


def _plain(parts: Mapping[Any, Any]) -> dict[str, str]:
    """Take what can be parts of an address."""
    texts = [(name, text) for name, text in parts.items() if isinstance(text, str)]
    return {str(name)[:LONGEST]: text for name, text in texts[:MOST] if len(text) <= LONGEST}
