"""See how a neural network reads a handwritten digit.

The public names load on first use (Scientific Python SPEC 1), so that importing the package
costs nothing and drawings can be normalised without Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._chosen_backend import choose_early
from ._lazy import loader

if TYPE_CHECKING:
    from .activations import feature_maps as feature_maps
    from .activations import filters as filters
    from .arithmetic.computation import Computation as Computation
    from .arithmetic.convolution import apply_kernel as apply_kernel
    from .arithmetic.learning import GradientStep as GradientStep
    from .arithmetic.learning import gradient_step as gradient_step
    from .arithmetic.traces import ActivationTrace as ActivationTrace
    from .arithmetic.traces import MaximumTrace as MaximumTrace
    from .arithmetic.traces import PassTrace as PassTrace
    from .arithmetic.traces import SumTrace as SumTrace
    from .arithmetic.traces import UnitTrace as UnitTrace
    from .classifier import build_classifier as build_classifier
    from .clusters import Neighbours as Neighbours
    from .clusters import class_means as class_means
    from .clusters import class_modes as class_modes
    from .clusters import nearest_codes as nearest_codes
    from .codes import LabelledCodes as LabelledCodes
    from .codes import load_test_codes as load_test_codes
    from .datasets import Dataset as Dataset
    from .datasets import load_dataset as load_dataset
    from .datasets import load_fashion_mnist as load_fashion_mnist
    from .datasets import load_idx as load_idx
    from .datasets import load_mnist as load_mnist
    from .drawing import Normalization as Normalization
    from .drawing import image_steps as image_steps
    from .drawing import normalize_image as normalize_image
    from .drawing import normalize_strokes as normalize_strokes
    from .drawing import stroke_steps as stroke_steps
    from .evaluation import Evaluation as Evaluation
    from .evaluation import evaluate_classifier as evaluate_classifier
    from .explanation.architecture import Architecture as Architecture
    from .explanation.architecture import LayerArchitecture as LayerArchitecture
    from .explanation.architecture import architecture as architecture
    from .explanation.change import Change as Change
    from .explanation.change import smallest_change as smallest_change
    from .explanation.evidence import Evidence as Evidence
    from .explanation.evidence import evidence as evidence
    from .explanation.saliency import Saliency as Saliency
    from .explanation.saliency import saliency as saliency
    from .explanation.tracing import trace_network as trace_network
    from .explanation.tracing import trace_unit as trace_unit
    from .explanation_plots import plot_change as plot_change
    from .explanation_plots import plot_evidence as plot_evidence
    from .explanation_plots import plot_saliency as plot_saliency
    from .explanation_plots import plot_trace as plot_trace
    from .films import filmstrip as filmstrip
    from .films import save_filmstrip as save_filmstrip
    from .films import save_gif as save_gif
    from .in_browser.page import export_page as export_page
    from .interpolation import LatentPath as LatentPath
    from .interpolation import interpolate as interpolate
    from .latent import LatentCodes as LatentCodes
    from .latent import LatentGrid as LatentGrid
    from .latent import decode as decode
    from .latent import encode as encode
    from .latent import latent_grid as latent_grid
    from .latent import reconstruct as reconstruct
    from .latent_plots import plot_class_regions as plot_class_regions
    from .latent_plots import plot_interpolation as plot_interpolation
    from .latent_plots import plot_latent_grid as plot_latent_grid
    from .latent_plots import plot_latent_path as plot_latent_path
    from .latent_plots import plot_latent_scatter as plot_latent_scatter
    from .latent_plots import plot_path_probabilities as plot_path_probabilities
    from .latent_plots import plot_posterior as plot_posterior
    from .layer_plots import plot_feature_maps as plot_feature_maps
    from .layer_plots import plot_filters as plot_filters
    from .outliers import looks_like_digit as looks_like_digit
    from .pen_digits import PenDigits as PenDigits
    from .pen_digits import load_pen_digits as load_pen_digits
    from .regions import ClassRegions as ClassRegions
    from .regions import class_regions as class_regions
    from .regions import classify_codes as classify_codes
    from .sampling import LatentSamples as LatentSamples
    from .sampling import sample_posterior as sample_posterior
    from .sampling import sample_prior as sample_prior
    from .server import serve as serve
    from .training import train_classifier as train_classifier
    from .vae import VAE as VAE
    from .vae import build_vae as build_vae
    from .vae_evaluation import VAEEvaluation as VAEEvaluation
    from .vae_evaluation import evaluate_vae as evaluate_vae
    from .vae_training import train_vae as train_vae
    from .weights import load_pretrained as load_pretrained
    from .weights import load_weights as load_weights
    from .weights import save_weights as save_weights

__version__ = "0.1.0"

_NAMES_OF = {
    "activations": ["feature_maps", "filters"],
    "arithmetic.computation": ["Computation"],
    "arithmetic.convolution": ["apply_kernel"],
    "arithmetic.learning": ["GradientStep", "gradient_step"],
    "arithmetic.traces": ["ActivationTrace", "MaximumTrace", "PassTrace", "SumTrace", "UnitTrace"],
    "classifier": ["build_classifier"],
    "clusters": ["Neighbours", "class_means", "class_modes", "nearest_codes"],
    "codes": ["LabelledCodes", "load_test_codes"],
    "datasets": ["Dataset", "load_dataset", "load_fashion_mnist", "load_idx", "load_mnist"],
    "drawing": [
        "Normalization",
        "image_steps",
        "normalize_image",
        "normalize_strokes",
        "stroke_steps",
    ],
    "evaluation": ["Evaluation", "evaluate_classifier"],
    "explanation.architecture": ["Architecture", "LayerArchitecture", "architecture"],
    "explanation.change": ["Change", "smallest_change"],
    "explanation.evidence": ["Evidence", "evidence"],
    "explanation.saliency": ["Saliency", "saliency"],
    "explanation.tracing": ["trace_network", "trace_unit"],
    "explanation_plots": ["plot_change", "plot_evidence", "plot_saliency", "plot_trace"],
    "in_browser.page": ["export_page"],
    "films": ["filmstrip", "save_filmstrip", "save_gif"],
    "interpolation": ["LatentPath", "interpolate"],
    "latent": ["LatentCodes", "LatentGrid", "decode", "encode", "latent_grid", "reconstruct"],
    "latent_plots": [
        "plot_class_regions",
        "plot_interpolation",
        "plot_latent_grid",
        "plot_latent_path",
        "plot_latent_scatter",
        "plot_path_probabilities",
        "plot_posterior",
    ],
    "layer_plots": ["plot_feature_maps", "plot_filters"],
    "outliers": ["looks_like_digit"],
    "pen_digits": ["PenDigits", "load_pen_digits"],
    "regions": ["ClassRegions", "class_regions", "classify_codes"],
    "sampling": ["LatentSamples", "sample_posterior", "sample_prior"],
    "server": ["serve"],
    "training": ["train_classifier"],
    "vae": ["VAE", "build_vae"],
    "vae_evaluation": ["VAEEvaluation", "evaluate_vae"],
    "vae_training": ["train_vae"],
    "weights": ["load_pretrained", "load_weights", "save_weights"],
}

_names = sorted(["__version__", *(name for names in _NAMES_OF.values() for name in names)])
__all__ = [*_names]  # noqa: PLE0604 - strings they are

choose_early()

if not TYPE_CHECKING:  # a type checker is to miss names that do not exist
    __getattr__ = loader(__name__, _NAMES_OF)


def __dir__() -> list[str]:
    return __all__
