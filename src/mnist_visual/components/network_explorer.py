"""The whole network as a picture, and the exact arithmetic behind every value of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import param

from mnist_visual._arguments import check_kind
from mnist_visual._headings import HEADINGS
from mnist_visual._names import checked_names
from mnist_visual.arithmetic.computation import checked_unit
from mnist_visual.arithmetic.traces import Unit
from mnist_visual.explanation.architecture import architecture

from ._linked import as_unit
from ._messages import Message
from ._network_messages import layer_message, trace_message, unknown_message
from ._shades import as_shades
from ._view import JS, Titled, View, kind_of
from .reading import Reading


class NetworkExplorer(Titled, View):
    """A network from its picture to its answer, on the live drawing.

    Every layer is shown with its maps. Point at any value, and the computation behind it appears
    with all its numbers; each of those can be followed back, down to the drawing. Of a layer whose
    arithmetic `mnist_visual.trace_unit` does not know, there are the values alone.

    Parameters
    ----------
    reading : Reading
        Of a classifier that `mnist_visual.trace_network` can read: a Sequential or Functional
        Keras model, or the shipped one on NumPy.
    class_names : sequence of str, optional
        What each class is called; its number by default.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    selected : tuple (str, tuple of int) or None
        The layer and the unit that somebody chose; None while the likeliest class is followed.

    Raises
    ------
    ValueError
        If the classifier cannot be traced or does not end in probabilities, or there are not as
        many names as classes.

    Examples
    --------
    >>> from mnist_visual import build_classifier
    >>> from mnist_visual.components import Reading, Sketchpad
    >>> explorer = NetworkExplorer(Reading(build_classifier(), Sketchpad()))
    >>> explorer.show_unit("conv1", (12, 12, 3))
    >>> explorer.selected
    ('conv1', (12, 12, 3))
    """

    heading = param.String(default=HEADINGS["network"]["heading"])
    note = param.String(default=HEADINGS["network"]["note"])
    topic = param.String(default=HEADINGS["network"]["topic"], constant=True)
    layers = param.List(constant=True, doc="What each drawn layer is, from the picture on.")
    class_names = param.List(constant=True, doc="What each class is called.")
    selected = param.Tuple(
        default=None, length=2, allow_None=True, constant=True, doc="The layer and the unit."
    )

    _bundle: ClassVar = JS / "network_explorer.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "network_explorer.css")]
    _rename: ClassVar = {"selected": None}
    _linked: ClassVar = {"selected": as_unit("unit")}

    def __init__(
        self, reading: Reading, *, class_names: Sequence[str] | None = None, **params: Any
    ) -> None:
        check_kind("reading", reading, Reading)
        reading.check_probabilities()
        self._reading = reading
        computation = reading.computation
        classes = computation.maps[computation.output].shape[-1]
        layers = architecture(computation).computing().layers
        self._drawn = {layer.name for layer in layers}
        self._unknown = {layer.name for layer in layers if layer.kind == "unknown"}
        selected = params.pop("selected", None)
        super().__init__(
            layers=[layer_message(layer) for layer in layers],
            class_names=checked_names(classes, class_names),
            **params,
        )
        self._origins: dict[tuple[str, Unit], list[tuple[str, Unit] | None]] = {}
        self._watch(reading, self._show, "maps")
        if selected is not None:
            self.show_unit(*selected)

    def show_unit(self, layer: str, unit: Unit) -> None:
        """Show the computation of another unit.

        Parameters
        ----------
        layer : str
            Its layer.
        unit : tuple of int
            Its index in the layer's output.

        Raises
        ------
        ValueError
            If there is no such unit.
        """
        self._traced(layer, unit)  # refuses what there is not
        self._remember(layer, unit)
        self._show()

    def _remember(self, layer: str, unit: Unit) -> None:
        with param.edit_constant(self):
            self.selected = (layer, unit)

    def _take(self, values: dict[str, Any]) -> None:
        selected = values.get("selected")
        if selected is not None:
            self.show_unit(*selected)
            return
        with param.edit_constant(self):
            self.selected = None
        if self.watched:
            self._send_msg({"kind": "follow"})

    def _state(self) -> Message:
        computation = self._reading.computation
        names = [layer["name"] for layer in self.layers]
        return {
            "kind": "show",
            "empty": self._reading.sketchpad.steps.box is None,
            "maps": {name: as_shades(computation.maps[name]) for name in names},
            "probabilities": computation.maps[computation.output],
            "trace": None if self.selected is None else self._traced(*self.selected),
        }

    def _traced(self, layer: str, unit: Unit) -> Message:
        computation = self._reading.computation
        if layer in self._unknown:
            values = computation.maps[layer]
            unit = checked_unit(layer, unit, values.shape)
            return unknown_message(layer, unit, float(values[unit]))
        trace = computation.trace(layer, unit)
        if (layer, unit) not in self._origins:
            origins = (trace.origin(where) for where in np.ndindex(trace.inputs.shape))
            # The same for every picture, and looked for one by one.
            self._origins = {(layer, unit): [each and self._origin(*each) for each in origins]}
        return trace_message(trace, self._origins[layer, unit])

    def _origin(self, layer: str, unit: Unit) -> tuple[str, Unit] | None:
        """Go back to where a value was computed: what only passes values on is not drawn."""
        while layer not in self._drawn:
            origin = self._reading.computation.trace(layer, unit).origin(0)
            if origin is None:
                return None
            layer, unit = origin
        return layer, unit

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) != "trace":
            super()._handle_msg(data)
            return
        try:
            selected = str(data["layer"]), tuple(int(number) for number in data["unit"])
            trace = self._traced(*selected)
        except (KeyError, TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        if data.get("chosen") is not False:
            self._remember(*selected)
        self._send_msg({"kind": "traced", "number": data.get("number"), "trace": trace})
