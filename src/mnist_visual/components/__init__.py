"""Panel components over the library, for any notebook or dashboard."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .pages import Pages, Sections
from .reading import FeatureMaps, NormalizationSteps, Prediction, Reading
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from .course import Course, LiveView
    from .deeds import Deed
    from .convolution_sandbox import ConvolutionSandbox
    from .activation_curves import ActivationCurves
    from .adversary import Adversary
    from .attribution import Attribution
    from .architecture_diagram import ArchitectureDiagram
    from .drawing_reconstruction import DrawingReconstruction
    from .latent_explorer import LatentExplorer
    from .latent_plane import LatentPlane
    from .learning_step import LearningStep
    from .network_explorer import NetworkExplorer
    from .tour import Stop, Tour

__all__ = [
    "Course",
    "Deed",
    "ConvolutionSandbox",
    from .pooling_comparison import PoolingComparison

__all__ = [
    "ActivationCurves",
    "Adversary",
    "Attribution",
    "ArchitectureDiagram",
    "DrawingReconstruction",
    "FeatureMaps",
    "LatentExplorer",
    "LatentPlane",
    "LiveView",
    "LearningStep",
    "NetworkExplorer",
    "NormalizationSteps",
    "Pages",
    "PoolingComparison",
    "Prediction",
    "Reading",
    "Sections",
    "Sketchpad",
    "Stop",
    "Tour",
]


# What nobody has opened yet does not delay the start.
_LATER = {
    "Course": "course",
    "Deed": "deeds",
    "ConvolutionSandbox": "convolution_sandbox",
    "ActivationCurves": "activation_curves",
    "Adversary": "adversary",
    "Attribution": "attribution",
    "ArchitectureDiagram": "architecture_diagram",
    "DrawingReconstruction": "drawing_reconstruction",
    "LatentExplorer": "latent_explorer",
    "LatentPlane": "latent_plane",
    "LiveView": "course",
    "LearningStep": "learning_step",
    "NetworkExplorer": "network_explorer",
    "Stop": "tour",
    "Tour": "tour",
    "PoolingComparison": "pooling_comparison",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)
