"""The arithmetic of a network in plain NumPy: what each value is made of, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist_visual._lazy import loader

if TYPE_CHECKING:
    from .computation import Computation
    from .convolution import apply_kernel
    from .learning import GradientStep, cross_entropy, gradient_step
    from .pooling import Pooled, pool_map
    from .traces import ActivationTrace, MaximumTrace, PassTrace, Softmax, SumTrace, UnitTrace

__all__ = [
    "ActivationTrace",
    "Computation",
    "GradientStep",
    "MaximumTrace",
    "PassTrace",
    "Pooled",
    "Softmax",
    "SumTrace",
    "UnitTrace",
    "apply_kernel",
    "cross_entropy",
    "gradient_step",
    "pool_map",
]

_NAMES_OF = {
    "computation": ["Computation"],
    "convolution": ["apply_kernel"],
    "learning": ["GradientStep", "cross_entropy", "gradient_step"],
    "pooling": ["Pooled", "pool_map"],
    "traces": [
        "ActivationTrace",
        "MaximumTrace",
        "PassTrace",
        "Softmax",
        "SumTrace",
        "UnitTrace",
    ],
}

if not TYPE_CHECKING:  # a type checker is to miss names that do not exist
    __getattr__ = loader(__name__, _NAMES_OF)


def __dir__() -> list[str]:
    return __all__
