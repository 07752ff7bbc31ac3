"""What each lesson shows, on the visitor's own drawing, and when its task is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import panel as pn

from mnist_visual.explanation.architecture import architecture

from ._view import stack
from .activation_curves import ActivationCurves
from .adversary import Adversary
from .architecture_diagram import ArchitectureDiagram
from .attribution import Attribution
from .convolution_sandbox import ConvolutionSandbox
from .course import LiveView
from .deeds import Deed
from .drawing_reconstruction import DrawingReconstruction
from .latent_explorer import LatentExplorer
from .latent_plane import LatentPlane
from .learning_step import LearningStep
from .network_explorer import NetworkExplorer
from .normalization_steps import NormalizationSteps
from .pooling_comparison import PoolingComparison
from .prediction import FeatureMaps, Prediction
from .reading import Reading

SURE = 0.9  # what the first lesson asks for
SMALL = 1 / 3  # of the sketchpad: a drawing that the normalisation visibly enlarges
CLEARLY = -0.1  # below zero
WALK = 5  # places of a window, until one has seen how it goes
_LINK = """
p {
  margin: 0;
  color: light-dark(#1b1d22, #f1f1ee);
  font: 1.0625rem/1.4 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
a { color: light-dark(#0b5bab, #79b4f2); font-weight: 650; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
"""


def lesson_views(
    reading: Reading, plane: Callable[[], LatentPlane], *, train: str = ""
) -> dict[str, Callable[[], LiveView]]:
    """List the live views of all lessons, each made when it is first opened.

    Parameters
    ----------
    reading : Reading
        Of the drawing that all of them are about, by a classifier that
        `mnist_visual.trace_network` can read and that begins with a convolution.
    plane : callable
        Gives the latent plane, which takes a moment to make.
    train : str, optional
        Address of the page on which visitors train networks of their own, if there is one.

    Returns
    -------
    dict of str to callable
        As `Course` takes them.

    Examples
    --------
    >>> from mnist_visual.components import Course, Reading, Sketchpad, shipped_plane
    >>> from mnist_visual.inference import shared_network
    >>> reading = Reading(shared_network(), Sketchpad(strokes=[[(0.5, 0.2), (0.5, 0.8)]]))
    >>> course = Course(lesson_views(reading, shipped_plane))
    >>> course.topic
    'machine-learning'
    """
    of_the_classifier = {
        "machine-learning": _machine_learning,
        "neural-networks": _neural_networks,
        "learning": _learning,
        "why-convolution": _why_convolution,
        "convolution": _convolution,
        "filters": _filters,
        "activation": _activation,
        "pooling": _pooling,
        "dense": _dense,
        "fooling": _fooling,
        "architecture": _architecture,
    }
    return {
        **{topic: partial(view, reading) for topic, view in of_the_classifier.items()},
        "training": lambda: _training(reading, train),
        "vae": lambda: _vae(reading, plane()),
        "latent-space": lambda: _latent_space(reading, plane()),
    }


def _machine_learning(reading: Reading) -> LiveView:
    pad = reading.sketchpad

    def is_sure() -> bool:
        shares = reading.probabilities
        return shares is not None and not pad.drawing and float(shares.max()) >= SURE

    return LiveView(Prediction(reading), Deed([(reading, "maps"), (pad, "drawing")], is_sure))


def _neural_networks(reading: Reading) -> LiveView:
    explorer = NetworkExplorer(reading)
    *inner, _ = architecture(reading.computation).layers
    neurons = {layer.name for layer in inner if layer.kind == "dense"}

    def is_neuron() -> bool:
        return explorer.selected is not None and explorer.selected[0] in neurons

    return LiveView(explorer, Deed([(explorer, "selected")], is_neuron))


def _learning(reading: Reading) -> LiveView:
    teach = LearningStep(reading)

    def has_lied() -> bool:
        shares = reading.probabilities
        return shares is not None and teach.steps > 0 and teach.label != int(shares.argmax())

    return LiveView(teach, Deed([(teach, "steps")], has_lied))


def _why_convolution(reading: Reading) -> LiveView:
    sandbox = ConvolutionSandbox(reading, note="move the picture, and see what the filter finds")
    sandbox.show(kernel="vertical edges")
    return LiveView(sandbox, Deed([(sandbox, "shift")], lambda: sandbox.shift != (0, 0)))


def _convolution(reading: Reading) -> LiveView:
    sandbox = ConvolutionSandbox(reading)

    def has_played() -> bool:
        return not sandbox.play and sandbox.steps >= WALK

    return LiveView(sandbox, Deed([(sandbox, "play")], has_played))


def _filters(reading: Reading) -> LiveView:
    sandbox = ConvolutionSandbox(reading, heading="Try a filter", note="choose one, or change it")
    sandbox.show(kernel="identity")
    maps = FeatureMaps(
        reading,
        _first_convolution(reading),
        heading="What the network's own filters find",
        note="the stronger a spot, the better it fits the filter above it",
    )

    def is_learned() -> bool:
        return sandbox.kernel_name.startswith("learned")

    return LiveView(stack(sandbox, maps), Deed([(sandbox, "kernel_name")], is_learned))


def _activation(reading: Reading) -> LiveView:
    curves = ActivationCurves(reading)

    def is_below_zero() -> bool:
        return curves.unit is not None and curves.value is not None and curves.value < CLEARLY

    return LiveView(curves, Deed([(curves, "unit"), (curves, "value")], is_below_zero))


def _pooling(reading: Reading) -> LiveView:
    pooling = PoolingComparison(reading)
    size = pooling.size
    return LiveView(pooling, Deed([(pooling, "size")], lambda: pooling.size > size))


def _dense(reading: Reading) -> LiveView:
    why = Attribution(reading)

    def is_another() -> bool:
        shares = reading.probabilities
        return shares is not None and why.label not in (None, int(shares.argmax()))

    return LiveView(why, Deed([(why, "label")], is_another))


def _fooling(reading: Reading) -> LiveView:
    game = Adversary(reading)

    def is_turned() -> bool:
        # The smallest change always turns it, if only to "not a digit".
        return game.fooled or game.share >= 1

    return LiveView(game, Deed([(game, "fooled"), (game, "share")], is_turned))


def _architecture(reading: Reading) -> LiveView:
    diagram = ArchitectureDiagram(reading)
    layers = architecture(reading.computation).layers
    largest = max(layers, key=lambda layer: layer.parameters).name
    return LiveView(diagram, Deed([(diagram, "selected")], lambda: diagram.selected == largest))


def _training(reading: Reading, address: str) -> LiveView:
    pad = reading.sketchpad
    steps = NormalizationSteps(pad, heading="From your drawing to what the network sees")

    def is_small() -> bool:
        box = pad.steps.box
        if box is None or pad.drawing or pad.picture is not None:
            return False
        return max(box[1] - box[0], box[3] - box[2]) < SMALL

    views: list[Any] = [steps, Prediction(reading)]
    if address:
        text = f'<p>How does it learn? <a href="{escape(address)}">Train one yourself</a></p>'
        views.append(pn.pane.HTML(text, stylesheets=[_LINK]))
    return LiveView(stack(*views), Deed([(pad, "steps"), (pad, "drawing")], is_small))


def _vae(reading: Reading, plane: LatentPlane) -> LiveView:
    explorer = LatentExplorer(plane, sketchpad=reading.sketchpad)
    memory = DrawingReconstruction(explorer)
    placed = memory.placed
    deed = Deed([(placed, "changes")], lambda: placed.samplings > 0)
    return LiveView(stack(memory, explorer), deed)


def _latent_space(reading: Reading, plane: LatentPlane) -> LiveView:
    explorer = LatentExplorer(plane, sketchpad=reading.sketchpad)
    ends = explorer.start, explorer.end

    def is_moved() -> bool:
        return (explorer.start, explorer.end) != ends

    return LiveView(explorer, Deed([(explorer, "start"), (explorer, "end")], is_moved))


def _first_convolution(reading: Reading) -> str:
    layers = architecture(reading.computation).layers
    return next(layer.name for layer in layers if layer.kind == "convolution")
