"""Measure the latent functions against the plain way to do the same, and print a table.

The plain way is Keras's own ``predict``, and for the regions every point with the same compiled
models. The shipped networks on NumPy are measured against the same ones of Keras, compiled. Runs
take turns, so that whatever else the machine does falls on all alike; medians count. Without
weights of an autoencoder, given or shipped, a small one is trained first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import mnist_visual as mv
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.latent import decode, encode, latent_grid
from mnist_visual.regions import class_regions, classify_codes
from mnist_visual.vae import build_vae


def main() -> None:
    options = parse_options()
    (images, _), _ = mv.load_mnist()
    vae = load_vae(options)
    classifier = mv.load_pretrained("classifier")
    compare_shipped(images)
    images = images[: options.images]
    compare_regions(vae, classifier, options)
    for n in (20, 30):
        line = np.linspace(-3, 3, n + 1)[:-1] + 3 / n
        codes = np.stack(np.meshgrid(line, -line), axis=-1).reshape(-1, 2).astype(np.float32)
        report(
            f"grid {n}x{n}",
            lambda n=n: latent_grid(vae, n=n),
            lambda codes=codes: vae.decoder.predict(codes, verbose=0),
            options.runs,
        )
    report(
        f"encode {len(images):,}",
        lambda: encode(vae, images),
        lambda: vae.encoder.predict(images / np.float32(255), verbose=0),
        options.runs,
    )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", help="an autoencoder's .weights.h5, of --architecture")
    parser.add_argument("--architecture", default="convolutional", help="or dense")
    parser.add_argument("--resolution", type=int, default=512)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def load_vae(options: argparse.Namespace) -> Any:
    if options.weights:
        vae = build_vae(latent_dim=2, architecture=options.architecture)
        vae.load_weights(options.weights)
        return vae
    return mv.load_pretrained("vae")


def compare_regions(vae: Any, classifier: Any, options: argparse.Namespace) -> None:
    def run(exhaustive: bool) -> Any:
        return class_regions(vae, classifier, resolution=options.resolution, exhaustive=exhaustive)

    class_regions(vae, classifier, resolution=16)  # compiles
    n = options.resolution
    refined, exact = report(f"regions {n}x{n}", lambda: run(False), lambda: run(True), options.runs)
    print(f"  points evaluated           {refined.evaluated:.2%}")
    print(f"  labels equal               {(refined.labels == exact.labels).mean():.4%}")
    away = abs(refined.confidence - exact.confidence)
    print(f"  confidence within 0.02     {(away <= 0.02).mean():.4%}; largest {away.max():.3f}")


def compare_shipped(images: Any) -> None:
    """Measure what answers a visitor: the latent functions over NumPy, and over Keras."""
    numpy = shared_vae(), shared_network()
    keras = mv.load_pretrained("vae"), mv.load_pretrained("classifier")
    codes = np.random.default_rng(0).normal(size=(128, 2)).astype(np.float32)
    for name, call in {
        "decode 1": lambda vae, _: decode(vae, codes[0]),
        "decode 128": lambda vae, _: decode(vae, codes),
        "classify codes 128": lambda vae, classifier: classify_codes(vae, classifier, codes),
        "encode 1": lambda vae, _: encode(vae, images[0]),
        "regions 256x256": class_regions,
    }.items():
        report(name, partial(call, *numpy), partial(call, *keras), runs=30)


def report(
    name: str, ours: Callable[[], Any], plain: Callable[[], Any], runs: int
) -> tuple[Any, Any]:
    """Time two ways in turns, after one run of each that counts for nothing."""
    results = [ours(), plain()]
    seconds: list[list[float]] = [[], []]
    for _ in range(runs):
        for way, times in zip((ours, plain), seconds, strict=True):
            start = time.perf_counter()
            way()
            times.append(time.perf_counter() - start)
    fast, slow = (statistics.median(times) for times in seconds)
    times = f"{1e3 * fast:10.2f} ms, plain {1e3 * slow:10.2f} ms"
    print(f"{name:20}{times}, {slow / fast:6.1f} times faster")
    return results[0], results[1]


if __name__ == "__main__":
    main()
