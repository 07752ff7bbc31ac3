"""What each lesson shows, on the visitor's own drawing, and when its task is done."""

from __future__ import annotations

from collections.abc import Callable

from ._view import stack
from .course import LiveView
from .deeds import Deed
from .drawing_reconstruction import DrawingReconstruction
from .latent_explorer import LatentExplorer
from .latent_plane import LatentPlane
from .network_explorer import NetworkExplorer
from .reading import FeatureMaps, NormalizationSteps, Prediction, Reading

SURE = 0.9  # what the first lesson asks for
SMALL = 1 / 3  # of the sketchpad: a drawing that the normalisation visibly enlarges


def lesson_views(
    reading: Reading, plane: Callable[[], LatentPlane]
) -> dict[str, Callable[[], LiveView]]:
    """Make the live views of all lessons, each when it is first opened.

    Parameters
    ----------
    reading : Reading
        Of the drawing that all of them are about.
    plane : callable
        Gives the latent plane, which takes a moment to make.

    Returns
    -------
    dict of str to callable
        As `Course` takes them.
    """
    views = {
        "machine-learning": _machine_learning,
        "neural-networks": _neural_networks,
        "filters": _filters,
        "training": _training,
    }
    from mnist_visual.lessons import load_lessons

    for lesson in load_lessons():
        views.setdefault(lesson.topic, _machine_learning)
    return {topic: lambda make=make: make(reading) for topic, make in views.items()} | {
        "vae": lambda: _vae(reading, plane()),
        "latent-space": lambda: _latent_space(reading, plane()),
    }


def _machine_learning(reading: Reading) -> LiveView:
    def is_sure() -> bool:
        shares = reading.probabilities
        return shares is not None and float(shares.max()) >= SURE

    return LiveView(Prediction(reading), Deed([(reading, "maps")], is_sure))


def _neural_networks(reading: Reading) -> LiveView:
    explorer = NetworkExplorer(reading)
    hidden = {layer["name"] for layer in explorer.layers[:-1] if layer["what"] == "dense"}

    def is_neuron() -> bool:
        return explorer.selected is not None and explorer.selected[0] in hidden

    return LiveView(explorer, Deed([(explorer, "selected")], is_neuron))


def _filters(reading: Reading) -> LiveView:
    maps = FeatureMaps(reading, "conv1")
    return LiveView(maps, Deed([], lambda: False))


def _training(reading: Reading) -> LiveView:
    steps = NormalizationSteps(reading.sketchpad, heading="From your drawing to 28 × 28")

    def is_small() -> bool:
        box = reading.sketchpad.steps.box
        picture = reading.sketchpad.picture
        return box is not None and picture is None and max(box[1] - box[0], box[3] - box[2]) < SMALL

    return LiveView(
        stack(steps, Prediction(reading)),
        Deed([(reading.sketchpad, "steps")], is_small),
    )


def _vae(reading: Reading, plane: LatentPlane) -> LiveView:
    explorer = LatentExplorer(plane, sketchpad=reading.sketchpad)
    memory = DrawingReconstruction(explorer)
    placed = memory.placed
    return LiveView(
        stack(memory, explorer), Deed([(placed, "changes")], lambda: placed.samplings > 0)
    )


def _latent_space(reading: Reading, plane: LatentPlane) -> LiveView:
    explorer = LatentExplorer(plane, sketchpad=reading.sketchpad)
    ends = explorer.start, explorer.end

    def is_moved() -> bool:
        return (explorer.start, explorer.end) != ends

    return LiveView(explorer, Deed([(explorer, "start"), (explorer, "end")], is_moved))
