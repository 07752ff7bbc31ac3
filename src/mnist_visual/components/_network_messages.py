"""What the network's script is sent: maps as shades, and the numbers behind one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnist_visual.arithmetic.traces import (
    ActivationTrace,
    MaximumTrace,
    Softmax,
    SumTrace,
    Unit,
    UnitTrace,
)
from mnist_visual.explanation.architecture import LayerArchitecture

from ._messages import Message


def layer_message(layer: LayerArchitecture) -> Message:
    """Say what a layer is: ``name``, ``what`` it does, ``shape``, and its ``sources``."""
    return {
        "name": layer.name,
        "what": layer.kind,
        "shape": [*layer.shape],
        "sources": [*layer.sources],
        "parameters": layer.parameters,
        "operations": layer.operations,
    }


def trace_message(trace: UnitTrace, origins: Sequence[tuple[str, Unit] | None]) -> Message:
    """Give the numbers behind one value.

    Parameters
    ----------
    trace : UnitTrace
        As from `mnist_visual.trace_unit`.
    origins : sequence of (str, tuple of int) or None
        For each of its inputs the layer and the unit where it was computed; None for padding.

    Returns
    -------
    dict
        Plain numbers and float32 arrays; what a trace does not have is None.
    """
    message: Message = {
        "layer": trace.layer,
        "unit": [*trace.unit],
        "what": trace.kind,
        "shape": [*trace.inputs.shape],
        "inputs": np.nan_to_num(trace.inputs, neginf=0).ravel(),
        "origins": [origin and [origin[0], [*origin[1]]] for origin in origins],
        "value": trace.value,
        "weights": None,
        "products": None,
        "winner": None,
        "activation": None,
        "softmax": None,
    }
    if isinstance(trace, SumTrace):
        message |= {
            "weights": trace.weights.ravel(),
            "products": trace.products.ravel(),
            "total": trace.total,
            "bias": trace.bias,
        }
    if isinstance(trace, SumTrace | ActivationTrace):
        message |= {
            "before": trace.before,
            "activation": trace.activation,
            "softmax": _softmax_message(trace.softmax),
        }
    if isinstance(trace, MaximumTrace):
        message["winner"] = int(np.ravel_multi_index(trace.winner, trace.inputs.shape))
    return message


def unknown_message(layer: str, unit: Unit, value: float) -> Message:
    """Give what is known of a value whose computation is not: as `trace_message`, but empty."""
    return {
        "layer": layer,
        "unit": [*unit],
        "what": "unknown",
        "shape": [0],
        "inputs": np.zeros(0, np.float32),
        "origins": [],
        "value": value,
        "weights": None,
        "products": None,
        "winner": None,
        "activation": None,
        "softmax": None,
    }


def _softmax_message(softmax: Softmax | None) -> Message | None:
    if softmax is None:
        return None
    return {
        "logits": softmax.logits,
        "exponentials": softmax.exponentials,
        "shares": softmax.shares,
        "largest": softmax.largest,
        "normaliser": softmax.normaliser,
        "index": softmax.index,
    }
