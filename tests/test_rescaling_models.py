"""Models that divide their pictures themselves, and so read 0 to 255."""

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras
from mnist_visual.components import Reading, Sketchpad

layers = keras.layers


def build(*, scales, dtype="float32"):
    first = [layers.Rescaling(1 / 255, name="scale")] if scales else []
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype=dtype),
            *first,
            layers.Flatten(),
            layers.Dense(10, "softmax", name="answer"),
        ]
    )
    # A threshold of the ink: only the right range gives these answers.
    kernel = np.zeros((784, 10))
    kernel[:, 1] = 1.0
    bias = np.zeros(10)
    bias[1] = -100.0
    model.layers[-1].set_weights([kernel, bias])
    return model


@pytest.fixture(scope="module")
def model():
    return build(scales=True)


@pytest.fixture(scope="module")
def bytes_model():
    return keras.Sequential([keras.Input((28, 28, 1), dtype="uint8"), build(scales=True)])


PICTURES = np.zeros((3, 28, 28), np.uint8)
PICTURES[1, :6] = 255  # 168 pixels of ink, more than 100
PICTURES[2, :2] = 255
LABELS = [0, 1, 0]


@pytest.mark.parametrize("pictures", [PICTURES, PICTURES / np.float32(255)], ids=["uint8", "unit"])
def test_evaluation_gives_such_a_model_its_own_range(model, pictures):
    assert mv.evaluate_classifier(model, pictures, LABELS).accuracy == 1


def test_evaluation_gives_a_model_of_integers_integers_range(bytes_model):
    assert mv.evaluate_classifier(bytes_model, PICTURES, LABELS).accuracy == 1


def test_maps_of_uint8_are_what_keras_computes(model):
    found = mv.feature_maps(model, PICTURES)
    np.testing.assert_allclose(
        found["answer"], model.predict(PICTURES[..., None] * 1.0, verbose=0), atol=1e-6
    )
    assert found["scale"].max() == 1


def test_trace_begins_with_what_the_model_reads(model):
    trace = mv.trace_unit(model, PICTURES[1], "answer", 1)
    assert float(trace.products.sum() + trace.bias) == pytest.approx(68, abs=1e-4)


def test_codes_are_of_the_encoders_own_range():
    picture = keras.Input((28, 28))
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(picture))
    encoder = keras.Model(picture, [layers.Dense(2, name="mean")(flat), layers.Dense(2)(flat)])
    codes = mv.encode(encoder, PICTURES)
    expected, _ = encoder.predict(PICTURES.astype("float32"), verbose=0)
    np.testing.assert_allclose(codes.mean, expected, atol=1e-5)


def test_a_scale_for_other_pictures_changes_nothing():
    doubled = keras.Sequential([keras.Input((28, 28)), layers.Rescaling(2.0, name="two")])
    assert mv.feature_maps(doubled, PICTURES)["two"].max() == 2


@pytest.mark.parametrize(
    "use",
    [
        lambda model: Reading(model, Sketchpad()),
        lambda model: mv.classify_codes(mv.build_vae(), model, [[0, 0]]),
        lambda model: mv.smallest_change(model, PICTURES[1], 1),
        lambda model: mv.train_classifier(model, PICTURES, np.array(LABELS), epochs=1),
    ],
    ids=["drawings", "plane", "change", "training"],
)
def test_where_pictures_are_made_in_the_unit_range_it_is_refused(model, use):
    with pytest.raises(ValueError, match="after its Rescaling layer"):
        use(model)
