"""Panel components over the library, for any notebook or dashboard."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .pages import Pages, Sections
from .reading import FeatureMaps, NormalizationSteps, Prediction, Reading
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from .activation_curves import ActivationCurves
    from .adversary import Adversary
    from .architecture_diagram import ArchitectureDiagram
    from .attribution import Attribution
    from .convolution_sandbox import ConvolutionSandbox
    from .course import Course, LiveView
    from .deeds import Deed
    from .drawing_reconstruction import DrawingReconstruction
    from .latent_explorer import LatentExplorer
    from .latent_plane import LatentPlane
    from .learning_step import LearningStep
    from .network_explorer import NetworkExplorer
    from .networks_in_use import NetworksInUse
    from .pooling_comparison import PoolingComparison
    from .tour import Stop, Tour
    from .training_monitor import TrainingMonitor

__all__ = [
    "ActivationCurves",
    "Adversary",
    "ArchitectureDiagram",
    "Attribution",
    "ConvolutionSandbox",
    "Course",
    "Deed",
    "DrawingReconstruction",
    "FeatureMaps",
    "LatentExplorer",
    "LatentPlane",
    "LearningStep",
    "LiveView",
    "NetworkExplorer",
    "NetworksInUse",
    "NormalizationSteps",
    "Pages",
    "PoolingComparison",
    "Prediction",
    "Reading",
    "Sections",
    "Sketchpad",
    "Stop",
    "Tour",
    "TrainingMonitor",
]

# What nobody has opened yet does not delay the start.
_LATER = {
    "ActivationCurves": "activation_curves",
    "Adversary": "adversary",
    "ArchitectureDiagram": "architecture_diagram",
    "Attribution": "attribution",
    "ConvolutionSandbox": "convolution_sandbox",
    "Course": "course",
    "Deed": "deeds",
    "DrawingReconstruction": "drawing_reconstruction",
    "LatentExplorer": "latent_explorer",
    "LatentPlane": "latent_plane",
    "LearningStep": "learning_step",
    "LiveView": "course",
    "NetworkExplorer": "network_explorer",
    "NetworksInUse": "networks_in_use",
    "PoolingComparison": "pooling_comparison",
    "Stop": "tour",
    "Tour": "tour",
    "TrainingMonitor": "training_monitor",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)
