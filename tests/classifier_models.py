"""Classifiers that other people could have: small, and unlike ours in every way."""

import numpy as np

from mnist_visual._backend import keras

layers = keras.layers
HEIGHT, WIDTH = 12, 10


def shake(model, seed=0):
    """Give every weight a random value, those of a normalisation among them."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if "seed" in variable.path:
            continue
        values = rng.normal(size=variable.shape) / max(1, np.sqrt(np.prod(variable.shape[:-1])))
        positive = "variance" in variable.path
        variable.assign(0.5 + np.abs(values) if positive else values)
    return model


def build_chain():
    """Read pictures (12, 10): padding, strides, groups, depthwise; activations as layers."""
    return shake(
        keras.Sequential(
            [
                keras.Input((HEIGHT, WIDTH, 1), name="picture"),
                layers.RandomTranslation(0.1, 0.1, name="augment"),
                layers.Rescaling(2, -0.5, name="rescale"),
                layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="stem"),
                layers.BatchNormalization(name="norm"),
                layers.ReLU(negative_slope=0.1, max_value=1.5, name="clipped"),
                layers.DepthwiseConv2D(
                    (2, 3), padding="same", depth_multiplier=2, activation="tanh", name="depthwise"
                ),
                layers.AveragePooling2D(3, strides=1, padding="same", name="average"),
                layers.Dropout(0.5, name="dropout"),
                layers.Conv2D(
                    6, (3, 2), groups=2, activation=layers.LeakyReLU(0.3), name="grouped"
                ),
                layers.MaxPooling2D((2, 3), strides=(1, 2), padding="same", name="largest"),
                layers.Conv2D(5, 1, activation="softmax", name="share"),
                layers.GlobalAveragePooling2D(keepdims=True, name="mean"),
                layers.Flatten(name="flat"),
                layers.Dense(7, "sigmoid", name="hidden"),
                layers.ELU(0.7, name="elu"),
                layers.Dense(4, name="logits"),
                layers.Softmax(name="answer"),
            ],
            name="chain",
        )
    )


def build_graph():
    """Read coloured pictures (12, 10, 3): branches, dilation, padding, cropping; no softmax."""
    picture = keras.Input((HEIGHT, WIDTH, 3), name="picture")
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(picture)
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="gelu", name="dilated")(x)
    x = layers.Cropping2D(((1, 0), (2, 1)), name="crop")(x)
    side = layers.Conv2D(4, 1, activation="silu", name="side")(x)
    x = layers.Add(name="sum")([x, side])
    x = layers.Concatenate(name="both")([x, side])
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.Activation("softplus", name="soft")(x)
    x = layers.GlobalMaxPooling2D(name="peak")(x)
    x = layers.Reshape((2, 4), name="fold")(x)
    x = layers.Dense(3, use_bias=False, name="rows")(x)
    x = layers.Softmax(axis=1, name="columns")(x)
    x = layers.Dense(3, name="last")(layers.Flatten(name="flat")(x))
    return shake(keras.Model(picture, x, name="graph"), seed=1)


def build_small():
    """Read drawings (28, 28) as one of four things: strides, averages, no biases."""
    return shake(
        keras.Sequential(
            [
                keras.Input((28, 28, 1), name="picture"),
                layers.Conv2D(12, 5, strides=2, padding="same", activation="relu", name="edges"),
                layers.AveragePooling2D(2, name="mean"),
                layers.Conv2D(24, 3, padding="same", use_bias=False, name="parts"),
                layers.BatchNormalization(name="even"),
                layers.Activation("relu", name="bent"),
                layers.GlobalAveragePooling2D(name="whole"),
                layers.Dense(4, "softmax", name="answer"),
            ],
            name="small",
        ),
        seed=2,
    )


def one_picture(model, seed=0):
    """Give a picture of the model's size, with some of its pixels empty."""
    rng = np.random.default_rng(seed)
    shape = model.inputs[0].shape[1:]
    values = rng.random(shape) * (rng.random(shape) < 0.7)
    return (values[..., 0] if shape[-1] == 1 else values).astype(np.float32)
