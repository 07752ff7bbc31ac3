"""Why this digit: the pixels and the hidden units that speak for a class, and against it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._names import are_digits, checked_names
from mnist_visual.explanation.evidence import Evidence, evidence
from mnist_visual.explanation.saliency import METHODS, Method, saliency
from mnist_visual.explanation.scores import class_scores

from ._line import Line, answered
from ._linked import as_count, as_word
from ._messages import Message, checked_index
from ._view import JS, Titled, View, kind_of
from .reading import Reading

UNITS = 10  # that are shown one by one


class Attribution(Titled, View):
    """Why the network says what it says of the live drawing.

    Over the drawing lies what each pixel says for a class and against it. Beside it stand the
    hidden units that add most to the score of the class; with the others and the bias they add
    up to it.

    Parameters
    ----------
    reading : Reading
        Of any Keras classifier that `mnist_visual.saliency` can read, or the shipped one on
        NumPy. The gradients are computed in the background.
    class_names : sequence of str, optional
        What each class is called; its number by default.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    label : int or None
        The class asked about, or None for the answer, whatever it is. Set it to ask.
    method : {"integrated_gradients", "gradient_x_input", "occlusion"}
        How the pixels are judged, as for `mnist_visual.saliency`.

    Raises
    ------
    ValueError
        If the classifier gives no probability for each class, or there are not as many names.

    Examples
    --------
    >>> from mnist_visual.components import Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> why = Attribution(Reading(shared_network(), Sketchpad()))
    >>> why.label = 8  # why not an 8?
    """

    heading = param.String(default="Why this digit?")
    topic = param.String(default="dense", constant=True)
    class_names = param.List(constant=True, doc="What each class is called.")
    label = param.Integer(
        default=None, allow_None=True, doc="The class asked about, if not the answer."
    )
    method = param.Selector(objects=[*METHODS], doc="How the pixels are judged.")

    _bundle: ClassVar = JS / "attribution.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "attribution.css")]
    _rename: ClassVar = {"label": None, "method": None}
    _linked: ClassVar = {"label": as_count("class"), "method": as_word("method")}

    def __init__(
        self, reading: Reading, *, class_names: Sequence[str] | None = None, **params: Any
    ) -> None:
        check_kind("reading", reading, Reading)
        names = checked_names(class_scores(reading.classifier).classes, class_names)
        reading.check_probabilities()
        label = params.pop("label", None)
        if not are_digits(names):
            params.setdefault("heading", "Why this answer?")
        super().__init__(class_names=names, **params)
        self.param["label"].bounds = (0, len(names) - 1)
        self.label = label
        self._reading = reading
        self._line = Line(self._send_msg)
        self._watch(reading, self._show, "maps")
        self.param.watch(self._show, ["label", "method"])

    def _show(self, *_: object) -> None:
        # Milliseconds, but of every frame; for a Keras model seconds, since it compiles first.
        if self.watched:
            self._line.ask("explain", self._question())

    def _question(self) -> partial[Message]:
        """Take all that the answer depends on, as it is now."""
        reading, asked = self._reading, {"chosen": self.label, "method": self.method}
        probabilities = reading.probabilities
        if probabilities is None:
            return partial(dict, kind="show", empty=True, **asked)
        digit = reading.sketchpad.steps.digit
        return partial(
            answered, partial(explain, reading.classifier, digit, probabilities, **asked)
        )

    def _handle_msg(self, data: Any) -> None:
        if kind_of(data) != "ask":
            super()._handle_msg(data)
            return
        try:
            label, method = data["label"], data["method"]
            if label is not None:
                checked_index("label", label, len(self.class_names))
            if method not in METHODS:
                raise ValueError(f"method {method!r}")
        except (KeyError, TypeError, ValueError):
            return  # not from our script; nothing that it says is trusted
        self.param.update(label=label, method=method)


def explain(
    model: Any, digit: Floats, probabilities: Floats, *, chosen: int | None, method: Method
) -> Message:
    """Say what pixels and hidden units add to the score of a class.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        The classifier.
    digit : float32 array (height, width)
        What it reads.
    probabilities : float32 array (classes,)
        What it says.
    chosen : int or None
        The class asked about; the likeliest where it is None.
    method : str
        As for `mnist_visual.saliency`.

    Returns
    -------
    dict
        Plain numbers and float32 arrays.
    """
    answer = int(probabilities.argmax())
    label = answer if chosen is None else chosen
    found = saliency(model, digit, label, method=method)
    return {
        "kind": "show",
        "empty": False,
        "chosen": chosen,
        "method": method,
        "label": label,
        "answer": answer,
        "probabilities": probabilities,
        "shape": [*digit.shape],
        "digit": digit.ravel(),
        "values": found.values.ravel(),
        "logit": found.logit,
        "baseline": found.baseline,
        "evidence": _unit_message(model, digit, label),
    }


def _unit_message(model: Any, digit: Floats, label: int) -> Message | None:
    """Give the strongest hidden units; None where the score is no sum over them."""
    try:
        found = evidence(model, digit, label)
    except ValueError:
        return None
    values = found.contributions.ravel()
    strongest = np.argsort(-abs(values), kind="stable")[:UNITS]
    strongest = strongest[np.argsort(-values[strongest], kind="stable")]
    return {
        "names": [_unit_name(found, int(unit)) for unit in strongest],
        "values": values[strongest],
        "others": values.size - len(strongest),
        "rest": float(np.delete(values, strongest).sum(dtype=float)),
        "bias": found.bias,
        "logit": found.logit,
    }


def _unit_name(found: Evidence, unit: int) -> str:
    """Name a unit as the picture of the network does, from 1."""
    where = [int(each) + 1 for each in np.unravel_index(unit, found.activations.shape)]
    words = {1: ["unit"], 2: ["row", "column"], 3: ["row", "column", "map"]}
    pairs = zip(words.get(len(where), ["axis"] * len(where)), where, strict=True)
    return ", ".join(f"{word} {number}" for word, number in pairs)
