"""Which backend somebody has chosen for Keras, found out without importing it.

Keras runs on one backend from its import to the end of the process. JAX is chosen only where
nobody has chosen: at once, unless TensorFlow is installed, which is Keras's own default and may
be meant by what else runs here; or else when something of this library first needs Keras.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def chosen_backend() -> tuple[str, str] | None:
    """Give the name of the backend and how it was chosen, or None where nobody has chosen."""
    if "keras" in sys.modules:
        return str(sys.modules["keras"].config.backend()), "Keras is imported and runs on it"
    if backend := os.environ.get("KERAS_BACKEND"):
        return backend, "KERAS_BACKEND says so"
    file = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras"), "keras.json")
    try:
        configured = json.loads(file.expanduser().read_text(encoding="utf-8")).get("backend")
    except (OSError, RuntimeError, ValueError, AttributeError):
        return None
    # Its own default Keras writes there, whether anybody wants it or not.
    return None if configured in (None, "tensorflow") else (str(configured), f"{file} says so")


def choose_early() -> None:
    """Choose JAX where nobody has chosen, nor can mean Keras's own default."""
    has_default = "tensorflow" in sys.modules or find_spec("tensorflow") is not None
    if chosen_backend() is None and not has_default:
        os.environ["KERAS_BACKEND"] = "jax"
