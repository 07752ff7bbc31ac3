"""Panel components over the library, for any notebook or dashboard."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .pages import Pages
from .reading import FeatureMaps, NormalizationSteps, Prediction, Reading
from .sketchpad import Sketchpad

if TYPE_CHECKING:
    from .drawing_reconstruction import DrawingReconstruction
    from .latent_explorer import LatentExplorer
    from .latent_plane import LatentPlane
    from .network_explorer import NetworkExplorer

__all__ = [
    "DrawingReconstruction",
    "FeatureMaps",
    "LatentExplorer",
    "LatentPlane",
    "NetworkExplorer",
    "NormalizationSteps",
    "Pages",
    "Prediction",
    "Reading",
    "Sketchpad",
]


# What nobody has opened yet does not delay the start.
_LATER = {
    "DrawingReconstruction": "drawing_reconstruction",
    "LatentExplorer": "latent_explorer",
    "LatentPlane": "latent_plane",
    "NetworkExplorer": "network_explorer",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)
