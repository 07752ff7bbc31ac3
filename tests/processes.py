"""Processes that start in a moment: copies of one that has imported Keras and JAX, and run neither.

What they say is in a file.
"""

import atexit
import multiprocessing
import os
import sys
import time

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    ["mnist_visual.commands.train_recipes", "mnist_visual.cli", "tests.inside"]
)


class Process:
    """A function in a process of its own; what it returns is the exit code."""

    def __init__(self, said, function, *arguments, **environment):
        self._said = said
        said.touch()
        self._process = context.Process(target=_run, args=(said, function, arguments, environment))
        self._process.start()

    @property
    def said(self):
        return self._said.read_text(encoding="utf-8")

    def wait_for(self, words, seconds=240):
        """Wait until it has said some words."""
        end = time.monotonic() + seconds
        is_alive = True
        while words not in self.said:
            assert is_alive, self.said  # before it was read: the last words are among them
            is_alive = self._process.is_alive()
            assert time.monotonic() < end, self.said
            time.sleep(0.02)

    def send(self, signal):
        os.kill(self._process.pid, signal)

    def code(self, seconds=240):
        """Wait until it ends, and give its exit code."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"it still runs, after: {self.said}"
        return self._process.exitcode

    def end(self):
        self._process.kill()
        self._process.join()


def _run(said, function, arguments, environment):
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.update(environment)
    code = function(*arguments)
    atexit._run_exitfuncs()  # as an interpreter does at the end, and multiprocessing does not
    sys.exit(code)
