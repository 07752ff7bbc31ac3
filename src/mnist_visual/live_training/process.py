"""The way to the process that trains, and back."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_visual.datasets import Dataset

logger = logging.getLogger(__name__)

_START = "import sys; sys.path[:] = {path!r}; from mnist_visual.live_training import worker; "
# Where there is no niceness there are classes of priority.
_FLAGS = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class WorkerProcess:
    """A process that trains, started with this object.

    Nothing here waits for it, or for the system to start it: threads of its own do.

    Parameters
    ----------
    data : Dataset or str
        As for `worker.Worker`.
    on_report : callable
        It is given this object and the parts of every report, in a thread.
    on_death : callable
        It is given this object when the process has ended, in a thread.
    """

    def __init__(
        self,
        data: Dataset | str,
        *,
        on_report: Callable[..., object],
        on_death: Callable[[WorkerProcess], object],
    ) -> None:
        self._on_report = on_report
        self._on_death = on_death
        self._commands: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._commands.put(("data", data))
        self.pid: int | None = None
        self._thread = threading.Thread(target=self._run, name="mnist-visual-worker", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def send(self, word: str, number: int, *details: Any) -> None:
        """Send a command, see `worker`; it returns at once."""
        self._commands.put((word, number, *details))

    def close(self) -> None:
        """End the process, whatever it is at, and wait until it has ended."""
        atexit.unregister(self.close)
        self._commands.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            process = _start()
        except OSError:
            logger.exception("The process that trains does not start.")
            self._on_death(self)
            return
        self.pid = process.pid
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        assert process.stdin is not None  # noqa: S101
        # Where it has died, the reader says so.
        with contextlib.suppress(OSError):
            while (command := self._commands.get()) is not None:
                process.stdin.write(pickle.dumps(command, protocol=5))
                process.stdin.flush()
        with contextlib.suppress(OSError):
            process.stdin.close()  # which ends it
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout as reports, contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                self._on_report(self, *pickle.load(reports))  # noqa: S301 -- our own process
        self._commands.put(None)
        atexit.unregister(self.close)
        self._on_death(self)


def _start() -> subprocess.Popen[bytes]:
    code = _START.format(path=sys.path) + "worker.main()"
    # Its matrix products are JAX's; NumPy's few need no threads of their own.
    environment = {**os.environ, "KERAS_BACKEND": "jax", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603 -- this very Python
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        creationflags=_FLAGS,
    )
