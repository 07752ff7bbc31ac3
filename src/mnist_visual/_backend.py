"""Keras on JAX: the one place that imports Keras.

Keras fixes its backend when it is imported. So a backend that somebody has chosen is only checked
here: reloading Keras would break whoever imported it first.
"""

from __future__ import annotations

import os

from ._chosen_backend import chosen_backend

_backend, _reason = chosen_backend() or (None, "")
if _backend is None:
    os.environ["KERAS_BACKEND"] = "jax"
elif _backend != "jax":
    raise ImportError(
        f"mnist_visual runs Keras on JAX. Received: the backend {_backend!r} ({_reason}). Set "
        "KERAS_BACKEND=jax before keras is imported, or use mnist_visual in a process of its own. "
        "Drawings, data sets, plots, and models given as functions of arrays need no Keras."
    )

import keras

__all__ = ["keras"]
