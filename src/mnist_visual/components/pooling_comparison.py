"""Max, average and global pooling of the same map, and a worked example of it."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.operations import Pooling
from mnist_visual.arithmetic.pooling import pool_map
from mnist_visual.arithmetic.traces import PassTrace

from ._linked import as_count, as_counts
from ._messages import Message, checked_index, checked_place
from ._shades import as_shades
from ._view import JS, Titled, View, kind_of
from .reading import Reading

SIZES = (2, 3, 4)
METHODS = ("max", "average", "global")


class PoolingComparison(Titled, View):
    """One map of the drawing after max, average and global pooling, side by side.

    Point at a window to see its numbers, those of its neighbours, and what becomes of them.

    Parameters
    ----------
    reading : Reading
        Of a classifier that `mnist_visual.trace_network` can read.
    layer : str, optional
        One with maps of at least 2x2; by default the one that the network itself pools first, or
        else its first convolution.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    map : int or None
        Which of the layer's maps somebody chose; None for the one with most ink.
    size : int
        Rows and columns of a window, 2, 3 or 4.
    place : tuple (int, int) or None
        Row and column of the window that somebody pointed at; None for the one with most ink.
    method : {"max", "average", "global"} or None
        What was pointed at last; None for the map itself, and at the start.

    Raises
    ------
    ValueError
        If the classifier cannot be traced, or there is no such layer, map or window.

    Examples
    --------
    >>> from mnist_visual import build_classifier
    >>> from mnist_visual.components import Reading, Sketchpad
    >>> pooling = PoolingComparison(Reading(build_classifier(), Sketchpad()), layer="conv2")
    >>> pooling.layer, pooling.shape
    ('conv2', [11, 11, 16])
    """

    heading = param.String(default="Fewer numbers, same picture (pooling)")
    note = param.String(default="each window of a map becomes one number")
    topic = param.String(default="pooling", constant=True)
    layer = param.String(constant=True, doc="Whose maps are pooled.")
    shape = param.List(constant=True, doc="Of its output: height, width, maps.")
    sizes = param.List(constant=True, doc="Of windows that fit into a map.")
    uses = param.Dict(default=None, allow_None=True, constant=True, doc="The network's own.")
    map = param.Integer(default=None, allow_None=True, constant=True, doc="Which map.")
    size = param.Integer(default=2, constant=True, doc="Rows and columns of a window.")
    place = param.Tuple(
        default=None, length=2, allow_None=True, constant=True, doc="Row, column of the window."
    )
    method = param.Selector(
        default=None, objects=[None, *METHODS], constant=True, doc="What was pointed at last."
    )

    _bundle: ClassVar = JS / "pooling_comparison.js"
    _stylesheets: ClassVar = [
        *View._stylesheets,
        str(JS / "pixel_map.css"),
        str(JS / "pooling_comparison.css"),
    ]
    _rename: ClassVar = {"map": None, "size": None, "place": None, "method": None}
    _linked: ClassVar = {
        "map": as_count("map"),
        "size": as_count("window"),
        "place": as_counts("at"),
    }

    def __init__(self, reading: Reading, *, layer: str | None = None, **params: Any) -> None:
        check_kind("reading", reading, Reading)
        computation = reading.computation
        kinds = _kinds(computation)
        if layer is None:
            layer = _pooled_layer(computation, kinds)
        if layer not in kinds:
            raise ValueError(
                f"The layers with maps of at least 2x2 are {[*kinds]}. Received: {layer!r}."
            )
        shape = computation.maps[layer].shape
        state = ("map", "size", "place", "method")
        chosen = {name: params.pop(name) for name in state if name in params}
        super().__init__(
            layer=layer,
            shape=[*shape],
            sizes=[size for size in SIZES if size <= min(shape[:2])],
            uses=_own_pooling(computation, layer),
            **params,
        )
        self._reading = reading
        self._watch(reading, self._show, "maps")
        self.show(**chosen)

    def show(
        self,
        *,
        map: int | None = None,  # noqa: A002 -- as the attribute
        size: int | None = None,
        place: tuple[int, int] | None = None,
        method: str | None = None,
    ) -> None:
        """Change what is given, and leave the rest as it is.

        Parameters
        ----------
        map, size, place, method : optional
            As the attributes. Another map or size forgets the place.

        Raises
        ------
        ValueError
            If a value is not as described; nothing changes then.
        """
        self._keep(self._checked(map=map, size=size, place=place, method=method))
        self._show()

    def _take(self, values: dict[str, Any]) -> None:
        self.show(**values)

    def _maps(self) -> Floats | None:
        return self._reading.maps.get(self.layer)

    def _state(self) -> Message:
        maps = self._maps()
        message: Message = {"kind": "show", "size": self.size, "map": None}
        if maps is None:
            return message
        chosen = self._shown(maps)
        values = maps[..., chosen]
        pooled, whole = pool_map(values, size=self.size), pool_map(values)
        total = float(values.sum(dtype=np.float64))
        return message | {
            "shades": as_shades(maps),
            "map": chosen,
            "values": np.ascontiguousarray(values),
            "max": pooled.maximum,
            "average": pooled.average,
            "global": {
                "max": float(whole.maximum[0, 0]),
                "average": float(whole.average[0, 0]),
                "total": round(total, _decimals(values)),
            },
            **self._example(values),
        }

    def _example(self, values: Floats) -> Message:
        """Give the numbers of the window, and of its neighbours where there are any."""
        size = self.size
        pooled = pool_map(values, size=size)
        place = self.place
        if place is None:
            best = np.unravel_index(int(pooled.average.argmax()), pooled.average.shape)
            place = tuple(int(number) for number in best)
        # Two windows by two, always the same four for each of them.
        first = [
            max(0, min(index - index % 2, length - 2))
            for index, length in zip(place, pooled.average.shape, strict=True)
        ]
        piece = values[tuple(slice(start * size, (start + 2) * size) for start in first)]
        piece = piece[: len(piece) // size * size, : piece.shape[1] // size * size]
        decimals = _decimals(values)
        rounded = np.round(piece.astype(np.float64), decimals)
        small = pool_map(rounded, size=size)
        return {
            "place": [*place],
            "first": first,
            "method": self.method,
            "decimals": decimals,
            "piece": rounded.tolist(),
            "largest": np.round(small.maximum.astype(np.float64), decimals).tolist(),
            "means": small.average.tolist(),
        }

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "choose":
            self._choose(data)
        elif kind == "point":
            self._point(data)
        else:
            super()._handle_msg(data)

    def _choose(self, message: Message) -> None:
        try:
            self.show(map=message.get("map"), size=message.get("size"))
        except ValueError:
            return  # not from our script; nothing that it says is trusted

    def _point(self, message: Message) -> None:
        maps, number = self._maps(), message.get("number")
        try:
            changes = self._checked(place=message.get("place"), method=message.get("method"))
        except ValueError:
            return  # not from our script; nothing that it says is trusted
        if maps is not None:
            self._keep({"method": None, **changes})
            example = self._example(maps[..., self._shown(maps)])
            self._send_msg({"kind": "pointed", "number": number, **example})

    def _checked(self, **chosen: Any) -> Message:
        """Check what is to change; another map or size has another window."""
        given = {name: value for name, value in chosen.items() if value is not None}
        changes: Message = {}
        if "map" in given:
            changes |= {"map": checked_index("map", given["map"], self.shape[2]), "place": None}
        if "size" in given:
            size = checked_count("size", given["size"], least=SIZES[0], most=self.sizes[-1])
            changes |= {"size": size, "place": None}
        if "place" in given:
            size = changes.get("size", self.size)
            rows, columns = (length // size for length in self.shape[:2])
            changes["place"] = checked_place(given["place"], (rows, columns))
        if "method" in given:
            if given["method"] not in METHODS:
                raise ValueError(f"method is one of {METHODS}. Received: {given['method']!r}.")
            changes["method"] = given["method"]
        return changes

    def _keep(self, changes: Message) -> None:
        with param.edit_constant(self):
            self.param.update(**changes)

    def _shown(self, maps: Floats) -> int:
        if self.map is not None:
            return int(self.map)
        return int(np.abs(maps).sum(axis=(0, 1)).argmax())


def _kinds(computation: Computation) -> dict[str, str]:
    """Say what each layer does that computes maps large enough for a window."""
    kinds = {}
    for name, maps in computation.maps.items():
        if maps.ndim == 3 and min(maps.shape[:2]) >= min(SIZES):
            try:
                trace = computation.trace(name, (0, 0, 0))
            except ValueError:
                kinds[name] = "unknown"  # its maps can be pooled as any others
                continue
            if not isinstance(trace, PassTrace):
                kinds[name] = trace.kind
    return kinds


def _pooled_layer(computation: Computation, kinds: dict[str, str]) -> str | None:
    """Find the layer that the network pools first, or else its first convolution."""
    for sources, operation in computation.layers.values():
        if isinstance(operation, Pooling) and sources[0] in kinds:
            return sources[0]
    convolutions = [name for name, kind in kinds.items() if "convolution" in kind]
    return next(iter(convolutions or kinds), None)


def _own_pooling(computation: Computation, layer: str) -> Message | None:
    """Tell how the network itself pools a layer, if it does so in windows side by side."""
    for sources, operation in computation.layers.values():
        if isinstance(operation, Pooling) and sources == (layer,):
            method = "average" if operation.average else "max"
            window = operation.window
            if window is None:
                return {"method": "global", "of": method}
            if window.size == window.stride and len({*window.size, *window.dilation} - {1}) == 1:
                return {"method": method, "size": window.size[0]}
    return None


def _decimals(values: Floats) -> int:
    """Choose how many decimals tell the numbers of a map apart: 0.83, 12.4, 0.0021."""
    largest = float(np.abs(values).max())
    order = math.floor(math.log10(largest)) if largest else 0
    return min(1 - order, 6) if order < -1 else max(0, 2 - max(order, 0))
