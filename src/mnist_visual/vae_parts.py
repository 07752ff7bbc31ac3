"""The parts of the variational autoencoder: its encoders, its decoders and their own layers.

References
----------
.. [1] D. J. Im et al., "Denoising Criterion for Variational Auto-Encoding Framework", AAAI 2017.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

from ._backend import keras
from ._layers import LOG_VAR_LIMIT
from ._mnist import SIZE

ops = keras.ops

VAEArchitecture = Literal["convolutional", "dense"]
# Of the pixels that the encoder sees in training, at random [1]_.
PIXELS_LOST = 0.1
ENCODER_UNITS = (512, 256, 128)
DECODER_UNITS = {"convolutional": (128, 256), "dense": (128, 256, 512)}
# The decoder's pictures grow from so many pixels a side and channels.
SEED_SHAPE = (SIZE // 4, SIZE // 4, 32)

_registered = keras.saving.register_keras_serializable("mnist_visual")


def build_encoder(latent_dim: int, seed: int, architecture: VAEArchitecture) -> keras.Model:
    """Build the encoder.

    Parameters
    ----------
    latent_dim : int
        Dimensions of a code.
    seed : int
        Where the random weights start.
    architecture : {"convolutional", "dense"}
        Whether a convolution comes first.

    Returns
    -------
    keras.Model
        From pictures ``(n, 28, 28)`` to ``z_mean`` and ``z_log_var``, each ``(n, latent_dim)``.
    """
    weights = _initializers(seed, "encoder")
    picture = keras.Input((SIZE, SIZE), name="picture")
    # What it learns from whole pictures alone serves new ones less well.
    x = keras.layers.Dropout(PIXELS_LOST, seed=seed + 1, name="noise")(picture)
    if architecture == "convolutional":
        x = keras.layers.Reshape((SIZE, SIZE, 1), name="reshape")(x)
        # Patches side by side: the gradients of overlapping ones are slow in XLA on a CPU.
        x = keras.layers.Conv2D(
            16, 4, strides=4, activation="silu", kernel_initializer=weights(), name="conv"
        )(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for number, units in enumerate(ENCODER_UNITS, start=1):
        x = keras.layers.Dense(
            units, activation="silu", kernel_initializer=weights(), name=f"dense{number}"
        )(x)
    z_mean = keras.layers.Dense(latent_dim, kernel_initializer=weights(), name="z_mean")
    z_log_var = keras.layers.Dense(
        latent_dim, activation=limited_log_var, kernel_initializer=weights(), name="z_log_var"
    )
    return keras.Model(picture, [z_mean(x), z_log_var(x)], name="encoder")


def build_decoder(latent_dim: int, seed: int, architecture: VAEArchitecture) -> keras.Sequential:
    """Build the decoder.

    Parameters
    ----------
    latent_dim, seed
        As for `build_encoder`.
    architecture : {"convolutional", "dense"}
        Whether transposed convolutions come last.

    Returns
    -------
    keras.Sequential
        From codes ``(n, latent_dim)`` to pictures ``(n, 28, 28)`` in [0, 1]; its last layer is
        the sigmoid alone.
    """
    weights = _initializers(seed, "decoder")
    decoder = keras.Sequential([keras.Input((latent_dim,), name="code")], name="decoder")
    for number, units in enumerate(DECODER_UNITS[architecture], start=1):
        decoder.add(
            keras.layers.Dense(
                units, activation="silu", kernel_initializer=weights(), name=f"dense{number}"
            )
        )
    if architecture == "convolutional":
        height, width, channels = SEED_SHAPE
        for layer in (
            keras.layers.Dense(
                height * width * channels,
                activation="silu",
                kernel_initializer=weights(),
                name="seed",
            ),
            keras.layers.Reshape(SEED_SHAPE, name="reshape"),
            BlockwiseConv2DTranspose(
                16,
                2,
                strides=2,
                padding="same",
                activation="silu",
                kernel_initializer=weights(),
                name="conv1",
            ),
            BlockwiseConv2DTranspose(
                1, 4, strides=2, padding="same", kernel_initializer=weights(), name="conv2"
            ),
        ):
            decoder.add(layer)
    else:
        decoder.add(keras.layers.Dense(SIZE * SIZE, kernel_initializer=weights(), name="pixels"))
    decoder.add(keras.layers.Reshape((SIZE, SIZE), name="logits"))
    decoder.add(keras.layers.Activation("sigmoid", name="sigmoid"))
    return decoder


def _initializers(seed: int, part: str) -> Callable[[], keras.initializers.Initializer]:
    """Give a different initializer for every layer of both parts and every seed."""
    seeds = itertools.count(100 * seed + 50 * (part == "decoder"))
    return lambda: keras.initializers.GlorotUniform(seed=next(seeds))


@_registered
def limited_log_var(values: Any) -> Any:
    """Bend values smoothly into -10..10; those of training, around -5, hardly move.

    Parameters
    ----------
    values : tensor
        Any numbers.

    Returns
    -------
    tensor
        Of the same shape.
    """
    return LOG_VAR_LIMIT * ops.tanh(values / LOG_VAR_LIMIT)


@_registered
class Sampling(keras.layers.Layer):
    """Draw codes as ``z = z_mean + exp(z_log_var / 2) * noise``.

    With the noise apart, a gradient reaches the mean and the variance: the reparameterisation
    trick of Kingma and Welling (2014), section 2.4.

    Parameters
    ----------
    seed : int, default 0
        Where the noise starts.
    **kwargs
        As for ``keras.layers.Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> z = Sampling(seed=0)((np.zeros((4, 2)), np.zeros((4, 2))))
    >>> z.shape
    (4, 2)
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 -- Keras gives it
        """Do nothing: there are no weights."""
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Draw one code for every mean and variance, each (n, latent_dim)."""
        z_mean, z_log_var = inputs
        return self.draw(z_mean, z_log_var, self.noise(ops.shape(z_mean)))

    def noise(self, shape: Any) -> Any:
        """Draw standard normal noise of a shape, other noise every time."""
        return keras.random.normal(shape, seed=self.seed_generator)

    @staticmethod
    def draw(z_mean: Any, z_log_var: Any, noise: Any) -> Any:
        """Turn noise into codes; all three of one shape."""
        return z_mean + ops.exp(z_log_var / 2) * noise

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Give the shape of the means, which the codes have, too."""
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that build the same layer."""
        return {**super().get_config(), "seed": self.seed}


@_registered
class BlockwiseConv2DTranspose(keras.layers.Conv2DTranspose):
    """The same weights and results as Keras's ``Conv2DTranspose``, faster on a CPU.

    Every pixel paints a square of ``kernel_size`` pixels. Here one matrix product computes all
    squares, cut into blocks of ``strides`` pixels, and a few shifted sums lay them over each
    other. XLA instead spreads the input out with zeros and convolves them, and on a CPU takes
    half as long again to decode, and tens of times as long for the gradient of the kernel, which
    Keras's ``fit`` needs; the fast loop of `train_vae` has its own way.

    It is used where the kernel is a multiple of the stride and the padding is "same"; other
    options are left to Keras.
    """

    def call(self, inputs: Any) -> Any:
        """Convolve pictures (n, height, width, channels), transposed."""
        (size, width_size), (stride, width_stride) = self.kernel_size, self.strides
        square = size == width_size and stride == width_stride and size % stride == 0
        plain = max(self.dilation_rate) == 1 and self.output_padding is None
        if not (square and plain and self.padding == "same" and _is_channels_last(self)):
            return super().call(inputs)
        outputs = _paint_blocks(inputs, self.kernel, size // stride, stride)
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)


def _is_channels_last(layer: Any) -> bool:
    return bool(layer.data_format == "channels_last")


def _paint_blocks(inputs: Any, kernel: Any, n_blocks: int, stride: int) -> Any:
    """Convolve ``(n, height, width, channels)``, transposed, with ``n_blocks * stride`` squared."""
    _, height, width, channels = inputs.shape
    filters = kernel.shape[2]
    matrix = ops.reshape(ops.transpose(kernel, (3, 0, 1, 2)), (channels, -1))
    block = (n_blocks, stride, n_blocks, stride, filters)
    blocks = ops.reshape(ops.matmul(inputs, matrix), (-1, height, width, *block))
    more = n_blocks - 1
    total = sum(
        ops.pad(
            blocks[:, :, :, down, :, right],
            [(0, 0), (down, more - down), (right, more - right), (0, 0), (0, 0), (0, 0)],
        )
        for down, right in itertools.product(range(n_blocks), repeat=2)
    )
    shape = (-1, (height + more) * stride, (width + more) * stride, filters)
    painted = ops.reshape(ops.transpose(total, (0, 1, 3, 2, 4, 5)), shape)
    first = more * stride // 2
    return painted[:, first : first + height * stride, first : first + width * stride]
