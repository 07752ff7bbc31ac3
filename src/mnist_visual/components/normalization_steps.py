"""How a drawing becomes the picture that the network reads."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import param

from mnist_visual._arguments import check_kind

from ._view import JS, Titled, View
from .sketchpad import Sketchpad


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
