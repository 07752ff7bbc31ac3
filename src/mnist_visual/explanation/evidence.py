"""What each hidden unit says for a class and against it, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._models import name_of
from mnist_visual._numbers import checked_count
from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.logits import last_dense
from mnist_visual.arithmetic.rearrangements import keeps_values

from .tracing import trace_network


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the last hidden units add to the score of a class.

    The score is the logit, the value before the softmax: ``contributions.sum() + bias == logit``.
    A softmax feels only how the logits differ. So what a unit adds to all classes alike is no
    evidence for any, and `relative` is without it:
    ``relative.sum() + relative_bias == logit - mean of all logits``. What is positive there speaks
    for the class, what is negative against it. Where no softmax weighs the classes, as with a
    sigmoid for each, both are the same.

    Attributes
    ----------
    label : int
        The class.
    layer : str
        The layer of the hidden units.
    activations : float32 array (...)
        The output of each unit, in the shape of the layer: ``(units,)``, or ``(height, width,
        channels)``.
    contributions : float32 array (...)
        Activation times the weight to the class.
    bias, logit : float
        Of the class; a bias of 0 where the layer has none.
    relative : float32 array (...)
        The contribution without its mean over all classes.
    relative_bias, relative_logit : float
        Both without their means over all classes.
    """

    label: int
    layer: str
    activations: Floats
    contributions: Floats
    bias: float
    logit: float
    relative: Floats
    relative_bias: float
    relative_logit: float


def evidence(model: Any, image: npt.ArrayLike, label: int) -> Evidence:
    """Tell what each unit of the last hidden layer adds for and against a class.

    For a network that ends in a dense layer this is exact: its logit is a sum over the units.
    Where that layer reads flattened maps, the contributions keep the shape of the maps.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        As for `trace_unit`.
    image : array_like (height, width) or (height, width, channels)
        One picture, as for `feature_maps`.
    label : int
        The class, from 0.

    Returns
    -------
    Evidence

    Raises
    ------
    ValueError
        If there is no such class, or the network does not end in a dense layer; an activation,
        dropout and reshaping may follow it. `saliency` takes any network.

    Examples
    --------
    >>> from mnist_visual import evidence, load_pretrained, normalize_strokes
    >>> digit = normalize_strokes([[(40, 20), (38, 180)]])
    >>> found = evidence(load_pretrained("classifier"), digit, 1)
    >>> found.layer, found.contributions.shape
    ('dense', (128,))
    >>> bool(abs(found.contributions.sum() + found.bias - found.logit) < 1e-4)
    True
    """
    if len(getattr(model, "outputs", [model])) != 1:
        raise ValueError(
            f"evidence explains a model of one output. Received: {name_of(model)!r} with "
            f"{len(model.outputs)}. Give it a keras.Model with the one that you mean."
        )
    computation = trace_network(model, image)
    last, dense, activation = last_dense(computation, "evidence")
    classes = dense.kernel.shape[1]
    label = checked_count("label", label, least=0, most=classes - 1)
    inputs = computation.trace(last, label).inputs  # refuses what is not the network's own value
    biases = np.zeros(classes, dtype=np.float32) if dense.bias is None else dense.bias
    logits = inputs.astype(np.float64) @ dense.kernel + biases
    # What a softmax does not feel: what all logits have in common.
    common = float(activation in ("softmax", "linear") and classes > 1)
    layer = _before_reshaping(computation, computation.layers[last].sources[0])
    if layer not in computation.maps:
        raise ValueError(
            "evidence needs a last hidden layer that is used once, and has one output. "
            f"Received: {layer!r}. Try saliency."
        )
    shape = computation.maps[layer].shape
    weights = dense.kernel[:, label]
    return Evidence(
        label=label,
        layer=layer,
        activations=inputs.reshape(shape),
        contributions=(inputs * weights).reshape(shape),
        bias=float(biases[label]),
        logit=float(logits[label]),
        relative=(inputs * (weights - common * dense.kernel.mean(axis=1))).reshape(shape),
        relative_bias=float(biases[label] - common * biases.mean()),
        relative_logit=float(logits[label] - common * logits.mean()),
    )


def _before_reshaping(computation: Computation, name: str) -> str:
    """Go back to the layer that computed the values: flattening and dropout did not."""
    while True:
        sources, operation = computation.layers[name]
        if not keeps_values(operation):
            return name
        (name,) = sources
