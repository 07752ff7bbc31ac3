"""What a whole layer computes before its activation, at once."""

from __future__ import annotations

import numpy as np

from mnist_visual._arrays import Floats

from .computation import Computation, Operation
from .convolution import correlate
from .nonlinear import Activation
from .operations import Activate, Convolution, Dense


def activation_of(operation: Operation) -> Activation | None:
    """Give the activation of what a layer does, or None where values go on as they are."""
    activation = getattr(operation, "activation", None)
    return None if activation is None or activation.name == "linear" else activation


def preactivations(computation: Computation, layer: str) -> Floats:
    """Compute what each unit of a layer is before its activation.

    Parameters
    ----------
    computation : Computation
        Of a network on one picture.
    layer : str
        A convolution, a dense layer, or an activation that is a layer of its own.

    Returns
    -------
    float32 array
        Of the shape of the layer's output; for each unit what `Computation.trace` gives as
        ``before``.

    Raises
    ------
    ValueError
        If there is no such layer, or it has no activation.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, trace_network
    >>> computation = trace_network(build_classifier(seed=0), np.eye(28))
    >>> before = preactivations(computation, "conv1")
    >>> before.shape, bool((np.maximum(before, 0) == computation.maps["conv1"]).all())
    ((26, 26, 8), True)
    """
    known = [
        name for name, (_, operation) in computation.layers.items() if activation_of(operation)
    ]
    if layer not in known:
        raise ValueError(f"The layers with an activation are {known}. Received: {layer!r}.")
    (source,), operation = computation.layers[layer]
    values = computation.maps[source]
    match operation:
        case Activate():
            return values
        case Dense(kernel=kernel, bias=bias):
            total = values @ kernel
        case Convolution(kernel=kernel, bias=bias, window=window, groups=groups):
            pairs = zip(np.split(values, groups, -1), np.split(kernel, groups, -1), strict=True)
            total = np.concatenate([correlate(*pair, window) for pair in pairs], axis=-1)
        case _:
            raise ValueError(f"Only an operation of this package can be read. Received: {layer!r}.")
    return total if bias is None else total + bias
