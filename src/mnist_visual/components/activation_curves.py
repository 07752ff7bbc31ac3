"""Activation functions as curves, with the value of one unit of the network on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.nonlinear import Activation
from mnist_visual.arithmetic.preactivation import activation_of, preactivations
from mnist_visual.arithmetic.traces import Unit

from ._linked import as_unit
from ._messages import Message, is_index, is_number
from ._sheet import Sheet, sheet_of
from ._view import JS, Titled, View, kind_of
from .reading import Reading

if TYPE_CHECKING:
    from .network_explorer import NetworkExplorer

CURVES = tuple(map(Activation, ("relu", "sigmoid", "tanh")))
FARTHEST = 4.0  # the ends of the axis; sigmoid and tanh are nearly flat there
_SAMPLES = 161


class _Scene(NamedTuple):
    """What is shown: a map before its activation, and one unit of it."""

    layer: str
    sheet: Sheet
    unit: Unit
    before: Floats


class ActivationCurves(Titled, View):
    """What ReLU, sigmoid and tanh make of the value of one unit, and of a whole map.

    The unit is pointed at in its map, which is shown before and after its activation; or it is
    the one that is selected in a `NetworkExplorer`. Any other value can be tried on the curves.

    Parameters
    ----------
    reading : Reading
        Of a classifier that `mnist_visual.trace_network` can read.
    explorer : NetworkExplorer, optional
        Of the same reading; its selected unit is shown, too.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    unit : tuple (str, tuple of int) or None
        The layer and the unit that somebody chose. None for the one that is shown without: the
        most negative value of the liveliest map of the first layer with an activation.
    value : float or None
        What goes into the activation of the unit that is shown; None while nothing is drawn. It
        follows the drawing while the curves are in sight.
    tried : float or None
        The value, -4 to 4, that a visitor tries instead, as long as it is held.

    Raises
    ------
    ValueError
        If the classifier cannot be traced, none of its layers has an activation of single values,
        or the unit is not one of theirs.

    Examples
    --------
    >>> from mnist_visual import build_classifier
    >>> from mnist_visual.components import NetworkExplorer, Reading, Sketchpad
    >>> reading = Reading(build_classifier(), Sketchpad())
    >>> explorer = NetworkExplorer(reading)
    >>> curves = ActivationCurves(reading, explorer=explorer)
    >>> explorer.show_unit("conv1", (12, 12, 3))
    >>> curves.unit
    ('conv1', (12, 12, 3))
    """

    heading = param.String(default="What a unit lets through (activation function)")
    note = param.String(default="a sum goes in, and the curve says what comes out")
    topic = param.String(default="activation", constant=True)
    unit = param.Tuple(default=None, length=2, allow_None=True, constant=True, doc="Layer, unit.")
    value = param.Number(default=None, allow_None=True, constant=True, doc="What goes in.")
    tried = param.Number(
        default=None,
        bounds=(-FARTHEST, FARTHEST),
        allow_None=True,
        constant=True,
        doc="What if this did?",
    )

    _bundle: ClassVar = JS / "activation_curves.js"
    _stylesheets: ClassVar = [
        *View._stylesheets,
        str(JS / "pixel_map.css"),
        str(JS / "activation_curves.css"),
    ]
    _rename: ClassVar = {"unit": None, "value": None, "tried": None}
    _linked: ClassVar = {"unit": as_unit("neuron")}

    def __init__(
        self, reading: Reading, *, explorer: NetworkExplorer | None = None, **params: Any
    ) -> None:
        check_kind("reading", reading, Reading)
        unit = params.pop("unit", None)
        super().__init__(**params)
        self._reading = reading
        self._first = _first_layer(reading.computation)
        self._unsuited: Message | None = None  # the selected unit, if it has no curve
        self._watch(reading, self._show, "maps")
        if explorer is not None:
            self._watch(explorer, lambda event: self._follow(event.new), "selected")
            if explorer.selected is not None:
                self._select(*explorer.selected)
        if unit is not None:
            self.show_unit(*unit)

    def _take(self, values: dict[str, Any]) -> None:
        if values.get("unit") is not None:
            self.show_unit(*values["unit"])

    def show_unit(self, layer: str, unit: Unit) -> None:
        """Put another unit on the curves.

        Parameters
        ----------
        layer : str
            Its layer, one with an activation of single values.
        unit : tuple of int
            Its index in the layer's output.

        Raises
        ------
        ValueError
            If there is no such unit.
        """
        computation = self._reading.computation
        suited = [name for name in computation.layers if _has_curve(computation, name)]
        if layer not in suited:
            raise ValueError(f"The layers with a curve are {suited}. Received: {layer!r}.")
        computation.trace(layer, unit)  # refuses what there is not
        self._select(layer, unit)

    def _follow(self, selected: tuple[str, Unit] | None) -> None:
        if selected is not None:
            self._select(*selected)

    def _select(self, layer: str, unit: Unit) -> None:
        """Take a unit, the explorer's for one, which may have no curve."""
        computation = self._reading.computation
        self._unsuited = None
        if not _has_curve(computation, layer):
            activation = activation_of(computation.layers[layer].operation)
            kind = computation.trace(layer, unit).kind
            self._unsuited = {"layer": layer, "what": kind, "softmax": activation is not None}
        self._keep(unit=None if self._unsuited else (layer, unit), tried=None)
        self._show()

    def _keep(self, **values: Any) -> None:
        with param.edit_constant(self):
            self.param.update(**values)

    @property
    def _is_empty(self) -> bool:
        return self._reading.sketchpad.steps.box is None

    def _scene(self) -> _Scene:
        computation = self._reading.computation
        layer, unit = self.unit or (self._first, None)
        before = preactivations(computation, layer)
        if unit is None:
            # The map with the widest range has most to show.
            ranges = np.ptp(before, axis=tuple(range(before.ndim - 1))) if before.ndim > 1 else None
            sheet = Sheet(before.shape, None if ranges is None else int(ranges.argmax()))
            unit = _lowest(sheet, before)
        return _Scene(layer, sheet_of(before.shape, unit), unit, before)

    def _state(self) -> Message:
        scene = self._scene()
        layer, sheet, _, before = scene
        values = sheet.take(before)
        return {
            "kind": "show",
            "empty": self._is_empty,
            "activation": str(activation_of(self._reading.computation.layers[layer].operation)),
            "maps": 1 if sheet.channel is None else sheet.shape[-1],
            "size": [*sheet.size],
            "before": values,
            "after": sheet.take(self._reading.computation.maps[layer]),
            "zeros": int(np.count_nonzero(values <= 0)),
            **self._point_message(scene),
        }

    def _point_message(self, scene: _Scene) -> Message:
        trace = self._reading.computation.trace(scene.layer, scene.unit)
        before = float(getattr(trace, "before", trace.value))
        self._keep(value=None if self._is_empty else before)
        return {
            "layer": scene.layer,
            "map": scene.sheet.channel,
            "place": scene.sheet.place(scene.unit),
            "unsuited": self._unsuited,
            "point": None if self._is_empty else {**_on_curves(before), "own": trace.value},
            "tried": None if self.tried is None else _on_curves(self.tried),
        }

    def _welcome(self, *, again: bool) -> None:
        inputs = np.linspace(-FARTHEST, FARTHEST, _SAMPLES)
        outputs = [[curve(each) for each in inputs] for curve in CURVES]
        self._send_msg(
            {
                "kind": "curves",
                "names": [curve.name for curve in CURVES],
                "inputs": inputs.astype(np.float32),
                "outputs": np.array(outputs, dtype=np.float32),
            }
        )
        super()._welcome(again=again)

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "point":
            self._point(data)
        elif kind == "map":
            self._choose_map(data.get("map"))
        elif kind == "try":
            self._try(data)
        else:
            if kind == "away":
                self._keep(tried=None)  # nobody holds it any more
            super()._handle_msg(data)

    def _point(self, message: Message) -> None:
        layer, sheet, _, before = self._scene()
        place, channel = message.get("place"), message.get("map")
        if sheet.channel is not None:
            if not is_index(channel, sheet.shape[-1]):
                return
            sheet = replace(sheet, channel=channel)
        if not is_index(place, sheet.count):
            return  # not from our script; nothing that it says is trusted
        unit = sheet.unit(place)
        self._unsuited = None
        self._keep(unit=(layer, unit), tried=None)
        self._answer(message, "pointed", _Scene(layer, sheet, unit, before))

    def _choose_map(self, channel: Any) -> None:
        layer, sheet, _, before = self._scene()
        if sheet.channel is not None and is_index(channel, sheet.shape[-1]):
            sheet = replace(sheet, channel=channel)
            self._unsuited = None
            self._keep(unit=(layer, _lowest(sheet, before)), tried=None)
            self._show()

    def _try(self, message: Message) -> None:
        value = message.get("value")
        if value is not None:
            if not (is_number(value) and abs(value) <= FARTHEST):  # nor is NaN
                return
            value = float(value)
        self._keep(tried=value)
        self._answer(message, "tried", self._scene())

    def _answer(self, message: Message, kind: str, scene: _Scene) -> None:
        answer = {"kind": kind, "number": message.get("number")}
        self._send_msg({**answer, **self._point_message(scene)})


def _has_curve(computation: Computation, layer: str) -> bool:
    sources, operation = computation.layers[layer]
    activation = activation_of(operation)
    known = all(name in computation.maps for name in (layer, *sources))
    return known and activation is not None and activation.name != "softmax"


def _first_layer(computation: Computation) -> str:
    """Find the first layer of maps whose values each have an activation, or else any such layer."""
    suited = [layer for layer in computation.layers if _has_curve(computation, layer)]
    if not suited:
        raise ValueError(
            "Curves are of a network with an activation of single values, such as ReLU. "
            f"Received: one of the layers {[*computation.layers]}, where none has one."
        )
    return next((layer for layer in suited if computation.maps[layer].ndim == 3), suited[0])


def _lowest(sheet: Sheet, before: Floats) -> Unit:
    """Find the unit of which ReLU takes most away."""
    return sheet.unit(int(sheet.take(before).argmin()))


def _on_curves(value: float) -> Message:
    return {"value": value, "outputs": [curve(value) for curve in CURVES]}
