"""How JAX computes in a process of our own: settings that no library may make for others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MOST_DEVICES = 8


def device_count(cores: int) -> int:
    """Give a device for each core, but a power of two of them, which divide the batches evenly."""
    return 1 << (cores.bit_length() - 1)


def prepare_jax(*, spare: int = 0) -> None:
    """Let JAX compute on all cores, and keep what it compiles for the next time.

    Parameters
    ----------
    spare : int, default 0
        Cores that something else needs.
    """
    import jax

    if jax.config.jax_num_cpu_devices < 0:  # nobody has said, by JAX_NUM_CPU_DEVICES
        cores = min(max((os.cpu_count() or 1) - spare, 1), MOST_DEVICES)
        with contextlib.suppress(RuntimeError):  # JAX has begun, or is told otherwise by XLA_FLAGS
            jax.config.update("jax_num_cpu_devices", device_count(cores))
    if jax.config.jax_compilation_cache_dir is None:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(caches / "mnist-visual" / "jax"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
