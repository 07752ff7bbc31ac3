"""The snapshots of a training, kept in bounded memory."""

from __future__ import annotations

from .records import Snapshot

# Of one training: 30 epochs of the autoencoder, or all of any classifier but the very largest.
MOST_BYTES = 64 << 20


class History:
    """The snapshots of one training.

    Those of the ends of the epochs stay; one from within an epoch gives way to the next. Where
    they would take too much memory, every second one goes, but never the first and the newest.

    Parameters
    ----------
    most_bytes : int, optional
        How much memory they may take.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: list[Snapshot] = []
        self._stride = 1

    def add(self, snapshot: Snapshot) -> None:
        """Add the newest snapshot, in place of one of the same moment."""
        if self._kept:
            last = self._kept[-1]
            if last.epoch % self._stride or last.epoch == snapshot.epoch:
                self._kept.pop()
        self._kept.append(snapshot)
        while len(self._kept) > 2 and sum(map(_bytes, self._kept)) > self._most_bytes:
            self._stride *= 2
            *before, newest = self._kept
            self._kept = [kept for kept in before if kept.epoch % self._stride == 0] + [newest]

    def begin_again(self) -> None:
        """Keep the initial weights alone."""
        self._kept = [kept for kept in self._kept if kept.epoch == 0]
        self._stride = 1

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()

    def list(self) -> list[Snapshot]:
        """List them, the newest last."""
        return [*self._kept]


def _bytes(snapshot: Snapshot) -> int:
    extra = (snapshot.predictions, snapshot.codes)
    weights = [array for layer in snapshot.weights.values() for array in layer]
    return sum(array.nbytes for array in (*weights, *extra) if array is not None)
