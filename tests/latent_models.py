"""Small models that other people could have: what the latent tests compare with Keras itself."""

from types import SimpleNamespace

import numpy as np

from mnist_visual._backend import keras

HEIGHT, WIDTH = 20, 16


def dense(units, activation=None, *, seed, scale=1.0):
    weights = keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal", seed=seed)
    bias = keras.initializers.RandomNormal(stddev=0.5, seed=seed + 1)
    return keras.layers.Dense(units, activation, kernel_initializer=weights, bias_initializer=bias)


class Noise(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(0)

    def call(self, inputs):
        mean, log_var = inputs
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.generator)
        return mean + keras.ops.exp(log_var / 2) * noise


def build_encoder(form="list", latent_dim=2):
    """Read pictures (20, 16, 1); `form` is what the outputs are."""
    picture = keras.Input((HEIGHT, WIDTH, 1))
    x = dense(12, "tanh", seed=1)(keras.layers.Flatten()(picture))
    x = keras.layers.Dropout(0.5)(x)
    mean, log_var = dense(latent_dim, seed=3)(x), dense(latent_dim, seed=5)(x)
    z = Noise()([mean, log_var])
    outputs = {
        "list": [mean, log_var],
        "sample": [mean, log_var, z],
        "tuple": (mean, log_var),
        "dict": {"z": z, "z_log_var": log_var, "z_mean": mean},
    }
    return keras.Model(picture, outputs[form])


def build_decoder(latent_dim=2, *, seed=7, scale=1.0):
    """Draw pictures (20, 16, 1)."""
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            dense(24, "gelu", seed=seed, scale=scale),
            dense(HEIGHT * WIDTH, "sigmoid", seed=seed + 2),
            keras.layers.Reshape((HEIGHT, WIDTH, 1)),
        ]
    )


def build_reader(*, classes=7, seed=20, scale=8.0):
    """Read pictures (20, 16), by the functional interface."""
    picture = keras.Input((HEIGHT, WIDTH))
    x = keras.layers.Flatten()(keras.layers.Rescaling(2, -1)(picture))
    x = dense(16, "relu", seed=seed, scale=scale)(x)
    return keras.Model(picture, dense(classes, "softmax", seed=seed + 2, scale=scale)(x))


def build_vae(form="list", latent_dim=2):
    return SimpleNamespace(
        encoder=build_encoder(form, latent_dim), decoder=build_decoder(latent_dim)
    )


def painter(shape=(3, 2)):
    """Decode a point into a picture whose first pixels are its numbers."""
    size = int(np.prod(shape))
    decoder = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(size, use_bias=False), keras.layers.Reshape(shape)]
    )
    decoder.set_weights([np.eye(2, size)])
    return decoder


class Formula(keras.layers.Layer):
    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def call(self, pictures):
        pixels = keras.ops.reshape(pictures, (-1, 6))
        return self.formula(pixels[:, 0], pixels[:, 1])


def formula_reader(formula, shape=(3, 2)):
    """Classify what `painter` painted, by a formula of x and y."""
    return keras.Sequential([keras.Input(shape), Formula(formula)])
