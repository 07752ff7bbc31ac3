"""Which networks answer on a page: the shipped ones, or those that the visitor has trained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import param

from mnist_visual._arguments import check_kind
from mnist_visual._names import are_digits
from mnist_visual.inference import shared_network
from mnist_visual.live_training.records import Kind, Snapshot
from mnist_visual.live_training.snapshots import network_of, vae_of

from ._view import JS, View, kind_of
from .training_monitor import TrainingMonitor

if TYPE_CHECKING:
    from .latent_plane import LatentPlane

NOUNS: dict[Kind, str] = {"classifier": "network", "vae": "autoencoder"}


class NetworksInUse(View):
    """Says which networks of the visitor's own are used, and leads back to the shipped ones.

    While there are none it takes no room.

    Parameters
    ----------
    monitor : TrainingMonitor
        Where a visitor trains them on digits, and chooses.
    **params
        Others of the view, and of Panel, such as ``width``.

    Attributes
    ----------
    classifier : DigitNetwork
        Who reads digits.
    vae : DigitVAE or None
        Who imagines them; None for the shipped one.

    Raises
    ------
    ValueError
        If the monitor has other classes than the ten digits.

    Examples
    --------
    Let everything that reads on a page do so with the visitor's network::

        networks = NetworksInUse(monitor)
        networks.param.watch(lambda change: reading.use(change.new), "classifier")
    """

    classifier = param.Parameter(constant=True, doc="Who reads digits.")
    vae = param.Parameter(constant=True, doc="Who imagines them; None for the shipped one.")
    address = param.String(default="?page=train", constant=True, doc="Of the monitor.")

    _bundle: ClassVar = JS / "networks_in_use.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "networks_in_use.css")]
    _rename: ClassVar = {"classifier": None, "vae": None}

    def __init__(self, monitor: TrainingMonitor, **params: Any) -> None:
        check_kind("monitor", monitor, TrainingMonitor)
        if not are_digits(monitor.class_names):
            raise ValueError(
                "The shipped networks, which are in use at first, know digits. Received: a "
                f"monitor of {', '.join(monitor.class_names)[:60]}. Watch its `chosen` instead."
            )
        super().__init__(classifier=shared_network(), **params)
        self._monitor = monitor
        self._used: dict[str, Snapshot] = {}
        self._watch(monitor, self._follow, "chosen")
        self._follow()

    def plane(self) -> LatentPlane:
        """Make the latent plane of these networks.

        Returns
        -------
        LatentPlane
            The shipped one if they are; else one with the codes of the validation pictures for
            an autoencoder of one's own, and of MNIST's test digits for the shipped one.
        """
        from ._shipped_plane import shipped_plane
        from .latent_plane import LatentPlane  # not needed at the start

        snapshot = self._used.get("vae")
        if snapshot is not None:
            pictures, labels = self._monitor.validation
            return LatentPlane(self.vae, self.classifier, snapshot.codes, labels, images=pictures)
        shipped = shipped_plane()
        if not self._used:
            return shipped
        plane = LatentPlane(shipped.vae, self.classifier, shipped.codes, shipped.labels)
        plane.examples = shipped.examples
        return plane

    def _follow(self, *_: object) -> None:
        before, self._used = self._used, self._monitor.chosen
        changed = {kind for kind in NOUNS if self._used.get(kind) is not before.get(kind)}
        classifier, vae = self._used.get("classifier"), self._used.get("vae")
        changes: dict[str, Any] = {}
        if "classifier" in changed:
            changes["classifier"] = (
                shared_network() if classifier is None else network_of(classifier)
            )
        if "vae" in changed:
            changes["vae"] = None if vae is None else vae_of(vae)
        with param.edit_constant(self):
            self.param.update(**changes)
        self._show()

    def _state(self) -> dict[str, Any]:
        return {
            "kind": "show",
            "own": [
                [NOUNS[kind], _epoch(self._used[kind])] for kind in NOUNS if kind in self._used
            ],
        }

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) != "back":
            super()._handle_msg(data)
            return
        for kind in NOUNS:
            self._monitor.use(kind, None)


def _epoch(snapshot: Snapshot) -> float | None:
    """Give the epoch of a network; of one from a file it may not be known."""
    return float(snapshot.epoch) if math.isfinite(snapshot.epoch) else None
