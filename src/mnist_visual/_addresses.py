"""Addresses that a server listens on, what follows from them, and how many may come."""

from __future__ import annotations

from collections.abc import Collection

LOOPBACKS = {"localhost", "127.0.0.1"}
WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - recognised, not used as a default
MOST_SESSIONS = 1000


def compresses(address: str, allowed: Collection[str]) -> bool:
    """Say whether answers are worth compressing: over a network, also behind a proxy."""
    return address not in LOOPBACKS or bool(allowed)
