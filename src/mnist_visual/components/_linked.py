"""What of a view an address holds: its settings as short texts, and the way back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Part of an address: its name there, and how a value becomes text and again a value. What cannot
# be a value raises ValueError; whether it suits the view, the view itself says.
LONGEST = 200  # characters of one part


@dataclass(frozen=True)
class Part:
    """How a parameter of a view stands in an address.

    Attributes
    ----------
    name : str
        What it is called there; among all views of a page once.
    read : callable
        Makes a value of a text; ValueError where that cannot be.
    write : callable
        Makes a text of a value.
    """

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


def as_flag(name: str) -> Part:
    """Write a truth as 1 or 0."""

    def read(text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError(f"A switch is 0 or 1. Received: {text!r}.")
        return text == "1"

    return Part(name, read, lambda value: str(int(value)))


def as_word(name: str) -> Part:
    """Write a text as it is."""
    return Part(name, str)


def as_count(name: str) -> Part:
    """Write a whole number in digits."""
    return Part(name, int)


def as_number(name: str) -> Part:
    """Write a number in at most six digits."""
    return Part(name, _finite, lambda value: f"{value:.6g}")


def as_numbers(name: str) -> Part:
    """Write several numbers, commas between them."""

    def read(text: str) -> tuple[float, ...]:
        return tuple(_finite(each) for each in text.split(","))

    return Part(name, read, lambda values: ",".join(f"{value:.6g}" for value in values))


def as_counts(name: str) -> Part:
    """Write several whole numbers, commas between them."""

    def read(text: str) -> tuple[int, ...]:
        return tuple(int(each) for each in text.split(","))

    return Part(name, read, lambda values: ",".join(map(str, values)))


def as_unit(name: str) -> Part:
    """Write a layer and a unit of it, as ``conv1,12,12,3``."""

    def read(text: str) -> tuple[str, tuple[int, ...]]:
        layer, *index = text.split(",")
        return layer, tuple(map(int, index))

    return Part(name, read, lambda value: ",".join([value[0], *map(str, value[1])]))


def written(view: Any) -> dict[str, str]:
    """Write all of a view's parts that have a value, by their names in the address."""
    values = ((part, getattr(view, name)) for name, part in view._linked.items())
    return {part.name: part.write(value) for part, value in values if value is not None}


def take(view: Any, texts: Mapping[str, str | None]) -> None:
    """Have a view show what an address says, as far as it can be.

    Parameters
    ----------
    view : View
    texts : mapping of str to str or None
        By the names in the address; None is a part without a value.
    """
    values: dict[str, Any] = {}
    now = written(view)
    for name, part in view._linked.items():
        text = texts[part.name]
        if text == now.get(part.name):
            continue
        try:
            values[name] = None if text is None else part.read(text)
        except ValueError:
            continue  # anybody may write addresses
    if values and not _takes(view, values):
        for name, value in values.items():
            _takes(view, {name: value})


def _takes(view: Any, values: dict[str, Any]) -> bool:
    try:
        view._take(values)
    except (TypeError, ValueError, OverflowError):
        return False  # it stays as it was
    return True


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"A number is finite. Received: {text!r}.")
    return value
