"""Fool the network: paint parts of the digit out, or make the smallest change there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._names import checked_names
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.explanation.change import Change, smallest_change
from mnist_visual.explanation.scores import class_scores

from ._line import Line, answered
from ._messages import Message, checked_index, is_number
from ._view import JS, Titled, View, kind_of
from .reading import Reading

Read = Callable[[Floats], Floats]

MOST = 2  # times the smallest change: beyond it, the new answer becomes sure
PLACES = 101  # of the way from nothing to that, each of them read


@dataclass(frozen=True, eq=False)
class Way:
    """The way from a picture over its smallest change and as far again.

    Attributes
    ----------
    change : Change
        At the share 1.
    shares : float array (places,)
        How much of the change, from 0 on.
    probabilities : float32 array (places, classes)
        What is read at each place.
    """

    change: Change
    shares: npt.NDArray[np.float64]
    probabilities: Floats

    def place(self, share: float) -> int:
        """Give the place nearest to a share."""
        return int(abs(self.shares - share).argmin())

    @property
    def turn(self) -> float:
        """The share from which on another class is read."""
        other = self.probabilities.argmax(axis=1) != self.change.label
        return float(self.shares[other.argmax()])

    def message(self) -> Message:
        """Give it as plain numbers and float32 arrays."""
        change = self.change
        moved = abs(change.difference)
        return {
            "label": change.label,
            "answer": change.answer,
            "difference": change.difference.ravel(),
            "shares": self.shares.astype(np.float32),
            "probabilities": self.probabilities,
            "turn": self.turn,
            "ink": float(moved.sum() / max(change.image.sum(), 1e-6)),
            "largest": float(moved.max()),
            "distance": change.distance,
        }


class Adversary(Titled, View):
    """The digit to paint on, and what the network says of it with every stroke.

    A brush takes ink away or adds some. A button makes the smallest change that turns the answer
    (see `mnist_visual.smallest_change`), and a slider goes from the drawing to that and as far
    again. A new drawing starts again.

    Parameters
    ----------
    reading : Reading
        Of any Keras classifier that `mnist_visual.smallest_change` can read, or the shipped one
        on NumPy.
    class_names : sequence of str, optional
        What each class is called; its number by default. Where there are none and ten classes,
        a picture may be "not a digit" (see `mnist_visual.outliers`).
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    answer : int or None
        The likeliest class of the picture as it is painted now; None while nothing is drawn. Like
        the others, it follows from what the visitor does; there is nothing to set.
    fooled : bool
        Whether it differs from that for the drawing, and the network does not say "not a digit".
    share : float
        How much of the smallest change is in the picture: 1 for all of it, up to 2.

    Raises
    ------
    ValueError
        If the classifier gives no score for each class, or there are not as many names.

    Examples
    --------
    >>> from mnist_visual.components import Reading, Sketchpad
    >>> from mnist_visual.inference import shared_network
    >>> pad = Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]])
    >>> game = Adversary(Reading(shared_network(), pad))
    >>> game.answer, game.fooled
    (1, False)
    """

    heading = param.String(default="Fool it")
    topic = param.String(default="fooling", constant=True)
    class_names = param.List(constant=True, doc="What each class is called.")
    answer = param.Integer(default=None, allow_None=True, constant=True, doc="What is read now.")
    fooled = param.Boolean(default=False, constant=True, doc="Whether the answer has turned.")
    share = param.Number(default=0, bounds=(0, MOST), constant=True, doc="Of the smallest change.")

    _bundle: ClassVar = JS / "adversary.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "adversary.css")]
    _rename: ClassVar = {"answer": None, "fooled": None, "share": None}

    def __init__(
        self, reading: Reading, *, class_names: Sequence[str] | None = None, **params: Any
    ) -> None:
        check_kind("reading", reading, Reading)
        names = checked_names(class_scores(reading.classifier).classes, class_names)
        reading.check_probabilities()
        super().__init__(class_names=names, **params)
        self._reading = reading
        self._doubts = class_names is None
        self._quick = isinstance(reading.classifier, DigitNetwork)
        self._read = _reader(reading.classifier)
        self._edition = 0  # of the picture; a change that was asked of another comes too late
        self._line = Line(lambda deliver: deliver())
        self._watch(reading, self._start_again, "maps")
        self._start_again()

    def _start_again(self, *_: object) -> None:
        self._picture: Floats = self._reading.sketchpad.steps.digit
        self._way: Way | None = None
        self._edition += 1
        self._believe(self._reading.probabilities, share=0)
        self._show()

    def _believe(self, probabilities: Floats | None, *, share: float) -> None:
        """Note what is read in the picture."""
        self._now = probabilities
        before = self._reading.probabilities
        answer, fooled = None, False
        if probabilities is not None and before is not None:
            answer = int(probabilities.argmax())
            fooled = answer != before.argmax() and self._verdict(probabilities) == "digit"
        with param.edit_constant(self):
            self.param.update(answer=answer, fooled=bool(fooled), share=share)

    def _verdict(self, probabilities: Floats) -> str:
        """Say whether the network takes it for one of its classes."""
        known = not self._doubts or self._reading.looks_like_digit(probabilities)
        return "digit" if known else "other"

    def _state(self) -> Message:
        before = self._reading.probabilities
        if before is None:
            return {"kind": "show", "empty": True}
        digit = self._reading.sketchpad.steps.digit
        way = self._way
        return {
            "kind": "show",
            "empty": False,
            "shape": [*digit.shape],
            "digit": digit.ravel(),
            "before": before,
            "verdictBefore": self._verdict(before),
            "picture": self._picture.ravel(),
            **self._answer(),
            "change": None if way is None else self._way_message(way),
            "share": self.share,
        }

    def _way_message(self, way: Way) -> Message:
        verdicts = [self._verdict(probabilities) for probabilities in way.probabilities]
        return {**way.message(), "verdicts": verdicts}

    def _answer(self) -> Message:
        now = self._now
        return {} if now is None else {"now": now, "verdict": self._verdict(now)}

    def _handle_msg(self, data: Any) -> None:
        handle = {"paint": self._paint, "change": self._change, "slide": self._slide}
        kind = kind_of(data)
        if kind not in handle:
            super()._handle_msg(data)
            return
        try:
            handle[kind](data)
        except (KeyError, TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted

    def _paint(self, message: Message) -> None:
        number, steps = int(message["number"]), self._reading.sketchpad.steps
        picture = np.asarray(message["pixels"], dtype=np.float32)
        if picture.size != steps.digit.size or not ((picture >= 0) & (picture <= 1)).all():
            raise ValueError(f"a picture of {picture.size} values")
        self._picture, self._way = picture.reshape(steps.digit.shape), None
        self._edition += 1
        ask = partial(self._painted, self._picture, number)
        if self._quick:
            ask()()
        else:
            self._line.ask("paint", ask)

    def _painted(self, picture: Floats, number: int) -> Callable[[], None]:
        """Read a picture, anywhere; what is to be done with that is done in the event loop."""
        found = answered(lambda: {"now": self._read(picture[None])[0]})

        def deliver() -> None:
            # Meanwhile there may be more paint, or another drawing, or none.
            current = picture is self._picture and self._now is not None
            if current and "now" in found:
                self._believe(found["now"], share=0)
            elif current:
                self._send_msg(found)
            answer = self._answer() if current else {}
            self._send_msg({"kind": "painted", "number": number, **answer})

        return deliver

    def _change(self, message: Message) -> None:
        target = message["target"]
        if target is not None:
            checked_index("target", target, len(self.class_names))
        before = self._reading.probabilities
        if before is None:
            return
        label = int(before.argmax())
        target = None if target == label else target
        digit = self._reading.sketchpad.steps.digit
        self._line.ask("change", partial(self._changed, self._edition, digit, label, target))

    def _changed(
        self, edition: int, digit: Floats, label: int, target: int | None
    ) -> Callable[[], None]:
        """Search, anywhere, for the smallest change; show it in the event loop."""
        model = self._reading.classifier

        def search() -> Message:
            change = smallest_change(model, digit, label, target=target)
            return {"way": find_way(change, self._read)}

        way = answered(search).get("way")

        def deliver() -> None:
            if edition != self._edition:
                return
            if way is None:
                self._send_msg({"kind": "unchanged", "target": target})
                return
            self._way = way
            self._go(way, 1)
            self._show()

        return deliver

    def _slide(self, message: Message) -> None:
        share = message["share"]
        if self._way is not None and is_number(share) and 0 <= share <= MOST:
            self._go(self._way, float(share))

    def _go(self, way: Way, share: float) -> None:
        """Put a share of the change into the picture."""
        self._picture = with_share(way.change, share)
        self._believe(way.probabilities[way.place(share)], share=share)


def find_way(change: Change, read: Read) -> Way:
    """Read the pictures on the way to a change and as far again.

    Parameters
    ----------
    change : Change
        As from `mnist_visual.smallest_change`.
    read : callable
        From pictures (n, height, width) to probabilities (n, classes).

    Returns
    -------
    Way
    """
    shares = np.linspace(0, MOST, PLACES)
    pictures = np.stack([with_share(change, float(share)) for share in shares])
    return Way(change, shares, read(pictures))


def with_share(change: Change, share: float) -> Floats:
    """Give a picture with a share of its change, in [0, 1]."""
    if share == 1:
        return change.changed
    return np.clip(change.image + np.float32(share) * change.difference, 0, 1)


def _reader(classifier: Any) -> Read:
    """Give a classifier as a function from pictures to probabilities."""
    if isinstance(classifier, DigitNetwork):
        return classifier
    # Keras takes seconds to load, and the shipped classifier does without.
    from mnist_visual.activations import feature_maps

    def read(pictures: Floats) -> Floats:
        return [*feature_maps(classifier, pictures).values()][-1]

    return read
