"""The scores of the shipped classifier and their gradients, on NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._layers import convolve_gradient, in_batches, max_pool_gradient
from mnist_visual.digit_network import DigitNetwork

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DigitScores:
    """The shipped classifier as `Scores`: back-propagation written out.

    Attributes
    ----------
    network : DigitNetwork
        The classifier.
    """

    network: DigitNetwork

    shape: ClassVar[tuple[int, ...]] = (28, 28)
    reads_bytes: ClassVar[bool] = False
    precision: ClassVar[float] = float(np.finfo(np.float32).eps)

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return self.network.classes

    def logits(self, batch: Floats) -> Floats:
        """Compute the logits of pictures (n, 28, 28), float32 (n, classes)."""
        return in_batches(lambda pictures: [self._forward(pictures)[1]], [batch], (self.classes,))[
            0
        ]

    def leads(self, batch: Floats, weights: Floats, rivals: Bools) -> tuple[Floats, Floats]:
        """Compute weighted sums of the logits, less the largest rival, and their gradients."""
        leads, gradients = in_batches(self._leads, [batch, weights, rivals], (), self.shape)
        return leads, gradients

    def _forward(self, pictures: Floats) -> tuple[dict[str, Floats], Floats]:
        maps = dict(self.network.batch_maps(pictures))
        return maps, self.network.layers["probabilities"](maps["dense"])

    def _leads(self, pictures: Floats, weights: Floats, rivals: Bools) -> list[Floats]:
        maps, logits = self._forward(pictures)
        best = np.where(rivals, logits, -np.inf).max(axis=0)
        winners = rivals & (logits == best)  # who share the lead share its gradient
        shares = winners / np.maximum(winners.sum(axis=0), 1)
        leads = (weights * logits).sum(axis=0) - np.where(rivals.any(axis=0), best, 0)
        return [leads, self._backward(maps, (weights - shares).astype(np.float32))]

    def _backward(self, maps: dict[str, Floats], gradients: Floats) -> Floats:
        """Turn gradients by the logits (classes, n) into those by the pixels (28, 28, n)."""
        layers = self.network.layers
        for name in ("probabilities", "dense"):
            gradients = layers[name].matrix.T @ gradients
            if name == "probabilities":
                gradients *= maps["dense"] > 0
        channels, rows, columns, count = maps["pool2"].shape
        gradients = np.moveaxis(gradients.reshape(rows, columns, channels, count), 2, 0)
        for number in "21":
            # A ReLU is closed where even the largest value of a window is zero.
            gradients = gradients * (maps[f"pool{number}"] > 0)
            gradients = max_pool_gradient(gradients, maps[f"conv{number}"], maps[f"pool{number}"])
            gradients = convolve_gradient(gradients, layers[f"conv{number}"], 3)
        return gradients[0]
