"""Measure an epoch of training against Keras and PyTorch, side by side, and print a table.

``nox -s bench_training`` runs it. Every way trains in a process of its own, and the processes
take turns, an epoch each, so that whatever else the machine does falls on all alike; medians
count. "Core s" are the seconds of all threads on a core, which others on the machine hardly change.
TensorFlow and PyTorch are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Self

WAYS = Path(__file__).with_name("training_ways.py")
OURS = "mnist_visual"
# Multiplications and additions for one picture: forwards, and twice that backwards, but for the
# pictures themselves, which need no gradient.
CONVOLUTION = 26 * 26 * 9 * 8
CLASSIFIER = CONVOLUTION + 11 * 11 * 9 * 8 * 16 + 400 * 128 + 128 * 10
FIRST = 14 * 14 * 9 * 32
ENCODER = FIRST + 7 * 7 * 9 * 32 * 64 + 7 * 7 * 64 * 16 + 16 * 4
DECODER = 2 * 7 * 7 * 64 + 7 * 7 * 9 * 64 * 64 + 14 * 14 * 9 * 64 * 32 + 28 * 28 * 9 * 32
ARITHMETIC = {
    "classifier": 2 * (3 * CLASSIFIER - CONVOLUTION),
    "vae": 2 * (3 * (ENCODER + DECODER) - FIRST),
}


class Process:
    """A process that trains when asked."""

    def __init__(self, way: str, task: str, n: int, epochs: int, **environment: str) -> None:
        self.messages = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- closed with the process
        self.process = subprocess.Popen(
            [sys.executable, WAYS, way, task, str(n), str(epochs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
            env=os.environ | environment,
        )

    def ask(self) -> tuple[float, float]:
        """Let it train for an epoch and give its seconds, and those of its threads on a core."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.messages.seek(0)
            raise RuntimeError(self.messages.read())
        seconds, on_cores = map(float, answer.split())
        return seconds, on_cores

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.messages.close()


def main() -> None:
    options = parse_options()
    print(f"Epochs of {options.images:,} pictures in batches of 128, {options.runs} of each way.")
    for task in options.tasks:
        measure(task, options)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", default=list(ARITHMETIC), choices=list(ARITHMETIC))
    parser.add_argument("--without", nargs="*", default=[], help="ways to leave out, by name")
    return parser.parse_args()


def ways(without: list[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Name what can be measured here: the way, and the environment of its process."""
    everything: dict[str, tuple[str, dict[str, str]]] = {
        OURS: ("library", {"KERAS_BACKEND": "jax", "DEVICES": "2"}),
        f"{OURS}, one device": ("library", {"KERAS_BACKEND": "jax", "DEVICES": "1"}),
        "Keras on JAX": ("keras", {"KERAS_BACKEND": "jax"}),
    }
    if find_spec("tensorflow"):
        everything["Keras on TensorFlow"] = "keras", {"KERAS_BACKEND": "tensorflow"}
    else:
        print("TensorFlow is not installed: Keras on TensorFlow is left out.")
    if find_spec("torch"):
        variants = ["plain", "channels last"]
        if shutil.which("g++"):
            variants.append("compiled")
        else:
            print("There is no g++, which torch.compile needs: compiled PyTorch is left out.")
        everything |= {f"PyTorch, {variant}": (variant, {}) for variant in variants}
    else:
        print("PyTorch is not installed: it is left out.")
    return {name: way for name, way in everything.items() if name not in without}


def measure(task: str, options: argparse.Namespace) -> None:
    runs, chosen = options.runs, ways(options.without)
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        cached = {
            "JAX_COMPILATION_CACHE_DIR": cache,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        way, environment = chosen[OURS]
        firsts_of_ours = []  # without the cache, and with it
        for _ in range(2):
            with Process(way, task, options.images, 1, **environment, **cached) as alone:
                firsts_of_ours.append(alone.ask()[0])
        peak = stack.enter_context(Process("peak", task, 0, 1 + runs, KERAS_BACKEND="jax"))
        processes = {
            name: stack.enter_context(
                Process(way, task, options.images, 1 + runs, **environment, **cached)
            )
            for name, (way, environment) in chosen.items()
        }
        firsts = {name: process.ask()[0] for name, process in processes.items()}
        peak.ask()
        seconds: dict[str, list[float]] = {name: [] for name in processes}
        on_cores: dict[str, list[float]] = {name: [] for name in processes}
        peaks = []
        for _ in range(runs):
            for name, process in processes.items():
                for times, value in zip((seconds, on_cores), process.ask(), strict=True):
                    times[name].append(value)
            peaks.append(peak.ask()[0])
    report(task, options.images, seconds, on_cores, firsts, firsts_of_ours, peaks)


def report(
    task: str,
    n: int,
    seconds: dict[str, list[float]],
    on_cores: dict[str, list[float]],
    firsts: dict[str, float],
    firsts_of_ours: list[float],
    peaks: list[float],
) -> None:
    ours, fastest = statistics.median(seconds[OURS]), max(peaks)
    arithmetic = n * ARITHMETIC[task] / 1e9
    print(f"\n{task}: {arithmetic:,.0f} GFLOP an epoch; float32 peak {fastest:.0f} GFLOP/s")
    print(f"{'':26}{'s an epoch':>11}{'ratio':>7}{'of peak':>9}{'core s':>8}{'first s':>9}")
    for name, times in seconds.items():
        # Of each round, since a busy machine is as busy for both.
        ratio = statistics.median(
            theirs / mine for theirs, mine in zip(times, seconds[OURS], strict=True)
        )
        median, cores = statistics.median(times), statistics.median(on_cores[name])
        share = arithmetic / median / fastest
        print(f"{name:26}{median:11.2f}{ratio:7.2f}{share:9.0%}{cores:8.2f}{firsts[name]:9.1f}")
    for when, first in zip(("first time", "from the cache"), firsts_of_ours, strict=True):
        print(f"  compiling, {when:16}{first - ours:6.1f} s")


if __name__ == "__main__":
    main()
