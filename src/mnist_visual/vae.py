"""The variational autoencoder, which lays all digits out on a plane.

An encoder says where on the plane a picture may lie, as a normal distribution; a decoder draws
a picture from a point of the plane. Both learn together [1]_ to make the evidence lower bound
on the log-probability of the pictures as large as they can:

    ELBO(x) = E_q[log p(x | z)] - KL(q(z | x) || p(z)),    q = N(z_mean, exp(z_log_var)),

with the standard normal distribution p(z). The loss is the negative of it, with the second
term weighted by beta [2]_.

References
----------
.. [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
.. [2] I. Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained
   Variational Framework", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from ._arguments import check_choice
from ._backend import keras
from ._mnist import SIZE
from ._numbers import MAX_SEED, checked_count, checked_number
from .elbo import kl_divergence, reconstruction_error
from .vae_parts import Sampling, VAEArchitecture, build_decoder, build_encoder

__all__ = ["VAE", "Sampling", "build_vae", "kl_divergence", "reconstruction_error"]

ops = keras.ops

Reconstruction = Literal["bce", "mse"]


def build_vae(
    *,
    latent_dim: int = 2,
    beta: float = 1.0,
    seed: int = 0,
    reconstruction: Reconstruction = "bce",
    architecture: VAEArchitecture = "convolutional",
) -> VAE:
    """Build the variational autoencoder, untrained and compiled with Adam.

    Parameters
    ----------
    latent_dim : int, default 2
        Dimensions of the space of codes, from 1 up; 2 make a plane to look at.
    beta : float, default 1.0
        The weight of the KL divergence in the loss, from 0 up; 1 gives the ELBO.
    seed : int, default 0
        Where random weights and noise start, up to 40 million; the same gives the same bits.
    reconstruction : {"bce", "mse"}, default "bce"
        Binary cross-entropy or squared error of a reconstruction, summed over the pixels.
    architecture : {"convolutional", "dense"}, default "convolutional"
        Convolutions before the encoder's dense layers and transposed convolutions after the
        decoder's, or dense layers alone.

    Returns
    -------
    VAE
        From pictures, float32 ``(n, 28, 28)`` in [0, 1], ink bright, to such reconstructions.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> vae = build_vae(latent_dim=2, seed=1)
    >>> z_mean, z_log_var = vae.encoder(np.zeros((5, 28, 28)))
    >>> z_mean.shape, vae.decoder(z_mean).shape
    ((5, 2), (5, 28, 28))
    """
    vae = VAE(
        latent_dim=latent_dim,
        beta=beta,
        seed=seed,
        reconstruction=reconstruction,
        architecture=architecture,
    )
    vae.compile("adam")
    return vae


@keras.saving.register_keras_serializable("mnist_visual")
class VAE(keras.Model):
    """An encoder and a decoder that learn together.

    A call reconstructs pictures from the means of their codes, without noise. The loss draws
    one code for every picture; it needs no targets, since a picture is its own, and ignores
    those that ``fit`` is given. ``fit`` and ``evaluate`` report ``loss``,
    ``reconstruction_loss`` (with "mse" in squared grey values) and ``kl_loss``, in nats a picture.

    Parameters
    ----------
    latent_dim : int, default 2
        Dimensions of the space of codes.
    beta : float, default 1.0
        The weight of the KL divergence in the loss.
    seed : int, default 0
        Where random weights and noise start.
    reconstruction : {"bce", "mse"}, default "bce"
        How pictures are compared.
    architecture : {"convolutional", "dense"}, default "convolutional"
        The layers of both parts; `build_vae` says more of all of these.
    **kwargs
        As for ``keras.Model``: ``name`` and such.

    Attributes
    ----------
    encoder : keras.Model
        From pictures ``(n, 28, 28)`` to ``z_mean`` and ``z_log_var``, each
        ``(n, latent_dim)``; the logarithm of the variance lies within -10 and 10.
    decoder : keras.Model
        From codes ``(n, latent_dim)`` to pictures ``(n, 28, 28)`` in [0, 1].
    sampling : Sampling
        Draws a code from what the encoder says.
    """

    def __init__(
        self,
        *,
        latent_dim: int = 2,
        beta: float = 1.0,
        seed: int = 0,
        reconstruction: Reconstruction = "bce",
        architecture: VAEArchitecture = "convolutional",
        **kwargs: Any,
    ) -> None:
        latent_dim = checked_count("latent_dim", latent_dim)
        seed = checked_count("seed", seed, least=0, most=MAX_SEED)
        beta = checked_number("beta", beta)
        check_choice("reconstruction", reconstruction, get_args(Reconstruction))
        check_choice("architecture", architecture, get_args(VAEArchitecture))
        super().__init__(**{"name": "vae", **kwargs})
        self.latent_dim = latent_dim
        self.beta = beta
        self.seed = seed
        self.reconstruction = reconstruction
        self.architecture = architecture
        self.encoder = build_encoder(self.latent_dim, self.seed, architecture)
        self.sampling = Sampling(seed=self.seed, name="sampling")
        self.decoder = build_decoder(self.latent_dim, self.seed, architecture)
        self._reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self._kl_tracker = keras.metrics.Mean(name="kl_loss")
        self.build((None, SIZE, SIZE))

    def build(self, input_shape: Any) -> None:
        """Tell Keras that the parts, which are built already, are so."""
        self.sampling.build([(None, self.latent_dim)] * 2)
        super().build(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Reconstruct pictures from the means of their codes."""
        z_mean, _ = self.encoder(inputs, training=training)
        return self.decoder(z_mean, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,  # noqa: ARG002 -- Keras gives it
        y_pred: Any = None,  # noqa: ARG002
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Compute the negative ELBO of a batch, with the KL divergence weighted by beta.

        Parameters
        ----------
        x : tensor (n, 28, 28)
            Pictures in [0, 1].
        y, y_pred : ignored
            Each picture is its own target, and the loss makes its own, noisy reconstruction.
        sample_weight : tensor (n,), optional
            By which each picture's terms are multiplied.
        training : bool, default True
            As for a call.

        Returns
        -------
        tensor ()
            The mean over the pictures.
        """
        z_mean, z_log_var = self.encoder(x, training=training)
        logits = self.decoder_logits(self.sampling((z_mean, z_log_var)))
        reconstruction = reconstruction_error(x, logits, self.reconstruction)
        divergence = kl_divergence(z_mean, z_log_var)
        if sample_weight is not None:
            reconstruction, divergence = reconstruction * sample_weight, divergence * sample_weight
        return self.mean_loss(reconstruction, divergence)

    def mean_loss(self, reconstruction: Any, divergence: Any, *, beta: Any = None) -> Any:
        """Compute the loss of a batch from both terms of each picture, and keep track of them.

        Parameters
        ----------
        reconstruction, divergence : tensor (n,)
            As from `reconstruction_error` and `kl_divergence`.
        beta : float or tensor (), optional
            The weight of the second; by default the model's own.

        Returns
        -------
        tensor ()
            The mean over the pictures.
        """
        count = ops.shape(divergence)[0]  # the last batch of an epoch may be smaller
        reconstruction, divergence = ops.mean(reconstruction), ops.mean(divergence)
        self._reconstruction_tracker.update_state(reconstruction, sample_weight=count)
        self._kl_tracker.update_state(divergence, sample_weight=count)
        return reconstruction + (self.beta if beta is None else beta) * divergence

    def decoder_logits(self, z: Any) -> Any:
        """Decode, but stop before the sigmoid.

        The cross-entropy of logits is exact where that of rounded probabilities is infinite.

        Parameters
        ----------
        z : tensor (n, latent_dim)
            Codes.

        Returns
        -------
        tensor (n, 28, 28)
            The logarithms of the odds that a pixel is ink.
        """
        *before, _ = self.decoder.layers
        for layer in before:
            z = layer(z)
        return z

    def seed_generators(self) -> list[keras.random.SeedGenerator]:
        """List what all noise of the training is drawn from.

        Returns
        -------
        list of keras.random.SeedGenerator
            That of the codes first, then those of layers.
        """
        layers = [self.sampling, *self.encoder.layers, *self.decoder.layers]
        return [layer.seed_generator for layer in layers if hasattr(layer, "seed_generator")]

    def start_noise(self, seed: Sequence[int]) -> None:
        """Start all noise of the training anew, so that what follows can be repeated.

        Parameters
        ----------
        seed : sequence of int
            From 0 up; others give other noise.
        """
        generators = self.seed_generators()
        states = np.random.SeedSequence(seed).generate_state(2 * len(generators)).reshape(-1, 2)
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(state)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that build the same, untrained autoencoder."""
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "beta": self.beta,
            "seed": self.seed,
            "reconstruction": self.reconstruction,
            "architecture": self.architecture,
        }
