"""Messages put together from the frames of a websocket, each no larger than it may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .messages import (
    MOST_BYTES,
    MOST_TEXT,
    PATCH,
    Content,
    Header,
    RefusedError,
    read_header,
    read_json,
    read_patch,
)


class BrokenError(RefusedError):
    """After this, nobody can tell where the next message begins."""


@dataclass
class Letter:
    """One message with its arrays; what is refused in it says `refusal`."""

    header: Header
    content: dict[str, Any] = field(default_factory=dict)
    said: Content = field(default_factory=Content)
    arrays: dict[str, bytes] = field(default_factory=dict)
    allowed: int = MOST_BYTES  # bytes of all arrays
    weight: int = 0  # bytes that were sent
    refusal: RefusedError | None = None


_NONE = Letter(Header("", {}, 0))


class Assembly:
    """Takes the frames of one connection.

    A frame follows the one before: header, metadata, content, and for every array a frame with
    its name and one with its bytes. A message that is framed well but says what it may not is
    read to its end, so that the next one can be understood; its arrays are not kept.

    Parameters
    ----------
    allow : callable
        Takes what a message says, before its arrays come, and gives how many bytes those may
        have together; `RefusedError` if it is for nobody.

    Attributes
    ----------
    most : int
        Bytes that the next frame may have.
    """

    def __init__(self, allow: Callable[[Content], int]) -> None:
        self._allow = allow
        self._next: Callable[[Any], Letter | None] = self._take_header
        self._letter = _NONE
        self._name = ""  # of the array that comes next
        self._missing = 0  # arrays that are still to come
        self.most = MOST_TEXT

    @property
    def allowed(self) -> int:
        """How many bytes the arrays may have of the message that has begun."""
        return self._letter.allowed

    @property
    def is_refused(self) -> bool:
        """Whether nobody will read the message that has begun."""
        return self._letter.refusal is not None

    def refuse(self, refusal: RefusedError) -> None:
        """Keep nothing of what is still to come of the message that has begun."""
        self._letter.refusal = refusal

    def add(self, frame: str | bytes) -> Letter | None:
        """Take a frame; give the message that it completes.

        Raises
        ------
        BrokenError
            If it is not the frame that has to come next.
        """
        if isinstance(frame, bytes) is not (self._next == self._take_bytes):
            raise BrokenError("a frame of the other type")
        if len(frame) > self.most:
            raise BrokenError("a frame that is too large")
        complete = self._next(frame)
        self._letter.weight += len(frame)
        room = self._letter.allowed - sum(map(len, self._letter.arrays.values()))
        self.most = room if self._next == self._take_bytes else MOST_TEXT
        if complete is not None:
            self._letter = _NONE
        return complete

    def _take_header(self, text: str) -> None:
        try:
            self._letter = Letter(read_header(text))
        except RefusedError as refused:
            raise BrokenError(str(refused)) from None
        self._next = self._take_metadata

    def _take_metadata(self, _: str) -> None:
        self._next = self._take_content  # nobody reads what it says

    def _take_content(self, text: str) -> Letter | None:
        letter = self._letter
        try:
            letter.content = read_json(text)
            if letter.header.kind == PATCH:
                letter.said = read_patch(letter.content)
                letter.allowed = self._allow(letter.said)
            elif letter.content:
                raise RefusedError("a request with other fields")
            if len(letter.said.arrays) != letter.header.arrays:
                raise RefusedError("another number of arrays than was said")
        except RefusedError as refused:
            letter.refusal = refused
        self._missing = letter.header.arrays
        return self._next_array(letter)

    def _next_array(self, letter: Letter) -> Letter | None:
        if self._missing:
            self._next = self._take_name
            return None
        self._next = self._take_header
        return letter

    def _take_name(self, text: str) -> None:
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict) or fields.keys() != {"id"}:
            raise BrokenError("an array without a name")
        name = fields["id"]
        self._name = name if isinstance(name, str) else ""
        self._next = self._take_bytes

    def _take_bytes(self, data: bytes) -> Letter | None:
        letter = self._letter
        self._missing -= 1
        if letter.refusal is None:
            try:
                self._keep(letter, data)
            except RefusedError as refused:
                letter.refusal = refused
                letter.arrays.clear()
        return self._next_array(letter)

    def _keep(self, letter: Letter, data: bytes) -> None:
        form = letter.said.arrays.get(self._name)
        if form is None or self._name in letter.arrays:
            raise RefusedError("an array that nobody spoke of")
        form.check(data)
        letter.arrays[self._name] = data
