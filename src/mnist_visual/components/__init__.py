"""Panel components over the library, for any notebook or dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist_visual._lazy import loader

from .address import Address
from .normalization_steps import NormalizationSteps
from .pages import Pages, Sections
from .prediction import FeatureMaps, Prediction
from .presenter import Presenter
from .reading import Reading
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from ._shipped_plane import shipped_plane
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
    from .live_lessons import lesson_views
    from .network_explorer import NetworkExplorer
    from .networks_in_use import NetworksInUse
    from .pooling_comparison import PoolingComparison
    from .samples import random_digit
    from .tour import Stop, Tour
    from .training_monitor import TrainingMonitor

__all__ = [
    "ActivationCurves",
    "Address",
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
    "Presenter",
    "Reading",
    "Sections",
    "Sketchpad",
    "Stop",
    "Tour",
    "TrainingMonitor",
    "lesson_views",
    "random_digit",
    "shipped_plane",
]

# What nobody has opened yet does not delay the start.
_NAMES_OF = {
    "_shipped_plane": ["shipped_plane"],
    "activation_curves": ["ActivationCurves"],
    "adversary": ["Adversary"],
    "architecture_diagram": ["ArchitectureDiagram"],
    "attribution": ["Attribution"],
    "convolution_sandbox": ["ConvolutionSandbox"],
    "course": ["Course", "LiveView"],
    "deeds": ["Deed"],
    "drawing_reconstruction": ["DrawingReconstruction"],
    "latent_explorer": ["LatentExplorer"],
    "latent_plane": ["LatentPlane"],
    "learning_step": ["LearningStep"],
    "live_lessons": ["lesson_views"],
    "network_explorer": ["NetworkExplorer"],
    "networks_in_use": ["NetworksInUse"],
    "pooling_comparison": ["PoolingComparison"],
    "samples": ["random_digit"],
    "tour": ["Stop", "Tour"],
    "training_monitor": ["TrainingMonitor"],
}

if not TYPE_CHECKING:  # a type checker is to miss names that do not exist
    __getattr__ = loader(__name__, _NAMES_OF)


def __dir__() -> list[str]:
    return __all__
