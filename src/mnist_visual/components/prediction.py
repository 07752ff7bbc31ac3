"""The answer of a classifier, and the maps of one of its layers, on the live drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._names import checked_names
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.explanation.scores import class_scores

from ._shades import as_greys
from ._view import JS, Explained, Titled, View
from .reading import Reading


class _ReadingView(View):
    """A view that is shown anew whenever the reading changes."""

    __abstract = True

    def __init__(self, reading: Reading, **params: Any) -> None:
        super().__init__(**params)
        self._reading = reading
        self._watch(reading, self._show, "maps")


class Prediction(Explained, _ReadingView):
    """The answer: the digit in large, and a bar for the probability of each class.

    Nothing is claimed for an empty sketchpad, nor, where the classes are the ten digits, for a
    drawing that does not look like one (see `mnist_visual.outliers`).

    Parameters
    ----------
    reading : Reading
        Of a classifier.
    class_names : sequence of str, optional
        What each class is called; its number by default.
    **params
        Others of the view, and of Panel, such as ``width``.

    Raises
    ------
    ValueError
        If the classifier gives no probability for each class, or there are not as many names.

    Examples
    --------
    >>> from mnist_visual.components import Prediction, Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> prediction = Prediction(Reading(shared_network(), Sketchpad()))
    """

    topic = param.String(default="machine-learning", constant=True)

    class_names = param.List(constant=True, doc="What each class is called.")

    _bundle: ClassVar = JS / "prediction.js"

    def __init__(
        self, reading: Reading, *, class_names: Sequence[str] | None = None, **params: Any
    ) -> None:
        check_kind("reading", reading, Reading)
        names = checked_names(class_scores(reading.classifier).classes, class_names)
        reading.check_probabilities()
        super().__init__(reading, class_names=names, **params)
        self._doubts = class_names is None

    def _state(self) -> dict[str, Any]:
        probabilities = self._reading.probabilities
        if probabilities is None:
            return {"kind": "show", "verdict": "empty", "probabilities": None}
        known = not self._doubts or self._reading.looks_like_digit(probabilities)
        verdict = "digit" if known else "other"
        return {"kind": "show", "verdict": verdict, "probabilities": probabilities}


class FeatureMaps(Titled, _ReadingView):
    """The filters of a convolution, and what each finds in the drawing.

    The maps are drawn from 0 up: values below it look like 0. `NetworkExplorer` shows both signs.

    Parameters
    ----------
    reading : Reading
        Of a classifier with convolutions.
    layer : str
        The name of a convolution of the reading's classifier.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Raises
    ------
    ValueError
        If there is no such convolution.

    Examples
    --------
    >>> from mnist_visual.components import FeatureMaps, Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> maps = FeatureMaps(Reading(shared_network(), Sketchpad()), "conv1")
    >>> maps.filters, maps.channels
    (8, 1)
    """

    topic = param.String(default="filters", constant=True)
    filters = param.Integer(constant=True, doc="How many; their places are kept from the start.")
    channels = param.Integer(constant=True, doc="How many input channels each filter looks at.")

    _bundle: ClassVar = JS / "feature_maps.js"

    def __init__(self, reading: Reading, layer: str, **params: Any) -> None:
        check_kind("reading", reading, Reading)
        filters, channels = _kernels(reading, layer).shape[:2]
        super().__init__(reading, filters=filters, channels=channels, **params)
        self._layer = layer
        self._watch(reading, self._follow, "classifier")

    def _follow(self, *_: object) -> None:
        filters, channels = _kernels(self._reading, self._layer).shape[:2]
        with param.edit_constant(self):
            self.param.update(filters=filters, channels=channels)
        if self.watched:
            self._show_filters()

    def _state(self) -> dict[str, Any]:
        maps = self._reading.maps.get(self._layer)
        return {"kind": "show", "maps": None if maps is None else as_greys(maps)}

    def _show_filters(self) -> None:
        self._send_msg({"kind": "filters", "filters": _kernels(self._reading, self._layer)})

    def _welcome(self, *, again: bool) -> None:
        self._show_filters()
        super()._welcome(again=again)


def _kernels(reading: Reading, layer: str) -> Floats:
    """Give the kernels behind each map of a convolution (maps, input channels, height, width)."""
    kernels = reading.filters(layer).transpose(3, 2, 0, 1)
    if not isinstance(reading.classifier, DigitNetwork):
        from mnist_visual._layer_outputs import is_depthwise

        if is_depthwise(reading.classifier.get_layer(layer)):
            # Each map is of one channel; Keras has those of a channel beside each other.
            kernels = kernels.swapaxes(0, 1).reshape(-1, 1, *kernels.shape[2:])
    return np.ascontiguousarray(kernels)
