"""One rule for what a picture is, whoever reads it: uint8 in 0..255, or floats."""

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._pictures import picture_batch
from mnist_visual.inference import shared_network, shared_vae

CLASSIFIERS = {
    "feature_maps": lambda network, digit: mv.feature_maps(network, digit)["dense"],
    "trace_unit": lambda network, digit: mv.trace_unit(network, digit, "conv2", (5, 5, 3)).products,
    "trace_network": lambda network, digit: mv.trace_network(network, digit).maps["pool2"],
    "evidence": lambda network, digit: mv.evidence(network, digit, 7).contributions,
    "saliency": lambda network, digit: mv.saliency(network, digit, 7).values,
    "smallest_change": lambda network, digit: mv.smallest_change(network, digit, 7).changed,
    "evaluate_classifier": lambda network, digit: (
        mv.evaluate_classifier(network, digit[None], [7]).confusion
    ),
}
AUTOENCODERS = {
    "encode": lambda vae, digit: mv.encode(vae, digit).mean,
    "reconstruct": mv.reconstruct,
    "interpolate": lambda vae, digit: mv.interpolate(vae, digit, [0, 0]).images,
}
ARRAYS = {
    "call": lambda digit: shared_network()(digit[None]),
    "feature_maps": lambda digit: shared_network().feature_maps(digit)["conv1"],
    "computation": lambda digit: shared_network().computation(digit).maps["image"],
    "encoder": lambda digit: shared_vae().encoder(digit[None])[0],
}


@pytest.fixture(params=["keras", "numpy"])
def classifier(request, trained):
    return trained if request.param == "keras" else shared_network()


@pytest.fixture(params=["keras", "numpy"])
def autoencoder(request, trained_vae):
    return trained_vae if request.param == "keras" else shared_vae()


def assert_same_of_bytes(function, seven):
    assert seven.dtype == np.uint8
    expected = function((seven / 255).astype(np.float32))
    assert abs(expected).max() > 0.01
    np.testing.assert_allclose(function(seven), expected, atol=1e-5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_makes_of_bytes_what_it_makes_of_floats(classifier, test_digits, name):
    function = CLASSIFIERS[name]
    assert_same_of_bytes(lambda digit: function(classifier, digit), test_digits[0][0])


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_an_autoencoder_makes_of_bytes_what_it_makes_of_floats(autoencoder, test_digits, name):
    function = AUTOENCODERS[name]
    assert_same_of_bytes(lambda digit: function(autoencoder, digit), test_digits[0][0])


@pytest.mark.parametrize("name", ARRAYS)
def test_the_networks_on_numpy_read_bytes_themselves(test_digits, name):
    assert_same_of_bytes(ARRAYS[name], test_digits[0][0])


@pytest.mark.parametrize("dtype", [np.int64, bool, np.uint16, complex])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_refuses_other_types(classifier, name, dtype):
    with pytest.raises(ValueError, match=f"uint8 in 0..255.*Received: dtype {np.dtype(dtype)}"):
        CLASSIFIERS[name](classifier, np.zeros((28, 28), dtype))


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_refuses_what_is_no_number(classifier, name, number):
    with pytest.raises(ValueError, match=r"finite.*Received: NaN or an infinity|Received: values"):
        CLASSIFIERS[name](classifier, np.full((28, 28), number))


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_an_autoencoder_refuses_other_types(autoencoder, name):
    with pytest.raises(ValueError, match=r"uint8 in 0..255.*Received: dtype int64"):
        AUTOENCODERS[name](autoencoder, np.zeros((28, 28), np.int64))


@pytest.mark.parametrize("name", ARRAYS)
def test_the_networks_on_numpy_refuse_other_types(name):
    with pytest.raises(ValueError, match=r"uint8 in 0..255.*Received: dtype int64"):
        ARRAYS[name](np.zeros((28, 28), np.int64))


@pytest.mark.parametrize(
    ("wanted", "given", "batch", "single"),
    [
        ((28, 28), (28, 28), (1, 28, 28), True),
        ((28, 28), (5, 28, 28), (5, 28, 28), False),
        ((28, 28), (28, 28, 1), (1, 28, 28), True),
        ((28, 28, 1), (28, 28), (1, 28, 28, 1), True),
        ((28, 28, 1), (5, 28, 28), (5, 28, 28, 1), False),
        ((None, None, 1), (28, 28, 1), (1, 28, 28, 1), True),  # not 28 pictures of one column
        ((None, None, 1), (5, 28, 28), (5, 28, 28, 1), False),
        ((26, 26, 8), (26, 26, 8), (1, 26, 26, 8), True),
        (None, (28, 28), (1, 28, 28), True),
        (None, (5, 28, 28), (5, 28, 28), False),
    ],
)
def test_axes_are_added_and_taken_away_as_a_model_wants(wanted, given, batch, single):
    found, alone = picture_batch(wanted, np.zeros(given))
    assert (found.shape, alone) == (batch, single)


def test_floats_are_passed_on_in_their_own_range():
    assert picture_batch((28, 28), np.full((28, 28), 255.0))[0].max() == 255


def test_what_is_read_stays_as_it_was_when_the_caller_goes_on_drawing():
    digit = np.zeros((28, 28), np.float32)
    batch, _ = picture_batch((28, 28), digit)
    digit[:] = 1
    assert not batch.any()
