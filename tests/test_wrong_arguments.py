"""What comes of giving each function something that is no argument of its kind."""

import inspect
import io

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual import components
from mnist_visual.inference import shared_network, shared_vae

FUNCTIONS = {n: f for n in mv.__all__ if inspect.isfunction(f := getattr(mv, n))}
NAMES = [*"abcdefghij"]


class Other:
    """Nothing that any function takes."""

    def __repr__(self):
        return "something else"


@pytest.fixture(scope="module")
def valid(tmp_path_factory, trained, trained_vae, test_digits):
    """Arguments that each function takes; `serve` has options alone, which its tests know."""
    network, vae, labels = shared_network(), shared_vae(), np.arange(6)
    digits = test_digits[0][:6]
    digit = digits[0]
    codes, folder = mv.encode(vae, digits), tmp_path_factory.mktemp("files")
    path = mv.interpolate(vae, [0, 0], [1, 1], steps=3, classifier=network)
    explained = {"model": network, "image": digit, "label": 3}
    way = {"path": path, "file": io.BytesIO(), "scale": 1}
    trains = {"epochs": 1, "batch_size": 6, "seed": 0, "checkpoint": None, "callbacks": ()}
    both = {"vae": vae, "classifier": network}
    plane = {"vae": vae, "n": 3, "extent": (-1, 1, -1, 1)}
    drawn = {"codes": codes, "labels": labels}
    return {
        "apply_kernel": {"image": digit, "kernel": np.eye(3)}
        | {"stride": 1, "padding": "valid", "dilation": 1},
        "architecture": {"model": network},
        "build_classifier": {"filters": (4, 8), "units": 8, "num_classes": 3, "seed": 0},
        "build_vae": {"latent_dim": 2, "beta": 1.0, "seed": 0}
        | {"reconstruction": "bce", "architecture": "dense"},
        "class_means": drawn,
        "class_modes": drawn,
        "class_regions": both | {"extent": (-1, 1, -1, 1), "resolution": 32},
        "classify_codes": both | {"codes": codes},
        "decode": {"vae": vae, "codes": codes},
        "encode": {"vae": vae, "images": digits},
        "evaluate_classifier": {"model": network, "images": digits, "labels": labels},
        "evaluate_vae": {"vae": trained_vae, "images": digits, "draws": 1, "seed": 0},
        "evidence": explained,
        "export_page": {"path": folder / "page.html", "classifier": network, "vae": vae}
        | {"digits": (digits, labels)},
        "feature_maps": {"model": network, "images": digits, "layers": ["conv1"]},
        "filmstrip": {"path": path, "columns": 2},
        "filters": {"model": network, "layer": "conv1"},
        "gradient_step": {"features": np.ones(4), "kernel": np.ones((4, 3)), "bias": np.ones(3)}
        | {"label": 1, "learning_rate": 0.1},
        "image_steps": {"image": digit},
        "interpolate": both | {"start": [0, 0], "end": [1, 1], "steps": 4, "method": "linear"},
        "latent_grid": plane | {"spacing": "even"},
        "load_dataset": {"source": folder},
        "load_fashion_mnist": {"path": folder},
        "load_idx": {"path": folder},
        "load_mnist": {"path": folder},
        "load_pen_digits": {"path": folder},
        "load_pretrained": {"name": "classifier"},
        "load_test_codes": {},
        "load_weights": {"model": trained, "path": folder},
        "looks_like_digit": {"probabilities": np.full((2, 10), 0.1)},
        "nearest_codes": {"codes": codes, "point": [0, 0], "n": 3},
        "normalize_image": {"image": digit},
        "normalize_strokes": {"strokes": [[(0.1, 0.2)]]},
        "plot_change": {"change": None},
        "plot_class_regions": {"regions": None},
        "plot_evidence": {"evidence": mv.evidence(**explained), "n": 3},
        "plot_feature_maps": {"maps": digit[..., None], "columns": 2},
        "plot_filters": {"kernels": np.ones((3, 3, 1, 2))},
        "plot_interpolation": {"path": path},
        "plot_latent_grid": {"grid": None},
        "plot_latent_path": {"path": path},
        "plot_latent_scatter": drawn | {"class_names": NAMES},
        "plot_path_probabilities": {"path": path, "class_names": NAMES},
        "plot_posterior": {"codes": codes, "index": 0},
        "plot_saliency": {"saliency": None},
        "plot_trace": {"trace": None},
        "reconstruct": {"vae": vae, "images": digits},
        "saliency": explained | {"method": "gradient_x_input"},
        "sample_posterior": {"vae": vae, "source": codes, "n": 2, "seed": 0},
        "sample_prior": {"vae": vae, "n": 2, "seed": 0},
        "save_filmstrip": way | {"columns": 2},
        "save_gif": way | {"seconds": 1.0},
        "save_weights": {"model": trained, "path": folder / "x.weights.h5"},
        "smallest_change": explained | {"target": 5},
        "stroke_steps": {"strokes": [[(0.1, 0.2)]]},
        "trace_network": {"model": network, "image": digit},
        "trace_unit": {"model": network, "image": digit, "layer": "conv1", "unit": (3, 3, 0)},
        "train_classifier": {"model": trained, "x_train": digits, "y_train": labels}
        | {"validation_data": (digits, labels), **trains},
        "train_vae": {"vae": trained_vae, "x_train": digits, "validation_data": digits, **trains},
    }


def test_every_function_is_asked(valid):
    assert {*valid} == FUNCTIONS.keys() - {"serve"}


@pytest.mark.parametrize("wrong", [Other(), [Other()], np.full((2, 2), np.nan)], ids=repr)
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"serve"}))
def test_wrong_argument_gets_a_sentence(valid, name, wrong):
    sentences = r"Received|a str or an os\.PathLike|str, bytes or os\.PathLike"
    for argument in valid[name]:
        with pytest.raises((TypeError, ValueError), match=sentences):
            FUNCTIONS[name](**{**valid[name], argument: wrong})


VIEWS = "Prediction Adversary Attribution NetworkExplorer ActivationCurves ConvolutionSandbox"
VIEWS += " PoolingComparison LearningStep"


@pytest.mark.parametrize("name", VIEWS.split())
def test_view_of_something_else_than_a_reading_is_refused(name):
    with pytest.raises(ValueError, match=r"reading is a Reading\. Received: Sketchpad\("):
        getattr(components, name)(components.Sketchpad())


def test_reading_of_something_else_than_a_sketchpad_is_refused():
    with pytest.raises(ValueError, match=r"sketchpad is a Sketchpad\. Received: something else\."):
        components.Reading(shared_network(), Other())


@pytest.mark.parametrize("seed", [-1, 1.5, True, "7"])
def test_seed_of_an_explorer_is_a_whole_number(seed):
    with pytest.raises(ValueError, match=r"seed is a whole number, from 0 up\. Received: "):
        components.LatentExplorer(components.shipped_plane(), seed=seed)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("abcdefghij", "a list of words"),
        ([*"abcdefghia"], "a name of its own. Received: 'a' twice"),
        (["a"], "one name for each class. Received: 1 for 10"),
    ],
)
def test_names_are_a_list_of_one_for_each_class(names, sentence):
    reading = components.Reading(shared_network(), components.Sketchpad())
    with pytest.raises(ValueError, match=sentence):
        components.Prediction(reading, class_names=names)
