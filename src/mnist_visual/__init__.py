"""See how a neural network reads a handwritten digit.

The public names load on first use (Scientific Python SPEC 1), so that importing the package
costs nothing and drawings can be normalised without Keras.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .activations import feature_maps as feature_maps
    from .activations import filters as filters
    from .arithmetic.convolution import apply_kernel as apply_kernel
    from .arithmetic.learning import gradient_step as gradient_step
    from .classifier import build_classifier as build_classifier
    from .clusters import class_means as class_means
    from .clusters import class_modes as class_modes
    from .clusters import nearest_codes as nearest_codes
    from .codes import load_test_codes as load_test_codes
    from .datasets import load_dataset as load_dataset
    from .datasets import load_fashion_mnist as load_fashion_mnist
    from .datasets import load_idx as load_idx
    from .datasets import load_mnist as load_mnist
    from .drawing import image_steps as image_steps
    from .drawing import normalize_image as normalize_image
    from .drawing import normalize_strokes as normalize_strokes
    from .drawing import stroke_steps as stroke_steps
    from .evaluation import evaluate_classifier as evaluate_classifier
    from .explanation.architecture import architecture as architecture
    from .explanation.change import smallest_change as smallest_change
    from .explanation.evidence import evidence as evidence
    from .explanation.saliency import saliency as saliency
    from .explanation.tracing import trace_network as trace_network
    from .explanation.tracing import trace_unit as trace_unit
    from .explanation_plots import plot_change as plot_change
    from .explanation_plots import plot_evidence as plot_evidence
    from .explanation_plots import plot_saliency as plot_saliency
    from .explanation_plots import plot_trace as plot_trace
    from .in_browser.page import export_page as export_page
    from .interpolation import filmstrip as filmstrip
    from .interpolation import interpolate as interpolate
    from .interpolation import save_filmstrip as save_filmstrip
    from .interpolation import save_gif as save_gif
    from .latent import decode as decode
    from .latent import encode as encode
    from .latent import latent_grid as latent_grid
    from .latent import reconstruct as reconstruct
    from .outliers import looks_like_digit as looks_like_digit
    from .pen_digits import load_pen_digits as load_pen_digits
    from .plotting import plot_class_regions as plot_class_regions
    from .plotting import plot_feature_maps as plot_feature_maps
    from .plotting import plot_filters as plot_filters
    from .plotting import plot_interpolation as plot_interpolation
    from .plotting import plot_latent_grid as plot_latent_grid
    from .plotting import plot_latent_path as plot_latent_path
    from .plotting import plot_latent_scatter as plot_latent_scatter
    from .plotting import plot_path_probabilities as plot_path_probabilities
    from .plotting import plot_posterior as plot_posterior
    from .regions import class_regions as class_regions
    from .regions import classify_codes as classify_codes
    from .sampling import sample_posterior as sample_posterior
    from .sampling import sample_prior as sample_prior
    from .training import train_classifier as train_classifier
    from .vae import build_vae as build_vae
    from .vae_evaluation import evaluate_vae as evaluate_vae
    from .vae_training import train_vae as train_vae
    from .weights import load_pretrained as load_pretrained
    from .weights import load_weights as load_weights
    from .weights import save_weights as save_weights

__version__ = "0.1.0"

_HOME = {
    "activations": ["feature_maps", "filters"],
    "explanation.saliency": ["saliency"],
    "classifier": ["build_classifier"],
    "clusters": ["class_means", "class_modes", "nearest_codes"],
    "codes": ["load_test_codes"],
    "explanation.evidence": ["evidence"],
    "explanation.architecture": ["architecture"],
    "arithmetic.convolution": ["apply_kernel"],
    "arithmetic.learning": ["gradient_step"],
    "datasets": ["load_dataset", "load_fashion_mnist", "load_idx", "load_mnist"],
    "drawing": ["image_steps", "normalize_image", "normalize_strokes", "stroke_steps"],
    "evaluation": ["evaluate_classifier"],
    "explanation_plots": ["plot_change", "plot_evidence", "plot_saliency", "plot_trace"],
    "in_browser.page": ["export_page"],
    "interpolation": ["filmstrip", "interpolate", "save_filmstrip", "save_gif"],
    "latent": ["decode", "encode", "latent_grid", "reconstruct"],
    "outliers": ["looks_like_digit"],
    "pen_digits": ["load_pen_digits"],
    "explanation.change": ["smallest_change"],
    "plotting": [
        "plot_class_regions",
        "plot_feature_maps",
        "plot_filters",
        "plot_interpolation",
        "plot_latent_grid",
        "plot_latent_path",
        "plot_latent_scatter",
        "plot_path_probabilities",
        "plot_posterior",
    ],
    "regions": ["class_regions", "classify_codes"],
    "sampling": ["sample_posterior", "sample_prior"],
    "explanation.tracing": ["trace_network", "trace_unit"],
    "training": ["train_classifier"],
    "vae": ["build_vae"],
    "vae_evaluation": ["evaluate_vae"],
    "vae_training": ["train_vae"],
    "weights": ["load_pretrained", "load_weights", "save_weights"],
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]  # noqa: PLE0604 - strings they are

if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "jax")


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
