"""How a network learns: the visitor teaches it one picture, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._models import input_shape
from mnist_visual._names import checked_names
from mnist_visual._numbers import checked_count
from mnist_visual.arithmetic.learning import cross_entropy, gradient_step
from mnist_visual.arithmetic.logits import last_dense
from mnist_visual.explanation.tracing import trace_network

from ._linked import as_count, as_number
from ._messages import Message, checked_index, is_number
from ._shades import as_bytes
from ._view import JS, Titled, View, kind_of
from .reading import Reading
from .samples import typical_digits

Examples = tuple[npt.ArrayLike, npt.ArrayLike]
Weights = tuple[Floats, Floats | None]

RATES = [0.001, 0.003, 0.01, 0.1, 1.0]
WEIGHTS = 5  # that are shown
MOST_STEPS = 1000  # at once
CURVE = 1000  # points that are kept


class LearningStep(Titled, View):
    """Gradient descent on the visitor's own drawing, on a copy of the network's last layer.

    The visitor says what the drawing is. At each step the weights of a copy of the last layer move
    so that the right class becomes likelier; the layers before it stay as they are. The view shows
    the answer and the loss before and after, the weights that changed, and which example digits
    the taught network still reads. The network itself, which others use, never changes.

    Parameters
    ----------
    reading : Reading
        Of a classifier that ends in a dense layer with softmax.
    class_names : sequence of str, optional
        What each class is called; its number by default.
    examples : tuple of pictures and labels, optional
        On which to see what is forgotten: pictures as the classifier reads them, and their
        classes. By default ten typical digits, where the classes are the ten digits and have no
        other names.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    label : int or None
        What the visitor says that the drawing is.
    steps : int
        How many were taken since the original weights; see `take_steps`.
    learning_rate : float
        How far a step goes; one of the offered ones.
    loss : float or None
        Of the drawing now, with the taught weights; None without a drawing or a label.

    Raises
    ------
    ValueError
        If the classifier does not end in a dense layer with softmax, or the examples or the names
        do not fit it.

    Examples
    --------
    >>> from mnist_visual.components import LearningStep, Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> pad = Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]])
    >>> teach = LearningStep(Reading(shared_network(), pad))
    >>> teach.choose_label(7)
    >>> before = teach.loss
    >>> teach.take_steps(10)
    >>> teach.steps, teach.loss < before
    (10, True)
    """

    heading = param.String(default="Teach it", doc="What the view shows, in a few words.")
    note = param.String(
        default="say what you drew, and let it learn from that one picture",
        doc="One more sentence beside the heading.",
    )
    topic = param.String(default="learning", constant=True)
    class_names = param.List(constant=True, doc="What each class is called.")
    rates = param.List(default=RATES, constant=True, doc="The learning rates that are offered.")
    label = param.Integer(default=None, allow_None=True, constant=True, doc="The right class.")
    steps = param.Integer(default=0, constant=True, doc="Taken since the original weights.")
    learning_rate = param.Selector(default=0.003, objects=RATES, doc="How far a step goes.")
    loss = param.Number(default=None, allow_None=True, constant=True, doc="How wrong it is now.")

    _bundle: ClassVar = JS / "learning_step.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "learning_step.css")]
    _rename: ClassVar = {"label": None, "steps": None, "learning_rate": None, "loss": None}
    _linked: ClassVar = {"learning_rate": as_number("rate"), "label": as_count("taught")}

    def __init__(
        self,
        reading: Reading,
        *,
        class_names: Sequence[str] | None = None,
        examples: Examples | None = None,
        **params: Any,
    ) -> None:
        check_kind("reading", reading, Reading)
        self._reading = reading
        computation = reading.computation
        name, dense, activation = last_dense(computation, "LearningStep")
        if activation != "softmax":
            raise ValueError(
                "LearningStep teaches a network that ends in a dense layer with softmax. "
                f"Received: one that ends in {name!r} with {activation}."
            )
        self._source = computation.layers[name].sources[0]
        self._original: Weights = dense.kernel, dense.bias
        self._weights = self._original
        self._curve: list[float] = []
        classes = dense.kernel.shape[1]
        if examples is None and class_names is None and _reads_digits(reading.classifier, classes):
            examples = typical_digits()
        self._pictures, self._labels = _checked_examples(examples, classes)
        self._known = np.array(
            [trace_network(reading.classifier, each).maps[self._source] for each in self._pictures],
            np.float32,
        ).reshape(len(self._labels), len(dense.kernel))
        label = params.pop("label", None)
        super().__init__(class_names=checked_names(classes, class_names), **params)
        self._watch(reading, self._follow, "maps")
        self.choose_label(label)

    def _take(self, values: dict[str, Any]) -> None:
        self.learning_rate = values.get("learning_rate", self.learning_rate)
        self.choose_label(values.get("label", self.label))

    # What a visitor, or a program, does

    def choose_label(self, label: int | None) -> None:
        """Say what the drawing is.

        Parameters
        ----------
        label : int or None
            The class, from 0; None for not yet.

        Raises
        ------
        ValueError
            If there is no such class.
        """
        if label is not None:
            label = checked_index("label", label, len(self.class_names))
        with param.edit_constant(self):
            self.label = label
        self._follow()

    def take_steps(self, count: int = 1) -> None:
        """Let it learn from the drawing; without a drawing and a label, nothing happens.

        Parameters
        ----------
        count : int, default 1
            How many steps, 1 to 1000.

        Raises
        ------
        ValueError
            If the count is not as described.
        """
        count = checked_count("count", count, most=MOST_STEPS)
        features, label = self._features, self.label
        if features is None or label is None:
            return
        for _ in range(count):
            step = gradient_step(features, *self._weights, label, learning_rate=self.learning_rate)
            self._weights = step.kernel, step.bias
            self._curve.append(cross_entropy(features, *self._weights, label)[1])
        del self._curve[:-CURVE]
        with param.edit_constant(self):
            self.param.update(steps=self.steps + count, loss=self._curve[-1])
        self._show()

    def start_again(self) -> None:
        """Forget all that was taught: the original weights."""
        self._weights = self._original
        with param.edit_constant(self):
            self.steps = 0
        self._follow()

    # How things are

    @property
    def _features(self) -> Floats | None:
        """What the last layer reads of the drawing; None where there is nothing to learn from."""
        values: Floats | None = self._reading.maps.get(self._source)
        return None if values is None or not np.isfinite(values).all() else values

    def _follow(self, *_: object) -> None:
        """Begin a new curve: the drawing, its label or the weights are others."""
        features, label = self._features, self.label
        if features is None or label is None:
            self._curve = []
        else:
            self._curve = [cross_entropy(features, *self._weights, label)[1]]
        with param.edit_constant(self):
            self.loss = self._curve[-1] if self._curve else None
        self._show()

    @param.depends("learning_rate", watch=True)
    def _follow_rate(self) -> None:
        self._show()

    def _state(self) -> Message:
        state: Message = {
            "kind": "show",
            "label": self.label,
            "steps": self.steps,
            "rate": self.learning_rate,
            "answers": self._example_answers(self._weights),
            "before": None,
        }
        features, label = self._features, self.label
        if features is None:
            return state
        before, loss = cross_entropy(features, *self._original, label or 0)
        after, _ = cross_entropy(features, *self._weights, label or 0)
        state |= {"before": before, "after": after}
        if label is not None:
            state |= {
                "losses": [loss, self.loss],
                "curve": np.array(self._curve, np.float32),
                "sum": self._sum(features, label),
            }
        return state

    def _sum(self, features: Floats, label: int) -> Message:
        """Give the score of the right class before and after, and what changed most in it."""
        before, after = (kernel[:, label] for kernel, _ in (self._original, self._weights))
        change = np.abs(after - before) * np.abs(features)
        # Before the first step: what it will change.
        order = np.argsort(-(change if change.any() else np.abs(features)), kind="stable")[:WEIGHTS]
        biases = [bias for _, bias in (self._original, self._weights)]
        added = [0.0 if bias is None else float(bias[label]) for bias in biases]
        return {
            "source": self._source,
            "units": [int(unit) for unit in order],
            "values": features[order],
            "before": before[order],
            "after": after[order],
            "scores": [
                float(features.astype(np.float64) @ weights) + each
                for weights, each in zip((before, after), added, strict=True)
            ],
        }

    # What is forgotten

    def _example_answers(self, weights: Weights) -> npt.NDArray[np.int64]:
        kernel, bias = weights
        scores = self._known @ kernel
        return (scores if bias is None else scores + bias).argmax(axis=1)

    def _welcome(self, *, again: bool) -> None:
        if len(self._labels):
            read = self._example_answers(self._original) == self._labels
            labels = self._labels.astype(np.int32)
            pictures = as_bytes(self._pictures)
            message = {"pictures": pictures, "labels": labels, "read": int(read.sum())}
            self._send_msg({"kind": "examples", **message})
        super()._welcome(again=again)

    def _choose_rate(self, rate: Any) -> None:
        if is_number(rate):
            self.learning_rate = rate

    def _handle_msg(self, data: Any) -> None:
        actions: dict[str | None, Callable[[Any], None]] = {
            "label": self.choose_label,
            "steps": lambda count: self.take_steps(count if count in (1, 10) else 0),
            "again": lambda _: self.start_again(),
            "rate": self._choose_rate,
        }
        act = actions.get(kind_of(data))
        if act is None:
            super()._handle_msg(data)
            return
        try:
            act(data.get("value"))
        except (TypeError, ValueError):
            return  # not from our script; nothing that it says is trusted


def _reads_digits(model: Any, classes: int) -> bool:
    return classes == 10 and input_shape(model) in ((28, 28), (28, 28, 1))


def _checked_examples(
    examples: Examples | None, classes: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    if examples is None:
        return np.empty((0, 1, 1), np.float32), np.empty(0, np.int64)
    pictures, labels = (np.asarray(each) for each in examples)
    if len(pictures) != len(labels) or not np.isin(labels, np.arange(classes)).all():
        raise ValueError(
            f"examples are pictures and as many labels, 0 to {classes - 1}. "
            f"Received: {len(pictures)} pictures and the labels {labels}."
        )
    return pictures.astype(np.float32), labels.astype(np.int64)
