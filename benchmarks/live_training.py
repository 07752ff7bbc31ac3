"""Measure what a training beside the page costs the page, and what the page costs the training.

Predictions are made in this process, 5 ms apart, while the other one trains or not; a rest period
stands before and after each training. The speed of the training is compared with the same one by
the library, undisturbed in a process of its own with the same settings of JAX.

The data are those that `load_mnist` finds: the offline sample, or what ``MNIST_VISUAL_DATA`` names.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    if options.alone:
        print(alone(options.alone, options.epochs))
        return
    queue = TrainingQueue(load_mnist())
    print(f"{'':46}{'median':>10}{'95 %':>10}{'worst':>10}")
    for kind in ("classifier", "vae"):
        row("A prediction, nothing else going on", predictions(options.seconds))
        with training(queue, kind):
            row(f"A prediction beside a training ({kind})", predictions(options.seconds))
    print(f"\n{'':46}{'median':>10}")
    for kind in ("classifier", "vae"):
        speeds: dict[str, list[float]] = {"undisturbed": [], "watched": []}
        for _ in range(3):
            command = [sys.executable, __file__, "--alone", kind, "--epochs", str(options.epochs)]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            speeds["undisturbed"].append(float(result.stdout))
            speeds["watched"].append(watched(queue, kind, options.epochs))
        for name, seconds in speeds.items():
            print(f"{f'An epoch ({kind}), {name}':46}{statistics.median(seconds):>8.3f} s")
        ratio = statistics.median(
            alone / beside
            for alone, beside in zip(speeds["undisturbed"], speeds["watched"], strict=True)
        )
        print(f"{f'Of the undisturbed speed ({kind})':46}{ratio:>10.0%}")
    queue.close()


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


def watched(queue: TrainingQueue, kind: Any, epochs: int) -> float:
    """Give the seconds of an epoch but the first, in the other process."""
    run = queue.submit(Settings(kind=kind, epochs=epochs))
    run.subscribe(lambda _: None)
    until(lambda: run.progress.epoch >= 1)
    start = time.perf_counter()
    until(lambda: run.progress.state in ("finished", "failed"))
    seconds = time.perf_counter() - start
    run.close()
    return seconds / (epochs - 1)


def until(true: Any) -> None:
    while not true():
        time.sleep(0.002)


def alone(kind: str, epochs: int) -> float:
    """Give the seconds of an epoch but the first, in a process like the other one."""
    from mnist_visual._devices import prepare_jax

    prepare_jax(spare=1)
    from mnist_visual._backend import keras
    from mnist_visual.live_training.obedience import build_model
    from mnist_visual.training import train_classifier
    from mnist_visual.vae_training import train_vae

    (x_train, y_train), (x_test, y_test) = load_mnist()
    step = -(-len(x_test) // 2000)
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())  # noqa: ARG005
    )
    options: dict[str, Any] = {"epochs": epochs, "callbacks": [clock], "verbose": 0}
    model = build_model(Settings(kind=kind))  # type: ignore[arg-type]
    if kind == "classifier":
        validation = (x_test[::step], y_test[::step])
        train_classifier(model, x_train, y_train, validation_data=validation, **options)
    else:
        train_vae(model, x_train, validation_data=x_test[::step], **options)
    return (ends[-1] - ends[0]) / (epochs - 1)


if __name__ == "__main__":
    main()
