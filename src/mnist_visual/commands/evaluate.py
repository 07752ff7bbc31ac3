"""``mnist-visual evaluate``: how well the networks do on test pictures."""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING, Any

from .inputs import MODELS, choose_data, load_model, load_pen

if TYPE_CHECKING:
    from mnist_visual.datasets import Dataset
    from mnist_visual.pen_digits import PenDigits

DRAWS = 5  # of a code for every picture, in measuring the autoencoder


def evaluate(options: argparse.Namespace) -> None:
    """Measure the networks, and print the results."""
    chosen = choose_data(options)
    if options.model == "vae" and options.pen is not None:
        raise ValueError("--pen measures the classifier. Received: the vae. Leave out one of them.")
    if options.weights is None and not chosen.are_digits:
        raise ValueError(
            f"The shipped weights know digits alone. Received: --data {options.data}. Train your "
            "own with mnist-visual train, and name them with --weights."
        )
    if chosen.are_digits:  # the data may have to be fetched
        models = _models(options, 10)
    with warnings.catch_warnings():
        # The offline sample is of digits that the network learned from: it measures nothing.
        warnings.simplefilter("error", UserWarning)
        try:
            data = chosen.load()
        except UserWarning as warning:
            raise FileNotFoundError(f"Measuring needs MNIST's own test digits. {warning}") from None
    name = "MNIST's test digits" if chosen.are_digits else "The test pictures"
    if not chosen.are_digits:
        models = _models(options, len(data.class_names))
    if "classifier" in models:
        _evaluate_classifier(models["classifier"], name, data, load_pen(options))
    if "vae" in models:
        _evaluate_vae(models["vae"], name, data)


def _models(options: argparse.Namespace, classes: int) -> dict[str, Any]:
    chosen = options.model or (options.weights and "classifier")
    return {
        name: load_model(name, options.weights, classes)
        for name in ([chosen] if chosen else MODELS)
    }


def _evaluate_classifier(model: Any, name: str, data: Dataset, digits: PenDigits | None) -> None:
    from mnist_visual.evaluation import evaluate_classifier, format_confusion, pen_pictures

    results = {name: evaluate_classifier(model, *data.test)}
    if digits is not None:
        results["Pen-drawn digits"] = evaluate_classifier(
            model, pen_pictures(digits), digits.labels
        )
    for name, result in results.items():
        print(f"{name}: {result.accuracy:.2%} of {result.n:,} read correctly.")
        print(format_confusion(result.confusion, data.class_names), end="\n\n")


def _evaluate_vae(model: Any, name: str, data: Dataset) -> None:
    from mnist_visual.vae_evaluation import evaluate_vae

    result = evaluate_vae(model, data.test[0], draws=DRAWS)
    print(
        f"{name}: ELBO {result.elbo:.2f} nats a picture (reconstruction "
        f"{result.reconstruction:.2f}, KL {result.kl:.2f}), the mean of {result.n:,} pictures and "
        f"{DRAWS} draws, which spread by {result.spread:.2f}."
    )
