"""The exact arithmetic of one unit, for any network."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from mnist_visual._pictures import as_floats
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.traces import UnitIndex, UnitTrace


def trace_unit(model: Any, image: npt.ArrayLike, layer: str, unit: UnitIndex) -> UnitTrace:
    """Show the computation of one output value of a layer, number by number.

    The numbers are the network's own: a trace that does not add up to what the network gave is
    refused. To follow a value back to the picture, trace what `UnitTrace.origin` names. To trace
    many units of one picture, compute `trace_network` once.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built Sequential or Functional model of one picture. Or anything with a method
        ``computation(image)`` that gives a `Computation`, as the shipped network on NumPy has.
    image : array_like (height, width) or (height, width, channels)
        One picture, as for `feature_maps`.
    layer : str
        The name of the layer, or of the model's input.
    unit : int or sequence of int
        The index of the value in the layer's output, from 0 (the page counts from 1): ``(row,
        column, channel)`` of a map, a number of a dense layer.

    Returns
    -------
    UnitTrace
        A `SumTrace` of a convolution (also depthwise, dilated, grouped), a dense layer, average
        pooling, batch normalisation, rescaling, or layers added; a `MaximumTrace` of max pooling;
        an `ActivationTrace` of an activation that is a layer; a `PassTrace` of the input,
        flattening, reshaping, dropout, padding, cropping, concatenation. One that ends in a
        softmax has the logits and the normaliser.

    Raises
    ------
    ValueError
        If there is no such layer or unit, the picture does not fit, or the layer's arithmetic is
        not known.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import load_pretrained, normalize_strokes, trace_unit
    >>> model = load_pretrained("classifier")
    >>> digit = normalize_strokes([[(40, 20), (38, 180)]])
    >>> trace = trace_unit(model, digit, "pool1", (6, 6, 0))
    >>> trace.inputs.shape
    (2, 2)
    >>> layer, unit = trace.origin(trace.winner)
    >>> trace = trace_unit(model, digit, layer, unit)
    >>> trace.layer, trace.inputs.shape, trace.sources
    ('conv1', (3, 3, 1), ('reshape',))
    >>> bool(np.isclose(trace.products.sum() + trace.bias, trace.before))
    True
    """
    return trace_network(model, image).trace(layer, unit)


def trace_network(model: Any, image: npt.ArrayLike) -> Computation:
    """Run a network on one picture, once, so that any of its units can be traced.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        As for `trace_unit`.
    image : array_like (height, width) or (height, width, channels)
        One picture, as for `feature_maps`.

    Returns
    -------
    Computation
        With a method ``trace(layer, unit)``.

    Raises
    ------
    ValueError
        If model or picture are not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, trace_network
    >>> computation = trace_network(build_classifier(), np.eye(28))
    >>> print(computation.trace("pool1", (0, 0, 0)).kind)
    max pooling
    """
    if hasattr(model, "computation"):
        found: Computation = model.computation(as_floats(image))
        return found
    from .keras_layers import read_computation  # Keras loads only where it is needed

    return read_computation(model, image)
