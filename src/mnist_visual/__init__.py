"""See how a neural network reads a handwritten digit.

The public names load on first use (Scientific Python SPEC 1), so that importing the package
costs nothing and drawings can be normalised without Keras.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .activations import feature_maps as feature_maps
    from .activations import filters as filters
    from .classifier import build_classifier as build_classifier
    from .datasets import load_idx as load_idx
    from .datasets import load_mnist as load_mnist
    from .drawing import image_steps as image_steps
    from .drawing import normalize_image as normalize_image
    from .drawing import normalize_strokes as normalize_strokes
    from .drawing import stroke_steps as stroke_steps
    from .evaluation import evaluate_classifier as evaluate_classifier
    from .outliers import looks_like_digit as looks_like_digit
    from .pen_digits import load_pen_digits as load_pen_digits
    from .training import train_classifier as train_classifier
    from .weights import load_pretrained as load_pretrained
    from .weights import load_weights as load_weights
    from .weights import save_weights as save_weights

__version__ = "0.1.0"

_HOME = {
    "activations": ["feature_maps", "filters"],
    "classifier": ["build_classifier"],
    "datasets": ["load_idx", "load_mnist"],
    "drawing": ["image_steps", "normalize_image", "normalize_strokes", "stroke_steps"],
    "evaluation": ["evaluate_classifier"],
    "outliers": ["looks_like_digit"],
    "pen_digits": ["load_pen_digits"],
    "training": ["train_classifier"],
    "weights": ["load_pretrained", "load_weights", "save_weights"],
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]  # noqa: PLE0604 - strings they are

if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "jax")


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
