"""How much one connection may ask for, and how much is written about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_logger = logging.getLogger("mnist_visual.server")


class Pace:
    """An allowance that grows with time: whoever uses it up waits, and nothing is lost.

    Parameters
    ----------
    rate : float
        By how much it grows in a second.
    burst : float
        The most that it grows to.
    clock : callable, optional
        Gives the time in seconds.

    Examples
    --------
    >>> now = 0.0
    >>> pace = Pace(rate=10, burst=20, clock=lambda: now)
    >>> pace.spend(20), pace.spend(5)
    (0.0, 0.5)
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._since = burst, clock()

    def spend(self, cost: float) -> float:
        """Take from the allowance; give how many seconds to wait until it is paid."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._since)) - cost
        self._since = now
        return max(0.0, -self._left / self._rate)


class Notes:
    """One line in the log for what was refused, and few of them however much it is.

    Parameters
    ----------
    rate : float, default 1
        Lines in a second; twenty may come at once.
    """

    MOST_LETTERS = 200

    def __init__(self, rate: float = 1) -> None:
        self._pace = Pace(rate, 20)
        self._left_out = 0

    def write(self, text: str, *, error: BaseException | None = None) -> None:
        """Write a line, or count it as left out; an error of ours comes with its traceback."""
        if self._pace.spend(0) > 0:
            self._left_out += 1
            return
        self._pace.spend(1)
        more = f" ({self._left_out} such lines were left out before.)" if self._left_out else ""
        self._left_out = 0
        line = ascii(text)[1:-1][: self.MOST_LETTERS]
        _logger.warning("%s%s", line, more, exc_info=error)
