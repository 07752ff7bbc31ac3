"""What the training monitor's script asks, checked before it is believed, and what it is told.

===========  =====================================  ===========================================
asked        with                                   what becomes of it
===========  =====================================  ===========================================
``choose``   ``name`` and ``value`` of a setting    the next training has it
``start``                                           a new training, or a paused one goes on
``pause``, ``stop``, ``again``                      as the training run's methods
``step``     ``amount``: "batch" or "epoch"         the same
``look``     ``index`` of a snapshot, ``number``    ``network`` and ``drawing``, then ``done``
``open``     ``cell``: true class and read class    ``misread``: the pictures there
``pick``     ``index`` of a validation picture      it is on the sketchpad
``use``      ``own``: true, or false for the        ``chosen``
             shipped network
``attend``   ``attended``: whether anybody looks    who looks goes first
``save``                                            ``file``: ``data`` and ``name``
``load``     ``data``: a weights file, as bytes     ``loaded``: its network is in use elsewhere
===========  =====================================  ===========================================

Unasked come ``show`` (all curves), ``settings``, ``progress`` (with the curves' new points), and
sentences in ``text``: ``problem``, with a file if it is ``of`` one, and ``about`` the data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from mnist_visual.live_training.records import Progress, Settings, Snapshot, checked_settings

from ._messages import Message
from ._training_runs import TrainingQueue

SAMPLE = (
    "It learns from a small sample: 4,000 digits instead of 60,000. "
    "To get all, connect this server to the internet and start it again."
)


def about(queue: TrainingQueue | None) -> str:
    """Say what there is to say about the data."""
    return SAMPLE if queue is not None and queue.is_sample else ""


def read_choice(settings: Settings, name: Any, value: Any) -> Settings:
    """Change one setting; ValueError or TypeError where a script cannot have meant it."""
    if not isinstance(name, str):
        raise TypeError(f"a setting {name!r}")
    return checked_settings(replace(settings, **{name: value}))


def settings_message(settings: Settings) -> Message:
    """Say what the next training will be."""
    return asdict(settings) | {"filters": [*settings.filters]}


def history(snapshots: Iterable[Snapshot]) -> list[Message]:
    """Give the points of the curves."""
    return [{"epoch": float(each.epoch), "logs": _finite(each.logs)} for each in snapshots]


def progress_message(progress: Progress) -> Message:
    """Say how far a training is."""
    return asdict(progress) | {"logs": _finite(progress.logs)}


def _finite(logs: Mapping[str, float]) -> dict[str, float]:
    # Where a training comes apart, its curves end.
    return {name: float(value) for name, value in logs.items() if math.isfinite(value)}
