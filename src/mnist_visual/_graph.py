"""What a Keras model of one input calls, in which order, and on what."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._backend import keras
from ._models import functional_advice


class Step(NamedTuple):
    """One call within a model.

    Attributes
    ----------
    operation : keras.Layer or keras.Operation
        What is called.
    node : keras.src.ops.node.Node
        The call: its arguments, its tensors of input and of output.
    """

    operation: Any
    node: Any

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what it is called on: other steps, or the input."""
        return tuple(tensor._keras_history[0].name for tensor in self.node.input_tensors)

    @property
    def outputs(self) -> list[Any]:
        """What it gives, one tensor or several."""
        return list(self.node.output_tensors)


def check_model(model: Any) -> None:
    """Raise ValueError unless a model is a built Sequential or Functional one of one input."""
    if not getattr(model, "inputs", None):
        raise ValueError(
            "The model has to be a built Sequential or Functional model. "
            f"Received: {model!r:.80}. {functional_advice(model)}"
        )
    if len(model.inputs) != 1:
        raise ValueError(
            "The model has to have one input, a picture. "
            f"Received: {model.name!r} with {len(model.inputs)} inputs."
        )


def input_name(model: Any) -> str:
    """Give the name of a model's input layer."""
    return str(model.inputs[0]._keras_history[0].name)


def model_steps(model: Any) -> list[Step]:
    """List what a model calls, each after all that it reads.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or Functional model of one input.

    Returns
    -------
    list of Step
        A layer that is called twice is in it twice; calls that belong to other models are not.
    """
    steps: dict[int, Step] = {}  # by their nodes: a layer can belong to many models
    beginning = id(model.inputs[0])
    waiting = [(tensor, False) for tensor in reversed(model.outputs)]
    while waiting:
        tensor, ready = waiting.pop()
        if id(tensor) == beginning:
            continue
        operation, number, _ = tensor._keras_history
        node = operation._inbound_nodes[number]
        if id(node) in steps:
            continue
        if ready:
            steps[id(node)] = Step(operation, node)
        else:
            waiting.append((tensor, True))
            waiting.extend((source, False) for source in reversed(node.input_tensors))
    return list(steps.values())


def named_outputs(model: Any) -> dict[str, Any]:
    """Give the output of each step by its name, of those that are one tensor of one call."""
    steps = model_steps(model)
    names = [step.operation.name for step in steps]
    return {
        name: step.outputs[0]
        for name, step in zip(names, steps, strict=True)
        if names.count(name) == 1 and len(step.outputs) == 1
    }


def layer_names(model: Any) -> list[str]:
    """List the names of a model's layers, without its input."""
    return [layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
