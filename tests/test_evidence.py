"""What hidden units add to a logit, against the network's own weights."""

import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual._backend import keras

from .classifier_models import one_picture, shake

layers = keras.layers


def small(*chain, seed=0):
    return shake(keras.Sequential([keras.Input((6, 5)), *chain]), seed)


class TestShippedNetwork:
    def test_contributions_are_activations_times_weights_and_add_up(self, trained, digit):
        hidden = mv.feature_maps(trained, digit)["dense"]
        kernel, bias = trained.get_layer("probabilities").get_weights()
        found = mv.evidence(trained, digit, 3)
        np.testing.assert_allclose(found.contributions, hidden * kernel[:, 3], rtol=1e-6)
        np.testing.assert_array_equal(found.activations, hidden)
        assert (found.layer, found.label, found.bias) == ("dense", 3, bias[3])
        assert found.contributions.sum() + found.bias == pytest.approx(found.logit, abs=1e-5)
        assert found.logit == pytest.approx(float(hidden @ kernel[:, 3] + bias[3]), abs=1e-5)

    def test_relative_contributions_of_all_classes_cancel(self, trained, digit):
        found = [mv.evidence(trained, digit, label) for label in range(10)]
        assert sum(each.relative for each in found) == pytest.approx(np.zeros(128), abs=1e-5)
        for each in found:
            total = each.relative.sum() + each.relative_bias
            assert total == pytest.approx(each.relative_logit, abs=1e-5)

    def test_relative_logits_are_the_answer(self, trained, digit):
        logits = [mv.evidence(trained, digit, label).relative_logit for label in range(10)]
        expected = trained.predict(digit[None], verbose=0)[0]
        assert np.exp(logits) / np.exp(logits).sum() == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("label", [-1, 10, 1.0, "3", None])
    def test_other_classes_are_refused(self, trained, digit, label):
        with pytest.raises(ValueError, match=r"label.*0 to 9"):
            mv.evidence(trained, digit, label)


class TestOtherNetworks:
    def test_flattened_maps_keep_their_shape(self):
        model = small(
            layers.Reshape((6, 5, 1)),
            layers.Conv2D(3, 3, name="conv"),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(4, activation="softmax", use_bias=False, name="last"),
        )
        picture = one_picture(model)
        found = mv.evidence(model, picture, 2)
        maps = mv.feature_maps(model, picture)["conv"]
        weights = model.get_layer("last").get_weights()[0][:, 2].reshape(4, 3, 3)
        assert found.layer == "conv"
        np.testing.assert_allclose(found.contributions, maps * weights, rtol=1e-6)
        assert found.bias == 0

    def test_of_a_network_without_hidden_units_they_are_the_pixels(self):
        model = small(layers.Flatten(), layers.Dense(3))
        found = mv.evidence(model, one_picture(model), 1)
        assert found.contributions.shape == (6, 5)
        assert found.logit == pytest.approx(float(model(one_picture(model)[None])[0, 1]), abs=1e-6)

    def test_a_softmax_may_be_a_layer_and_follow_dropout(self, chain):
        found = mv.evidence(chain, one_picture(chain), 3)
        maps = mv.feature_maps(chain, one_picture(chain))
        assert found.layer == "elu"
        assert found.logit == pytest.approx(float(maps["logits"][3]), abs=1e-6)
        logit = float(maps["logits"][3] - maps["logits"].mean())
        assert found.relative_logit == pytest.approx(logit, abs=1e-6)

    def test_plain_logits_will_meet_a_softmax(self, graph):
        found = mv.evidence(graph, one_picture(graph), 0)
        assert found.layer == "columns"
        logits = mv.feature_maps(graph, one_picture(graph))["last"]
        assert found.relative_logit == pytest.approx(float(logits[0] - logits.mean()), abs=1e-6)

    @pytest.mark.parametrize(
        "tail",
        [
            lambda: [layers.Dense(4, activation="sigmoid")],
            lambda: [layers.Dense(4), layers.Activation("sigmoid")],
            lambda: [layers.Dense(1)],
        ],
        ids=["sigmoid", "sigmoid layer", "one class"],
    )
    def test_where_no_classes_compete_nothing_is_taken_away(self, tail):
        model = small(layers.Flatten(), *tail())
        found = mv.evidence(model, one_picture(model), 0)
        np.testing.assert_array_equal(found.relative, found.contributions)
        assert found.relative_logit == found.logit

    @pytest.mark.parametrize(
        "tail",
        [
            lambda: [layers.Reshape((6, 5, 1)), layers.GlobalAveragePooling2D()],
            lambda: [layers.Dense(3)],  # for each row
            lambda: [layers.Flatten(), layers.Dense(3), layers.PReLU()],
        ],
        ids=["pooling", "rows", "unknown"],
    )
    def test_networks_that_end_otherwise_are_refused(self, tail):
        model = small(*tail())
        with pytest.raises(ValueError, match=r"^evidence needs a network that ends in a dense"):
            mv.evidence(model, one_picture(model), 0)


class TestLogits:
    @pytest.mark.parametrize(
        "end",
        [
            [layers.Dense(4, activation="relu"), layers.Softmax()],
            [layers.Dense(4, activation="softmax"), layers.Softmax()],
            [layers.Dense(4, activation="relu")],
            [
                layers.Dense(5),
                layers.Reshape((5, 1)),
                layers.Cropping1D((1, 0)),  # the classes are others then
                layers.Flatten(),
                layers.Softmax(),
            ],
            [layers.Dense(4), layers.Activation("relu"), layers.Softmax()],
        ],
    )
    def test_what_is_no_sum_over_units_is_refused(self, end):
        model = small(layers.Flatten(), *end)
        with pytest.raises(ValueError, match=r"evidence needs a network.*Received"):
            mv.evidence(model, one_picture(model), 0)

    def test_what_passes_on_leaves_the_logit_that_saliency_explains(self):
        end = [layers.Dense(4, activation="softmax"), layers.Activation("linear")]
        model = small(layers.Flatten(), layers.Dense(5, activation="relu"), *end)
        picture = one_picture(model)
        found = mv.saliency(model, picture, 2, method="gradient_x_input")
        assert mv.evidence(model, picture, 2).logit == pytest.approx(found.logit, abs=1e-5)

    def test_a_model_of_two_outputs_is_refused(self):
        picture = keras.Input((6, 5))
        flat = layers.Flatten()(picture)
        model = keras.Model(picture, [layers.Dense(10)(flat), layers.Dense(1)(flat)])
        with pytest.raises(ValueError, match=r"one output\. Received: .* with 2\."):
            mv.evidence(model, one_picture(model), 0)

    def test_a_last_hidden_layer_that_is_used_twice_is_refused(self):
        picture = keras.Input((6, 5))
        shared = layers.Dense(30, name="shared")
        hidden = shared(shared(layers.Flatten()(picture)))
        model = keras.Model(picture, layers.Dense(3)(hidden))
        with pytest.raises(ValueError, match="shared"):
            mv.evidence(model, one_picture(model), 0)
