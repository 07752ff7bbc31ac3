"""Things that a visitor is asked to do, and how one sees that they are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import param


@dataclass(frozen=True)
class Deed:
    """Something to do on a page.

    Attributes
    ----------
    watched : iterable of (Parameterized, str)
        Parameters after whose changes it may be done.
    is_done : callable
        Says whether it is.
    """

    watched: Iterable[tuple[param.Parameterized, str]]
    is_done: Callable[[], bool]

    def when_done(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change that leaves it done.

        Parameters
        ----------
        callback : callable
            Without arguments.

        Returns
        -------
        callable
            Stops it.
        """

        def check(_: object) -> None:
            if self.is_done():
                callback()

        watchers = [(subject, subject.param.watch(check, name)) for subject, name in self.watched]

        def stop() -> None:
            for subject, watcher in watchers:
                subject.param.unwatch(watcher)

        return stop
