"""What becomes of networks that were trained here: used on other pages, saved, and loaded back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import param

from mnist_visual.live_training.records import Kind, Settings, Snapshot

from ._line import Line
from ._messages import Message
from ._training_snapshots import check_usable, prepare, read_file
from ._watched_training import WatchedTraining

Save = Callable[[Snapshot, Settings], tuple[bytes, str]]
Act = Callable[[], Any]


class TrainedNetworks(WatchedTraining):
    """The networks that a visitor keeps of a training, or of earlier ones.

    A subclass has the ``class_names`` that a network must tell apart, and `_send_msg`.
    """

    chosen = param.Dict(default={}, constant=True, doc="By their kind, snapshots to use elsewhere.")
    can_save = param.Boolean(constant=True, doc="Whether a button downloads the weights.")

    class_names: list[str]
    watched: bool
    _send_msg: Callable[[Message], None]

    def __init__(self, save: Save | None, **params: Any) -> None:
        super().__init__(can_save=save is not None, **params)
        self._save = save
        self._line = Line(lambda deliver: deliver())

    def use(self, kind: Kind, snapshot: Snapshot | None) -> None:
        """Choose a network to use elsewhere.

        Parameters
        ----------
        kind : {"classifier", "vae"}
            Instead of which of the shipped ones.
        snapshot : Snapshot or None
            Of that kind; None for the shipped one.

        Raises
        ------
        ValueError
            If the snapshot has no answers, because its training came apart.
        """
        if snapshot is not None:
            check_usable(kind, snapshot)
        others = {each: self.chosen[each] for each in self.chosen if each != kind}
        with param.edit_constant(self):
            self.chosen = others | ({} if snapshot is None else {kind: snapshot})
        self._show_chosen()

    def _show_chosen(self) -> None:
        chosen = self.chosen.get(self.kind)
        index = next((i for i, each in enumerate(self._snapshots) if each is chosen), None)
        if self.watched:
            self._send_msg({"kind": "chosen", "any": chosen is not None, "index": index})

    def _read_use(self, data: Message) -> Act:
        own, snapshot = data["own"], self.snapshot
        if snapshot is None or not isinstance(own, bool):
            raise ValueError(f"to use {own!r} of {snapshot!r}")
        return partial(self.use, self.kind, snapshot if own else None)

    def _read_save(self, _: Message) -> Act:
        save, snapshot = self._save, self.snapshot
        if save is None or snapshot is None:
            raise ValueError("nothing to save")
        settings = self.run.settings

        def answer() -> Act:
            try:
                data, name = save(snapshot, settings)
            except (OSError, ValueError) as error:
                return self._file_problem(error)
            file = {"kind": "file", "data": np.frombuffer(data, np.uint8), "name": name}
            return partial(self._send_msg, file)

        return partial(self._line.ask, "save", answer)

    def _read_load(self, data: Message) -> Act:
        content = np.asarray(data["data"])
        if content.dtype != np.uint8 or content.ndim != 1:
            raise TypeError("no file")
        # At once: in the line, files that are none would pile up.
        try:
            kind, snapshot = read_file(content.tobytes(), len(self.class_names))
        except ValueError as error:
            return self._file_problem(error)
        pictures, _ = self.validation

        def answer() -> Act:
            try:
                return partial(self._use_loaded, kind, prepare(kind, snapshot, pictures))
            except ValueError as error:
                return self._file_problem(error)

        return partial(self._line.ask, "load", answer)

    def _use_loaded(self, kind: Kind, snapshot: Snapshot) -> None:
        self.use(kind, snapshot)
        self._send_msg({"kind": "loaded", "of": kind})

    def _file_problem(self, error: Exception) -> Act:
        return partial(self._send_msg, {"kind": "problem", "of": "file", "text": str(error)})
