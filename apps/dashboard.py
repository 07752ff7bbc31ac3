"""The page: which component stands where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn

from mnist_visual.components import (
    FeatureMaps,
    NormalizationSteps,
    Pages,
    Prediction,
    Reading,
    Sketchpad,
)
from mnist_visual.components.samples import random_digit
from mnist_visual.inference import shared_network

if TYPE_CHECKING:
    from mnist_visual.components import LatentExplorer, NetworkExplorer

LESSONS = "?page=learn&lesson="
TEMPLATE = (Path(__file__).parent / "dashboard.html").read_text(encoding="utf-8")


def dashboard() -> pn.Template:
    """Put one visitor's page together."""
    sketchpad = Sketchpad(samples=random_digit)
    reading = Reading(shared_network(), sketchpad)
    memory = pn.Column(sizing_mode="stretch_width")
    pages = Pages(
        {
            "Draw": lambda: None,
            "Network": lambda: network(reading),
            "Latent": lambda: latent(sketchpad, memory),
        },
        active=pn.state.session_args.get("page", [b""])[0].decode(errors="replace").lower(),
    )
    template = pn.Template(
        TEMPLATE,
        items={
            "pages": pages,
            "network": pages.slots["network"],
            "latent": pages.slots["latent"],
            "memory": memory,
            "sketchpad": sketchpad,
            "prediction": Prediction(reading, lessons=LESSONS),
            "steps": NormalizationSteps(
                sketchpad,
                heading="What the network sees",
                note="your drawing, made to look like the digits it learned from",
                lessons=LESSONS,
            ),
            "first": FeatureMaps(
                reading,
                "conv1",
                heading="First layer",
                note="eight filters slide over it; red adds, blue takes away, dark is a find",
                lessons=LESSONS,
            ),
            "second": FeatureMaps(
                reading,
                "conv2",
                heading="Second layer",
                note="sixteen filters, each looking at all eight pictures above",
                lessons=LESSONS,
            ),
        },
    )
    template.add_variable("page", pages.active)
    return template


def network(reading: Reading) -> NetworkExplorer:
    """Build the page of the network from end to end."""
    from mnist_visual.components import NetworkExplorer

    return NetworkExplorer(reading, lessons=LESSONS)


def latent(sketchpad: Sketchpad, memory: pn.Column) -> LatentExplorer:
    """Build the page of the latent plane, and below the sketchpad what is remembered."""
    from mnist_visual.components import DrawingReconstruction, LatentExplorer
    from mnist_visual.components.latent_plane import shipped_plane

    explorer = LatentExplorer(shipped_plane(), sketchpad=sketchpad)
    memory.append(DrawingReconstruction(explorer))
    return explorer


if pn.state.served:  # `panel serve apps/dashboard.py`
    dashboard().servable()
