"""The latent plane to walk about in: every point of it is a picture."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._checks import Extent, checked_count
from mnist_visual.interpolation import METHODS, save_gif
from mnist_visual.latent import sample_prior

from ._latent_messages import (
    Message,
    PlanePoint,
    as_bytes,
    packed,
    read_ends,
    read_extent,
    read_point,
)
from ._view import JS, View, kind_of
from .drawing_placement import PlacedDrawing
from .latent_plane import MAX_GRID, RESOLUTION, LatentPlane, Point
from .sketchpad import Sketchpad

FILM_STEPS = 48
_SLOW = {"regions", "grid", "film"}

# What takes longer than a moment waits in line, whoever asks, so that nobody else has to wait.
_line = ThreadPoolExecutor(1, thread_name_prefix="latent-plane")

Compute = Callable[[], Message]


class LatentExplorer(View):
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
        remembered of the drawing shows a `DrawingPlacement` beside.

    Attributes
    ----------
    cursor, start, end : tuple of 2 floats
        The point that is decoded, and the ends of the path; set one to move it.
    method : {"linear", "spherical"}
        How the path goes.
    placed : PlacedDrawing or None
        Where the drawing lies; None without a sketchpad or an encoder.
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
    class_names = param.List(constant=True, doc="What each class is called.")
    noun = param.String(constant=True, doc="What one picture shows.")

    _bundle: ClassVar = JS / "latent_explorer.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "latent_explorer.css")]
    _rename: ClassVar = {"cursor": None, "start": None, "end": None}

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
        **params: Any,
    ) -> None:
        if isinstance(vae, LatentPlane):
            plane = vae
        else:
            plane = LatentPlane(
                vae,
                classifier,
                codes,
                [] if labels is None else labels,
                images=images,
                class_names=class_names,
                noun=noun,
                extent=extent,
            )
        modes = [tuple(mode.tolist()) for mode in plane.modes.values()]
        super().__init__(
            **{
                "class_names": plane.class_names,
                "noun": plane.noun,
                "start": modes[0],
                "end": modes[-1],
                "cursor": modes[1 % len(modes)],
                **params,
            }
        )
        self.plane = plane
        self._wanted: dict[str, Compute] = {}
        self._working: set[str] = set()
        self._from_page = False
        self.placed = None
        if sketchpad is not None and plane.places_drawings:
            self.placed = PlacedDrawing(plane, sketchpad)
            sketchpad.param.watch(self._show_drawing, "steps")

    # What Python says

    def find_drawing(self) -> None:
        """Zoom in on the drawing."""
        self._send_msg({"kind": "find"})

    @param.depends("cursor", "start", "end", watch=True)
    def _follow_points(self) -> None:
        if not self._from_page:
            self._send_msg(self._points())

    def _points(self) -> Message:
        return {"kind": "points", "cursor": self.cursor, "start": self.start, "end": self.end}

    def _state(self) -> Message:
        plane = self.plane
        return {
            **self._points(),
            "kind": "show",
            "extent": plane.extent,
            "codes": plane.codes.ravel(),
            "labels": plane.labels.astype(np.uint8),
            "modes": [[label, *mode.tolist()] for label, mode in plane.modes.items()],
        }

    def _show(self, *_: object) -> None:
        super()._show()
        self._show_drawing()

    def _show_drawing(self, *_: object) -> None:
        if self.watched and self.placed is not None:
            self._send_msg(self.placed.spread_message())

    # What the page asks

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        read = {
            "decode": self._decode,
            "path": self._path,
            "sample": self._sample,
            "regions": self._regions,
            "grid": self._grid,
            "film": self._film,
        }.get(kind or "")
        if kind is None or read is None:
            super()._handle_msg(data)
            return
        try:
            compute = read(data)
        except (KeyError, TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        if kind in _SLOW:
            self._later(kind, compute)
        else:
            self._send_msg(_answered(compute))

    def _set(self, **points: Point) -> None:
        """Follow the page, which needs no telling."""
        self._from_page = True
        try:
            self.param.update(**points)
        finally:
            self._from_page = False

    def _decode(self, message: Message) -> Compute:
        point, number = read_point(message["point"]), message["number"]
        self._set(cursor=point)

        def compute() -> Message:
            picture, probabilities = self.plane.look(point)
            answer = {"picture": as_bytes(picture), "probabilities": probabilities}
            return {"kind": "decoded", "number": number, **answer}

        return compute

    def _path(self, message: Message) -> Compute:
        start, end, method, number = *read_ends(message), message["number"]
        self._set(start=start, end=end)

        def compute() -> Message:
            path = self.plane.path(start, end, method)
            return {
                "kind": "path",
                "number": number,
                "codes": path.codes.ravel(),
                "images": as_bytes(path.images),
                "probabilities": path.probabilities,
            }

        return compute

    def _sample(self, _: Message) -> Compute:
        def compute() -> Message:
            (code,) = sample_prior(self.plane.vae, n=1, seed=secrets.randbelow(2**32)).codes
            return {"kind": "sampled", "point": code.tolist()}

        return compute

    def _regions(self, message: Message) -> Compute:
        extent = read_extent(message["extent"])

        def compute() -> Message:
            regions = self.plane.regions(extent)
            layers = np.stack([regions.labels.astype(np.uint8), as_bytes(regions.confidence)])
            return {"kind": "regions", "extent": extent, "side": RESOLUTION, "data": packed(layers)}

        return compute

    def _grid(self, message: Message) -> Compute:
        extent = read_extent(message["extent"])
        n = checked_count("n", message["n"], most=MAX_GRID)

        def compute() -> Message:
            images = as_bytes(self.plane.grid(extent, n).images)
            shape = {"n": n, "height": images.shape[2], "width": images.shape[3]}
            return {"kind": "grid", "extent": extent, **shape, "data": packed(images)}

        return compute

    def _film(self, message: Message) -> Compute:
        start, end, method = read_ends(message)

        def compute() -> Message:
            film = io.BytesIO()
            images = self.plane.path(start, end, method, FILM_STEPS).images
            # There and back, so that it can run on and on.
            save_gif(np.concatenate([images, images[-2:0:-1]]), film, seconds=6)
            return {"kind": "film", "data": np.frombuffer(film.getvalue(), np.uint8)}

        return compute

    def _later(self, kind: str, compute: Compute) -> None:
        """Compute in the line of all explorers; of one kind, only the newest is still wanted."""
        self._wanted[kind] = compute
        if kind not in self._working:
            self._working.add(kind)
            param.parameterized.async_executor(partial(self._work, kind))

    async def _work(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            while kind in self._wanted:
                compute = self._wanted.pop(kind)
                self._send_msg(await loop.run_in_executor(_line, _answered, compute))
        finally:
            self._working.discard(kind)


def _answered(compute: Compute) -> Message:
    """Compute an answer; a foreign model may have none, and its error says why."""
    try:
        return compute()
    except ValueError as error:
        return {"kind": "problem", "text": str(error)}
