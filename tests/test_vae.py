import math

import jax
import numpy as np
import pytest

from mnist_visual._backend import keras
from mnist_visual.vae import VAE, build_vae, kl_divergence, reconstruction_error
from mnist_visual.vae_parts import BlockwiseConv2DTranspose, Sampling, limited_log_var

PICTURES = np.random.default_rng(0).random((6, 28, 28), dtype="float32")
BOTH = pytest.mark.parametrize("architecture", ["convolutional", "dense"])


def arrays(values):
    return [np.asarray(value) for value in values]


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


# Shapes and ranges


@BOTH
@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_shapes(architecture, latent_dim):
    vae = build_vae(latent_dim=latent_dim, architecture=architecture)
    z_mean, z_log_var = arrays(vae.encoder(PICTURES))
    assert z_mean.shape == z_log_var.shape == (6, latent_dim)
    assert vae.decoder(z_mean).shape == vae(PICTURES).shape == (6, 28, 28)
    assert {z_mean.dtype, z_log_var.dtype} == {np.dtype("float32")}


@BOTH
def test_reconstructions_are_pictures_and_repeatable(architecture):
    vae = build_vae(architecture=architecture)
    first, second = (vae.predict(PICTURES, verbose=0) for _ in range(2))
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(first, second)


def test_call_reconstructs_from_the_means():
    vae = build_vae()
    z_mean, _ = vae.encoder(PICTURES)
    np.testing.assert_allclose(vae(PICTURES), vae.decoder(z_mean), atol=1e-6)


def test_default_has_convolutions_both_ways():
    vae = build_vae()
    assert any(isinstance(layer, keras.layers.Conv2D) for layer in vae.encoder.layers)
    assert any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in vae.decoder.layers)


def test_default_is_light():
    vae = build_vae()
    assert vae.decoder.count_params() <= 500_000
    assert vae.count_params() <= 1_100_000


def test_variance_cannot_overflow():
    vae = build_vae()
    for weight in vae.encoder.trainable_variables:
        weight.assign(weight * 1e4)
    _, z_log_var = arrays(vae.encoder(PICTURES))
    assert np.abs(z_log_var).max() <= 10
    assert np.isfinite(np.asarray(limited_log_var(np.array([-np.inf, -1e30, 0, 1e30])))).all()


def test_usual_variances_are_hardly_bent():
    np.testing.assert_allclose(limited_log_var(np.array([-2.0, 0.0, 2.0])), [-2, 0, 2], atol=0.03)


# The KL divergence


def test_kl_of_the_standard_normal_is_zero():
    np.testing.assert_array_equal(kl_divergence(np.zeros((3, 2)), np.zeros((3, 2))), 0)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_kl_follows_the_closed_form(latent_dim):
    random = np.random.default_rng(1)
    mean, log_var = random.normal(size=(2, 7, latent_dim)).astype("float32")
    variance = np.exp(log_var.astype(float))
    expected = 0.5 * (variance + mean**2 - 1 - np.log(variance)).sum(axis=1)
    np.testing.assert_allclose(kl_divergence(mean, log_var), expected, rtol=1e-5)


def test_kl_follows_monte_carlo():
    mean, log_var = np.array([[0.7, -1.2]]), np.array([[-1.0, 0.4]])
    noise = np.random.default_rng(2).normal(size=(400_000, 2))
    z = mean + np.exp(log_var / 2) * noise
    log_q = -0.5 * (noise**2 + log_var + math.log(2 * math.pi)).sum(axis=1)
    log_p = -0.5 * (z**2 + math.log(2 * math.pi)).sum(axis=1)
    assert float(kl_divergence(mean, log_var)[0]) == pytest.approx((log_q - log_p).mean(), abs=0.01)


# Sampling


def test_samples_have_the_mean_and_deviation_that_were_asked_for():
    mean, log_var = np.full((200_000, 2), [1.5, -3.0]), np.full((200_000, 2), [-2.0, 1.0])
    z = np.asarray(Sampling(seed=3)((mean, log_var)))
    np.testing.assert_allclose(z.mean(axis=0), mean[0], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), np.exp(log_var[0] / 2), rtol=0.01)


