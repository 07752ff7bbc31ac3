"""The sketchpad: where a person draws, with mouse, finger, pen or keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._mnist import SIZE
from mnist_visual.drawing import Normalization, image_steps, plain_steps, stroke_steps

from ._view import JS, View, kind_of

Stroke = npt.NDArray[np.float32]
Picture = npt.NDArray[np.float32]

MAX_POINTS = 6000
MAX_LENGTH = 1200  # of all lines together, in sides of the drawing: more takes long to draw
_SMALL = 0.1  # side of a drawing; shaking by a pixel makes smaller ones


class Sketchpad(View):
    """A square to draw on; the network's picture of the drawing follows every move.

    Parameters
    ----------
    samples : callable, optional
        Gives a picture of a digit, uint8 or float (height, width), each time it is called; a
        button then puts one on the sketchpad. It may raise `OSError` or `ValueError`, whose
        text is shown.
    as_digits : bool, default True
        Whether pictures become like MNIST's digits: thin lines of ink, fitted and centred. Where
        a network has learned from other pictures, those of 28x28 are read as they are without.
    noun : str, default "digit"
        What is drawn here, in the view's words.
    kept_as : str, default ""
        By this name the visitor's browser tab keeps the drawing, over a reload of the page or a
        restart of the server; without a name it does not.
    **params
        Others of the view, and of Panel, such as ``width``.

    Attributes
    ----------
    strokes : list of float32 arrays (k, 2)
        What is drawn: x to the right and y down, in sides of the square.
    picture : array (height, width) or None
        A picture on the sketchpad instead of strokes; setting one takes the other away.
    steps : Normalization
        The drawing on its way to the network; ``steps.digit`` is what the network reads.
    drawing : bool
        Whether the pen is down.

    Examples
    --------
    >>> from mnist_visual.components import Sketchpad
    >>> pad = Sketchpad()
    >>> pad.strokes = [[(0.5, 0.2), (0.5, 0.8)]]
    >>> pad.steps.digit.shape
    (28, 28)
    """

    strokes = param.List(default=[], doc="What is drawn, in sides of the square.")
    picture = param.Array(default=None, allow_None=True, doc="A picture put on the sketchpad.")
    steps = param.ClassSelector(
        class_=Normalization, default=stroke_steps([]), constant=True, doc="The normalisation."
    )
    drawing = param.Boolean(default=False, constant=True, doc="Whether the pen is down.")
    noun = param.String(default="digit", constant=True, doc="What is drawn here.")
    sample_label = param.String(default="Surprise me", constant=True, doc="What that button says.")
    kept_as = param.String(constant=True, doc="The name by which the browser keeps the drawing.")
    can_sample = param.Boolean(default=False, constant=True, doc="Whether a button gives digits.")

    _bundle: ClassVar = JS / "sketchpad.js"
    _rename: ClassVar = dict.fromkeys(["strokes", "picture", "steps", "drawing"])

    def __init__(
        self,
        *,
        samples: Callable[[], npt.NDArray[Any]] | None = None,
        as_digits: bool = True,
        noun: str = "digit",
        kept_as: str = "",
        **params: Any,
    ) -> None:
        self._picture_steps = image_steps if as_digits else plain_steps
        own = {"noun": noun, "kept_as": kept_as, "can_sample": samples is not None}
        super().__init__(**own, steps=stroke_steps([]), **params)
        self._samples, self._is_sampling = samples, False
        self._put_on = 0  # how often something was put on the sketchpad
        self._normalize()

    def clear(self, *, forget: bool = False) -> None:
        """Take away what is drawn, or the picture.

        Parameters
        ----------
        forget : bool, default False
            Whether "Undo" on the page has nothing left to bring back, as for the next visitor.
        """
        self.param.update(strokes=[], picture=None)
        if forget:
            self._send_msg({"kind": "forget"})

    @param.depends("strokes", watch=True)
    def _follow_strokes(self) -> None:
        if self.strokes:
            with param.parameterized.discard_events(self):
                self.picture = None
        self._put()

    @param.depends("picture", watch=True)
    def _follow_picture(self) -> None:
        if self.picture is not None:
            with param.parameterized.discard_events(self):
                self.strokes = []
        self._put()

    def _put(self) -> None:
        self._put_on += 1
        self._normalize()
        self._show()

    def _normalize(self) -> None:
        with param.edit_constant(self):
            self.steps = self._normalized(self.strokes, self.picture)

    def _normalized(self, strokes: list[Stroke], picture: Picture | None) -> Normalization:
        return stroke_steps(strokes) if picture is None else self._picture_steps(picture)

    def _state(self) -> dict[str, Any]:
        return {
            "kind": "show",
            "strokes": [np.asarray(stroke, dtype=np.float32) for stroke in self.strokes],
            "picture": None if self.picture is None else self.steps.digit,
            "shown": self._put_on,
        }

    def _handle_msg(self, data: Any) -> Any:
        kind = kind_of(data)
        if kind == "draw" and self._is_of_the_past(data):
            self._send_msg({"kind": "done", "number": data.get("number")})
        elif kind == "draw":
            self._draw(data)
        elif kind == "sample" and self._samples is not None and not self._is_sampling:
            self._is_sampling = True
            param.parameterized.async_executor(partial(self._send_sample, self._samples))
        else:
            super()._handle_msg(data)

    def _welcome(self, *, again: bool) -> None:
        # An empty sketchpad has nothing to show, and somebody may have begun to draw; a page that
        # kept its drawing has sent it.
        if not again and (self.strokes or self.picture is not None):
            super()._welcome(again=again)
        elif self._put_on:
            self._send_msg({"kind": "shown", "number": self._put_on})

    def _is_of_the_past(self, message: dict[str, Any]) -> bool:
        """Say whether a drawing left before what has been put on the sketchpad since was there."""
        last = message.get("after")
        return isinstance(last, int) and last < self._put_on

    def _draw(self, message: dict[str, Any]) -> None:
        try:
            strokes, picture = _drawing_of(message)
            # That the pen was lifted changes nothing else.
            same = picture is None and self.picture is None and _are_equal(strokes, self.strokes)
            changes = {} if same else {"steps": self._normalized(strokes, picture)}
        except (TypeError, ValueError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        # The page has it on the screen already: only those who watch the steps are told.
        with param.parameterized.discard_events(self):
            self.param.update(strokes=strokes, picture=picture)
        try:
            with param.edit_constant(self):
                self.param.update(drawing=message.get("drawing") is True, **changes)
        finally:
            # After all of them have sent their answers, or failed, the script may send again.
            self._send_msg({"kind": "done", "number": message.get("number")})

    async def _send_sample(self, samples: Callable[[], npt.NDArray[Any]]) -> None:
        try:
            # The first call may read or even fetch a data set.
            picture = await asyncio.to_thread(samples)
        except (OSError, ValueError) as error:
            self._send_msg({"kind": "problem", "text": str(error)})
        else:
            # What is on the sketchpad is the page's affair: it draws the digit and says so.
            self._send_msg({"kind": "sample", "picture": self._picture_steps(picture).digit})
        finally:
            self._is_sampling = False


def _are_equal(strokes: list[Stroke], others: list[Stroke]) -> bool:
    return len(strokes) == len(others) and all(map(np.array_equal, strokes, others))


def _drawing_of(message: dict[str, Any]) -> tuple[list[Stroke], Picture | None]:
    if message.get("picture") is not None:
        picture = np.asarray(message["picture"], dtype=np.float32)
        if picture.size != SIZE * SIZE or not (np.abs(picture) <= 1).all():
            raise ValueError(f"picture of {picture.size} values")
        return [], picture.reshape(SIZE, SIZE)
    return _strokes_of(message), None


def _strokes_of(message: dict[str, Any]) -> list[Stroke]:
    points = np.asarray(message.get("points"), dtype=np.float32)
    lengths = np.asarray(message.get("lengths"), dtype=np.int64)
    if points.ndim != 1 or lengths.ndim != 1 or points.size > 2 * MAX_POINTS:
        raise ValueError(f"shapes {points.shape} and {lengths.shape}")
    if ((lengths < 1) | (lengths > MAX_POINTS)).any() or 2 * int(lengths.sum()) != points.size:
        raise ValueError("lengths that do not add up")
    if not (np.abs(points) <= 10).all():  # False for NaN, too
        raise ValueError("points far off the square")
    if not lengths.size:
        return []
    pairs, ends = points.reshape(-1, 2), np.cumsum(lengths)[:-1]
    steps = np.hypot(*np.diff(pairs, axis=0).T)
    steps[ends - 1] = 0  # from one stroke to the next
    if steps.sum() > MAX_LENGTH * max(_SMALL, np.ptp(pairs, axis=0).max()):
        raise ValueError(f"lines of {steps.sum()} sides of the square together")
    return np.split(pairs, ends)
