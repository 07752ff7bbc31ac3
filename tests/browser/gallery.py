"""Pages of single components, as in somebody's own dashboard: run as a module."""

from __future__ import annotations

import socket

import numpy as np
import panel as pn

import mnist_visual as mv
from mnist_visual.components import (
    ActivationCurves,
    Adversary,
    ArchitectureDiagram,
    Attribution,
    ConvolutionSandbox,
    LearningStep,
    NetworkExplorer,
    PoolingComparison,
    Prediction,
    Reading,
    Sketchpad,
    TrainingMonitor,
)
from mnist_visual.datasets import built_in_names
from mnist_visual.inference import shared_network
from mnist_visual.server import send_without_delay
from tests.classifier_models import build_small
from tests.drawings import THREE
from tests.training_fakes import FakeQueue

WORDS = ["cat", "dog", "elephant", "aeroplane"]


def page(build, *, model=None, strokes=(THREE,)):
    """Put a sketchpad above the views of a reading, of the shipped network by default."""
    if model is not None:
        mv.trace_network(model, np.zeros((28, 28)))  # compiled before anybody waits

    def build_page():
        pad = Sketchpad(strokes=[*strokes])
        reading = Reading(model or shared_network(), pad)
        views = build(reading, lessons="?lesson=")
        return pn.Column(pn.Column(pad, width=240), *views, sizing_mode="stretch_width")

    return build_page


def each(*views):
    return lambda reading, **options: [view(reading, **options) for view in views]


def curves(reading, **options):
    explorer = NetworkExplorer(reading, **options)
    return [ActivationCurves(reading, explorer=explorer), PoolingComparison(reading), explorer]


def foreign(reading, **options):
    return [NetworkExplorer(reading, class_names=WORDS, **options)]


def clothes(reading, **options):
    names = built_in_names("fashion-mnist")
    monitor = TrainingMonitor(reading.sketchpad, queue=FakeQueue(), class_names=names, **options)
    return [Prediction(reading, class_names=names, **options), monitor]


PAGES = {
    "clothes": page(clothes),
    "curves": page(curves),
    "diagram": page(each(ArchitectureDiagram)),
    "sandbox": page(each(ConvolutionSandbox), strokes=()),
    "teach": page(each(LearningStep)),
    "why": page(each(Attribution, Adversary)),
}


if __name__ == "__main__":
    send_without_delay()
    with socket.create_server(("", 0)) as listener:
        port = listener.getsockname()[1]
    pages = PAGES | {"foreign": page(foreign, model=build_small())}
    pn.serve(pages, port=port, show=False)
