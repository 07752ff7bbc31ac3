"""What the fast loop makes smaller: a model's outputs for a batch, and the loss of them.

The two are apart because the devices divide the work on the outputs, picture by picture, while a
loss and metrics, which may be anything, see the whole batch.
"""

from __future__ import annotations

from typing import Any, Protocol

import jax
import jax.numpy as jnp

from mnist_visual._backend import keras

from .devices import check_distribution, divides_by_hand
from .layers import Share, UnknownKindError
from .network import Network, is_graph


class Objective(Protocol):
    """A model and how its loss comes about.

    The outputs and the loss are asked for within a ``keras.StatelessScope``, whose variables they
    read and may assign.

    Attributes
    ----------
    model : keras.Model
        Compiled; its optimizer makes the loss smaller.
    """

    model: keras.Model

    def outputs(self, pictures: Any, *, training: bool, share: Share) -> Any:
        """Compute what the loss is made of, for a part of a batch.

        Parameters
        ----------
        pictures : array (height, width, part of the batch)
            In [0, 1].
        training : bool
            Whether noise is added.
        share : Share
            Which part.

        Returns
        -------
        array (part of the batch, ...), or several of them in lists, tuples or dicts
        """

    def hyperparameters(self) -> tuple[float, ...]:
        """Give the numbers in the loss that somebody may change while the training goes on."""

    def loss(
        self, outputs: Any, targets: Any, hyperparameters: tuple[Any, ...], *, training: bool
    ) -> Any:
        """Compute the loss of a whole batch, and let the metrics of the model see it.

        Parameters
        ----------
        outputs : array (batch, ...), or several
            As from `outputs`, for the whole batch.
        targets : array (batch, ...)
            What the outputs should have been.
        hyperparameters : tuple of arrays ()
            As from `hyperparameters`.
        training : bool
            As for `outputs`.

        Returns
        -------
        array ()
        """


class CompiledObjective:
    """The loss and the metrics that a model was compiled with.

    Parameters
    ----------
    model : keras.Model
        Compiled.

    Raises
    ------
    UnknownKindError
        If something in the model is not known.
    """

    def __init__(self, model: keras.Model) -> None:
        check_known(model)
        if not is_graph(model):
            raise UnknownKindError(f"the model {type(model).__name__}, which is a class of its own")
        self.model = model
        self._network = batch_last_network(model)

    def outputs(self, pictures: Any, *, training: bool, share: Share) -> Any:
        """Compute the outputs of the model for a part of a batch, see `Objective`."""
        outputs = self._network(pictures, training=training, share=share)
        return jax.tree.map(lambda output: jnp.moveaxis(output, -1, 0), outputs)

    def hyperparameters(self) -> tuple[float, ...]:
        """Give none, see `Objective`."""
        return ()

    def loss(
        self,
        outputs: Any,
        targets: Any,
        hyperparameters: tuple[Any, ...],  # noqa: ARG002 -- it has none
        *,
        training: bool,
    ) -> Any:
        """Compute the loss of a whole batch, see `Objective`."""
        loss = self.model.compute_loss(y=targets, y_pred=outputs, training=training)
        self.model.metrics[0].update_state(loss, sample_weight=len(targets))
        self.model.compute_metrics(None, targets, outputs, None)
        return loss


def check_known(model: keras.Model) -> None:
    """Raise an UnknownKindError if a model is trained in some way that the loop does not know."""
    optimizer = getattr(model, "optimizer", None)
    for reason, unknown in (
        ("a model that is not compiled", not model.compiled),
        ("run_eagerly and jit_compile=False", model.run_eagerly or not model.jit_compile),
        ("losses of layers and regularizers", bool(model.losses)),
        ("scaled losses", getattr(optimizer, "loss_scale_factor", None) is not None),
    ):
        if unknown:
            raise UnknownKindError(reason)
    check_distribution()
    if not isinstance(optimizer, keras.optimizers.Optimizer) or isinstance(
        optimizer, keras.optimizers.LossScaleOptimizer
    ):
        raise UnknownKindError(f"the optimizer {type(optimizer).__name__}")


def batch_last_network(model: keras.Model) -> Any:
    """Make a model a function of arrays with the batch last.

    On a CPU that is a `Network`. Elsewhere Keras's own functions are the fast ones.

    Parameters
    ----------
    model : keras.Model
        Built.

    Returns
    -------
    callable
        As a `Network`.

    Raises
    ------
    UnknownKindError
        As from `Network`.
    """
    return Network(model) if divides_by_hand() else _of_keras(model)


def _of_keras(model: keras.Model) -> Any:
    def network(values: Any, *, training: bool, share: Share) -> Any:
        if share.of > 1:
            raise ValueError("Keras's own functions compute a whole batch.")
        outputs = model(jnp.moveaxis(values, -1, 0), training=training)
        return jax.tree.map(lambda output: jnp.moveaxis(output, 0, -1), outputs)

    return network
