"""A training that needs no Keras: the network goes over, step by step, into the shipped one."""

import threading
import time
from dataclasses import replace
from functools import cache

import numpy as np

from mnist_visual import _offline_sample
from mnist_visual.inference import (
    DECODER_LAYERS,
    ENCODER_LAYERS,
    _shipped_weights,
    shared_network,
)
from mnist_visual.live_training.records import Progress, Snapshot
from mnist_visual.live_training.snapshots import network_of, vae_of

BATCHES = 20
TAKES = 0.05  # seconds a batch


@cache
def validation():
    images, labels = _offline_sample.read_sample(_offline_sample.find_sample())[1]
    some = np.random.default_rng(0).permutation(len(labels))[:500]
    return images[some], labels[some]


@cache
def final_weights(kind):
    if kind == "classifier":
        return shared_network().weights
    parts = {"encoder": ENCODER_LAYERS, "decoder": DECODER_LAYERS}
    return {
        f"{part}/{name}": weights
        for part, layers in parts.items()
        for name, weights in _shipped_weights("vae", layers).items()
    }


@cache
def snapshot_at(kind, epoch, seed=0):
    """Give a network that has learned for some epochs, as true to its numbers as a real one."""
    random = np.random.default_rng(seed)
    share = 1 - 0.85 ** (2 * epoch)
    weights = {}
    for name, (kernel, bias) in final_weights(kind).items():
        start = random.normal(0, 0.7 * kernel.std(), kernel.shape)
        weights[name] = (
            ((1 - share) * start + share * kernel).astype(np.float32),
            (share * bias).astype(np.float32),
        )
    bare = Snapshot(epoch, {}, weights)
    images, labels = validation()
    if kind == "vae":
        codes, log_var = vae_of(bare).encoder(images / np.float32(255))
        divergence = 0.5 * (codes**2 + np.exp(log_var) - log_var - 1).sum(1).mean()
        error = 90 + 110 * (1 - share)
        logs = logs_of(loss=error + divergence, reconstruction_loss=error, kl_loss=divergence)
        return replace(bare, codes=codes, logs=logs if epoch else {})
    probabilities = network_of(bare)(images / np.float32(255))
    predictions = probabilities.argmax(1).astype(np.uint8)
    right = probabilities[np.arange(len(labels)), labels]
    logs = logs_of(
        loss=-np.log(np.maximum(right, 1e-7)).mean(), accuracy=(predictions == labels).mean()
    )
    return replace(bare, predictions=predictions, logs=logs if epoch else {})


def logs_of(**values):
    training = {
        name: float(value * (1 if name == "accuracy" else 0.9)) for name, value in values.items()
    }
    return training | {f"val_{name}": float(value) for name, value in values.items()}


class FakeRun:
    """Learns when it is told to: by hand, or, if it is live, in a thread and in its own time."""

    def __init__(self, settings, *, live=False, place=0, starting=0.0, takes=TAKES):
        self.starting = starting  # seconds that it is made ready
        self.takes = takes  # seconds a batch
        self.settings = settings
        self.calls = []
        self.callbacks = []
        self.closed = False
        self.snapshots = []
        self.progress = Progress(state="queued", place=place, epochs=settings.epochs)
        self.target = None  # where it pauses
        if live:
            threading.Thread(target=self._live, daemon=True).start()

    def tell(self, **changes):
        self.progress = replace(self.progress, **changes)
        for callback in [*self.callbacks]:
            callback(self)

    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def _called(self, *call):
        self.calls.append(call)

    def play(self):
        self._called("play")
        self.target = None
        if self.progress.state == "paused":
            self.tell(state="running")

    def pause(self):
        self._called("pause")
        self.tell(state="paused")

    def step(self, amount):
        self._called("step", amount)
        if not self.snapshots:
            self.learn(0)
        now = self.progress.epoch + self.progress.batch / BATCHES
        self.target = now + 1 / BATCHES if amount == "batch" else float(int(now) + 1)
        self.tell(state="running")

    def stop(self):
        self._called("stop")
        self.tell(state="stopped")

    def set(self, **values):
        self._called("set", values)

    def reset(self):
        self._called("reset")
        self.snapshots = self.snapshots[:1]
        self.tell(state="paused", epoch=0, batch=0, logs={})

    def attend(self, *, attended):
        self._called("attend", attended)

    def close(self):
        self._called("close")
        self.closed = True

    def learn(self, epoch):
        """Be so many epochs old."""
        self.snapshots = [*self.snapshots, snapshot_at(self.settings.kind, epoch)]
        done = epoch >= self.settings.epochs
        state = "finished" if done else "running"
        batch = round(epoch % 1 * BATCHES)
        self.tell(state=state, place=0, epoch=int(epoch), batch=batch, batches=BATCHES)

    def _live(self):
        while self.progress.place:
            time.sleep(10 * self.takes)
            self.tell(place=self.progress.place - 1)
        self.tell(state="starting", compiling=True)
        time.sleep(self.starting)
        if not self.snapshots:
            self.learn(0)
        while not self.closed and self.progress.state not in {"finished", "stopped"}:
            time.sleep(self.takes)
            if self.progress.state == "running":
                self._batch()

    def _batch(self):
        now = self.progress
        epoch, batch = divmod(now.epoch * BATCHES + now.batch + 1, BATCHES)
        share = epoch + batch / BATCHES
        if not batch or share == self.target:
            self.learn(share)
        else:
            left = (now.epochs - share) * BATCHES * self.takes
            logs = snapshot_at(self.settings.kind, epoch + 0.5).logs
            self.tell(epoch=epoch, batch=batch, seconds_left=left, logs=logs)
        if share == self.target and self.progress.state == "running":
            self.tell(state="paused")


class FakeQueue:
    def __init__(self, **options):
        self.runs = []
        self.options = options
        self.class_names = [*"0123456789"]
        self.is_sample = False
        self.warmed_up = []
        self.callbacks = []

    @property
    def validation(self):
        return validation()

    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: callback in self.callbacks and self.callbacks.remove(callback)

    def warm_up(self, settings):
        self.warmed_up.append(settings)

    def submit(self, settings):
        self.runs.append(FakeRun(settings, **self.options))
        return self.runs[-1]
