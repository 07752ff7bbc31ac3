"""What the classes of a classifier are called."""

from __future__ import annotations

from collections.abc import Sequence


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
        If there are not as many names as classes.
    """
    found = [*map(str, range(classes) if names is None else names)]
    if len(found) != classes:
        raise ValueError(
            f"There is one name for each class. Received: {len(found)} for {classes} classes."
        )
    return found
