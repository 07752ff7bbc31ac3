"""What a layer does, and how its numbers come about, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_visual.arithmetic.computation import Computation
from mnist_visual.arithmetic.convolution import Window
from mnist_visual.arithmetic.nonlinear import Activation
from mnist_visual.explanation.architecture import LayerArchitecture

Shape = tuple[int, ...]

_NOTHING = "Nothing is learned here: 0 parameters"
_PASSES = "It computes nothing."
_ACTIVATIONS = {
    "linear": "",
    "relu": "What is below zero becomes zero (ReLU).",
    "leaky_relu": "What is below zero is made small (leaky ReLU).",
    "sigmoid": "Then each value is pressed between 0 and 1 (sigmoid).",
    "tanh": "Then each value is pressed between −1 and 1 (tanh).",
    "softmax": "Then the scores become shares that add up to one (softmax).",
}


@dataclass(frozen=True)
class LayerWords:
    """What is said of a layer.

    Attributes
    ----------
    what : list of str
        Sentences: what it does.
    parameters, operations : str
        How many there are, and how that number comes about.
    """

    what: list[str]
    parameters: str
    operations: str


def layer_words(computation: Computation, layer: LayerArchitecture) -> LayerWords:
    """Describe a layer.

    Parameters
    ----------
    computation : Computation
        Of the network.
    layer : LayerArchitecture
        One of its layers.

    Returns
    -------
    LayerWords
    """
    operation: Any = computation.layers[layer.name].operation
    shapes = [computation.maps[name].shape for name in layer.sources]
    describe: Callable[..., Words] = _WORDS.get(layer.kind, _passing)
    what, parameters = describe(operation, layer, shapes)
    return LayerWords([each for each in what if each], parameters, _operation_words(layer))


Words = tuple[list[str], str]


def _picture(_: Any, layer: LayerArchitecture, __: Sequence[Shape]) -> Words:
    pixels = _times(layer.shape[:2])
    colours = f", each with {layer.shape[2]} colours" if layer.shape[2:] > (1,) else ""
    return [f"This is what the network is given: {pixels} pixels{colours}."], _NOTHING


def _convolution(operation: Any, _: LayerArchitecture, shapes: Sequence[Shape]) -> Words:
    *size, depth, filters = operation.kernel.shape
    groups, channels = operation.groups, shapes[0][-1]
    values = f"{_times(size)} values"
    if groups == 1:
        what = [
            f"{_filters(filters)} over the input and looks for its pattern (convolution).",
            f"It weighs {values} on each of {_count(channels, 'channel')} at a time."
            if channels > 1
            else f"It weighs {values} at a time.",
        ]
    elif groups == channels:
        each = "its own filter" if filters == channels else f"{filters // channels} filters"
        what = [
            f"Each of the {channels} channels has {each} (depthwise convolution).",
            f"A filter slides over its channel and weighs {values} at a time.",
        ]
    else:
        what = [
            f"{_filters(filters)} over the input and looks for its pattern (convolution).",
            f"The {channels} channels are split into {groups} groups.",
            f"A filter weighs {values} on each of the {depth} channels of its group.",
        ]
    parts = _times([_count(filters, "filter"), *size])
    if groups != channels or channels == 1:
        parts += f" × {_count(depth, 'channel')}"
    what += [*_window_words(operation.window), _activation_words(operation.activation)]
    return what, _with_biases(parts, operation)


def _dense(operation: Any, layer: LayerArchitecture, shapes: Sequence[Shape]) -> Words:
    values, units = operation.kernel.shape
    what = [
        f"Each of the {units} units weighs all {values} values and adds them up (dense layer)."
        if units > 1
        else f"The one unit weighs all {values} values and adds them up (dense layer)."
    ]
    if len(layer.shape) > 1:
        places = _times(shapes[0][:-1])
        what.append(f"It does so at each of {places} places, with the same weights.")
    what.append(_activation_words(operation.activation))
    return what, _with_biases(f"{_count(values, 'value')} × {_count(units, 'unit')}", operation)


def _max_pooling(operation: Any, _: LayerArchitecture, shapes: Sequence[Shape]) -> Words:
    if operation.window is None:
        what = "Of each whole map, only the largest value goes on (global max pooling)."
        return [what], _NOTHING
    size = _times(operation.window.size)
    what = f"Of every {size} values, only the largest goes on (max pooling)."
    return [what, *_pooling_words(operation.window, shapes)], _NOTHING


def _average_pooling(operation: Any, _: LayerArchitecture, shapes: Sequence[Shape]) -> Words:
    if operation.window is None:
        return ["Each whole map becomes one value: its mean (global average pooling)."], _NOTHING
    size = _times(operation.window.size)
    what = f"Every {size} values become one: their mean (average pooling)."
    return [what, *_pooling_words(operation.window, shapes)], _NOTHING


def _batch_normalization(operation: Any, layer: LayerArchitecture, _: Sequence[Shape]) -> Words:
    channels = layer.shape[-1]
    what = [
        "Each channel is multiplied by a number and shifted by another (batch normalization).",
        "So the values keep a similar size, whatever comes before.",
    ]
    each = operation.parameters // channels
    kept = {4: "factor, shift, mean, spread", 2: "mean and spread"}.get(
        each, "mean, spread, and one more"
    )
    return what, (
        f"{_count(channels, 'channel')} × {each} numbers ({kept}) = "
        f"{operation.parameters:,} parameters"
    )


def _rescaling(*_: Any) -> Words:
    return ["Every value is multiplied by the same number, and another is added."], _NOTHING


def _sum(_: Any, layer: LayerArchitecture, __: Sequence[Shape]) -> Words:
    return [f"What {_and(layer.sources)} give is added, value by value (addition)."], _NOTHING


def _activation(operation: Any, _: LayerArchitecture, __: Sequence[Shape]) -> Words:
    what = _activation_words(operation.activation).removeprefix("Then ")
    return [what[:1].upper() + what[1:]], _NOTHING  # a name within, like ReLU, stays as it is


def _softmax(*_: Any) -> Words:
    return ["The scores become shares that add up to one (softmax)."], _NOTHING


def _concatenation(_: Any, layer: LayerArchitecture, __: Sequence[Shape]) -> Words:
    what = f"What {_and(layer.sources)} give is put one after the other (concatenation)."
    return [what], _NOTHING


def _reshape(_: Any, layer: LayerArchitecture, shapes: Sequence[Shape]) -> Words:
    before, after = _times(shapes[0]), _times(layer.shape)
    return [
        f"The same values in another shape: {before} become {after} (reshape).",
        "No value changes.",
    ], _NOTHING


def _unknown(operation: Any, *_: Any) -> Words:
    what = [
        f"This layer is {operation.reason.partition(';')[0]}.",
        "What it computes is not known here.",
    ]
    return what, f"{operation.parameters:,} parameters"


def _passing(_: Any, layer: LayerArchitecture, __: Sequence[Shape]) -> Words:
    what = {
        "padding": "Zeros are put around the values (padding).",
        "cropping": "The edges are cut off (cropping).",
        "dropout": "While the network learned, it switched values off at random (dropout).",
        "identity": "It does something only while the network learns.",
    }.get(layer.kind, f"It is {layer.kind}.")
    return [what, "All other values stay as they are."], _NOTHING


_WORDS: dict[str, Callable[..., Words]] = {
    "input": _picture,
    "convolution": _convolution,
    "depthwise convolution": _convolution,
    "grouped convolution": _convolution,
    "dense": _dense,
    "max pooling": _max_pooling,
    "average pooling": _average_pooling,
    "batch normalization": _batch_normalization,
    "rescaling": _rescaling,
    "sum": _sum,
    "activation": _activation,
    "softmax": _softmax,
    "concatenation": _concatenation,
    "reshape": _reshape,
    "unknown": _unknown,
}


def _operation_words(layer: LayerArchitecture) -> str:
    if layer.kind == "unknown":
        return "How much it computes is not known here."
    if not layer.operations:
        return _PASSES
    steps = _count(layer.steps_each, layer.step)
    return f"{_times(layer.shape)} values, {steps} each = {layer.operations:,}"


def _window_words(window: Window) -> list[str]:
    said = []
    if max(window.stride) > 1:
        said.append(f"It moves by {_step(window.stride)} (stride).")
    if window.padding == "same" and max(window.span) > 1:
        said.append("At the edge it goes over zeros, so that nothing is missed (padding).")
    if max(window.dilation) > 1:
        said.append(f"It looks at every {_ordinal(max(window.dilation))} value only (dilation).")
    return said


def _pooling_words(window: Window, shapes: Sequence[Shape]) -> list[str]:
    said = []
    if window.padding == "same":
        said.append("What lies beyond the edge does not count (padding).")
    if window.stride == window.size:
        return [*said, f"So maps of {_times(shapes[0][:-1])} become smaller."]
    return [*said, f"The window moves by {_step(window.stride)} (stride)."]


def _activation_words(activation: Activation) -> str:
    if any(activation.options.values()) and activation.name != "leaky_relu":
        return f"Then each value goes through {activation}."
    return _ACTIVATIONS.get(activation.name, f"Then each value goes through {activation}.")


def _with_biases(product: str, operation: Any) -> str:
    total = f"{operation.parameters:,} parameters"
    if operation.bias is None:
        return f"{product} = {total}, no biases"
    return f"{product} + {_count(operation.bias.size, 'bias')} = {total}"


def _filters(count: int) -> str:
    return f"Each of the {count} filters slides" if count > 1 else "One filter slides"


def _step(stride: Shape) -> str:
    return str(stride[0]) if len({*stride}) == 1 else _times(stride)


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _count(number: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _times(parts: Sequence[Any]) -> str:
    return " × ".join(map(str, parts))


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
