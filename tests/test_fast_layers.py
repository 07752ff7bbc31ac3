"""The fast loop's layers against Keras's own: values, and gradients of weights and inputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist_visual import build_classifier
from mnist_visual._backend import keras
from mnist_visual.fast.layers import Share, UnknownKindError
from mnist_visual.fast.network import Network
from mnist_visual.fast.windows import Windows, paint, patches
from mnist_visual.vae import build_vae
from mnist_visual.vae_parts import BlockwiseConv2DTranspose, limited_log_var

layers = keras.layers
BATCH = 3


def model_of(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def assert_same_as_keras(model, *, integers=False):
    """Compare a model in training with the network of it, on random weights and inputs."""
    random = np.random.default_rng(3)
    for weight in model.weights:
        fan_in = np.prod(weight.shape[:-1])
        weight.assign(random.standard_normal(weight.shape) / np.sqrt(fan_in))
    inputs = random.standard_normal((BATCH, *model.inputs[0].shape[1:]), dtype=np.float32)
    if integers:  # so that many are equal
        inputs = np.round(inputs)
    others = [variable.value for variable in model.non_trainable_variables]
    network = Network(model)

    def by_keras(weights, inputs):
        return model.stateless_call(weights, others, inputs, training=True)[0]

    def fast(weights, inputs):
        mapping = [
            *zip(model.trainable_variables, weights, strict=True),
            *zip(model.non_trainable_variables, others, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping):
            last = network(jnp.moveaxis(inputs, 0, -1), training=True, share=Share(BATCH))
        return jax.tree.map(lambda output: jnp.moveaxis(output, -1, 0), last)

    def everything(function, weights, inputs):
        outputs, pull_back = jax.vjp(function, weights, inputs)
        pulls = jax.tree.map(lambda output: jnp.cos(jnp.arange(output.size)), outputs)
        shaped = jax.tree.map(lambda pull, output: pull.reshape(output.shape), pulls, outputs)
        return outputs, pull_back(shaped)

    weights = [variable.value for variable in model.trainable_variables]
    expected, received = (
        jax.jit(lambda *arguments, way=way: everything(way, *arguments))(weights, inputs)
        for way in (by_keras, fast)
    )
    assert jax.tree.structure(expected) == jax.tree.structure(received)
    for right, ours in zip(jax.tree.leaves(expected), jax.tree.leaves(received), strict=True):
        # Of many numbers around 1, a sum near 0 is as precise as they are.
        scale = max(np.abs(right).max(), 1)
        np.testing.assert_allclose(ours, right, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("shape", "filters", "size", "options"),
    [
        ((7, 6, 1), 4, 3, {}),
        ((7, 6, 2), 3, 3, {"padding": "same"}),
        ((8, 7, 3), 2, 3, {"strides": 2, "padding": "same"}),
        ((8, 7, 2), 3, 4, {"strides": 2, "padding": "same", "use_bias": False}),
        ((9, 8, 3), 2, (2, 3), {"strides": (3, 2), "activation": "tanh"}),
        ((8, 8, 2), 2, 4, {"strides": 4, "activation": "silu"}),
        ((7, 7, 2), 3, 1, {"strides": 2}),
        ((7, 6, 2), 2, (3, 2), {"dilation_rate": (2, 1), "padding": "same"}),
        ((5, 5, 2), 3, 2, {"activation": "softmax"}),
        ((5, 5, 2), 3, 2, {"activation": limited_log_var}),
    ],
)
def test_convolution(shape, filters, size, options):
    assert_same_as_keras(model_of(shape, layers.Conv2D(filters, size, **options)))


@pytest.mark.parametrize("kind", [layers.Conv2DTranspose, BlockwiseConv2DTranspose])
@pytest.mark.parametrize(
    ("size", "options"),
    [
        (3, {"strides": 2, "padding": "same"}),
        (4, {"strides": 2, "padding": "same", "activation": "relu"}),
        (2, {"strides": 2, "padding": "same", "use_bias": False}),
    ],
)
def test_transposed_convolution(kind, size, options):
    assert_same_as_keras(model_of((4, 5, 3), kind(2, size, **options)))


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (3, {}),
        (3, {"padding": "same"}),
        ((2, 3), {"strides": (3, 1), "activation": "tanh"}),
        (1, {"strides": 2, "padding": "same"}),
        (2, {"strides": 3, "padding": "same"}),
        (5, {"strides": 3, "padding": "same"}),
        (2, {"dilation_rate": 2, "padding": "same"}),
    ],
)
def test_transposed_convolution_of_any_stride(size, options):
    assert_same_as_keras(model_of((4, 3, 2), layers.Conv2DTranspose(3, size, **options)))


@pytest.mark.parametrize("kind", [layers.MaxPooling2D, layers.AveragePooling2D])
@pytest.mark.parametrize(
    ("size", "strides", "padding"),
    [
        (2, None, "valid"),
        (2, None, "same"),
        (3, 2, "same"),
        ((2, 3), (1, 2), "valid"),
        (2, 3, "valid"),
    ],
)
def test_pooling(kind, size, strides, padding):
    pool = kind(size, strides=strides, padding=padding)
    assert_same_as_keras(model_of((7, 6, 2), pool), integers=True)


@pytest.mark.parametrize("kind", [layers.MaxPooling2D, layers.AveragePooling2D])
@pytest.mark.parametrize("activation", ["relu", "gelu", "softmax"])
@pytest.mark.parametrize(("size", "strides"), [(2, 1), ((2, 3), (2, 1))])
def test_convolution_with_pooling(kind, activation, size, strides):
    conv = layers.Conv2D(3, 2, strides=strides, padding="same", activation=activation)
    assert_same_as_keras(model_of((7, 11, 2), conv, kind(size), layers.Flatten()))


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(keepdims):
    for kind in (layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D):
        assert_same_as_keras(model_of((4, 3, 2), kind(keepdims=keepdims)))


def test_layers_of_single_values():
    assert_same_as_keras(
        model_of(
            (3, 2),
            layers.Dense(4, activation="gelu", use_bias=False),
            layers.LeakyReLU(0.2),
            layers.Dense(4),
            layers.ReLU(max_value=1.5),
            layers.ELU(),
            layers.Activation("softsign"),
            layers.Softmax(),
        )
    )


def test_reshape_and_flatten_keep_the_order():
    assert_same_as_keras(
        model_of(
            (3, 4, 2),
            layers.Reshape((2, 6, -1)),
            layers.Flatten(),
            layers.Reshape((4, 6)),
            layers.Dense(2),
        )
    )


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_dropout_drops_what_keras_drops(rate):
    assert_same_as_keras(model_of((4, 3, 2), layers.Dropout(rate, seed=4)))


def test_dropout_of_a_share_is_its_part():
    values = jnp.ones((5, 3, 4))
    model = model_of((5, 3), layers.Dropout(0.5, seed=1))
    state = model.layers[0].seed_generator.state
    shares = [Share(8), Share(8, 2, 0), Share(8, 2, 1)]
    results = []
    for share in shares:
        part = jnp.ones((5, 3, 8)) if share.of == 1 else values
        with keras.StatelessScope(state_mapping=[(state, state.value)]):
            results.append(Network(model)(part, training=True, share=share))
    np.testing.assert_array_equal(results[0], jnp.concatenate(results[1:], axis=-1))


def test_models_of_ours():
    assert_same_as_keras(build_classifier())
    vae = build_vae()
    assert_same_as_keras(vae.encoder)
    assert_same_as_keras(vae.decoder)


def test_functional_model_with_branches_and_a_model_within():
    inner = model_of((6,), layers.Dense(5, activation="tanh"), layers.Dense(2))
    picture = keras.Input((9, 9))
    x = layers.Reshape((9, 9, 1))(picture)
    x = layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False)(x)
    pooled = layers.AveragePooling2D(2)(x)
    same = layers.MaxPooling2D(2)(x)
    first = inner(layers.Dense(6)(layers.Flatten()(pooled)))
    second = layers.Dense(2)(layers.Flatten()(same))
    assert_same_as_keras(keras.Model(picture, [first, second]))


@pytest.mark.parametrize("groups", [(1, 1), (2, 3)])
def test_paint_is_the_transpose_of_patches(groups):
    windows = Windows((3, 2), (2, 1), (1, 2), (1, 0), (4, 6), groups)
    random = np.random.default_rng(0)
    pictures = random.standard_normal((2, 7, 8, BATCH)).astype(np.float32)
    copies = patches(pictures, windows)
    values = random.standard_normal(copies.shape).astype(np.float32)
    painted = paint(values, windows, (7, 8))
    assert float((copies * values).sum()) == pytest.approx(float((pictures * painted).sum()), 1e-4)


def test_patches_are_where_they_should_be():
    windows = Windows((2, 3), (3, 2), (2, 1), (1, 2), (3, 4))
    pictures = np.random.default_rng(1).standard_normal((2, 8, 9, BATCH)).astype(np.float32)
    framed = np.pad(pictures, ((0, 0), (1, 5), (2, 5), (0, 0)))
    copies = np.asarray(patches(pictures, windows))
    assert copies.shape == (2, 3, 2, 1, 3, 4, BATCH)
    for y, x, row, column in np.ndindex(2, 3, 3, 4):
        np.testing.assert_array_equal(
            copies[y, x, :, 0, row, column], framed[:, 2 * y + 3 * row, x + 2 * column]
        )


class Doubled(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


def two_inputs():
    inputs = [keras.Input((2,)), keras.Input((2,))]
    return keras.Model(inputs, layers.Add()(inputs))


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (lambda: model_of((4, 4, 2), layers.BatchNormalization()), "BatchNormalization"),
        (lambda: model_of((4, 4, 2), layers.Conv2D(2, 2, groups=2)), "groups"),
        (lambda: model_of((3,), Doubled(2)), "Doubled"),
        (lambda: model_of((3,), layers.Dense(2, activity_regularizer="l2")), "regularizer"),
        (lambda: model_of((3,), layers.Dense(2, dtype="mixed_bfloat16")), "bfloat16"),
        (lambda: model_of((None, 4, 2), layers.Conv2D(2, 2)), "open shape"),
        (lambda: model_of((4, 3), layers.Dropout(0.5, noise_shape=(None, 1, 3))), "noise_shape"),
        (lambda: model_of((4, 3), layers.Softmax(axis=1)), "axis=1"),
        (
            lambda: model_of((4, 4, 2), layers.Flatten(data_format="channels_first")),
            "channels first",
        ),
        (two_inputs, "no single input"),
    ],
)
def test_unknown_layers_are_named(model, what):
    with pytest.raises(UnknownKindError, match=what):
        Network(model())
