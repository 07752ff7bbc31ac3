"""A Keras model, compiled into one function of arrays with the batch last."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jax.numpy as jnp

from mnist_visual._backend import keras
from mnist_visual._graph import model_steps

from .layers import Shape, Share, Step, UnknownKindError, conv_and_pool, pools_alone, step_of

WHOLE_BATCH = Share(0)


class Network:
    """A Sequential or Functional model of known layers, as a function.

    It reads the variables of the model whenever it is called, within a
    ``keras.StatelessScope`` those of the scope.

    Parameters
    ----------
    model : keras.Model
        Built, with one input.

    Raises
    ------
    UnknownKindError
        If there is something in the model that it does not know.
    """

    def __init__(self, model: keras.Model) -> None:
        if not is_graph(model):
            raise UnknownKindError(f"the model {type(model).__name__}, which has a call of its own")
        if not model.built or len(model.inputs) != 1:
            raise UnknownKindError(f"the model {model.name!r}, which has no single input")
        self._model = model
        self._steps: list[tuple[int, int, Step]] = []  # from a tensor, to a tensor, how
        self._compile()

    def __call__(self, values: Any, *, training: bool, share: Share = WHOLE_BATCH) -> Any:
        """Compute the outputs of the model.

        Parameters
        ----------
        values : array (*shape, batch)
            The input, as Keras has it but for the batch, which comes last.
        training : bool
            Whether noise is added.
        share : Share, optional
            The part of the batch that `values` are, where layers draw noise.

        Returns
        -------
        array (*shape, batch), or a list of them
            The outputs, likewise.
        """
        (source,) = self._model.inputs
        if values.ndim == len(source.shape) - 1:  # as Keras does
            values = values[..., None, :]
        known = {id(source): jnp.moveaxis(values, -2, 0)}
        for start, end, step in self._steps:
            known[end] = step(known[start], training, share)
        outputs = [jnp.moveaxis(known[id(output)], 0, -2) for output in self._model.outputs]
        return outputs if len(outputs) > 1 else outputs[0]

    def _compile(self) -> None:
        nodes = _nodes(self._model)
        uses = Counter(id(source) for _, source, _ in nodes)
        uses.update(id(output) for output in self._model.outputs)
        skipped: set[int] = set()
        for number, (layer, source, target) in enumerate(nodes):
            if number in skipped:
                continue
            shape = tuple(source.shape[1:])
            follower = _only_follower(nodes, target) if uses[id(target)] == 1 else None
            if follower is not None and pools_alone(layer, nodes[follower][0]):
                pool, _, end = nodes[follower]
                skipped.add(follower)
                self._steps.append((id(source), id(end), conv_and_pool(layer, pool, shape)))
            else:
                self._steps.append((id(source), id(target), _step(layer, shape)))


def is_graph(model: Any) -> bool:
    """Say whether a model is Keras's Sequential or Functional, and nothing derived from them."""
    kind = type(model)
    return kind.__module__.startswith("keras.") and kind.__name__ in ("Sequential", "Functional")


def _step(layer: Any, shape: Shape) -> Step:
    if not is_graph(layer):
        return step_of(layer, shape)
    inner = Network(layer)

    def step(values: Any, training: bool, share: Share) -> Any:
        plain = inner(jnp.moveaxis(values, 0, -2), training=training, share=share)
        return jnp.moveaxis(plain, -2, 0)

    return step


def _only_follower(nodes: list[tuple[Any, Any, Any]], target: Any) -> int | None:
    return next((k for k, (_, source, _) in enumerate(nodes) if source is target), None)


def _nodes(model: keras.Model) -> list[tuple[Any, Any, Any]]:
    """List the calls of a model, each as its layer, input and output, in an order that works."""
    nodes = []
    for layer, node in model_steps(model):
        # Keras, too, replaces `training` by its own when it calls the model.
        options = {**node.arguments.kwargs, "training": None}
        extra = [value for value in options.values() if value is not None]
        if len(node.input_tensors) != 1 or len(node.arguments.args) != 1 or extra:
            raise UnknownKindError(f"{type(layer).__name__} {layer.name!r} with several inputs")
        if len(node.output_tensors) != 1:
            raise UnknownKindError(f"{type(layer).__name__} {layer.name!r} with several outputs")
        nodes.append((layer, *node.input_tensors, *node.output_tensors))
    return nodes
