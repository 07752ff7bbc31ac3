"""Where a drawing lies on a latent plane, and what an autoencoder remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import param

from ._messages import Message
from ._shades import as_bytes
from ._view import JS, Explained, View, Watcher, kind_of
from .latent_plane import LatentPlane, Placement
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from .latent_explorer import LatentExplorer


class PlacedDrawing(Watcher, param.Parameterized):
    """The drawing of a sketchpad on a plane; found when somebody asks, and once for all.

    Parameters
    ----------
    plane : LatentPlane
        With an encoder.
    sketchpad : Sketchpad
        Its digits have to fit the encoder.

    Raises
    ------
    ValueError
        If they do not.
    """

    changes = param.Integer(doc="Grows whenever it may lie elsewhere, or is drawn anew.")

    def __init__(self, plane: LatentPlane, sketchpad: Sketchpad) -> None:
        super().__init__()
        self.plane, self.sketchpad = plane, sketchpad
        self.samplings = 0
        self._found: tuple[tuple[int, ...], Placement] = ((), plane.place(sketchpad.steps.digit))
        self._watch(sketchpad, self._follow, "steps")

    def _follow(self, *_: object) -> None:
        self.changes += 1

    def sample_again(self) -> None:
        """Draw other samples from the posterior."""
        self.samplings += 1
        self.changes += 1

    @property
    def placement(self) -> Placement | None:
        """Where it lies, or None while nothing is drawn."""
        steps = self.sketchpad.steps
        if steps.box is None:
            return None
        # By identity: arrays have no equality that is one truth.
        of = (id(steps), id(self.plane.examples), self.samplings)
        if of != self._found[0]:
            self._found = of, self.plane.place(steps.digit, seed=self.samplings)
        return self._found[1]

    def spread_message(self) -> Message:
        """Say where it lies."""
        placement = self.placement
        if placement is None:
            return {"kind": "spread", "mean": None}
        return {
            "kind": "spread",
            "mean": placement.mean.tolist(),
            "sigma": placement.sigma.tolist(),
            "samples": placement.sample_codes.ravel(),
            "neighbours": placement.neighbour_codes.ravel(),
        }

    def memory_message(self) -> Message:
        """Say what is remembered of it, and what is near."""
        placement = self.placement
        if placement is None:
            return {"kind": "memory", "mean": None}
        images = placement.neighbour_images
        return {
            "kind": "memory",
            "mean": placement.mean.tolist(),
            "sigma": placement.sigma.tolist(),
            "digit": as_bytes(self.sketchpad.steps.digit),
            "reconstruction": as_bytes(placement.reconstruction),
            "samples": as_bytes(placement.sample_images),
            "labels": placement.neighbour_labels.tolist(),
            "neighbours": None if images is None else as_bytes(images),
        }


class DrawingReconstruction(Explained, View):
    """What an autoencoder remembers of a drawing: its picture, its spread, what is near.

    Parameters
    ----------
    explorer : LatentExplorer
        On whose plane the drawing lies; it has to have a sketchpad and an encoder.
    **params
        Others of the view, and of Panel, such as ``width``.

    Raises
    ------
    ValueError
        If it has not.

    Examples
    --------
    >>> from mnist_visual.components import LatentExplorer, Sketchpad, shipped_plane
    >>> explorer = LatentExplorer(shipped_plane(), sketchpad=Sketchpad())
    >>> beside = DrawingReconstruction(explorer)
    """

    topic = param.String(default="vae", constant=True)
    class_names = param.List(constant=True, doc="What each class is called.")
    noun = param.String(constant=True, doc="What one picture shows.")

    _bundle: ClassVar = JS / "drawing_reconstruction.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "latent_explorer.css")]

    def __init__(self, explorer: LatentExplorer, **params: Any) -> None:
        if explorer.placed is None:
            raise ValueError(
                "A drawing has a place where the explorer has a sketchpad and an encoder. "
                f"Received: {explorer!r} without."
            )
        plane = explorer.plane
        super().__init__(class_names=plane.class_names, noun=plane.noun, **params)
        self._explorer = explorer
        self.placed = explorer.placed
        self._watch(self.placed, self._show, "changes")

    def _state(self) -> Message:
        return self.placed.memory_message()

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "find":
            self._explorer.find_drawing()
        elif kind == "sample":
            self.placed.sample_again()
        else:
            super()._handle_msg(data)
