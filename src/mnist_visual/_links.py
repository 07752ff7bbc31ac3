"""Addresses that people are to open: whether they can be, and as a QR code."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

LONGEST = 300  # characters; the code of a longer one cannot be read across a hall
_PRINTED = re.compile(r"[!-~]+")


def checked_link(link: str) -> str:
    """Check that an address can be opened in a browser.

    Parameters
    ----------
    link : str
        An address of the web, in full.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ValueError
        If it is none, is longer than 300 characters, or has others than ASCII's.
    """
    try:
        parts = urlsplit(link)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or len(link) > LONGEST or not _PRINTED.fullmatch(link):
        raise ValueError(
            f"A link is like https://example.org/page.html, in at most {LONGEST} ASCII characters. "
            f"Received: {link[: LONGEST + 1]!r}."
        )
    return link


def is_loopback(link: str) -> bool:
    """Say whether an address leads everyone to their own machine.

    Parameters
    ----------
    link : str
        As `checked_link` takes it.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_loopback("http://localhost:5006/"), is_loopback("http://10.0.0.7:5006/")
    (True, False)
    """
    host = (urlsplit(link).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def qr_modules(link: str) -> npt.NDArray[np.uint8]:
    """Encode an address as a QR code, in modules as large as can be.

    Parameters
    ----------
    link : str
        As `checked_link` takes it.

    Returns
    -------
    uint8 array (n, n)
        1 where it is dark; the four light modules around it are left out.
    """
    import segno  # for those alone who show one

    # Level M: a finer code would bear more damage, but not be read from as far.
    return np.array(segno.make_qr(link, error="m").matrix, dtype=np.uint8)
