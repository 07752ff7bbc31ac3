"""A project of somebody's own, which a strict type checker reads: see `nox -s typecheck`.

It is never run. What a name gives is held by `assert_type` where that is more than Keras, which has
no types of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

import mnist_visual as mv
from mnist_visual.components import (
    Attribution,
    LatentExplorer,
    NetworkExplorer,
    Prediction,
    Reading,
    Sketchpad,
    TrainingMonitor,
    shipped_plane,
)
from mnist_visual.inference import DigitNetwork, DigitVAE, shared_network, shared_vae
from mnist_visual.live_training import Settings, Snapshot, TrainingQueue, TrainingRun

Floats = npt.NDArray[np.float32]


def draw(strokes: list[list[tuple[float, float]]]) -> Floats:
    steps = mv.stroke_steps(strokes)
    assert_type(steps, mv.Normalization)
    return mv.normalize_strokes(strokes) if steps.box else steps.digit


def learn(folder: Path) -> tuple[float, int]:
    (x_train, y_train), test = mv.load_mnist(folder)
    clothes = mv.load_dataset("fashion-mnist")
    assert_type(clothes.class_names, tuple[str, ...])
    model = mv.build_classifier(filters=(4, 8), num_classes=len(clothes.class_names))
    mv.train_classifier(model, x_train, y_train, validation_data=test, epochs=2, seed=1)
    mv.save_weights(model, folder / "mine.weights.h5")
    found = mv.evaluate_classifier(model, *test)
    assert_type(found, mv.Evaluation)
    return found.accuracy, int(found.confusion.trace())


def look_inside(model: DigitNetwork, image: Floats) -> str:
    trace = mv.trace_unit(model, image, "conv1", (4, 4, 0))
    assert_type(trace, mv.UnitTrace)
    if isinstance(trace, mv.SumTrace):
        assert_type(trace.products, Floats)
    source = trace.origin((0, 0, 0))
    assert_type(mv.evidence(model, image, 3).contributions, Floats)
    assert_type(mv.saliency(model, image, 3, method="occlusion").values, Floats)
    mv.saliency(model, image, 3, method="gradients")  # type: ignore[arg-type]
    assert_type(mv.smallest_change(model, image, 3, target=5).answer, int)
    assert_type(mv.architecture(model).parameters, int)
    assert_type(mv.apply_kernel(image, np.eye(3), padding="same"), Floats)
    return trace.formula if source is None else source[0]


def layers(image: Floats) -> dict[str, Floats]:
    model = mv.load_pretrained("classifier")
    assert_type(mv.filters(model, "conv2"), Floats)
    return mv.feature_maps(model, image, layers=["conv1"])


def explore(vae: DigitVAE, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Floats:
    codes = mv.encode(vae, images)
    assert_type(codes.sigma, Floats)
    means = mv.class_means(codes, labels)
    assert_type(means, dict[int, Floats])
    regions = mv.class_regions(vae, shared_network(), extent=(-3, 3, -3, 3), resolution=64)
    x_min, _, _, y_max = regions.extent
    assert_type(mv.latent_grid(vae, n=int(abs(x_min + y_max)) + 1).images, Floats)
    near = mv.nearest_codes(codes, means[3], n=4)
    assert_type(near.indices, npt.NDArray[np.int64])
    path = mv.interpolate(vae, means[3], means[8], steps=12, method="spherical")
    mv.save_gif(path, "path.gif", seconds=3)
    _ = mv.plot_class_regions(regions) * mv.plot_latent_scatter(codes, labels)
    samples = mv.sample_posterior(vae, codes, n=3, seed=1)
    return np.concatenate([mv.decode(vae, codes), mv.reconstruct(vae, images), samples.images[0]])


def any_decoder(imagine: Callable[[Floats], Floats]) -> mv.LatentGrid:
    return mv.latent_grid(imagine, n=3, spacing="quantile")


def own_vae(images: Floats) -> float:
    vae = mv.build_vae(latent_dim=2, beta=0.5, seed=3)
    assert_type(vae, mv.VAE)
    assert_type(mv.load_pretrained("vae"), mv.VAE)
    mv.train_vae(vae, images, epochs=1)
    return mv.evaluate_vae(vae, images, draws=2).elbo


def page() -> list[object]:
    pad = Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]], noun="digit")
    reading = Reading(shared_network(), pad)
    assert_type(pad.steps.digit, Floats)
    assert_type(reading.probabilities, Floats | None)
    codes = mv.load_test_codes()
    plane = LatentExplorer(shared_vae(), shared_network(), codes, codes.labels, sketchpad=pad)
    plane.cursor = (0.5, -1.0)
    LatentExplorer(shipped_plane(), sketchpad=pad, seed=1)
    LatentExplorer(shared_vae(), shared_network())  # type: ignore[call-overload]
    why = Attribution(reading)
    why.label = 8
    return [pad, Prediction(reading), NetworkExplorer(reading), plane, why]


def train_beside(pad: Sketchpad) -> list[Snapshot]:
    queue = TrainingQueue("mnist", limit=2)
    run = queue.submit(Settings(kind="vae", epochs=3))
    assert_type(run, TrainingRun)
    assert_type(run.progress.epochs, int)
    TrainingMonitor(pad, queue=queue).start()
    return run.snapshots
