"""What a browser may say to the server, read before anything is built from it.

Bokeh builds whatever a message describes: models of any class, arrays of any size, whatever a
compressed string holds. The page needs little of that. Its scripts speak to their views in
plain values and flat arrays, and set nothing themselves, so nothing else is read here.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np

MOST_TEXT: Final = 64 << 10  # bytes of one frame of text
MOST_BYTES: Final = 2 << 20  # of all arrays of one message
MOST_ARRAYS: Final = 8  # of one message
MOST_EVENTS: Final = 32  # of one message
MOST_DEPTH: Final = 8  # of values within values
MOST_VALUES: Final = 2000  # of one list or map; scripts send what is longer as an array
MOST_LETTERS: Final = 1000  # of one string
MOST_WHOLE: Final = 2**53  # beyond it a browser's numbers have gaps

PATCH, PULL = "PATCH-DOC", "PULL-DOC-REQ"
DTYPES: Final = {
    name: np.dtype(name)
    for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
}
# What the page's framework tells of itself; it carries nothing.
_NEWS: Final = {"document_ready", "client_reconnected"}


class RefusedError(ValueError):
    """What is not let through; the text says why, and holds nothing that the client sent."""


class GoneError(RefusedError):
    """What is for a view that has left the page meanwhile, which is nobody's fault."""


class Header(NamedTuple):
    """The beginning of a message."""

    kind: str
    fields: dict[str, Any]
    arrays: int


@dataclass(frozen=True)
class ArrayForm:
    """What a message says of an array that comes after it."""

    dtype: np.dtype[Any]
    size: int | None  # numbers; None if the message leaves it to the array itself

    def check(self, data: bytes) -> None:
        """Refuse bytes that are no such array, and numbers that are none."""
        size, rest = divmod(len(data), self.dtype.itemsize)
        if rest or self.size not in (None, size):
            raise RefusedError("an array of another size than was said")
        if self.dtype.kind == "f" and not np.isfinite(np.frombuffer(data, self.dtype)).all():
            raise RefusedError("a number that is not finite")


class Speech(NamedTuple):
    """What a script says to its view."""

    model: str
    kind: str | None


@dataclass
class Content:
    """What a message says, as far as it matters here."""

    speeches: list[Speech | None] = field(default_factory=list)  # one for each event, or none
    arrays: dict[str, ArrayForm] = field(default_factory=dict)


