"""The layer kinds that the fast loop knows, each as a function of arrays with the batch last.

Inside a network an array is ``(channels, *others, batch)``: the channels, which Keras keeps last,
come first. A kind reads its weights from the Keras layer whenever it is called, so within a
``keras.StatelessScope`` it sees those of the scope, as the layer itself would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from mnist_visual._backend import keras
from mnist_visual.vae_parts import BlockwiseConv2DTranspose

from .windows import Pair, Windows, convolve, convolve_transposed, largest, patches

Shape = tuple[int, ...]


class UnknownKindError(Exception):
    """A model has something that the fast loop does not know."""


@dataclass(frozen=True)
class Share:
    """The part of a batch that one device computes.

    Attributes
    ----------
    size : int
        Pictures of the whole batch.
    of : int
        Devices among which it is divided evenly.
    index : int or tracer
        The number of this one.
    """

    size: int
    of: int = 1
    index: Any = 0

    def take(self, whole: Any) -> Any:
        """Take this device's rows of what was made for the whole batch."""
        if self.of == 1:
            return whole
        rows = self.size // self.of
        return lax.dynamic_slice_in_dim(whole, self.index * rows, rows)


# From the values (channels, *others, batch), whether in training, and the share of the batch.
Step = Callable[[Any, bool, Share], Any]
# From a layer and the shape of its input, Keras's without the batch.
Kind = Callable[[Any, Shape], Step]

