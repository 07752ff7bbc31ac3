"""Training the variational autoencoder, repeatable to the bit, see `training`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._backend import keras
from ._files import PathLike
from ._mnist import SIZE
from ._pictures import Pictures, as_floats, checked_pictures
from .checkpoints import remove_checkpoint
from .elbo import kl_divergence, pixel_errors
from .fast.layers import Share, UnknownKindError
from .fast.objective import batch_last_network, check_known
from .training import check_options, fit_epochs
from .vae import VAE

NOISE = 4  # the last number of a seed: apart from what else is drawn in an epoch


def train_vae(
    vae: VAE,
    x_train: npt.ArrayLike,
    *,
    validation_data: npt.ArrayLike | None = None,
    epochs: int = 30,
    batch_size: int = 128,
    seed: int = 0,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    checkpoint: PathLike | None = None,
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Train a variational autoencoder with the optimizer that it was compiled with.

    Parameters
    ----------
    vae : VAE
        Compiled, as from `build_vae`.
    x_train : array_like (n, 28, 28) or (n, 28, 28, 1)
        Pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    validation_data : array_like (m, 28, 28) or (m, 28, 28, 1), optional
        Pictures, measured after every epoch, never learned from.
    epochs : int, default 30
        How often every picture is seen.
    batch_size : int, default 128
        Pictures for each step of the optimizer.
    seed : int, default 0
        Where the random numbers start, those of the codes too. The same seed, on the same
        model, gives the same bits.
    callbacks : iterable of keras.callbacks.Callback, default ()
        As for Keras's ``fit``.
    checkpoint : path, optional
        A file to go on from after an interruption, as for `train_classifier`.
    verbose : {"auto", 0, 1, 2}, default "auto"
        As for Keras's ``fit``: a progress bar, or 0 for silence, or 2 for a line an epoch.

    Returns
    -------
    keras.callbacks.History
        With ``loss``, ``reconstruction_loss`` and ``kl_loss`` of every epoch in ``history``,
        and with ``val_`` before their names those of the validation data.

    Raises
    ------
    ValueError
        If pictures have a wrong shape, type or range or are none; if `epochs`, `batch_size` or
        `seed` is out of range; or if the checkpoint is damaged or of another training.
    OSError
        If the checkpoint cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> pictures = np.random.default_rng(0).random((64, 28, 28), dtype="float32")
    >>> history = train_vae(build_vae(), pictures, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['kl_loss', 'loss', 'reconstruction_loss']
    """
    history = fit_vae(
        vae,
        x_train,
        validation_data,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        callbacks=callbacks,
        checkpoint=checkpoint,
        verbose=verbose,
    )
    if checkpoint is not None:
        remove_checkpoint(checkpoint)
    return history


def fit_vae(
    vae: VAE,
    x_train: npt.ArrayLike,
    validation_data: npt.ArrayLike | None,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    callbacks: Iterable[keras.callbacks.Callback],
    checkpoint: PathLike | None,
    verbose: int | str,
) -> keras.callbacks.History:
    """Train as `train_vae`, but leave the checkpoint, see `fit_epochs`."""
    if not isinstance(vae, VAE):
        raise ValueError(
            f"train_vae trains a VAE, as from build_vae, or a class derived from it. Received: "
            f"{vae!r}. Train other models with Keras's own fit."
        )
    check_options(epochs=epochs, batch_size=batch_size, seed=seed)
    pictures, validation = checked_pictures(x_train, (SIZE, SIZE)), None
    if isinstance(validation_data, tuple):
        raise ValueError(
            "validation_data of an autoencoder are pictures alone, without labels. Received: a "
            f"tuple of {len(validation_data)}. Pass x_test."
        )
    if validation_data is not None:
        measured = as_floats(checked_pictures(validation_data, (SIZE, SIZE)))
        validation = (measured, _no_targets(measured))
    return fit_epochs(
        vae,
        lambda _: (pictures, _no_targets(pictures)),
        validation_data=validation,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        callbacks=callbacks,
        checkpoint=checkpoint,
        verbose=verbose,
        objective_of=ElboObjective,
        start_noise=lambda epoch: vae.start_noise((seed, epoch, NOISE)),
    )


def _no_targets(pictures: Pictures) -> npt.NDArray[np.uint8]:
    return np.zeros(len(pictures), np.uint8)  # a picture is its own


class ElboObjective:
    """The negative ELBO of a VAE, for the fast loop.

    Parameters
    ----------
    vae : VAE
        Compiled.

    Raises
    ------
    UnknownKindError
        If something in its parts is not known, or a class derived from VAE trains in another way.
    """

    def __init__(self, vae: VAE) -> None:
        check_known(vae)
        for owner, methods in (
            (keras.Model, ("train_step", "test_step", "compute_metrics")),
            (VAE, ("compute_loss", "mean_loss", "decoder_logits")),
        ):
            for method in methods:
                if getattr(type(vae), method) is not getattr(owner, method):
                    raise UnknownKindError(f"the method {method} of {type(vae).__name__}")
        if len(vae.metrics) != len(("loss", "reconstruction_loss", "kl_loss")):
            raise UnknownKindError("further metrics of an autoencoder")
        self.model = vae
        self._encoder = batch_last_network(vae.encoder)
        self._decoder = batch_last_network(
            keras.Model(vae.decoder.inputs, vae.decoder.layers[-1].input)
        )

    def outputs(self, pictures: Any, *, training: bool, share: Share) -> Any:
        """Compute both terms of each picture, see `Objective`."""
        vae = self.model
        if training:
            # Keras's fit calls the model before it asks for the loss: one draw goes unused.
            for generator in vae.seed_generators():
                if generator is not vae.sampling.seed_generator:
                    generator.next()
        z_mean, z_log_var = self._encoder(pictures, training=training, share=share)
        noise = share.take(vae.sampling.noise((share.size, vae.latent_dim)))
        z = vae.sampling.draw(z_mean, z_log_var, noise.T)
        logits = self._decoder(z, training=False, share=share)
        errors = pixel_errors(pictures, logits, vae.reconstruction)
        return errors.sum((0, 1)), kl_divergence(z_mean.T, z_log_var.T)

    def hyperparameters(self) -> tuple[float, ...]:
        """Give beta, see `Objective`."""
        return (self.model.beta,)

    def loss(
        self,
        outputs: Any,
        targets: Any,
        hyperparameters: tuple[Any, ...],
        *,
        training: bool,  # noqa: ARG002
    ) -> Any:
        """Compute the negative ELBO of a batch, see `Objective`."""
        (beta,) = hyperparameters
        loss = self.model.mean_loss(*outputs, beta=beta)
        self.model.metrics[0].update_state(loss, sample_weight=len(targets))
        return loss
