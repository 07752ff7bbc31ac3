"""How a network is built, as a picture made from the model itself."""

from __future__ import annotations

from typing import Any, ClassVar

import param

from mnist_visual.explanation.architecture import architecture, blank_computation

from ._layer_words import layer_words
from ._linked import as_word
from ._messages import Message
from ._network_messages import layer_message
from ._view import JS, Titled, View, kind_of
from .reading import Reading


class ArchitectureDiagram(Titled, View):
    """How a network is built: every layer as a block, and what it costs.

    It is made from the model itself, so any model gets its own. Choose a block, and sentences say
    what the layer does, and how the numbers of its parameters and operations come about.

    Parameters
    ----------
    model : Reading, keras.Model or DigitNetwork
        Which network; of a reading, its classifier. A Keras model has to be Sequential or
        Functional, with one input. Layers whose arithmetic is not known are shown as such.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    selected : str or None
        The name of the layer that is explained.

    Raises
    ------
    ValueError
        If the model is not as described, uses a layer twice, or reads pictures of any size (a
        reading knows which), or there is no such layer.

    Examples
    --------
    >>> from mnist_visual.components import ArchitectureDiagram
    >>> from mnist_visual.inference import load_digit_network
    >>> diagram = ArchitectureDiagram(load_digit_network())
    >>> diagram.show_layer("conv1")
    >>> print(diagram.layers[2]["words"]["parameters"])
    8 filters × 3 × 3 × 1 channel + 8 biases = 80 parameters
    """

    heading = param.String(default="How it is built", doc="What the view shows, in a few words.")
    note = param.String(
        default="choose a layer to see what it does", doc="One more sentence beside the heading."
    )
    topic = param.String(default="architecture", constant=True)
    layers = param.List(constant=True, doc="What each layer is, from the picture on.")
    totals = param.Dict(constant=True, doc="Parameters and multiplications of all layers.")
    selected = param.String(default=None, allow_None=True, constant=True, doc="Which is explained.")

    _bundle: ClassVar = JS / "architecture_diagram.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "architecture_diagram.css")]
    _rename: ClassVar = {"selected": None}
    _linked: ClassVar = {"selected": as_word("layer")}

    def __init__(self, model: Any, **params: Any) -> None:
        is_read = isinstance(model, Reading)
        computation = model.computation if is_read else blank_computation(model)
        found = architecture(computation)
        layers = [
            {
                **layer_message(layer),
                "passes": layer.passes,
                "step": layer.step,
                "words": vars(layer_words(computation, layer)),
            }
            for layer in found.layers
        ]
        totals = {
            "parameters": found.parameters,
            "multiplications": found.multiplications,
            "known": found.is_known,
        }
        selected = params.pop("selected", None)
        super().__init__(layers=layers, totals=totals, **params)
        self._remember(selected)

    def show_layer(self, layer: str | None) -> None:
        """Explain another layer, or none.

        Parameters
        ----------
        layer : str or None
            Its name.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        self._remember(layer)
        self._show()

    def _take(self, values: dict[str, Any]) -> None:
        self.show_layer(values.get("selected"))

    def _remember(self, layer: Any) -> None:
        names = [each["name"] for each in self.layers]
        if layer is not None and layer not in names:
            raise ValueError(f"The model's layers are {names}. Received: {layer!r}.")
        with param.edit_constant(self):
            self.selected = layer

    def _state(self) -> Message:
        return {"kind": "show", "selected": self.selected}

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) != "select":
            super()._handle_msg(data)
            return
        try:
            self._remember(data.get("layer"))
        except ValueError:
            return  # not from our script; nothing that it says is trusted
