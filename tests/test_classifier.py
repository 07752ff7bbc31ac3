"""The network's shape, and that its seed is all there is to chance."""

import numpy as np
import pytest

import mnist_visual as mv


def test_layers_and_weights_are_the_documented_ones():
    model = mv.build_classifier()
    assert [tuple(layer.output.shape[1:]) for layer in model.layers] == [
        (28, 28, 1),
        (26, 26, 8),
        (13, 13, 8),
        (11, 11, 16),
        (5, 5, 16),
        (400,),
        (128,),
        (10,),
    ]
    assert model.count_params() == 53_866


def test_it_is_compiled_for_training():
    config = mv.build_classifier().get_compile_config()
    assert config["optimizer"]["class_name"] == "Adam"
    assert config["loss"] == "sparse_categorical_crossentropy"
    assert config["metrics"] == ["accuracy"]


def test_probabilities_add_up():
    probabilities = mv.build_classifier().predict(np.random.default_rng(0).random((4, 28, 28)))
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (mv.build_classifier(seed=seed).get_weights() for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_layers_start_differently_from_one_another():
    weights = mv.build_classifier().get_weights()
    assert not np.allclose(weights[0].ravel()[:9], weights[2].ravel()[:9])


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"filters": (8, 16, 32)}, r"filters are two numbers.*Received: \(8, 16, 32\)\."),
        ({"filters": 8}, r"filters are two numbers.*Received: 8\."),
        ({"filters": (8, 0)}, r"filters is a whole number, from 1 up\. Received: 0\."),
        ({"units": 2.5}, r"units is a whole number, from 1 up\. Received: 2\.5\."),
        ({"num_classes": 1}, r"num_classes is a whole number, from 2 up\. Received: 1\."),
        ({"seed": 40_000_001}, r"seed is a whole number, 0 to 40,000,000\. Received: 40000001\."),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(options, rule):
    with pytest.raises(ValueError, match=rule):
        mv.build_classifier(**options)
