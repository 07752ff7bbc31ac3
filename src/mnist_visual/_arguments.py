"""Choices and objects that a caller gives as arguments, and one sentence for all else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise ValueError unless the value of an argument is one of some words."""
    if not (isinstance(value, str) and value in choices):
        *most, last = map(repr, choices)
        allowed = f"{', '.join(most)} or {last}"
        raise ValueError(f"{name} is {allowed}. Received: {value!r:.80}. Choose one of these.")


def check_kind(name: str, value: object, kind: type[Any], source: str = "") -> None:
    """Raise ValueError unless an argument is an object of a kind; `source` says who makes it."""
    if not isinstance(value, kind):
        origin = f", as {source} gives it" if source else ""
        raise ValueError(f"{name} is a {kind.__name__}{origin}. Received: {value!r:.80}.")
