"""Measure what explains an answer of the shipped classifier, and print a table.

The Keras model stands beside the same network on NumPy. Integrated gradients stand beside the
midpoint rule with as many gradients, by how far the attributions are from adding up; the smallest
change beside plain steps along the gradient.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import mnist_visual as mv
from mnist_visual.explanation.scores import MANY, class_scores
from mnist_visual.inference import load_digit_network

RUNS = 20


def main() -> None:
    model, network = mv.load_pretrained("classifier"), load_digit_network()
    _, (images, _) = mv.load_mnist()
    images = (images[: 10 * RUNS : 10] / 255).astype(np.float32)
    labels = model.predict(images, verbose=0).argmax(axis=1).tolist()
    digits = list(zip(images, labels, strict=True))
    computations = [mv.trace_network(model, image) for image in images]
    report("trace_network", lambda i: mv.trace_network(model, images[i]))
    for layer, unit in (("conv2", (5, 5, 3)), ("pool1", (6, 6, 0)), ("probabilities", 3)):
        name = f"a unit of {layer}, from its Computation"
        report(name, lambda i, at=(layer, unit): computations[i].trace(*at))
    report("evidence", lambda i: mv.evidence(model, *digits[i]))
    for name, scored in (("Keras", model), ("NumPy", network)):
        for method in ("integrated_gradients", "gradient_x_input", "occlusion"):
            report(
                f"{method}, {name}",
                lambda i, m=method, s=scored: mv.saliency(s, *digits[i], method=m),
            )
        report(f"smallest_change, {name}", lambda i, s=scored: mv.smallest_change(s, *digits[i]))
        report(
            f"smallest_change to a class, {name}",
            lambda i, s=scored: mv.smallest_change(s, *digits[i], target=(labels[i] + 1) % 10),
        )
    found = [mv.saliency(model, *digit) for digit in digits]
    gaps = [abs(each.values.sum() - each.logit + each.baseline) for each in found]
    plain = [midpoint_gap(model, *digit) for digit in digits]
    print(f"\nintegrated gradients miss the sum by {statistics.median(gaps):.1e}, ", end="")
    print(f"with the midpoint rule by {statistics.median(plain):.1e}")
    ratios = [
        mv.smallest_change(model, *digit).distance / along_the_gradient(model, *digit)
        for digit in digits
    ]
    print(f"the smallest change is {statistics.median(ratios):.2f} of that along the gradient")


def report(name: str, run: Callable[[int], object]) -> None:
    run(0)
    times = []
    for i in range(RUNS):
        begun = time.perf_counter()
        run(i)
        times.append(1000 * (time.perf_counter() - begun))
    print(f"{name:45}{statistics.median(times):9.3f} ms{max(times):9.3f} ms at most")


def midpoint_gap(model, image, label) -> float:
    scores = class_scores(model)
    shares = ((np.arange(MANY) + 0.5) / MANY).astype(np.float32)
    directions = np.tile(np.eye(10, dtype=np.float32)[label], (MANY, 1))
    _, gradients = scores.leads(shares[:, None, None] * image, directions, directions > 1)
    ends = scores.logits(np.stack([image, 0 * image]))[:, label]
    return float(abs((gradients.mean(axis=0) * image).sum() - (ends[0] - ends[1])))


def along_the_gradient(model, image, label) -> float:
    """Go along the gradient of each other class's lead in small steps."""
    scores = class_scores(model)
    directions = np.delete(np.eye(10, dtype=np.float32), label, axis=0)
    directions[:, label] = -1
    _, gradients = scores.leads(np.stack([image] * 9), directions, directions > 1)
    lengths, best = np.linspace(0.02, 12, 600)[:, None, None], np.inf
    for gradient in gradients:
        way = np.clip(image + lengths * gradient / np.linalg.norm(gradient), 0, 1)
        for other in way[scores.logits(way.astype(np.float32)).argmax(axis=1) != label][:1]:
            best = min(best, float(np.linalg.norm(other - image)))
    return best


if __name__ == "__main__":
    main()