_activations = keras.activations
_RISING = ["elu", "exponential", "linear", "log_sigmoid", "relu", "relu6"]
_RISING += ["selu", "sigmoid", "softplus", "tanh"]
_OTHERS = ["celu", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu"]
_OTHERS += ["mish", "silu", "soft_shrink", "softsign", "squareplus", "tanh_shrink"]
# Those that never fall: the largest value is the same before them and after.
MONOTONIC = {getattr(_activations, name) for name in _RISING}
# Those that look at one value at a time, so that the order of axes is nothing to them.
ELEMENTWISE = MONOTONIC | {getattr(_activations, name) for name in _OTHERS}


def activate(function: Callable[..., Any], values: Any) -> Any:
    """Apply an activation as Keras would, whose channels come last."""
    if function in ELEMENTWISE:
        return function(values)
    if function in (_activations.softmax, _activations.log_softmax):
        return function(values, axis=0)
    # Whatever else it is gets what it expects, batch first.
    order = (values.ndim - 1, *range(1, values.ndim - 1), 0)
    return jnp.transpose(function(jnp.transpose(values, order)), order)


def _demand(condition: bool, layer: Any, what: str) -> None:
    if not condition:
        raise UnknownKindError(f"{type(layer).__name__} {layer.name!r} with {what}")


def _reshape(shape: Shape) -> Step:
    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        # Keras's order, but for the batch: channels last.
        plain = jnp.moveaxis(values, 0, -2).reshape(*shape, values.shape[-1])
        return jnp.moveaxis(plain, -2, 0)

    return step


def _flatten(layer: Any, shape: Shape) -> Step:
    _demand(layer.data_format == "channels_last", layer, "channels first")
    return _reshape((math.prod(shape),))


def _dense(layer: Any, shape: Shape) -> Step:  # noqa: ARG001
    _demand(layer.quantization_mode is None, layer, "quantized weights")

    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        product = jnp.tensordot(_value(layer.kernel), values, (0, 0))
        return activate(layer.activation, _with_bias(layer, product))

    return step


def _value(variable: Any) -> Any:
    return keras.ops.convert_to_tensor(variable)


def _with_bias(layer: Any, values: Any) -> Any:
    if layer.bias is None:
        return values
    return values + _value(layer.bias).reshape(-1, *(1,) * (values.ndim - 1))


def _pair(values: Iterable[int]) -> Pair:
    first, second = values
    return first, second


def windows_of(layer: Any, shape: Shape, size: Pair, dilation: Pair, groups: Pair) -> Windows:
    """Say where the windows of a convolution or pooling lie on pictures of a shape."""
    _demand(layer.data_format == "channels_last", layer, "channels first")
    along = list(zip(shape, size, layer.strides, dilation, strict=False))
    if layer.padding == "same":
        count = _pair(-(-whole // stride) for whole, _, stride, _ in along)
        before = _pair(
            max((n - 1) * stride + (pixels - 1) * gap + 1 - whole, 0) // 2
            for n, (whole, pixels, stride, gap) in zip(count, along, strict=True)
        )
    else:
        before = (0, 0)
        count = _pair(
            (whole - (pixels - 1) * gap - 1) // stride + 1 for whole, pixels, stride, gap in along
        )
    count = _pair(n // group * group for n, group in zip(count, groups, strict=True))
    return Windows(size, _pair(layer.strides), dilation, before, count, groups)


def _conv(layer: Any, shape: Shape) -> Step:
    return _conv_and_pool(layer, shape, None)


def _conv_and_pool(layer: Any, shape: Shape, pool: Any) -> Step:
    """Convolve, and pool at once where windows do not overlap: only what it reads is computed."""
    _demand(layer.groups == 1, layer, "groups")
    groups = (1, 1) if pool is None else _pair(pool.pool_size)
    dilation = _pair(layer.dilation_rate)
    windows = windows_of(layer, shape, _pair(layer.kernel_size), dilation, groups)
    late = pool is not None and _is_max(pool) and layer.activation in MONOTONIC

    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        result = convolve(values, _value(layer.kernel), windows)
        if late:  # a quarter of the values is left for the activation
            return activate(layer.activation, _with_bias(layer, largest(result, 1)))
        if pool is None:
            result = result[:, 0]
        result = activate(layer.activation, _with_bias(layer, result))
        if pool is None:
            return result
        return largest(result, 1) if _is_max(pool) else jnp.mean(result, 1)

    return step


def _is_max(pool: Any) -> bool:
    return isinstance(pool, keras.layers.MaxPooling2D)


def pools_alone(conv: Any, pool: Any) -> bool:
    """Say whether a pooling right after a convolution can be computed together with it."""
    return (
        type(conv) is keras.layers.Conv2D
        and type(pool) in (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
        and tuple(pool.strides) == tuple(pool.pool_size)
        and pool.padding == "valid"
        and pool.data_format == "channels_last"
        # An activation of all channels at once expects them where they were.
        and conv.activation in ELEMENTWISE
    )


def conv_and_pool(conv: Any, pool: Any, shape: Shape) -> Step:
    """Make one step of a convolution and the pooling that follows it, see `pools_alone`."""
    return _conv_and_pool(conv, shape, pool)


def _conv_transpose(layer: Any, shape: Shape) -> Step:
    _demand(layer.data_format == "channels_last", layer, "channels first")
    _demand(layer.output_padding is None, layer, "output_padding")
    along = [
        (pixels, (taps - 1) * gap + 1, stride)
        for pixels, taps, gap, stride in zip(
            shape, layer.kernel_size, layer.dilation_rate, layer.strides, strict=False
        )
    ]
    if layer.padding == "same":
        # Keras on JAX pads the input by `stride + span - 2`, the odd pixel first.
        before = _pair(
            span - 1 - min((stride + span - 1) // 2, span - 1) for _, span, stride in along
        )
        size = _pair(pixels * stride for pixels, _, stride in along)
    else:
        before = (0, 0)
        size = _pair((pixels - 1) * stride + max(span, stride) for pixels, span, stride in along)
    strides, dilation = _pair(layer.strides), _pair(layer.dilation_rate)
    windows = Windows(_pair(layer.kernel_size), strides, dilation, before, _pair(shape[:2]))

    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        result = convolve_transposed(values, _value(layer.kernel), windows, size)
        return activate(layer.activation, _with_bias(layer, result))

    return step


def _pool(layer: Any, shape: Shape) -> Step:
    windows = windows_of(layer, shape, _pair(layer.pool_size), (1, 1), (1, 1))

    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        if _is_max(layer):
            copies = patches(values, windows, -jnp.inf)
            return largest(copies.reshape(-1, *copies.shape[2:]), 0)[:, 0]
        inside = patches(jnp.ones((1, *values.shape[1:3], 1)), windows).sum((0, 1))
        return (patches(values, windows).sum((0, 1)) / inside)[:, 0]

    return step


def _global_pool(layer: Any, shape: Shape) -> Step:  # noqa: ARG001
    _demand(layer.data_format == "channels_last", layer, "channels first")
    reduce = jnp.max if isinstance(layer, keras.layers.GlobalMaxPooling2D) else jnp.mean

    def step(values: Any, training: bool, share: Share) -> Any:  # noqa: ARG001
        return reduce(values, (1, 2), keepdims=layer.keepdims)

    return step


def _dropout(layer: Any, shape: Shape) -> Step:
    _demand(layer.noise_shape is None, layer, "a noise_shape")

    def step(values: Any, training: bool, share: Share) -> Any:
        if not training or layer.rate == 0:
            return values
        # Keras's own draw, for the whole batch and in its order of axes.
        ones = jnp.ones((share.size, *shape))
        kept = share.take(keras.random.dropout(ones, layer.rate, seed=layer.seed_generator) != 0)
        kept = jnp.transpose(kept, (kept.ndim - 1, *range(1, kept.ndim - 1), 0))
        if layer.rate == 1:
            return jnp.zeros_like(values)
        return jnp.where(kept, values / (1 - layer.rate), 0)

    return step


def _itself(layer: Any, shape: Shape) -> Step:  # noqa: ARG001
    """Let a layer without weights that looks at one value at a time do its work itself."""
    return lambda values, training, share: layer.call(values)  # noqa: ARG005


def _activation(layer: Any, shape: Shape) -> Step:  # noqa: ARG001
    return lambda values, training, share: activate(layer.activation, values)  # noqa: ARG005


def _softmax(layer: Any, shape: Shape) -> Step:  # noqa: ARG001
    _demand(layer.axis == -1, layer, f"axis={layer.axis}")
    return lambda values, training, share: jax.nn.softmax(values, axis=0)  # noqa: ARG005


_layers = keras.layers
KINDS: dict[type, Kind] = {
    _layers.Conv2D: _conv,
    _layers.Conv2DTranspose: _conv_transpose,
    BlockwiseConv2DTranspose: _conv_transpose,
    _layers.Dense: _dense,
    _layers.MaxPooling2D: _pool,
    _layers.AveragePooling2D: _pool,
    _layers.GlobalMaxPooling2D: _global_pool,
    _layers.GlobalAveragePooling2D: _global_pool,
    _layers.Flatten: _flatten,
    _layers.Reshape: lambda layer, shape: _reshape(layer.compute_output_shape((1, *shape))[1:]),
    _layers.Activation: _activation,
    _layers.Softmax: _softmax,
    _layers.ReLU: _itself,
    _layers.LeakyReLU: _itself,
    _layers.ELU: _itself,
    _layers.Dropout: _dropout,
}


def step_of(layer: Any, shape: Shape) -> Step:
    """Make the step of a layer.

    Parameters
    ----------
    layer : keras.Layer
        Built.
    shape : tuple of int
        Of its input, in Keras's order and without the batch.

    Returns
    -------
    callable
        From values ``(channels, *others, batch)``, whether in training, and the `Share`.

    Raises
    ------
    UnknownKindError
        If there is no such kind.
    """
    kind = KINDS.get(type(layer))
    if kind is None:
        raise UnknownKindError(f"the layer {type(layer).__name__} {layer.name!r}")
    _demand(layer.compute_dtype == "float32", layer, f"values of {layer.compute_dtype}")
    _demand(None not in shape, layer, f"inputs of open shape {shape}")
    regular = getattr(layer, "activity_regularizer", None) is None
    _demand(regular, layer, "a regularizer of its activity")
    return kind(layer, shape)
