"""The latent plane to walk about in: every point of it is a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, overload

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._checks import Extent
from mnist_visual._numbers import checked_count
from mnist_visual.interpolation import METHODS
from mnist_visual.latent import LatentCodes

from ._latent_messages import QUESTIONS, SLOW, PlanePoint, PlaneSight, read_sight
from ._line import Line, answered
from ._linked import as_flag, as_numbers, as_word
from ._messages import Message, is_name
from ._view import JS, Explained, View, kind_of
from .drawing_reconstruction import PlacedDrawing
from .latent_plane import LatentPlane, Point
from .sketchpad import Sketchpad

SWITCHES = ("show_regions", "shade", "show_grid", "show_codes")


class LatentExplorer(Explained, View):
    """The latent plane of an autoencoder: point anywhere and see the digit there.

    On the plane lie real digits, the class that a classifier reads at every point, and a path
    from one digit to another. With a sketchpad, what is drawn on it lies there, too.

    Parameters
    ----------
    vae : object with .encoder and .decoder, or LatentPlane
        As for `mnist_visual.encode` and `mnist_visual.decode`, with codes of two numbers; or
        all of the following in one, which several explorers may share.
    classifier : keras.Model or function
        As for `mnist_visual.class_regions`.
    codes : LatentCodes, or array_like (n, 2)
        Of real pictures.
    labels : array_like (n,)
        The class of each, integers from 0.
    images : array (n, height, width), optional
        Those pictures, to show which are nearest to a drawing; uint8 or floats in [0, 1].
    class_names : sequence of str, optional
        What each class is called; its number by default.
    noun : str, optional
        What one picture shows; by default "digit" where the classes are the ten digits, or else
        "picture".
    extent : tuple of 4 floats, optional
        ``(x_min, x_max, y_min, y_max)`` to see at first; a square around the codes by default.
    sketchpad : Sketchpad, optional
        Whose drawing is placed on the plane. Its digits have to fit the encoder. What is
        remembered of the drawing shows a `DrawingReconstruction` beside.
    seed : int, optional
        Where the random numbers start, from 0 up, if they are to be the same each time.
    **params
        Others of the view, and of Panel, such as ``width``.

    Attributes
    ----------
    cursor, start, end : tuple of 2 floats
        The point that is decoded, and the ends of the path; set one to move it.
    method : {"linear", "spherical"}
        How the path goes.
    placed : PlacedDrawing or None
        Where the drawing lies; None without a sketchpad or an encoder.
    sight : tuple of 3 floats or None
        The middle of what is seen, and half its width; None while all is seen.
    show_regions, shade, show_grid, show_codes : bool
        What is seen on the plane: the classes, fainter where the classifier is less sure; the
        decoder's pictures; the codes of the real pictures.

    Raises
    ------
    ValueError
        If the models do not fit each other, the plane or the sketchpad, or an argument is not
        as described.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, build_vae
    >>> codes = np.random.default_rng(0).normal(size=(100, 2))
    >>> explorer = LatentExplorer(build_vae(), build_classifier(), codes, np.arange(100) % 10)
    >>> explorer.cursor = (0.5, -1.0)
    """

    cursor = PlanePoint(default=(0.0, 0.0), doc="The point that is decoded.")
    start = PlanePoint(default=(0.0, 0.0), doc="Where the path begins.")
    end = PlanePoint(default=(0.0, 0.0), doc="Where the path ends.")
    method = param.Selector(objects=[*METHODS], doc="How the path goes.")
    show_regions = param.Boolean(default=True, doc="Whether the classes are shown.")
    shade = param.Boolean(default=True, doc="Whether doubt makes them fainter.")
    show_grid = param.Boolean(default=False, doc="Whether the decoder's pictures are shown.")
    show_codes = param.Boolean(default=True, doc="Whether the real pictures' codes are shown.")
    topic = param.String(default="latent-space", constant=True)
    sight = PlaneSight(default=None, allow_None=True, doc="Where one looks; None for all of it.")
    class_names = param.List(constant=True, doc="What each class is called.")
    noun = param.String(constant=True, doc="What one picture shows.")

    _bundle: ClassVar = JS / "latent_explorer.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "latent_explorer.css")]
    _rename: ClassVar = {"cursor": None, "start": None, "end": None, "sight": None}
    _linked: ClassVar = {
        "cursor": as_numbers("point"),
        "start": as_numbers("from"),
        "end": as_numbers("to"),
        "method": as_word("path"),
        "sight": as_numbers("sight"),
        "show_regions": as_flag("regions"),
        "shade": as_flag("shade"),
        "show_codes": as_flag("dots"),
        "show_grid": as_flag("pictures"),
    }

    @overload
    def __init__(
        self,
        vae: LatentPlane,
        *,
        sketchpad: Sketchpad | None = None,
        seed: int | None = None,
        **params: Any,
    ) -> None: ...
    @overload
    def __init__(
        self,
        vae: Any,
        classifier: Any,
        codes: LatentCodes | npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        images: npt.NDArray[Any] | None = None,
        class_names: Sequence[str] | None = None,
        noun: str | None = None,
        extent: Extent | None = None,
        sketchpad: Sketchpad | None = None,
        seed: int | None = None,
        **params: Any,
    ) -> None: ...
    def __init__(
        self,
        vae: Any,
        classifier: Any = None,
        codes: Any = None,
        labels: npt.ArrayLike | None = None,
        *,
        images: npt.NDArray[Any] | None = None,
        class_names: Sequence[str] | None = None,
        noun: str | None = None,
        extent: Extent | None = None,
        sketchpad: Sketchpad | None = None,
        seed: int | None = None,
        **params: Any,
    ) -> None:
        start = None if seed is None else checked_count("seed", seed, least=0)
        if sketchpad is not None:
            check_kind("sketchpad", sketchpad, Sketchpad)
        given: dict[str, Any] = {
            "classifier": classifier,
            "codes": codes,
            "labels": labels,
            "images": images,
            "class_names": class_names,
            "noun": noun,
            "extent": extent,
        }
        if not isinstance(vae, LatentPlane):
            plane = LatentPlane(vae, **given)
        elif any(value is not None for value in given.values()):
            raise ValueError(
                "A LatentPlane has its classifier, its codes and all else with it. Received: "
                f"{[name for name, value in given.items() if value is not None]} besides."
            )
        else:
            plane = vae
        modes = [tuple(mode.tolist()) for mode in plane.modes.values()]
        x, y = modes[1 % len(modes)]
        beside = (plane.extent[1] - plane.extent[0]) / 15  # so that the name there can be read
        super().__init__(
            **{
                "class_names": plane.class_names,
                "noun": plane.noun,
                "start": modes[0],
                "end": modes[-1],
                "cursor": (x, y + beside),
                **params,
            }
        )
        self.plane = plane
        self._random = np.random.default_rng(start)
        self._line = Line(self._send_msg)
        self._page = self._points()  # as the page has them, which needs no telling
        self._seen: Any = self.sight  # there
        self.placed = None
        if sketchpad is not None and plane.places_drawings:
            self.placed = PlacedDrawing(plane, sketchpad)
            self._watch(self.placed, self._show_drawing, "changes")

    def close(self) -> None:
        """Follow nothing any more."""
        super().close()
        if self.placed is not None:
            self.placed.close()

    def find_drawing(self) -> None:
        """Zoom in on the drawing."""
        self._send_msg({"kind": "find"})

    @param.depends("cursor", "start", "end", watch=True)
    def _follow_points(self) -> None:
        if self._points() != self._page:
            self._page = self._points()
            self._send_msg({"kind": "points", **self._page})

    @param.depends("sight", watch=True)
    def _follow_sight(self) -> None:
        if self.sight != self._seen:
            self._seen = self.sight
            self._send_msg({"kind": "look", "sight": self.sight})

    def _points(self) -> dict[str, Point]:
        return {"cursor": self.cursor, "start": self.start, "end": self.end}

    def _state(self) -> Message:
        plane = self.plane
        return {
            "kind": "show",
            **self._points(),
            "sight": self.sight,
            "extent": plane.extent,
            "codes": plane.codes.ravel(),
            "labels": plane.labels.astype(np.uint8),
            "modes": [[label, *mode.tolist()] for label, mode in plane.modes.items()],
        }

    def _welcome(self, *, again: bool) -> None:
        if not again:
            self._show()
        self._show_drawing()

    def _show_drawing(self, *_: object) -> None:
        if self.watched and self.placed is not None:
            self._send_msg(self.placed.spread_message())

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "looked":
            self._look(data.get("sight"))
            return
        if kind == "method" and is_name(data.get("method"), METHODS):
            self.method = data["method"]
            return
        if kind == "switch" and is_name(name := data.get("name"), SWITCHES):
            self.param.update(**{name: data.get("on") is True})
            return
        if kind not in QUESTIONS:
            super()._handle_msg(data)
            return
        try:
            points, compute = QUESTIONS[kind](self.plane, data, self._random)
            # Which of its questions is answered, and which of several views asked.
            ticket = {"of": kind, "number": int(data.get("number", 0)), "view": str(data["view"])}
        except (KeyError, TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted

        def answer() -> Message:
            return {**answered(compute), **ticket}

        self._page |= points
        if kind in SLOW:
            self._line.ask(kind, answer)
        else:
            self._send_msg(answer())
        self.param.update(**points)

    def _look(self, sight: Any) -> None:
        try:
            seen = None if sight is None else read_sight(sight)
        except (TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        self._seen = seen
        self.param.update(sight=seen)
