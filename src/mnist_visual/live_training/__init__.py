"""Training in a process of its own, so that whoever watches it is never kept waiting.

`records` says what a training is told and what it tells. `queue` is where a page asks for one,
which it gets as a `run`; `worker` is what runs in the other process, `process` the way there and
back. `recorder` tells the same of a training in one's own process, and `snapshots` makes networks
of what was told, which `snapshot_files` saves and loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist_visual._lazy import loader

if TYPE_CHECKING:
    from .queue import TrainingQueue, shared_queue
    from .recorder import Recorder
    from .records import Progress, Settings, Snapshot
    from .run import TrainingRun
    from .snapshot_files import load_snapshot, save_snapshot
    from .snapshots import network_of, vae_of
    from .watching import set_weights

__all__ = [
    "Progress",
    "Recorder",
    "Settings",
    "Snapshot",
    "TrainingQueue",
    "TrainingRun",
    "load_snapshot",
    "network_of",
    "save_snapshot",
    "set_weights",
    "shared_queue",
    "vae_of",
]

_NAMES_OF = {
    "queue": ["TrainingQueue", "shared_queue"],
    "recorder": ["Recorder"],
    "records": ["Progress", "Settings", "Snapshot"],
    "run": ["TrainingRun"],
    "snapshot_files": ["load_snapshot", "save_snapshot"],
    "snapshots": ["network_of", "vae_of"],
    "watching": ["set_weights"],  # which loads Keras
}

if not TYPE_CHECKING:  # a type checker is to miss names that do not exist
    __getattr__ = loader(__name__, _NAMES_OF)


def __dir__() -> list[str]:
    return __all__
