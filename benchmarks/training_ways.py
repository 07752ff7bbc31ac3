"""The ways to train that ``training.py`` compares, each in a process of its own.

A process trains one model in one way. Every epoch waits for a line on the standard input, and
answers with its seconds, and with those of all its threads on a core.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH = 128


class Clock:
    """Wait for the word to begin an epoch, and tell how long it took."""

    def begin(self) -> None:
        """Wait."""
        if not sys.stdin.readline():
            sys.exit()
        self.start = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Tell."""
        wall, cpu = self.start
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)

    def callback(self) -> Any:
        """Do both for Keras."""
        import keras

        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda _epoch, _logs: self.begin(),
            on_epoch_end=lambda _epoch, _logs: self.end(),
        )


def digits(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Make pictures and labels: how long an epoch takes does not depend on what is on them."""
    random = np.random.default_rng(0)
    ink = random.integers(0, 256, (n, 28, 28)) * (random.random((n, 28, 28)) < 0.19)
    return ink.astype(np.uint8), random.integers(10, size=n).astype(np.int32)


# Keras


def keras_classifier() -> Any:
    from keras import Input, Sequential, layers

    model = Sequential(
        [
            Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def keras_parts() -> tuple[Any, Any]:
    """Build an encoder and a decoder of convolutions with overlapping windows."""
    from keras import Input, Model, Sequential, layers

    picture = Input((28, 28))
    x = layers.Reshape((28, 28, 1))(picture)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    encoder = Model(picture, [layers.Dense(2)(x), layers.Dense(2)(x)])
    decoder = Sequential(
        [
            Input((2,)),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, padding="same"),
            layers.Reshape((28, 28)),
            layers.Activation("sigmoid"),
        ]
    )
    return encoder, decoder


def keras_vae() -> Any:
    """Build a VAE that Keras trains on any backend."""
    import keras
    from keras import ops

    class Plain(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = keras_parts()
            self.noise = keras.random.SeedGenerator(0)
            self.built = True

        def call(self, pictures: Any) -> Any:
            z_mean, z_log_var = self.encoder(pictures)
            noise = keras.random.normal(ops.shape(z_mean), seed=self.noise)
            z = z_mean + ops.exp(z_log_var / 2) * noise
            for layer in self.decoder.layers[:-1]:
                z = layer(z)
            return z, z_mean, z_log_var

        def compute_loss(
            self,
            x: Any = None,
            y: Any = None,  # noqa: ARG002 -- Keras gives it
            y_pred: Any = None,
            sample_weight: Any = None,  # noqa: ARG002
            training: bool = True,  # noqa: ARG002
        ) -> Any:
            logits, z_mean, z_log_var = y_pred
            error = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2))
            kl = ops.sum(ops.exp(z_log_var) + z_mean**2 - 1 - z_log_var, axis=1) / 2
            return ops.mean(error + kl)

    model = Plain()
    model.compile("adam")
    return model


def with_keras(task: str, n: int, epochs: int) -> None:
    pictures, labels = digits(n)
    model = keras_classifier() if task == "classifier" else keras_vae()
    inputs = pictures.astype(np.float32) / 255
    clock = Clock().callback()
    model.fit(inputs, labels, BATCH, epochs, verbose=0, callbacks=[clock])


def with_library(task: str, n: int, epochs: int) -> None:
    import jax

    jax.config.update("jax_num_cpu_devices", int(os.environ["DEVICES"]))
    import keras

    from mnist_visual import train_classifier, train_vae
    from mnist_visual.vae import VAE
    from mnist_visual.vae_parts import Sampling

    class Overlapping(VAE):
        def __init__(self) -> None:
            keras.Model.__init__(self)
            self.latent_dim, self.beta, self.reconstruction = 2, 1.0, "bce"
            self.encoder, self.decoder = keras_parts()
            self.sampling = Sampling(seed=0)
            self._reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
            self._kl_tracker = keras.metrics.Mean(name="kl_loss")
            self.build((None, 28, 28))
            self.compile("adam")

    pictures, labels = digits(n)
    options = {"epochs": epochs, "verbose": 0, "callbacks": [Clock().callback()]}
    if task == "classifier":
        train_classifier(keras_classifier(), pictures, labels, **options)
    else:
        train_vae(Overlapping(), pictures, **options)


# PyTorch


def torch_classifier(torch: Any) -> tuple[Any, Callable[[Any, Any, Any], Any]]:
    nn = torch.nn
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 128), nn.ReLU(), nn.Linear(128, 10)),
    )
    return model, lambda model, x, y: nn.functional.cross_entropy(model(x), y)


def torch_vae(torch: Any) -> tuple[Any, Callable[[Any, Any, Any], Any]]:
    nn = torch.nn

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU()),
                *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU()),
                *(nn.Flatten(), nn.Linear(7 * 7 * 64, 16), nn.ReLU()),
            )
            self.z_mean, self.z_log_var = nn.Linear(16, 2), nn.Linear(16, 2)
            twice = {"stride": 2, "padding": 1, "output_padding": 1}
            self.decoder = nn.Sequential(
                *(nn.Linear(2, 7 * 7 * 64), nn.ReLU(), nn.Unflatten(1, (64, 7, 7))),
                *(nn.ConvTranspose2d(64, 64, 3, **twice), nn.ReLU()),
                *(nn.ConvTranspose2d(64, 32, 3, **twice), nn.ReLU()),
                nn.ConvTranspose2d(32, 1, 3, padding=1),
            )

        def forward(self, x: Any) -> Any:
            hidden = self.encoder(x)
            z_mean, z_log_var = self.z_mean(hidden), self.z_log_var(hidden)
            z = z_mean + torch.exp(z_log_var / 2) * torch.randn_like(z_mean)
            return self.decoder(z), z_mean, z_log_var

    def loss(model: Any, x: Any, _: Any) -> Any:
        logits, z_mean, z_log_var = model(x)
        error = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = (z_log_var.exp() + z_mean**2 - 1 - z_log_var).sum() / 2
        return (error + kl) / len(x)

    return Plain(), loss


def with_torch(task: str, n: int, epochs: int, variant: str) -> None:
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    pictures, labels = digits(n)
    inputs = torch.from_numpy(pictures.astype(np.float32) / 255)[:, None]
    targets = torch.from_numpy(labels).long()
    model, loss_of = (torch_classifier if task == "classifier" else torch_vae)(torch)
    if variant == "channels last":
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    step_of = torch.compile(loss_of) if variant == "compiled" else loss_of
    clock = Clock()
    for _ in range(epochs):
        clock.begin()
        total = 0.0
        for rows in torch.randperm(n).split(BATCH):
            x = inputs[rows]
            if variant == "channels last":
                x = x.contiguous(memory_format=torch.channels_last)
            loss = step_of(model, x, targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        clock.end()


def peak(epochs: int) -> None:
    """Multiply matrices, and answer with GFLOP/s."""
    import jax
    import jax.numpy as jnp

    size = 2048
    matrix = jnp.ones((size, size), jnp.float32)
    multiply = jax.jit(jnp.matmul)
    for _ in range(epochs):
        if not sys.stdin.readline():
            return
        multiply(matrix, matrix).block_until_ready()
        start = time.perf_counter()
        for _ in range(5):
            multiply(matrix, matrix).block_until_ready()
        print(5 * 2 * size**3 / (time.perf_counter() - start) / 1e9, 0, flush=True)


def main() -> None:
    way, task, n, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if way == "peak":
        peak(epochs)
    elif way == "library":
        with_library(task, n, epochs)
    elif way == "keras":
        with_keras(task, n, epochs)
    else:
        with_torch(task, n, epochs, way)


if __name__ == "__main__":
    main()