def read_json(text: str) -> dict[str, Any]:
    """Read a JSON object of numbers that are finite."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RefusedError("text that is no JSON") from None
    if not isinstance(value, dict):
        raise RefusedError("text that is no JSON object")
    return value


def read_header(text: str) -> Header:
    """Read how a message begins."""
    fields = read_json(text)
    if not {"msgid", "msgtype"} <= fields.keys() <= {"msgid", "msgtype", "num_buffers"}:
        raise RefusedError("a header with other fields")
    _check_name(fields["msgid"])
    kind, arrays = fields["msgtype"], fields.get("num_buffers", 0)
    if kind not in (PATCH, PULL):
        raise RefusedError("a message of another type")
    if type(arrays) is not int or not 0 <= arrays <= (MOST_ARRAYS if kind == PATCH else 0):
        raise RefusedError("too many arrays")
    return Header(kind, fields, arrays)


def read_patch(message: dict[str, Any]) -> Content:
    """Read what the scripts of a page say to their views.

    Parameters
    ----------
    message : dict
        The content of a message of the type ``PATCH-DOC``.

    Returns
    -------
    Content

    Raises
    ------
    RefusedError
        If it is more than that: a change of a model, a model, a callback, a compressed value, ...
    """
    if message.keys() != {"events"} or not isinstance(message["events"], list):
        raise RefusedError("a patch with other fields")
    if not 1 <= len(message["events"]) <= MOST_EVENTS:
        raise RefusedError("too many events, or none")
    content = Content()
    for event in message["events"]:
        _read_event(event, content)
    return content


def _read_event(event: Any, content: Content) -> None:
    if not isinstance(event, dict) or event.get("kind") != "MessageSent":
        raise RefusedError("a change of the document")  # of which the page makes none
    if event.keys() != {"kind", "msg_type", "msg_data"} or event["msg_type"] != "bokeh_event":
        raise RefusedError("an event with other fields")
    data = event["msg_data"]
    if not isinstance(data, dict) or data.keys() != {"type", "name", "values"}:
        raise RefusedError("an event with other fields")
    entries = _entries(data["values"])
    if data["type"] != "event" or not isinstance(data["name"], str):
        raise RefusedError("an event with other fields")
    if data["name"] in _NEWS and not entries:
        content.speeches.append(None)
        return
    if data["name"] != "data_event":
        raise RefusedError("an event of another kind")
    if entries.keys() != {"model", "data"}:
        raise RefusedError("an event with other fields")
    model, said = entries["model"], entries["data"]
    if not isinstance(model, dict) or model.keys() != {"id"}:
        raise RefusedError("an event of no model")
    _check_name(model["id"])
    kind = _entries(said).get("kind")
    _read_value(said, content.arrays, 0)
    content.speeches.append(Speech(model["id"], kind if isinstance(kind, str) else None))


def _read_value(value: Any, arrays: dict[str, ArrayForm], depth: int) -> None:
    if depth > MOST_DEPTH:
        raise RefusedError("values nested too deeply")
    match value:
        case None | bool():
            pass
        case str():
            if len(value) > MOST_LETTERS:
                raise RefusedError("a string that is too long")
        case int():
            if abs(value) > MOST_WHOLE:
                raise RefusedError("a number that is too large")
        case float():
            if not math.isfinite(value):
                raise RefusedError("a number that is not finite")
        case list() if len(value) > MOST_VALUES:
            raise RefusedError("a list that is too long")
        case list():
            for each in value:
                _read_value(each, arrays, depth + 1)
        case {"type": "map"}:
            for each in _entries(value).values():
                _read_value(each, arrays, depth + 1)
        case {"type": "typed_array" | "ndarray"}:
            _read_array(value, arrays)
        case _:
            raise RefusedError("a value of another type")


def _read_array(value: dict[str, Any], arrays: dict[str, ArrayForm]) -> None:
    size, fields = None, {"type", "array", "order", "dtype"}
    if value["type"] == "ndarray":
        size, fields = _size(value.get("shape")), fields | {"shape"}
    if value.keys() != fields or value["order"] != "little":
        raise RefusedError("an array with other fields")
    dtype = DTYPES.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if dtype is None:
        raise RefusedError("an array of another type")
    match value["array"]:
        # Never a string: that would be unpacked, to whatever it holds.
        case {"type": "bytes", "data": {"id": str() as name, **more}, **others} if not (
            more or others
        ):
            _check_name(name)
            if name in arrays:  # its bytes would be checked as one of the two only
                raise RefusedError("an array that is named twice")
            arrays[name] = ArrayForm(dtype, size)
        case _:
            raise RefusedError("an array that is not sent as one")


def _size(shape: Any) -> int:
    if not isinstance(shape, list) or not 1 <= len(shape) <= 4:
        raise RefusedError("an array of another shape")
    if not all(type(each) is int and 0 <= each <= MOST_BYTES for each in shape):
        raise RefusedError("an array of another shape")
    return math.prod(shape)


def _entries(value: Any) -> dict[str, Any]:
    """Give the entries of a map whose keys are strings, each there once."""
    if not isinstance(value, dict) or value.get("type") != "map":
        raise RefusedError("a value of another type")
    entries = value.get("entries", [])
    if not value.keys() <= {"type", "entries"} or not isinstance(entries, list):
        raise RefusedError("a map with other fields")
    if len(entries) > MOST_VALUES:
        raise RefusedError("a map that is too long")
    if not all(isinstance(each, list) and len(each) == 2 for each in entries):
        raise RefusedError("a map with other fields")
    if not all(isinstance(key, str) and len(key) <= MOST_LETTERS for key, _ in entries):
        raise RefusedError("a map with other keys")
    found = dict(entries)
    if len(found) < len(entries):  # Bokeh would build all of them
        raise RefusedError("a map with a key twice")
    return found


def _check_name(value: Any) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise RefusedError("a name that is none")


def _refuse_constant(_: str) -> NoReturn:
    raise RefusedError("a number that is not finite")
