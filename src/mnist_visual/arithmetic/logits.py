"""Which layer makes the logits of a network."""

from __future__ import annotations

from .computation import Computation
from .operations import Activate, Dense
from .rearrangements import keeps_values

# After these, the order of the classes is that of the logits.
_AFTER_LOGITS = {"linear", "log_softmax", "sigmoid", "softmax"}


def last_dense(computation: Computation, task: str) -> tuple[str, Dense, str]:
    """Go back from the output to the dense layer that makes the logits.

    Parameters
    ----------
    computation : Computation
        Of the network on any picture.
    task : str
        The name of what needs the layer, for the error.

    Returns
    -------
    tuple of str, Dense and str
        The layer's name, what it does, and the activation behind it: its own, or that of a layer
        of its own.

    Raises
    ------
    ValueError
        If the network does not end in a dense layer; an activation, dropout and reshaping may
        follow it.
    """
    name, activation = computation.output, "linear"
    while True:
        sources, operation = computation.layers[name]
        if isinstance(operation, Dense) and computation.maps[name].ndim == 1:
            own = operation.activation.name
            if activation == "linear":
                activation, own = own, activation
            if own == "linear" and activation in _AFTER_LOGITS:
                return name, operation, activation
            raise ValueError(
                f"{task} needs a network that ends in a dense layer with one of "
                f"{sorted(_AFTER_LOGITS)} after it: there the logit is a sum over the hidden "
                f"units. Received: {name!r} with {own!r} and {activation!r} after it."
            )
        if isinstance(operation, Activate) and activation == "linear":
            activation = operation.activation.name
        elif not keeps_values(operation):  # a crop or padding makes other classes of them
            before = "" if name == computation.output else f", before it {name!r}"
            raise ValueError(
                f"{task} needs a network that ends in a dense layer: there the logit is a sum "
                f"over the hidden units. Received: a network that ends in {computation.output!r}"
                f"{before}."
            )
        (name,) = sources
