"""Where a drawing lies on a latent plane, and what an autoencoder remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import param

from mnist_visual.drawing import Normalization

from ._latent_messages import Message, as_bytes
from ._view import JS, View, kind_of
from .latent_plane import LatentPlane, Placement
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from .latent_explorer import LatentExplorer

NOTHING: Message = {"kind": "drawing", "mean": None}


class PlacedDrawing:
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

    def __init__(self, plane: LatentPlane, sketchpad: Sketchpad) -> None:
        self.plane, self.sketchpad = plane, sketchpad
        self._steps: Normalization | None = None
        self._placement = plane.place(sketchpad.steps.digit)

    @property
    def placement(self) -> Placement | None:
        """Where it lies, or None while nothing is drawn."""
        steps = self.sketchpad.steps
        if steps.box is None:
            return None
        if steps is not self._steps:
            self._steps, self._placement = steps, self.plane.place(steps.digit)
        return self._placement

    def spread_message(self) -> Message:
        """Say where it lies."""
        placement = self.placement
        if placement is None:
            return NOTHING
        return {
            "kind": "drawing",
            "mean": placement.mean.tolist(),
            "sigma": placement.sigma.tolist(),
            "samples": placement.sample_codes.ravel(),
        }

    def memory_message(self) -> Message:
        """Say what is remembered of it, and what is near."""
        placement = self.placement
        if placement is None:
            return NOTHING
        images = placement.neighbour_images
        return {
            "kind": "drawing",
            "mean": placement.mean.tolist(),
            "sigma": placement.sigma.tolist(),
            "digit": as_bytes(self.sketchpad.steps.digit),
            "reconstruction": as_bytes(placement.reconstruction),
            "samples": as_bytes(placement.sample_images),
            "labels": placement.neighbour_labels.tolist(),
            "neighbours": None if images is None else as_bytes(images),
        }


class DrawingPlacement(View):
    """What an autoencoder remembers of a drawing: its picture, its spread, what is near.

    Parameters
    ----------
    explorer : LatentExplorer
        On whose plane the drawing lies; it has to have a sketchpad and an encoder.

    Raises
    ------
    ValueError
        If it has not.
    """

    class_names = param.List(constant=True, doc="What each class is called.")
    noun = param.String(constant=True, doc="What one picture shows.")

    _bundle: ClassVar = JS / "drawing_placement.js"
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
        self._placed = explorer.placed
        self._placed.sketchpad.param.watch(self._show, "steps")

    def _state(self) -> Message:
        return self._placed.memory_message()

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) == "find":
            self._explorer.find_drawing()
        else:
            super()._handle_msg(data)
