"""What a whole layer is before its activation, against the trace of each of its units."""

import numpy as np
import pytest

from mnist_visual.arithmetic.preactivation import activation_of, preactivations
from mnist_visual.explanation.tracing import trace_network

from .classifier_models import one_picture


@pytest.mark.parametrize("name", ["chain", "graph"])
def test_it_is_what_every_trace_finds(request, name):
    model = request.getfixturevalue(name)
    computation = trace_network(model, one_picture(model))
    layers = [layer for layer, (_, what) in computation.layers.items() if activation_of(what)]
    assert len(layers) >= 4
    for layer in layers:
        units = np.ndindex(*computation.maps[layer].shape)
        traced = [computation.trace(layer, unit).before for unit in units]
        assert preactivations(computation, layer).ravel() == pytest.approx(traced, abs=1e-5)


def test_a_layer_without_an_activation_is_refused(graph):
    computation = trace_network(graph, one_picture(graph))
    for layer in ("pool", "rows", "nothing"):
        with pytest.raises(ValueError, match=f"with an activation.*Received: '{layer}'"):
            preactivations(computation, layer)
