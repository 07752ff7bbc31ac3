"""What the network reads on a sketchpad."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._checks import are_probabilities, check_probabilities
from mnist_visual._mnist import SIZE
from mnist_visual._models import check_reads_units, input_shape, name_of
from mnist_visual._pictures import reshaped_picture
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.explanation.tracing import trace_network
from mnist_visual.outliers import looks_like_digit

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
