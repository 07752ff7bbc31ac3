"""The files that come with the library."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable


def shipped_file(
    name: str, what: str, *, remedy: str = "Install mnist-visual again."
) -> Traversable:
    """Find a file of the package.

    Parameters
    ----------
    name : str
        Of the file.
    what : str
        It holds, for the error.
    remedy : str, optional
        What to do where it is missing.

    Returns
    -------
    Traversable
        As for ``importlib.resources.as_file``.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    """
    shipped = resources.files(__package__) / "pretrained" / name
    if not shipped.is_file():
        raise FileNotFoundError(
            f"The package must hold {what}. Received: an installation without {shipped}. {remedy}"
        )
    return shipped
