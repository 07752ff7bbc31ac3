"""Whether what a page sent can be believed: what no script of ours says changes nothing."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, TypeGuard

from mnist_visual._numbers import checked_count

Message = dict[str, Any]  # plain numbers, words and arrays, to a script of ours or from it


def is_number(value: Any) -> TypeGuard[int | float]:
    """Say whether a page sent a number; also one that is not finite."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_index(value: Any, length: int) -> TypeGuard[int]:
    """Say whether a page sent a whole number from 0 below a length."""
    return isinstance(value, int) and is_number(value) and 0 <= value < length


def is_name(value: Any, names: Container[str]) -> TypeGuard[str]:
    """Say whether a page sent one of some names."""
    return isinstance(value, str) and value in names


def checked_index(name: str, value: Any, length: int) -> int:
    """Give a whole number from 0 below a length; ValueError for all else."""
    return checked_count(name, value, least=0, most=length - 1)


def checked_place(place: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    """Give the row and the column of a place; ValueError for one that there is not."""
    try:
        row, column = (
            checked_index("place", at, length) for at, length in zip(place, shape, strict=True)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"A place is a row and a column of {shape[0]}x{shape[1]}, from 0. Received: {place!r}."
        ) from error
    return row, column
