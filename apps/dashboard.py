"""The page: which component stands where."""

from __future__ import annotations

from pathlib import Path

import panel as pn

from mnist_visual.components import FeatureMaps, NormalizationSteps, Prediction, Reading, Sketchpad
from mnist_visual.components.samples import random_digit
from mnist_visual.inference import shared_network

TEMPLATE = (Path(__file__).parent / "dashboard.html").read_text(encoding="utf-8")


def dashboard() -> pn.Template:
    """Put one visitor's page together."""
    sketchpad = Sketchpad(samples=random_digit)
    reading = Reading(shared_network(), sketchpad)
    return pn.Template(
        TEMPLATE,
        items={
            "sketchpad": sketchpad,
            "prediction": Prediction(reading),
            "steps": NormalizationSteps(
                sketchpad,
                heading="What the network sees",
                note="your drawing, made to look like the digits it learned from",
            ),
            "first": FeatureMaps(
                reading,
                "conv1",
                heading="First layer",
                note="eight filters slide over it; red adds, blue takes away, dark is a find",
            ),
            "second": FeatureMaps(
                reading,
                "conv2",
                heading="Second layer",
                note="sixteen filters, each looking at all eight pictures above",
            ),
        },
    )


if pn.state.served:  # `panel serve apps/dashboard.py`
    dashboard().servable()
