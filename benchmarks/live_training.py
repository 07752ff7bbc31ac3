"""Measure what a training beside the page costs the page, and what the page costs the training.

Predictions are made in this process, 5 ms apart, while the other one trains or not; a rest period
stands before and after each training. The speed of the training is compared with the same one by
the library, undisturbed in a process of its own with the same settings of JAX.

The data are those that `load_mnist` finds: the offline sample, or what ``MNIST_VISUAL_DATA`` names.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mnist_visual.datasets import load_mnist
from mnist_visual.inference import shared_network
from mnist_visual.live_training.queue import TrainingQueue, TrainingRun
from mnist_visual.live_training.records import Settings

PAUSE = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of predictions, each time")
    parser.add_argument("--epochs", type=int, default=10, help="of each training for its speed")
    parser.add_argument("--alone", choices=["classifier", "vae"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # of the offline sample
    if options.alone:
        print(*alone(options.alone, options.epochs))
        return
    queue = TrainingQueue(load_mnist())
    print(f"{'':46}{'median':>10}{'95 %':>10}{'worst':>10}")
    for kind in ("classifier", "vae"):
        row("A prediction, nothing else going on", predictions(options.seconds))
        with training(queue, kind):
            row(f"A prediction beside a training ({kind})", predictions(options.seconds))
    print(f"\n{'':46}{'seconds':>10}{'on cores':>10}")
    for kind in ("classifier", "vae"):
        compare_speeds(queue, kind, options.epochs)
    queue.close()


def compare_speeds(queue: TrainingQueue, kind: str, epochs: int) -> None:
    """Compare medians of interleaved runs, and the seconds on cores, which others hardly change."""
    speeds: dict[str, list[tuple[float, float]]] = {"undisturbed": [], "watched": []}
    for _ in range(3):
        command = [sys.executable, __file__, "--alone", kind, "--epochs", str(epochs)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        wall, cores = map(float, result.stdout.split())
        speeds["undisturbed"].append((wall, cores))
        speeds["watched"].append(watched(queue, kind, epochs))
    medians = {name: np.median(seconds, axis=0) for name, seconds in speeds.items()}
    for name, (wall, cores) in medians.items():
        print(f"{f'An epoch ({kind}), {name}':46}{wall:>8.3f} s{cores:>8.3f} s", flush=True)
    wall, cores = medians["undisturbed"] / medians["watched"]
    print(f"{f'Of the undisturbed speed ({kind})':46}{wall:>10.0%}{cores:>10.0%}")


def row(name: str, seconds: list[float]) -> None:
    times = (statistics.median(seconds), float(np.percentile(seconds, 95)), max(seconds))
    print(f"{name:46}" + "".join(f"{1000 * each:>7.2f} ms" for each in times), flush=True)


def predictions(duration: float) -> list[float]:
    network = shared_network()
    digit = np.random.default_rng(0).random((1, 28, 28), dtype=np.float32)
    seconds: list[float] = []
    end = time.perf_counter() + duration
    while time.perf_counter() < end:
        start = time.perf_counter()
        network(digit)
        seconds.append(time.perf_counter() - start)
        time.sleep(PAUSE)
    return seconds


@contextmanager
def training(queue: TrainingQueue, kind: Any) -> Iterator[None]:
    """Keep a training going, and somebody who follows it."""
    run = queue.submit(Settings(kind=kind, epochs=100))
    run.subscribe(again)
    until(lambda: run.progress.state == "running" and run.progress.epoch > 0)
    yield
    run.close()


def again(run: TrainingRun) -> None:
    if run.progress.state == "finished":
        run.reset()
        run.play()


def watched(queue: TrainingQueue, kind: Any, epochs: int) -> tuple[float, float]:
    """Give the seconds of an epoch but the first, in the other process, and those on cores."""
    run = queue.submit(Settings(kind=kind, epochs=epochs))
    run.subscribe(lambda _: None)
    until(lambda: run.progress.epoch >= 1)
    start = time.perf_counter(), core_seconds(queue)
    until(lambda: run.progress.state in ("finished", "failed"))
    end = time.perf_counter(), core_seconds(queue)
    run.close()
    wall, cores = (np.array(end) - np.array(start)) / (epochs - 1)
    return float(wall), float(cores)


def core_seconds(queue: TrainingQueue) -> float:
    """Give the seconds that the other process has had cores, where the system says so in a file."""
    try:
        assert queue._process is not None
        fields = Path(f"/proc/{queue._process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(true: Any) -> None:
    while not true():
        time.sleep(0.002)


def alone(kind: str, epochs: int) -> tuple[float, float]:
    """Give the same of a process like the other one."""
    from mnist_visual._devices import prepare_jax

    prepare_jax(spare=1)
    from mnist_visual._backend import keras
    from mnist_visual.live_training.obedience import build_model
    from mnist_visual.training import train_classifier
    from mnist_visual.vae_training import train_vae

    (x_train, y_train), (x_test, y_test) = load_mnist()
    step = -(-len(x_test) // 2000)
    ends: list[tuple[float, float]] = []

    def note(epoch: int, logs: Any) -> None:  # noqa: ARG001 -- Keras gives them
        ends.append((time.perf_counter(), time.process_time()))

    clock = keras.callbacks.LambdaCallback(on_epoch_end=note)
    options: dict[str, Any] = {"epochs": epochs, "callbacks": [clock], "verbose": 0}
    model = build_model(Settings(kind=kind))  # type: ignore[arg-type]
    if kind == "classifier":
        validation = (x_test[::step], y_test[::step])
        train_classifier(model, x_train, y_train, validation_data=validation, **options)
    else:
        train_vae(model, x_train, validation_data=x_test[::step], **options)
    wall, cores = (np.array(ends[-1]) - np.array(ends[0])) / (epochs - 1)
    return float(wall), float(cores)


if __name__ == "__main__":
    main()