def test_gradient_flows_through_the_sample():
    def draw(mean, log_var):
        layer = Sampling(seed=4)
        with keras.StatelessScope():
            return layer((mean, log_var)).sum()

    mean, log_var = np.zeros((3, 2), "float32"), np.full((3, 2), -1.0, "float32")
    by_mean, by_log_var = jax.grad(draw, argnums=(0, 1))(mean, log_var)
    noise = (np.asarray(Sampling(seed=4)((mean, log_var))) - mean) / np.exp(log_var / 2)
    np.testing.assert_allclose(by_mean, 1)
    np.testing.assert_allclose(by_log_var, np.exp(log_var / 2) * noise / 2, rtol=1e-4)


def test_same_seed_gives_the_same_noise_and_another_another():
    inputs = np.zeros((4, 2)), np.zeros((4, 2))
    first, same, other = (np.asarray(Sampling(seed=seed)(inputs)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert (first != other).all()


def test_noise_is_new_at_every_call_and_can_be_repeated():
    vae = build_vae()
    inputs = np.zeros((4, 2)), np.zeros((4, 2))
    draws = []
    for _ in range(2):
        vae.start_noise((7, 1))
        draws.append([np.asarray(vae.sampling(inputs)) for _ in range(2)])
    assert (draws[0][0] != draws[0][1]).all()
    np.testing.assert_array_equal(draws[0], draws[1])


def test_the_encoder_loses_pixels_in_training_only():
    encoder = build_vae().encoder
    usual, _ = arrays(encoder(PICTURES))
    with_noise, _ = arrays(encoder(PICTURES, training=True))
    np.testing.assert_array_equal(usual, arrays(encoder(PICTURES))[0])
    assert (usual != with_noise).all()


def test_the_largest_seed_builds():
    assert build_vae(seed=40_000_000).built


# The loss


def noisy_logits(vae, pictures):
    """What the loss decodes, by another way: the inverse of the decoder's sigmoid."""
    z_mean, z_log_var = arrays(vae.encoder(pictures))
    noise = (np.asarray(vae.sampling((0 * z_mean, 0 * z_log_var)))).astype(float)
    p = np.asarray(vae.decoder(z_mean + np.exp(z_log_var / 2) * noise)).astype(float)
    return p, z_mean.astype(float), z_log_var.astype(float)


@pytest.mark.parametrize(
    ("architecture", "reconstruction"), [("convolutional", "bce"), ("dense", "mse")]
)
def test_loss_by_hand(architecture, reconstruction):
    vae = build_vae(beta=0.7, reconstruction=reconstruction, architecture=architecture)
    vae.start_noise((1,))
    p, mean, log_var = noisy_logits(vae, PICTURES)
    if reconstruction == "bce":
        errors = -PICTURES * np.log(p) - (1 - PICTURES) * np.log(1 - p)
    else:
        errors = (PICTURES - p) ** 2
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    vae.start_noise((1,))
    result = vae.evaluate(PICTURES, verbose=0, return_dict=True)
    assert result["reconstruction_loss"] == pytest.approx(errors.sum(axis=(1, 2)).mean(), rel=1e-5)
    assert result["kl_loss"] == pytest.approx(kl.mean(), rel=1e-4)
    assert result["loss"] == pytest.approx(
        result["reconstruction_loss"] + 0.7 * result["kl_loss"], rel=1e-6
    )


def test_parts_weigh_a_smaller_last_batch_by_its_size():
    vae = build_vae(beta=0.5)
    result = vae.evaluate(PICTURES, batch_size=4, verbose=0, return_dict=True)
    expected = result["reconstruction_loss"] + 0.5 * result["kl_loss"]
    assert result["loss"] == pytest.approx(expected, rel=1e-6)


def test_sample_weights_count():
    vae = build_vae(beta=2.0)

    def loss(weights):
        vae.start_noise((2,))
        return float(vae.compute_loss(PICTURES, sample_weight=weights.astype("float32")))

    of_each = [loss(6 * row) for row in np.eye(6)]
    weights = np.array([0.0, 1, 2, 0.5, 0, 3])
    assert loss(weights) == pytest.approx(np.mean(weights * of_each), rel=1e-5)


def test_cross_entropy_of_any_logit_is_finite():
    logits = np.array([-1e4, -100, 0, 100, 1e4], "float32").reshape(5, 1, 1)
    zeros, ones = np.zeros_like(logits), np.ones_like(logits)
    np.testing.assert_allclose(
        reconstruction_error(zeros, logits, "bce"), [0, 0, math.log(2), 100, 1e4], atol=1e-6
    )
    np.testing.assert_allclose(
        reconstruction_error(ones, logits, "bce"), [1e4, 100, math.log(2), 0, 0], atol=1e-6
    )


def test_logits_are_those_of_the_decoder():
    vae = build_vae()
    z = np.random.default_rng(3).normal(size=(6, 2)).astype("float32")
    np.testing.assert_allclose(keras.ops.sigmoid(vae.decoder_logits(z)), vae.decoder(z), atol=1e-6)


# The transposed convolution


@pytest.mark.parametrize(
    ("kernel_size", "strides"),
    [(2, 2), (4, 2), (6, 2), (3, 3), (6, 3), (3, 1), (4, 4), (3, 2), ((4, 2), 2)],
)
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_blockwise_convolution_equals_that_of_keras(kernel_size, strides, padding):
    options = {
        "strides": strides,
        "padding": padding,
        "activation": "gelu",
        "kernel_initializer": "zeros",
    }
    ours = BlockwiseConv2DTranspose(3, kernel_size, **options)
    theirs = keras.layers.Conv2DTranspose(3, kernel_size, **options)
    random = np.random.default_rng(4)
    x = random.normal(size=(2, 5, 7, 4)).astype("float32")
    for layer in (ours, theirs):
        layer.build(x.shape)
    kernel = random.normal(size=ours.kernel.shape, scale=0.2)
    for layer in (ours, theirs):
        layer.set_weights([kernel, np.array([0.1, -0.2, 0.3])])
    # Compiled as wholes: that takes less time than to compile each of their operations.
    found, expected = jax.jit(ours)(x), jax.jit(theirs)(x)
    assert tuple(ours.compute_output_shape(x.shape)) == found.shape
    np.testing.assert_allclose(found, expected, atol=2e-6)


# Building, saving and loading


@BOTH
def test_same_seed_gives_the_same_weights_and_another_another(architecture):
    first, same, other = (
        weights_of(build_vae(seed=seed, architecture=architecture)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).mean() > 0.9


def test_no_two_kernels_start_alike():
    vae = build_vae()
    starts = [float(weight.numpy().ravel()[0]) for weight in vae.weights if weight.ndim > 1]
    assert len(set(starts)) == len(starts)


@BOTH
def test_a_saved_model_loads_to_the_same_outputs(architecture, tmp_path):
    vae = build_vae(latent_dim=3, beta=0.5, seed=4, reconstruction="mse", architecture=architecture)
    if architecture == "dense":  # which compiles faster
        vae.fit(PICTURES, verbose=0)
    else:
        vae.optimizer.build(vae.trainable_variables)
        vae.set_weights([weight + 0.01 for weight in vae.get_weights()])
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.get_config() == vae.get_config()
    np.testing.assert_array_equal(
        loaded.predict(PICTURES, verbose=0), vae.predict(PICTURES, verbose=0)
    )
    for part in (vae, loaded):
        part.start_noise((1,))
    assert loaded.evaluate(PICTURES, verbose=0) == vae.evaluate(PICTURES, verbose=0)


@BOTH
def test_weights_load_into_another(architecture, tmp_path):
    first, second = (build_vae(seed=seed, architecture=architecture) for seed in (1, 2))
    first.save_weights(tmp_path / "vae.weights.h5")
    second.load_weights(tmp_path / "vae.weights.h5")
    np.testing.assert_array_equal(
        first.predict(PICTURES, verbose=0), second.predict(PICTURES, verbose=0)
    )


@BOTH
def test_config_builds_the_same(architecture):
    vae = VAE(latent_dim=3, beta=0.5, seed=4, architecture=architecture, name="another")
    again = VAE.from_config(vae.get_config())
    np.testing.assert_array_equal(weights_of(vae), weights_of(again))
    assert again.name == "another"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latent_dim": 0}, "latent_dim is a whole number, from 1 up. Received: 0"),
        ({"latent_dim": 2.0}, "latent_dim is a whole number, from 1 up. Received: 2.0"),
        ({"latent_dim": True}, "Received: True"),
        ({"seed": -1}, "seed is a whole number, 0 to 40,000,000. Received: -1"),
        ({"seed": 40_000_001}, "Received: 40000001"),
        ({"beta": -0.1}, "beta is a number, 0 or more. Received: -0.1"),
        ({"beta": math.nan}, "beta is a number, 0 or more. Received: nan"),
        ({"beta": math.inf}, "Received: inf"),
        ({"beta": "1"}, "Received: '1'"),
        ({"reconstruction": "mae"}, "reconstruction is 'bce' or 'mse'. Received: 'mae'"),
        ({"architecture": "deep"}, "is 'convolutional' or 'dense'. Received: 'deep'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        build_vae(**options)
