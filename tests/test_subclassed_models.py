"""Classifiers of somebody's own class, which Keras cannot look into."""

import re

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras

DIGIT = np.random.default_rng(0).random((28, 28, 1), dtype=np.float32)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        keras.utils.set_random_seed(3)
        self.edges = keras.layers.Conv2D(4, 3, activation="relu", name="edges")
        self.flat = keras.layers.Flatten(name="flat")
        self.answer = keras.layers.Dense(10, activation="softmax", name="answer")

    def call(self, pictures):
        return self.answer(self.flat(self.edges(pictures)))


LOOKS = {
    "feature_maps": lambda model: mv.feature_maps(model, DIGIT),
    "filters": lambda model: mv.filters(model, "edges"),
    "architecture": mv.architecture,
    "trace_unit": lambda model: mv.trace_unit(model, DIGIT, "edges", (1, 1, 1)),
    "evidence": lambda model: mv.evidence(model, DIGIT, 1),
    "evaluate": lambda model: mv.evaluate_classifier(model, DIGIT[None, ..., 0], [1]),
    "train": lambda model: mv.train_classifier(model, DIGIT[None, ..., 0], [1]),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_sentence_says_how_it_comes_to_show_its_layers(look):
    model = Net()
    model(DIGIT[None])
    with pytest.raises(ValueError, match=r"keras\.Model\(picture, model\.call\(picture\)\)"):
        look(model)


def test_what_the_sentence_says_works():
    model = Net()
    with pytest.raises(ValueError, match="Received") as refused:
        mv.feature_maps(model, DIGIT)
    names = {"keras": keras, "model": model}
    said = re.findall(r"keras\.(?:Model|Input)\(.*?\)\)", str(refused.value))
    names["picture"] = eval(said[1], names)
    shown = eval(said[0], names)
    maps = mv.feature_maps(shown, DIGIT)
    assert [*maps] == ["edges", "flat", "answer"]
    np.testing.assert_allclose(maps["answer"], model(DIGIT[None])[0], atol=1e-6)


def test_unbuilt_sequential_model_is_to_be_called():
    with pytest.raises(ValueError, match=r"Call it once on data, or give it an Input\."):
        mv.feature_maps(keras.Sequential([keras.layers.Dense(2)]), DIGIT)


def test_plane_is_read_by_one_that_was_called(trained_vae):
    model, codes = Net(), np.zeros((3, 2), np.float32)
    model(DIGIT[None])
    picture = keras.Input((28, 28, 1))
    same = keras.Model(picture, model.call(picture))
    ours, keras_own = (mv.classify_codes(trained_vae, each, codes) for each in (model, same))
    np.testing.assert_allclose(ours, keras_own, atol=1e-6)


def test_samples_come_from_a_decoder_that_was_called():
    class Decoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.paint = keras.layers.Dense(12)

        def call(self, codes):
            return keras.ops.reshape(self.paint(codes), (-1, 3, 4))

    decoder = Decoder()
    decoder(np.zeros((1, 5), np.float32))
    samples = mv.sample_prior(decoder, n=2)
    assert (samples.codes.shape, samples.images.shape) == ((2, 5), (2, 3, 4))
