"""What the classes of a classifier are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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
        If there are not as many names as classes, or no list of them.
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
    return found
