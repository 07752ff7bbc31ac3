"""Kills processes in the middle of a save, and looks what is there afterwards.

A process is killed at two kinds of moments: before a line of the writer, by a signal that nothing
can catch, and after a byte of the file, by the kernel, at a limit on the size of files. Run it
for a table: ``python -m tests.killed_saves``.
"""

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from mnist_visual import _files


def weights():
    """Save the weights of a Keras model."""
    from mnist_visual._backend import keras
    from mnist_visual.weights import save_weights

    model = keras.Sequential([keras.Input((40,)), keras.layers.Dense(400), keras.layers.Dense(3)])

    def save(path, value):
        for variable in model.weights:
            variable.assign(np.full(variable.shape, value, np.float32))
        return lambda: save_weights(model, path)

    return "m.weights.h5", save


def checkpoint():
    """Write a checkpoint."""
    from mnist_visual._checkpoint_file import Record, write_checkpoint

    def save(path, value):
        groups = {"state": [np.full((300, 40), value, np.float32), np.int32(7)]}
        record = Record({}, int(value), stopped=False, history={}, best=None, memories=[])
        return lambda: write_checkpoint(path, record, groups)

    return "m.checkpoint", save


def snapshot():
    """Save a snapshot of a training beside the page."""
    from mnist_visual.inference import CLASSIFIER_LAYERS
    from mnist_visual.live_training.records import Settings, Snapshot
    from mnist_visual.live_training.snapshot_files import save_snapshot

    def save(path, value):
        arrays = {
            name: (np.full(shape, value, np.float32), np.full(shape[-1:], value, np.float32))
            for name, (_, shape) in CLASSIFIER_LAYERS.items()
        }
        return lambda: save_snapshot(Snapshot(value, {}, arrays), Settings(), path)

    return "m.weights.h5", save


def film():
    """Save a film."""
    from mnist_visual.films import save_gif

    def save(path, value):
        pictures = np.random.default_rng(int(value)).random((5, 28, 28)).astype(np.float32)
        return lambda: save_gif(pictures, path)

    return "m.gif", save


KINDS = {each.__name__: each for each in (weights, checkpoint, snapshot, film)}


def in_a_fork(act, limit=None):
    """Do something in a process of its own, with a limit on the size of files; say how it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # threads of JAX, which do not save
        number = os.fork()
    if number == 0:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def at_lines(act):
    """Count the lines of the writer that something runs through, before each of which it calls."""

    def trace(at_line):
        def follow(frame, event, _):
            if frame.f_code.co_filename != _files.__file__:
                return None
            if event == "line":
                at_line()
            return follow

        sys.settrace(follow)
        try:
            act()
        finally:
            sys.settrace(None)

    return trace


def lines_of(act):
    seen = []
    at_lines(act)(lambda: seen.append(None))
    return len(seen)


def killed_at_line(act, number):
    left = [number]

    def at_line():
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return in_a_fork(lambda: at_lines(act)(at_line))


def killed_at_byte(act, size):
    return in_a_fork(act, size)


def spread(count, most):
    return sorted({round(place) for place in np.linspace(0, most - 1, count)})


def beside(path):
    return sum(file != path for file in path.parent.iterdir())


def kill_saves(kind, moments):
    """Kill saves of a kind of file at some moments; say what is there after each."""
    with tempfile.TemporaryDirectory() as folder:
        name, save = KINDS[kind]()
        path = Path(folder, name)
        save(path, 2.0)()
        new = path.read_bytes()
        save(path, 1.0)()
        old = path.read_bytes()
        again = save(path, 2.0)

        def before():
            """Put the old file there, and what one killed process has left."""
            for file in path.parent.iterdir():
                file.unlink()
            path.write_bytes(old)
            path.with_name(f".{name}.{'0' * 16}.part").write_bytes(b"half a fi")

        before()
        lines = spread(moments - moments // 2, lines_of(again))
        ends = [(killed_at_line, line) for line in lines]
        ends += [(killed_at_byte, size) for size in spread(moments // 2, len(new))]
        found = {"moments": 0, "killed": 0, "old": 0, "new": 0, "broken": 0, "most_left": 0}
        for killed_at, moment in ends:
            before()
            found["moments"] += 1
            found["killed"] += killed_at(again, moment) in (-signal.SIGKILL, -signal.SIGXFSZ)
            there = path.read_bytes()
            found["old" if there == old else "new" if there == new else "broken"] += 1
            found["most_left"] = max(found["most_left"], beside(path))
        again()
        found["left_in_the_end"] = beside(path)
        found["whole_in_the_end"] = path.read_bytes() == new
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=40)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=[*KINDS])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {kind: kill_saves(kind, options.moments) for kind in options.kinds}
    if options.json:
        print(json.dumps(found))
        return
    words = [*next(iter(found.values()))]
    print(f"{'file':12}", *(f"{word.replace('_', ' '):>17}" for word in words))
    for kind, numbers in found.items():
        print(f"{kind:12}", *(f"{numbers[word]!s:>17}" for word in words))


if __name__ == "__main__":
    main()
