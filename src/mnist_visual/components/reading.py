"""What the network reads on a sketchpad, and the views that show it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._checks import are_probabilities, check_probabilities
from mnist_visual._mnist import SIZE
from mnist_visual._models import check_reads_units, input_shape, name_of
from mnist_visual._names import checked_names
from mnist_visual._pictures import reshaped_picture
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.explanation.scores import class_scores
from mnist_visual.explanation.tracing import trace_network
from mnist_visual.outliers import looks_like_digit

from ._shades import as_greys
from ._view import JS, Explained, Titled, View
from .sketchpad import Sketchpad


class Reading(param.Parameterized):
    """Everything that a classifier makes of the drawing on a sketchpad, as it changes.

    One pass through the network serves all who watch. Another classifier may take over: see `use`.

    Parameters
    ----------
    classifier : keras.Model or DigitNetwork
        Who reads. A Keras model has to be Sequential or Functional and end in probabilities.
    sketchpad : Sketchpad
        What is read.

    Attributes
    ----------
    classifier : keras.Model or DigitNetwork
        Who reads now.
    maps : dict of str to float32 array
        The output of each layer by its name; empty while nothing is drawn.
    probabilities : float32 array (classes,) or None
        The output of the last layer; None while nothing is drawn.

    Examples
    --------
    >>> from mnist_visual.components import Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> reading = Reading(shared_network(), Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]]))
    >>> int(reading.probabilities.argmax())
    1
    """

    classifier = param.Parameter(constant=True, doc="Who reads.")
    maps = param.Dict(default={}, constant=True, doc="The output of each layer, by its name.")

    _computation: Computation | None

    def __init__(self, classifier: Any, sketchpad: Sketchpad) -> None:
        check_kind("sketchpad", sketchpad, Sketchpad)
        super().__init__()
        self.sketchpad = sketchpad
        self.use(classifier)
        sketchpad.param.watch(self._follow, "steps")

    def use(self, classifier: Any) -> None:
        """Let another classifier read.

        Views that were made for the one before may not fit it. So whoever watches `classifier`
        hears of it while there are no `maps`, and can close those views and make others.

        Parameters
        ----------
        classifier : keras.Model or DigitNetwork
            As for this class.

        Raises
        ------
        ValueError
            If it is another model, or reads other pictures than 28x28 in [0, 1].
        """
        if isinstance(classifier, DigitNetwork):
            self._read, self.filters = classifier.feature_maps, classifier.filters
        else:
            # Keras takes seconds to load, and the shipped classifier does without.
            from mnist_visual.activations import feature_maps, filters

            _check_reads_drawings(classifier)
            self._read = partial(feature_maps, classifier)
            self.filters = partial(filters, classifier)
        self._computation = None
        with param.edit_constant(self):
            self.maps = {}
            self.classifier = classifier
        self._follow()

    @property
    def probabilities(self) -> npt.NDArray[np.float32] | None:
        """The output of the last layer, or None while nothing is drawn."""
        return list(self.maps.values())[-1] if self.maps else None

    @property
    def computation(self) -> Computation:
        """The network on the present drawing, unit by unit; computed once, when somebody asks.

        Also while nothing is drawn, of the empty picture. ValueError if the classifier is none
        that `mnist_visual.trace_network` can read.
        """
        if self._computation is None:
            self._computation = trace_network(self.classifier, self.sketchpad.steps.digit)
        return self._computation

    def check_probabilities(self) -> None:
        """Raise ValueError unless the classifier ends in probabilities."""
        maps = self.maps or self._read(np.zeros((SIZE, SIZE), np.float32))
        check_probabilities(list(maps.values())[-1][np.newaxis])

    def looks_like_digit(self, probabilities: npt.NDArray[np.float32]) -> bool:
        """Say whether the classifier takes a drawing for one of its classes.

        That can be told of the ten digits (see `mnist_visual.looks_like_digit`). Where there are
        other classes, or no probabilities, every drawing is taken for one.

        Parameters
        ----------
        probabilities : float32 array (classes,)
            What the classifier says of the drawing.

        Returns
        -------
        bool
        """
        if len(probabilities) != 10 or not are_probabilities(probabilities):
            return True
        return bool(looks_like_digit(probabilities))

    def _follow(self, *_: object) -> None:
        self._computation = None
        steps = self.sketchpad.steps
        with param.edit_constant(self):
            self.maps = {} if steps.box is None else self._read(steps.digit)


def _check_reads_drawings(classifier: Any) -> None:
    """Raise ValueError unless a Keras model can read what is drawn."""
    from mnist_visual._graph import check_model

    check_model(classifier)
    if len(classifier.outputs) != 1:
        raise ValueError(
            f"A drawing is read by a model of one output. Received: {name_of(classifier)!r} with "
            f"{len(classifier.outputs)}. Make a keras.Model that ends in one of them."
        )
    check_reads_units(classifier, "Reading")
    wanted = input_shape(classifier)
    if reshaped_picture((SIZE, SIZE), wanted) is None:
        raise ValueError(
            f"A drawing is a grey picture of {SIZE}x{SIZE}. Received: {name_of(classifier)!r}, "
            f"which reads {wanted}. feature_maps and trace_unit take pictures of its own size."
        )


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
        channels, filters = reading.filters(layer).shape[2:]
        super().__init__(reading, filters=filters, channels=channels, **params)
        self._layer = layer
        self._watch(reading, self._follow, "classifier")

    def _follow(self, *_: object) -> None:
        channels, filters = self._reading.filters(self._layer).shape[2:]
        with param.edit_constant(self):
            self.param.update(filters=filters, channels=channels)
        if self.watched:
            self._show_filters()

    def _state(self) -> dict[str, Any]:
        maps = self._reading.maps.get(self._layer)
        return {"kind": "show", "maps": None if maps is None else as_greys(maps)}

    def _show_filters(self) -> None:
        # (height, width, input channels, filters) -> (filters, input channels, height, width)
        kernels = self._reading.filters(self._layer).transpose(3, 2, 0, 1)
        self._send_msg({"kind": "filters", "filters": np.ascontiguousarray(kernels)})

    def _welcome(self, *, again: bool) -> None:
        self._show_filters()
        super()._welcome(again=again)


class NormalizationSteps(Titled, View):
    """The drawing on its way to the network: the ink found, scaled, and centred.

    Parameters
    ----------
    sketchpad : Sketchpad
        Whose drawing is shown.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Examples
    --------
    >>> from mnist_visual.components import NormalizationSteps, Sketchpad
    >>> steps = NormalizationSteps(Sketchpad(), heading="What the network gets")
    """

    topic = param.String(default="training", constant=True)

    _bundle: ClassVar = JS / "normalization_steps.js"

    def __init__(self, sketchpad: Sketchpad, **params: Any) -> None:
        check_kind("sketchpad", sketchpad, Sketchpad)
        super().__init__(**params)
        self._sketchpad = sketchpad
        self._watch(sketchpad, self._show, "steps")

    def _state(self) -> dict[str, Any]:
        steps = self._sketchpad.steps
        if steps.box is None:
            return {"kind": "show", "box": None}
        return {
            "kind": "show",
            "strokes": [np.asarray(line, dtype=np.float32) for line in self._sketchpad.strokes],
            "ink": steps.ink,
            "box": list(steps.box),
            "fitted": steps.fitted,
            "digit": steps.digit,
        }
