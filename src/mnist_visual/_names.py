"""What the classes of a classifier are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def are_digits(names: Sequence[str]) -> bool:
    """Say whether classes are the ten digits, by their names."""
    return [*names] == [*"0123456789"]


def checked_names(classes: int, names: Sequence[str] | None) -> list[str]:
    """Give each class its name.

    Parameters
    ----------
    classes : int
        How many there are.
    names : sequence of str or None
        One for each class; None for the numbers from 0.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there are not as many names as classes, one is there twice, or it is no list of them.
    """
    if names is None:
        return [*map(str, range(classes))]
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"class_names are a list of words. Received: {names!r:.80}.")
    found = [*map(str, names)]
    if len(found) != classes:
        raise ValueError(
            f"There is one name for each class. Received: {len(found)} for {classes} classes."
        )
    twice = [name for name in found if found.count(name) > 1]
    if twice:
        raise ValueError(f"Every class has a name of its own. Received: {twice[0]!r:.80} twice.")
    return found
