"""Keras on JAX: the one place that imports Keras.

Keras fixes its backend when it is imported. So the choice is made before (in the package's
``__init__``) and only checked here: reloading Keras would break whoever imported it first.
"""

from __future__ import annotations

import os
import sys


def _chosen_backend() -> str:
    if "keras" in sys.modules:
        return str(sys.modules["keras"].config.backend())
    return os.environ.get("KERAS_BACKEND", "jax")


if _chosen_backend() != "jax":
    raise ImportError(
        f"mnist_visual runs Keras on JAX. Received: the backend {_chosen_backend()!r}. "
        "Set KERAS_BACKEND=jax before keras is imported, or use mnist_visual in its own process."
    )

import keras

__all__ = ["keras"]
