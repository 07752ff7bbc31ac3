"""Pages with one component each, as in somebody's own dashboard: run as a module."""

from __future__ import annotations

import socket

import numpy as np
import panel as pn

import mnist_visual as mv
from mnist_visual.components import (
    ArchitectureDiagram,
    LearningStep,
    NetworkExplorer,
    Reading,
    Sketchpad,
)
from mnist_visual.inference import shared_network
from tests.classifier_models import build_small
from tests.drawings import THREE

WORDS = ["cat", "dog", "elephant", "aeroplane"]


def page(build, model, **options):
    """Put a sketchpad with a digit above a component that reads it."""
    mv.trace_network(model, np.zeros((28, 28)))  # compiled before anybody waits

    def build_page():
        pad = Sketchpad(strokes=[THREE])
        view = build(Reading(model, pad), lessons="?lesson=", **options)
        return pn.Column(pn.Column(pad, width=240), view, sizing_mode="stretch_width")

    return build_page


if __name__ == "__main__":
    with socket.create_server(("", 0)) as listener:
        port = listener.getsockname()[1]
    pn.serve(
        {
            "diagram": page(ArchitectureDiagram, shared_network()),
            "teach": page(LearningStep, shared_network()),
            "foreign": page(NetworkExplorer, build_small(), class_names=WORDS),
        },
        port=port,
        show=False,
    )
