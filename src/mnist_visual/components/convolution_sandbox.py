"""A convolution that slides over the live drawing, with numbers that anyone may change."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from mnist_visual._arguments import check_kind
from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count

from ._kernels import (
    OWN,
    PRESETS,
    Kernel,
    checked_kernel,
    learned_kernels,
    read_kernel,
    write_kernel,
)
from ._linked import Part, as_count, as_counts, as_flag, as_word
from ._messages import Message, checked_place, is_number
from ._sliding import DILATIONS, PADDINGS, STRIDES, Sliding, checked_settings
from ._view import JS, Titled, View, kind_of
from .reading import Reading

_SLIDING = ("stride", "padding", "dilation", "shift")
_SHOWN = ("kernel", *_SLIDING, "relu", "place", "play")
_FIRST = next(kernel for kernel in PRESETS if kernel.name == "vertical edges")
_MOST_VISITS = 100_000  # that one report may name


class ConvolutionSandbox(Titled, View):
    """A window that slides over the drawing, and the new picture that it makes.

    Each pixel under the window is multiplied by the kernel's number there; the sum of the nine
    products is one pixel of the new picture. So that anyone can check a sum by hand, the picture
    and the learned kernels are rounded to hundredths before anything is computed.

    Parameters
    ----------
    reading : Reading
        Whose sketchpad holds the drawing, and whose classifier the learned kernels.
    layer : str, optional
        The name of the convolution whose kernels are offered: 3x3, of one channel. By default
        the classifier's first convolution, if it is such a one.
    **params
        Others of the view, such as ``heading`` and ``note``, and of Panel, such as ``width``.

    Attributes
    ----------
    kernel : float32 array (3, 3)
        The nine numbers.
    kernel_name : str
        Theirs: "identity", "blur", "sharpen", "edges", "vertical edges", "horizontal edges",
        "learned 1" and so on, or "your own".
    stride, dilation : int
        Pixels from place to place and from cell to cell, each 1 to 3.
    padding : {"valid", "same"}
        Whether the window stays on the picture, or a rim of zeros lets it go over the edge.
    shift : tuple of 2 ints
        How far the picture is moved: rows down, columns to the right.
    relu : bool
        Whether what is below zero becomes zero.
    place : tuple of 2 ints or None
        The row and the column of the new picture that was last looked at; None before.
    steps : int
        How many places the window has been taken to.
    play : bool
        Whether it slides by itself.

    Raises
    ------
    ValueError
        If `layer` is no such convolution, or what is to be shown from the start is not as `show`
        takes it.

    Examples
    --------
    >>> from mnist_visual.inference import shared_network
    >>> from mnist_visual.components import Reading, Sketchpad
    >>> sandbox = ConvolutionSandbox(Reading(shared_network(), Sketchpad()))
    >>> sandbox.show(kernel="blur", stride=2, padding="same")
    >>> sandbox.kernel_name, sandbox.sums.shape
    ('blur', (14, 14))
    """

    heading = param.String(default="Slide a filter over your drawing")
    note = param.String(default="nine pixels times nine numbers, added up, give one new pixel")
    topic = param.String(default="convolution", constant=True)

    presets = param.List(constant=True, doc="Kernels that are well known.")
    learned = param.List(constant=True, doc="Kernels that the network has learned.")
    choices = param.Dict(constant=True, doc="The strides, paddings and dilations on offer.")

    kernel = param.Array(default=_FIRST.values, constant=True, doc="The nine numbers.")
    kernel_name = param.String(default=_FIRST.name, constant=True, doc="Their name.")
    stride = param.Integer(default=1, constant=True, doc="Pixels from place to place.")
    padding = param.String(default="valid", constant=True, doc="What becomes of the edge.")
    dilation = param.Integer(default=1, constant=True, doc="Pixels from cell to cell.")
    shift = param.Tuple(default=(0, 0), length=2, constant=True, doc="How far the picture moved.")
    relu = param.Boolean(default=False, constant=True, doc="Whether nothing is below zero.")
    place = param.Tuple(
        default=None, length=2, allow_None=True, constant=True, doc="Where one looked last."
    )
    steps = param.Integer(default=0, constant=True, doc="How many places were visited.")
    play = param.Boolean(default=False, constant=True, doc="Whether it slides by itself.")

    _bundle: ClassVar = JS / "convolution_sandbox.js"
    _stylesheets: ClassVar = [*View._stylesheets, str(JS / "convolution_sandbox.css")]
    _rename: ClassVar = dict.fromkeys(["kernel_name", *_SHOWN, "steps"])
    _linked: ClassVar = {
        "_choice": Part("kernel", read_kernel, write_kernel),
        "stride": as_count("stride"),
        "padding": as_word("padding"),
        "dilation": as_count("dilation"),
        "shift": as_counts("shift"),
        "relu": as_flag("relu"),
        "place": as_counts("place"),
    }

    def __init__(self, reading: Reading, *, layer: str | None = None, **params: Any) -> None:
        check_kind("reading", reading, Reading)
        learned = learned_kernels(reading, layer)
        if "kernel_name" in params:
            params.setdefault("kernel", params.pop("kernel_name"))
        chosen = {name: params.pop(name) for name in _SHOWN if name in params}
        self._sketchpad = reading.sketchpad
        self._offered = {kernel.name: kernel for kernel in [*PRESETS, *learned]}
        super().__init__(
            presets=[kernel.message() for kernel in PRESETS],
            learned=[kernel.message() for kernel in learned],
            choices={"stride": [*STRIDES], "padding": [*PADDINGS], "dilation": [*DILATIONS]},
            **params,
        )
        self._watch(self._sketchpad, self._show, "steps")
        self.show(**chosen)

    @property
    def sums(self) -> Floats:
        """The new picture, float32 (rows, columns): the sum at each place, before any ReLU."""
        sliding = self._sliding
        return sliding.sums(sliding.picture(self._sketchpad.steps.digit))

    def show(
        self,
        *,
        kernel: str | npt.ArrayLike | None = None,
        stride: int | None = None,
        padding: str | None = None,
        dilation: int | None = None,
        shift: tuple[int, int] | None = None,
        relu: bool | None = None,
        place: tuple[int, int] | None = None,
        play: bool | None = None,
    ) -> None:
        """Change what is given, and leave the rest as it is.

        Parameters
        ----------
        kernel : str or array_like (3, 3), optional
            A name, or numbers from -99 to 99.
        stride, padding, dilation, shift, relu, place, play : optional
            As the attributes. Without a page that shows it, nothing plays.

        Raises
        ------
        ValueError
            If a value is not as described, or they do not go together; nothing changes then.
        """
        given = {
            "kernel": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "shift": shift,
            "relu": relu,
        }
        changes, shape = self._checked(
            {name: value for name, value in given.items() if value is not None}
        )
        if place is not None:
            changes["place"] = checked_place(place, shape)
        if play is not None:
            changes["play"] = bool(play)
        self._remember(changes, shape)
        self._show()
        if self.watched and (place is not None or play is not None):
            self._send_msg(self._whereabouts())

    def _take(self, values: dict[str, Any]) -> None:
        given = {name: value for name, value in values.items() if value is not None}
        if "_choice" in given:
            given["kernel"] = given.pop("_choice")
        self.show(**given)

    @property
    def _choice(self) -> str | Floats:
        """The kernel as `show` takes it: its name, if it has one."""
        return self.kernel if self.kernel_name == OWN else self.kernel_name

    @property
    def _sliding(self) -> Sliding:
        return Sliding(self.kernel, **{name: getattr(self, name) for name in _SLIDING})

    def _checked(self, given: Message) -> tuple[Message, tuple[int, ...]]:
        """Check what is to change; give it, and the shape of the new picture then."""
        digit = self._sketchpad.steps.digit
        changes = checked_settings(given, digit.shape)
        if "kernel" in given:
            chosen = self._named(given["kernel"])
            changes |= {"kernel": chosen.values, "kernel_name": chosen.name}
        if "relu" in given:
            changes["relu"] = bool(given["relu"])
        now = {"kernel": self.kernel, **{name: getattr(self, name) for name in _SLIDING}}
        sliding = Sliding(**{name: changes.get(name, value) for name, value in now.items()})
        return changes, sliding.sums(sliding.picture(digit)).shape  # or the reason why not

    def _named(self, kernel: Any) -> Kernel:
        if isinstance(kernel, str):
            if kernel not in self._offered:
                raise ValueError(
                    f"A kernel's name is one of {[*self._offered]}. Received: {kernel!r}."
                )
            return self._offered[kernel]
        values = checked_kernel(kernel)
        same = (each for each in self._offered.values() if (each.values == values).all())
        return next(same, Kernel(OWN, OWN, "", values))

    def _remember(self, changes: Message, shape: tuple[int, ...]) -> None:
        if self.place is not None:
            # The new picture may have become smaller.
            row, column = (
                min(at, length - 1) for at, length in zip(self.place, shape, strict=True)
            )
            changes = {"place": (row, column), **changes}
        with param.edit_constant(self):
            self.param.update(**changes)

    def _state(self) -> Message:
        sliding = self._sliding
        picture = sliding.picture(self._sketchpad.steps.digit)
        sums = sliding.sums(picture)
        return {
            "kind": "show",
            "empty": self._sketchpad.steps.box is None,
            "picture": picture,
            "sums": sums,
            "kernel": self.kernel,
            "name": self.kernel_name,
            "relu": self.relu,
            "words": sliding.words(picture, sums),
            **sliding.layout(picture),
        }

    def _whereabouts(self) -> Message:
        return {
            "kind": "go",
            "place": None if self.place is None else [*self.place],
            "play": self.play,
        }

    def _welcome(self, *, again: bool) -> None:
        super()._welcome(again=again)
        if not again:
            self._send_msg(self._whereabouts())

    def _handle_msg(self, data: Any) -> None:
        kind = kind_of(data)
        if kind == "set":
            self._set(data)
        elif kind == "looked":
            self._look(data)
        else:
            super()._handle_msg(data)
            if kind == "away" and self.play and not self.watched:
                self._remember({"play": False}, self.sums.shape)

    def _set(self, message: Message) -> None:
        """Change what a person has chosen in the page, or answer why that cannot be."""
        ticket = {"number": message.get("number")}
        try:
            self._remember(*self._checked(_chosen(message)))
        except ValueError as error:
            self._send_msg({"kind": "refused", "text": str(error), **ticket})
        except (TypeError, OverflowError):
            return  # not from our script; nothing that it says is trusted
        else:
            self._send_msg({**self._state(), **ticket})

    def _look(self, message: Message) -> None:
        """Note where somebody looks, and how many places the window has been to since."""
        shape = self.sums.shape
        try:
            visits = checked_count("visits", message.get("visits"), least=0, most=_MOST_VISITS)
            place = checked_place(message.get("place"), shape)
        except ValueError:
            return  # not from our script, or of a larger picture than there is now
        playing = message.get("play") is True
        self._remember({"place": place, "play": playing, "steps": self.steps + visits}, shape)


def _chosen(message: Message) -> Message:
    """Take from a message what a person may choose; TypeError if it is none of our script."""
    given = {name: message[name] for name in ("kernel", *_SLIDING, "relu") if name in message}
    kernel = given.get("kernel", "")
    if not isinstance(kernel, str | list) or len(kernel) > 40:
        raise TypeError(type(kernel))
    if isinstance(kernel, list):
        if len(kernel) != 9 or not all(each is None or is_number(each) for each in kernel):
            raise TypeError("numbers of a kernel")
        given["kernel"] = np.array([np.nan if each is None else each for each in kernel], float)
    if type(given.get("padding", "")) is not str or type(given.get("relu", True)) is not bool:
        raise TypeError("padding or relu")
    counts = [given.get("stride", 1), given.get("dilation", 1), *given.get("shift", (0, 0))]
    if not given or not all(is_number(count) and abs(count) < 1e6 for count in counts):
        raise TypeError("counts")
    return given
