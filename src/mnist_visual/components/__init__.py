"""Panel components over the library, for any notebook or dashboard."""

from .reading import FeatureMaps, NormalizationSteps, Prediction, Reading
from .sketchpad import Sketchpad

__all__ = ["FeatureMaps", "NormalizationSteps", "Prediction", "Reading", "Sketchpad"]
