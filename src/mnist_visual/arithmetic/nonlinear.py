"""The activation functions of Keras, one value at a time, in plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class Activation:
    """What a layer makes of a value in the end.

    Attributes
    ----------
    name : str
        As in Keras: "relu", "softmax", ... "linear" leaves a value as it is.
    options : mapping of str to float or None
        What differs from the function's own, such as ``negative_slope``.
    """

    name: str = "linear"
    options: Mapping[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name != "softmax" and self.name not in _FUNCTIONS:
            raise ValueError(f"An activation is one of {ACTIVATIONS}. Received: {self.name!r}.")

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value:g}" for name, value in self.options.items() if value)
        return f"{self.name} ({options})" if options else self.name

    def __call__(self, value: float) -> float:
        """Give the activation of one value; not of softmax, which needs them all."""
        return _FUNCTIONS[self.name](value, **self.options)


def _relu(
    x: float, negative_slope: float = 0, max_value: float | None = None, threshold: float = 0
) -> float:
    if x <= threshold:
        return negative_slope * (x - threshold) if negative_slope else 0.0
    return x if max_value is None else min(x, max_value)


def _sigmoid(x: float) -> float:
    small = math.exp(-abs(x))  # never overflows
    return (1 if x >= 0 else small) / (1 + small)


def _elu(x: float, alpha: float = 1) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _gelu(x: float) -> float:
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def _softplus(x: float) -> float:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "linear": lambda x: x,
    "relu": _relu,
    "relu6": lambda x: min(max(x, 0), 6),
    "leaky_relu": lambda x, negative_slope=0.2: _relu(x, negative_slope),
    "elu": _elu,
    "selu": lambda x: _SELU_SCALE * _elu(x, _SELU_ALPHA),
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * math.tanh(_softplus(x)),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "tanh": math.tanh,
    "exponential": lambda x: math.exp(min(x, 700)),
}

ACTIVATIONS = [*_FUNCTIONS, "softmax"]
