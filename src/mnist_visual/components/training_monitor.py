"""Watching a network learn: every epoch of it, on the live drawing, forwards and backwards."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import param

from mnist_visual._arguments import check_kind
from mnist_visual.live_training.records import Snapshot
from mnist_visual.live_training.snapshot_files import MOST_FILE_BYTES
from mnist_visual.live_training.snapshots import network_of, vae_of

from ._messages import Message
from ._recorded_runs import RecordedRun
from ._trained_networks import Act, Save, TrainedNetworks
from ._training_messages import (
    about,
    history,
    progress_message,
    read_choice,
    settings_message,
)
from ._training_runs import TrainingQueue
from ._training_snapshots import (
    classifier_message,
    memory_message,
    misread_message,
    reading_message,
    vae_message,
    weights_file,
)
from ._view import JS, Titled, View, kind_of
from .sketchpad import Sketchpad

CHANGEABLE = {"learning_rate", "beta"}  # while a training goes on
MAX_CLASSES = 64  # whose confusion matrix can be read


class TrainingMonitor(Titled, TrainedNetworks, View):
    """A training to start, pause, step through and play back, seen on the live drawing.

    It shows the loss and the accuracy of every epoch; for a classifier its first filters, what
    they find in the drawing, what is read in it, and which pictures it mixes up; for a VAE where
    it puts real pictures, and what it remembers of the drawing.

    Parameters
    ----------
    sketchpad : Sketchpad
        Whose drawing is looked at, and where a misread picture is put.
    queue : TrainingQueue, optional
        Who trains; without one, the monitor follows your own training: see `callback`.
    save : callable, optional
        Makes a file of a snapshot and its settings: the bytes, and the file's name; by default
        one that `mnist_visual.load_weights` reads. A button downloads it, unless this is None.
        It is called in a thread; the text of a `ValueError` or an `OSError` is shown.
    class_names : sequence of str, optional
        What each class is called, one for each that the network tells apart; by default as the
        queue says, and 0 to 9 without one. At most 64 have room.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    settings : Settings
        Of the next training.
    run : TrainingRun or None
        The training in sight.
    progress : Progress or None
        How far that is.
    epoch : float or None
        The epoch in sight; None follows the newest. Set it to look at the snapshot next to it.
    cell : tuple (int, int) or None
        The cell of the confusion matrix that is open: the true class, and what was read.
    chosen : dict of str to Snapshot
        What the visitor wants to use elsewhere instead of the shipped networks: by its kind
        ("classifier" or "vae"), where there is one.

    Raises
    ------
    ValueError
        If there are more classes than that, or fewer than 2.

    Examples
    --------
    Whoever wants to use elsewhere what was trained watches `chosen`::

        monitor = TrainingMonitor(sketchpad, queue=shared_queue())
        monitor.param.watch(use_them, "chosen")
        monitor.start()
    """

    heading = param.String(default="Train a network yourself", doc="What the view shows.")
    note = param.String(default="it starts out knowing nothing", doc="One more sentence.")
    topic = param.String(default="learning", constant=True)
    class_names = param.List(constant=True, doc="What each class is called.")
    can_train = param.Boolean(constant=True, doc="Whether a training can be started here.")
    cell = param.Tuple(
        default=None, length=2, allow_None=True, constant=True, doc="True and read class."
    )

    _bundle: ClassVar = JS / "training_monitor.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "training_monitor.css")]
    _uploads: ClassVar = {"load": MOST_FILE_BYTES}
    _rename: ClassVar = dict.fromkeys(("settings", "run", "progress", "epoch", "cell", "chosen"))

    def __init__(
        self,
        sketchpad: Sketchpad,
        *,
        queue: TrainingQueue | None = None,
        save: Save | None = weights_file,
        class_names: Sequence[str] | None = None,
        **params: Any,
    ) -> None:
        check_kind("sketchpad", sketchpad, Sketchpad)
        if class_names is None:
            class_names = "0123456789" if queue is None else queue.class_names
        if not 2 <= len(class_names) <= MAX_CLASSES:
            raise ValueError(
                f"What is mixed up can be shown of 2 to {MAX_CLASSES} classes. "
                f"Received: {len(class_names)}."
            )
        super().__init__(
            queue=queue,
            save=save,
            class_names=[*map(str, class_names)],
            can_train=queue is not None,
            **params,
        )
        self._sketchpad = sketchpad
        self._model: tuple[Snapshot | None, Any] = (None, None)
        self._watch(sketchpad, self._show_drawing, "steps")

    @property
    def _network(self) -> Any:
        """The network of the snapshot in sight, made once."""
        snapshot = self.snapshot
        if snapshot is not None and self._model[0] is not snapshot:
            make = vae_of if self.kind == "vae" else network_of
            if isinstance(self.run, RecordedRun):
                make = self.run.network
            self._model = snapshot, make(snapshot)
        return self._model[1]

    # What is shown

    def _state(self) -> Message:
        return {
            "kind": "show",
            "settings": settings_message(self.settings),
            "of": self.kind,
            "progress": None if self.progress is None else progress_message(self.progress),
            "history": history(self._snapshots),
            "previous": self._previous,
            "about": about(self._queue),
        }

    def _welcome(self, *, again: bool) -> None:
        super()._welcome(again=again)
        self._show_network()
        self._show_chosen()
        self._get_ready()

    def _show_all(self) -> None:
        self._open(None)
        if self.watched:
            self._welcome(again=True)

    def _show_news(self, first: int, *, replaced: bool) -> None:
        if not self.watched:
            return
        added = history(self._snapshots[first:])
        news = {"progress": progress_message(self.progress), "added": added}
        self._send_msg({"kind": "progress", "first": first, **news})
        if replaced or (added and self.epoch is None):
            self._show_network()
        if replaced:
            self._show_chosen()

    @param.depends("settings", watch=True)
    def _show_settings(self) -> None:
        if self.watched:
            settings = settings_message(self.settings)
            self._send_msg({"kind": "settings", "settings": settings, "of": self.kind})
            self._get_ready()

    def _show_data(self) -> None:
        if self.watched:
            self._send_msg({"kind": "about", "text": about(self._queue)})

    @param.depends("epoch", watch=True)
    def _show_network(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.watched:
            return
        labels, classes = self.validation[1], len(self.class_names)
        if self.kind == "vae":
            shown = vae_message(snapshot, labels, self._half)
        else:
            shown = classifier_message(snapshot, self._network, labels, classes)
        where = {"index": self._index, "epoch": float(snapshot.epoch)}
        self._send_msg({"kind": "network", **where, **shown})
        self._show_drawing()
        self._show_misread()

    def _show_drawing(self, *_: object) -> None:
        if self.snapshot is None or not self.watched:
            return
        steps = self._sketchpad.steps
        shown: Message | None = None
        if steps.box is not None and self.kind == "vae":
            shown = memory_message(self._network, steps.digit)
        elif steps.box is not None:
            shown = reading_message(self._network, steps.digit, len(self.class_names))
        self._send_msg({"kind": "drawing", "empty": shown is None, **(shown or {})})

    def _show_misread(self) -> None:
        if self.cell is not None and self.snapshot is not None and self.watched:
            self._send_msg(misread_message(self.snapshot, *self.validation, self.cell))

    # What is asked

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind not in ASKED:
            super()._handle_msg(data)
            return
        try:
            act = ASKED[kind](self, data)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        try:
            act()
        except (OSError, RuntimeError, ValueError) as error:
            self._send_msg({"kind": "problem", "text": str(error)})

    def _read_choose(self, data: Message) -> Act:
        name = data["name"]
        settings = read_choice(self.settings, name, data["value"])

        def act() -> None:
            self.settings = settings
            if name in CHANGEABLE and not self._ended:
                self.run.set(**{name: getattr(settings, name)})

        return act

    def _read_run(self, data: Message) -> Act:
        if self.run is None:
            raise ValueError("no training")
        acts: dict[str, Act] = {"again": self._start_again}
        return acts.get(data["kind"]) or getattr(self.run, data["kind"])

    def _read_attend(self, data: Message) -> Act:
        attended = data["attended"]
        if not isinstance(attended, bool):
            raise TypeError(f"attended: {attended!r}")

        def act() -> None:
            self._is_visible = attended
            self._tell_attention()

        return act

    def _read_step(self, data: Message) -> Act:
        if data["amount"] not in ("batch", "epoch"):
            raise ValueError(f"a step of {data['amount']!r}")
        return partial(self._step, data["amount"])

    def _read_look(self, data: Message) -> Act:
        index = _index_below(len(self._snapshots), data["index"])

        def act() -> None:
            self._look_at(index)
            self._send_msg({"kind": "done", "number": data.get("number")})

        return act

    def _read_open(self, data: Message) -> Act:
        if data["cell"] is None:
            return partial(self._open, None)
        row, column = (_index_below(len(self.class_names), each) for each in data["cell"])
        return partial(self._open, (row, column))

    def _open(self, cell: tuple[int, int] | None) -> None:
        with param.edit_constant(self):
            self.cell = cell
        self._show_misread()

    def _read_pick(self, data: Message) -> Act:
        pictures, _ = self.validation
        picture = pictures[_index_below(len(pictures), data["index"])]
        return partial(self._sketchpad.param.update, picture=picture)


def _index_below(count: int, index: Any) -> int:
    number = operator.index(index)
    if isinstance(index, bool) or not 0 <= number < count:
        raise IndexError(f"{index!r} of {count}")
    return number


ASKED: dict[str | None, Callable[[TrainingMonitor, Message], Act]] = {
    "choose": TrainingMonitor._read_choose,
    "start": lambda monitor, _: monitor._play,
    "pause": TrainingMonitor._read_run,
    "stop": TrainingMonitor._read_run,
    "again": TrainingMonitor._read_run,
    "attend": TrainingMonitor._read_attend,
    "step": TrainingMonitor._read_step,
    "look": TrainingMonitor._read_look,
    "open": TrainingMonitor._read_open,
    "pick": TrainingMonitor._read_pick,
    "use": TrainingMonitor._read_use,
    "save": TrainingMonitor._read_save,
    "load": TrainingMonitor._read_load,
}
