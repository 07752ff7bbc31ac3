"""The layers of Keras as plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._backend import keras
from mnist_visual._graph import check_model, input_name, model_steps, named_outputs
from mnist_visual._layer_outputs import outputs_of
from mnist_visual._models import input_shape, reads_bytes
from mnist_visual._pictures import picture_batch
from mnist_visual.arithmetic.computation import Computation, Layer, Operation
from mnist_visual.arithmetic.convolution import Window
from mnist_visual.arithmetic.nonlinear import ACTIVATIONS, Activation
from mnist_visual.arithmetic.operations import (
    Activate,
    Addition,
    Convolution,
    Dense,
    Pooling,
    Scaling,
)
from mnist_visual.arithmetic.rearrangements import Concatenation, Input, Reshape, Shift, Unsupported


def read_computation(model: keras.Model, image: npt.ArrayLike) -> Computation:
    """Run a Keras model on one picture, once, and describe its layers.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or Functional model of one picture.
    image : array_like (height, width) or (height, width, channels)
        As for `feature_maps`.

    Returns
    -------
    Computation

    Raises
    ------
    ValueError
        If model or picture are not as described.
    """
    check_model(model)
    batch, single = picture_batch(input_shape(model), image, as_bytes=reads_bytes(model))
    if not single:
        raise ValueError(f"One picture is traced at a time. Received: {len(batch)} of them.")
    start = input_name(model)
    layers = {start: Layer((), Input())}
    for step in model_steps(model):
        layers[step.operation.name] = Layer(step.sources, read_operation(step.operation))
    maps = {name: values[0] for name, values in _all_outputs(model, batch).items()}
    return Computation(layers, {start: batch[0], **maps}, [*layers][-1])


def read_operation(layer: Any) -> Operation:
    """Describe what a layer of Keras does.

    Parameters
    ----------
    layer : keras.Layer or keras.Operation
        Built.

    Returns
    -------
    Operation
        `Unsupported`, with the reason, where it cannot be traced.
    """
    reason = _obstacle(layer)
    if reason is None:
        try:
            return _READERS[type(layer)](layer)
        except _UnknownError as error:
            reason = f"a {type(layer).__name__} with {error}"
    # What is no layer, such as a function of keras.ops, keeps nothing.
    parameters = layer.count_params() if isinstance(layer, keras.layers.Layer) else 0
    return Unsupported(reason, int(parameters))


def _obstacle(layer: Any) -> str | None:
    """Say why a layer cannot be read, whatever its options are."""
    kind = type(layer).__name__
    if isinstance(layer, keras.Model):
        return (
            "a model of its own; trace its layers by giving it, as the model, the output of the "
            "layer before it, as the image"
        )
    # Not by isinstance: what somebody made of a layer does something else.
    if type(layer) not in _READERS:
        return f"a {kind}"
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return f"a {kind} with data_format={layer.data_format!r}; only channels_last"
    if layer.compute_dtype != "float32" or getattr(layer, "quantization_mode", None):
        return f"a {kind} that computes in another type than float32"
    return None


class _UnknownError(Exception):
    """A layer has an option that is not known here."""


def _all_outputs(model: keras.Model, batch: Floats) -> dict[str, Floats]:
    names = tuple(named_outputs(model))
    return outputs_of(model, names, batch) if names else {}


def _array(variable: Any) -> Floats:
    return np.array(keras.ops.convert_to_numpy(variable), dtype=np.float32)


def _activation(function: Any) -> Activation:
    layers = keras.layers
    if function is None:
        return Activation()
    if type(function) is layers.Activation:
        return _activation(function.activation)
    for kind, options in {
        layers.ReLU: ("negative_slope", "max_value", "threshold"),
        layers.LeakyReLU: ("negative_slope",),
        layers.ELU: ("alpha",),
    }.items():
        if type(function) is kind:
            numbers = {name: getattr(function, name) for name in options}
            given = {name: float(value) for name, value in numbers.items() if value is not None}
            return Activation(_NAMES[kind.__name__], given)
    if type(function) is layers.Softmax and function.axis == -1:
        return Activation("softmax")
    name = getattr(function, "__name__", "")
    if name not in ACTIVATIONS or getattr(keras.activations, name) is not function:
        raise _UnknownError(f"the activation {function!r}")
    return Activation(name)


_NAMES = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}


def _window(layer: Any, size: tuple[int, ...], dilation: Any = 1) -> Window:
    if layer.padding not in ("valid", "same"):
        raise _UnknownError(f"padding={layer.padding!r}")

    def each_axis(option: Any) -> tuple[int, ...]:
        return (option,) * len(size) if isinstance(option, int) else tuple(option)

    return Window(tuple(size), each_axis(layer.strides), each_axis(dilation), layer.padding)


def _convolution(layer: Any) -> Operation:
    kernel, groups = _array(layer.kernel), getattr(layer, "groups", 1)
    if isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D):
        groups = kernel.shape[-2]  # its filters are those of one channel after the other
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    bias = None if layer.bias is None else _array(layer.bias)
    window = _window(layer, kernel.shape[:-2], layer.dilation_rate)
    return Convolution(kernel, bias, window, groups, _activation(layer.activation))


def _dense(layer: Any) -> Operation:
    bias = None if layer.bias is None else _array(layer.bias)
    return Dense(_array(layer.kernel), bias, _activation(layer.activation))


def _pooling(layer: Any) -> Operation:
    size = layer.pool_size
    window = _window(layer, (size,) if isinstance(size, int) else size)
    return Pooling(window, average="Average" in type(layer).__name__)


def _global_pooling(layer: Any) -> Operation:
    return Pooling(None, average="Average" in type(layer).__name__)


def _batch_normalization(layer: Any) -> Operation:
    if layer.axis not in (-1, layer.input_spec.ndim - 1) or getattr(layer, "renorm", False):
        raise _UnknownError("another axis than the last, or with renorm")
    mean, variance = layer.moving_mean, layer.moving_variance
    factor = 1 / np.sqrt(_array(variance).astype(np.float64) + layer.epsilon)
    if layer.gamma is not None:
        factor *= _array(layer.gamma)
    shift = -_array(mean) * factor
    if layer.beta is not None:
        shift += _array(layer.beta)
    return Scaling(
        "batch normalization",
        factor.astype(np.float32),
        shift.astype(np.float32),
        int(layer.count_params()),
    )


def _rescaling(layer: Any) -> Operation:
    factor, shift = (np.asarray(each, dtype=np.float32) for each in (layer.scale, layer.offset))
    return Scaling("rescaling", factor, shift)


def _activate(layer: Any) -> Operation:
    if type(layer) is keras.layers.Softmax:
        if not isinstance(layer.axis, int) or layer.axis == 0:
            raise _UnknownError(f"axis={layer.axis!r}")
        axis = layer.axis if layer.axis < 0 else layer.axis - 1
        return Activate(Activation("softmax"), axis)
    return Activate(_activation(layer))


def _reshape(layer: Any) -> Operation:
    if type(layer) is keras.layers.Flatten:
        return Reshape()
    return Reshape(tuple(-1 if length is None else length for length in layer.target_shape))


def _sides(option: Any) -> list[Any]:
    """Give how much each axis gains or loses before its first value."""
    pairs = option if isinstance(option[0], tuple | list) else [option]
    return [before for before, _ in pairs]


def _concatenation(layer: Any) -> Operation:
    return Concatenation(layer.axis if layer.axis < 0 else layer.axis - 1)


def _readers() -> dict[type, Callable[[Any], Operation]]:
    layers = keras.layers

    def named(*names: str) -> list[type]:
        return [getattr(layers, name) for name in names]

    dimensions = ("1D", "2D", "3D")
    by_kind: list[tuple[Callable[[Any], Operation], list[type]]] = [
        (_convolution, named("DepthwiseConv1D", "DepthwiseConv2D")),
        (_convolution, named(*(f"Conv{n}" for n in dimensions))),
        (_pooling, named(*(f"{kind}Pooling{n}" for n in dimensions for kind in _POOLS))),
        (_global_pooling, named(*(f"Global{k}Pooling{n}" for n in dimensions for k in _POOLS))),
        (_dense, [layers.Dense]),
        (_batch_normalization, [layers.BatchNormalization]),
        (_rescaling, [layers.Rescaling]),
        (_activate, named("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax")),
        (_reshape, [layers.Flatten, layers.Reshape]),
        (
            lambda layer: Shift("padding", tuple(_sides(layer.padding))),
            named(*(f"ZeroPadding{n}" for n in dimensions)),
        ),
        (
            lambda layer: Shift("cropping", tuple(-side for side in _sides(layer.cropping))),
            named(*(f"Cropping{n}" for n in dimensions)),
        ),
        (lambda _: Shift("dropout"), named("Dropout", *(f"SpatialDropout{n}" for n in dimensions))),
        (lambda _: Shift("identity"), named(*_INACTIVE)),
        (lambda _: Addition(), [layers.Add]),
        (_concatenation, [layers.Concatenate]),
    ]
    return {kind: reader for reader, kinds in by_kind for kind in kinds}


_POOLS = ("Max", "Average")
# What does something only while the model learns.
_INACTIVE = (
    "Identity",
    "ActivityRegularization",
    "GaussianNoise",
    "GaussianDropout",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomContrast",
    "RandomBrightness",
)
_READERS = _readers()
