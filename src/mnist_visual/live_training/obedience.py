"""Training as somebody elsewhere wishes: on, by a batch or an epoch, not now, or no more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mnist_visual.classifier import build_classifier
from mnist_visual.training import train_classifier
from mnist_visual.vae import build_vae
from mnist_visual.vae_training import train_vae

from .watching import Watch, finite
from .worker import DivergedError

if TYPE_CHECKING:
    from mnist_visual.datasets import Dataset

    from .records import Settings
    from .worker import Training


def train(training: Training, settings: Settings, data: Dataset) -> None:
    """Train a network as the library does, under orders.

    Parameters
    ----------
    training : Training
        Gives the orders and takes the reports.
    settings : Settings
        What to train.
    data : Dataset
        To learn from, and to measure on.
    """
    watch = ObedientWatch(training, data.test[0])
    options: dict[str, Any] = {
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "callbacks": [watch],
        "verbose": 0,
    }
    model = build_model(settings, num_classes=len(data.class_names))
    if settings.kind == "classifier":
        train_classifier(model, *data.train, validation_data=data.test, **options)
    else:
        train_vae(model, data.train[0], validation_data=data.test[0], **options)


def build_model(settings: Settings, *, num_classes: int = 10) -> Any:
    """Build the network of some settings, compiled with Adam at their learning rate."""
    model: Any
    if settings.kind == "classifier":
        model = build_classifier(
            filters=settings.filters,
            units=settings.units,
            num_classes=num_classes,
            seed=settings.seed,
        )
    else:
        model = build_vae(beta=settings.beta, seed=settings.seed)
    model.optimizer.learning_rate = settings.learning_rate
    return model


class ObedientWatch(Watch):
    """Tell how a training goes on, and do what it is told.

    Parameters
    ----------
    training : Training
        Gives the orders and takes the reports.
    pictures : uint8 array (n, 28, 28)
        What predictions or codes are wanted of.
    """

    def __init__(self, training: Training, pictures: Any) -> None:
        super().__init__(pictures, progress=training.tell_progress, snapshot=training.keep)
        self._training = training
        self._snapshot_at = -1.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the initial weights, and wait for what to do."""
        super().on_train_begin(logs)
        self._obey()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell, and obey."""
        super().on_train_batch_end(batch, logs)
        if not math.isfinite(logs["loss"]):
            raise DivergedError(
                f"The loss grew beyond all numbers in epoch {self._epoch + 1}: the steps were too "
                "large. Choose a smaller learning rate, and start again."
            )
        self._training.spend("batch")
        if self._batch < self._batches:
            self._obey()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell, and obey."""
        super().on_epoch_end(epoch, logs)
        self._training.spend("epoch")
        if self._epoch < self.params["epochs"]:
            self._obey()

    def take_snapshot(self, logs: Any) -> None:
        """Keep what the network is now."""
        self._snapshot_at = self.place
        super().take_snapshot(logs)

    def _obey(self) -> None:
        training = self._training
        if training.is_going:
            changes = training.changes()
        else:
            if 0 < self.place != self._snapshot_at:
                self._logs = finite(self.model.get_metrics_result())
                self.tell_progress("running")
                self.take_snapshot(self._logs)
            changes = training.wait()
        if "learning_rate" in changes:
            self.model.optimizer.learning_rate = changes["learning_rate"]
        if "beta" in changes:
            self.model.beta = changes["beta"]
        if training.by_batch:
            self.stretch = 1
