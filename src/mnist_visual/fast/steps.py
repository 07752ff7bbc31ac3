"""Many steps of training, or of measuring, compiled into one program.

The pictures stay on the devices as they are, as uint8 where they came so. Every step gathers its
batch, and the whole epoch is one loop on the device. Where there are several devices, see
`devices`, each computes its share of every batch; the losses and the optimizer run on all alike.
"""

from __future__ import annotations

import logging
import operator
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

from mnist_visual._backend import keras

from .devices import DEVICES, divides_by_hand, mesh_of_devices, put
from .layers import Share
from .objective import Objective

logger = logging.getLogger(__name__)


class Steps:
    """The steps of training and of measuring an objective, as programs.

    Parameters
    ----------
    objective : Objective
        Of a model whose optimizer and metrics are built.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._variables = _variables_of(objective.model)
        self._weights, self._others, self._optimizer, self._metrics = self._variables
        self._programs: dict[Any, Any] = {}
        self._mesh = mesh_of_devices()
        self._is_announced = False  # that something is compiled, once for each training

    @classmethod
    def of(cls, objective: Objective) -> Steps:
        """Make the steps of an objective, or find those of an earlier training of its model.

        Those are compiled already. They serve until the model is compiled anew, which makes
        other variables for its metrics, or other weights of it are trained.
        """
        kept: Steps | None = getattr(objective.model, "_fast_steps", None)
        if kept is None or not kept._serves(objective):
            kept = objective.model._fast_steps = cls(objective)
        kept._is_announced = False
        return kept

    def _serves(self, objective: Objective) -> bool:
        now = _variables_of(objective.model)
        same = type(objective) is type(self._objective) and mesh_of_devices() == self._mesh
        return same and all(
            len(mine) == len(theirs) and all(map(operator.is_, mine, theirs))
            for mine, theirs in zip(self._variables, now, strict=True)
        )

    def put(self, array: Any) -> Any:
        """Copy an array, or several in lists and tuples, to all devices that compute."""
        if self._mesh is None:
            return jax.tree.map(jnp.asarray, array)
        return put(array, self._mesh)

    def train(self, pictures: Any, targets: Any, order: Any, first: int, last: int) -> None:
        """Train the model with some batches.

        Parameters
        ----------
        pictures, targets : array (n, ...)
            All of them, as `put` gives them.
        order : array (batches, batch)
            The rows of each batch, likewise.
        first, last : int
            The first batch, and the one after the last.
        """
        self._run(self._train_loop, self._variables, [], pictures, targets, order, first, last)

    def measure(self, pictures: Any, targets: Any, order: Any, first: int, last: int) -> None:
        """Let the metrics see some batches; the parameters are those of `train`."""
        variables = [self._others, self._metrics]
        self._run(
            self._measure_loop, variables, self._weights, pictures, targets, order, first, last
        )

    def _run(
        self,
        loop: Any,
        variables: list[list[Any]],
        fixed: list[Any],
        pictures: Any,
        targets: Any,
        order: Any,
        first: int,
        last: int,
    ) -> None:
        state, fixed = jax.tree.map(lambda variable: variable.value, (variables, fixed))
        # A number that XLA does not know: it would multiply by a rounded reciprocal.
        scale = np.float32(255 if pictures.dtype == np.uint8 else 1)
        hyperparameters = tuple(map(np.float32, self._objective.hyperparameters()))
        arguments = self.put(
            (state, fixed, scale, hyperparameters, np.int32(first), np.int32(last))
        )
        arguments = (*arguments, pictures, targets, order)
        key = loop.__name__, *((data.shape, data.dtype) for data in (pictures, targets, order))
        if key not in self._programs:
            # Until XLA is done, Python hears of no Ctrl-C.
            if not self._is_announced:
                logger.info("Compiling the training, once: up to a minute. Ctrl-C waits for it.")
                self._is_announced = True
            start = time.perf_counter()
            self._programs[key] = self._compiled(loop).lower(*arguments).compile()
            seconds = time.perf_counter() - start
            logger.debug("Compiled %s of %d pictures in %.1f s.", key[0], order.shape[1], seconds)
        done = self._programs[key](*arguments)
        # As copies on the host: the variables shall lie on one device, and keep their arrays.
        for kind, values in zip(variables, jax.device_get(done), strict=True):
            for variable, value in zip(kind, values, strict=True):
                variable.assign(value)

    def _compiled(self, loop: Any) -> Any:
        if self._mesh is None:
            return jax.jit(loop)
        if not divides_by_hand():
            return jax.jit(loop, out_shardings=NamedSharding(self._mesh, PartitionSpec()))
        everywhere = PartitionSpec()
        return jax.jit(
            jax.shard_map(
                loop, mesh=self._mesh, in_specs=everywhere, out_specs=everywhere, check_vma=False
            )
        )

    def _share(self, size: int) -> Share:
        n_devices = 1 if self._mesh is None else self._mesh.size
        if n_devices == 1 or size % n_devices or not divides_by_hand():
            return Share(size)
        return Share(size, n_devices, lax.axis_index(DEVICES))

    def _batch(self, pictures: Any, rows: Any, scale: Any) -> Any:
        """Gather pictures as float32 (height, width, batch)."""
        gathered = jnp.moveaxis(pictures[rows], 0, -1)
        batch = lax.optimization_barrier(gathered.astype(jnp.float32) / scale)
        if self._mesh is None or divides_by_hand() or batch.shape[-1] % self._mesh.size:
            return batch
        # XLA divides all that follows as it finds the batch divided.
        parts = PartitionSpec(*[None] * (batch.ndim - 1), DEVICES)
        return lax.with_sharding_constraint(batch, NamedSharding(self._mesh, parts))

    def _train_loop(
        self,
        state: Any,
        fixed: Any,  # noqa: ARG002 -- the programs are called alike
        scale: Any,
        hyperparameters: Any,
        first: Any,
        last: Any,
        pictures: Any,
        targets: Any,
        order: Any,
    ) -> Any:
        share = self._share(order.shape[1])

        def step(number: Any, state: Any) -> Any:
            rows = order[number]
            batch = self._batch(pictures, share.take(rows), scale)
            return self._train_step(state, batch, targets[rows], hyperparameters, share)

        return lax.fori_loop(first, last, step, state)

    def _train_step(
        self, state: Any, batch: Any, targets: Any, hyperparameters: Any, share: Share
    ) -> Any:
        weights, others, optimizer, metrics = state
        keras_optimizer = self._objective.model.optimizer

        def outputs_of(weights: Any) -> Any:
            return self._outputs(weights, others, batch, training=True, share=share)

        outputs, pull_back, others = jax.vjp(outputs_of, weights, has_aux=True)
        loss_of = partial(
            self._loss, weights, others, metrics, targets, hyperparameters, training=True
        )
        gradients, (others, metrics) = jax.grad(loss_of, has_aux=True)(_gather(outputs, share))
        (gradients,) = pull_back(jax.tree.map(share.take, gradients))
        weights, optimizer = keras_optimizer.stateless_apply(
            optimizer, _total(gradients, share), weights
        )
        return [weights, others, optimizer, metrics]

    def _measure_loop(
        self,
        state: Any,
        weights: Any,
        scale: Any,
        hyperparameters: Any,
        first: Any,
        last: Any,
        pictures: Any,
        targets: Any,
        order: Any,
    ) -> Any:
        share = self._share(order.shape[1])

        def step(number: Any, state: Any) -> Any:
            others, metrics = state
            rows = order[number]
            batch = self._batch(pictures, share.take(rows), scale)
            outputs, others = self._outputs(weights, others, batch, training=False, share=share)
            outputs = _gather(outputs, share)
            _, state = self._loss(
                weights, others, metrics, targets[rows], hyperparameters, outputs, training=False
            )
            return list(state)

        return lax.fori_loop(first, last, step, state)

    def _outputs(
        self, weights: Any, others: Any, batch: Any, *, training: bool, share: Share
    ) -> Any:
        mapping = [
            *zip(self._weights, weights, strict=True),
            *zip(self._others, others, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            outputs = self._objective.outputs(batch, training=training, share=share)
        return outputs, _values(scope, self._others)

    def _loss(
        self,
        weights: Any,
        others: Any,
        metrics: Any,
        targets: Any,
        hyperparameters: Any,
        outputs: Any,
        *,
        training: bool,
    ) -> Any:
        mapping = [
            *zip(self._weights, weights, strict=True),
            *zip(self._others, others, strict=True),
            *zip(self._metrics, metrics, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            loss = self._objective.loss(outputs, targets, hyperparameters, training=training)
        return loss, (_values(scope, self._others), _values(scope, self._metrics))


def _variables_of(model: keras.Model) -> list[list[Any]]:
    """List a model's weights, other variables, and those of its optimizer and metrics."""
    return [
        list(model.trainable_variables),
        list(model.non_trainable_variables),
        list(model.optimizer.variables),
        list(model.metrics_variables),
    ]


def _values(scope: Any, variables: Any) -> list[Any]:
    return [scope.get_current_value(variable) for variable in variables]


def _gather(outputs: Any, share: Share) -> Any:
    """Bring the outputs of all devices together, for the whole batch."""
    if share.of == 1:
        return outputs
    return lax.all_gather(outputs, DEVICES, tiled=True)


def _total(gradients: Any, share: Share) -> Any:
    """Add the gradients of all devices up, all of them at once."""
    if share.of == 1:
        return gradients
    flat = lax.psum(jnp.concatenate([jnp.ravel(gradient) for gradient in gradients]), DEVICES)
    ends = np.cumsum([gradient.size for gradient in gradients])[:-1]
    parts = jnp.split(flat, ends)
    return [part.reshape(gradient.shape) for part, gradient in zip(parts, gradients, strict=True)]
