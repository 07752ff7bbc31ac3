from functools import partial

import numpy as np
import pytest

from mnist_visual import codes, pretraining
from mnist_visual._backend import keras
from mnist_visual.codes import load_test_codes, save_codes
from mnist_visual.pretraining import pretrain_vae
from mnist_visual.vae import build_vae
from mnist_visual.vae_evaluation import evaluate_vae
from mnist_visual.vae_training import train_vae

UNTRAINED = build_vae(architecture="dense")
PARTS = ["kl_loss", "loss", "reconstruction_loss"]


def bars(n, seed=0):
    """Pictures of one upright bar each, in different places: uint8 (n, 28, 28)."""
    random = np.random.default_rng(seed)
    pictures = np.zeros((n, 28, 28), np.uint8)
    for picture, left in zip(pictures, random.integers(2, 22, n), strict=True):
        picture[4:24, left : left + 4] = random.integers(150, 256)
    return pictures


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def trained_weights(pictures, **options):
    vae = build_vae(architecture="dense")  # which compiles faster
    train_vae(vae, pictures, **{"epochs": 2, "batch_size": 32, "verbose": 0, **options})
    return weights_of(vae)


@pytest.fixture(scope="module")
def usual_weights():
    """What training gives in the usual way, for others to compare with."""
    keras.utils.set_random_seed(1)
    return trained_weights(bars(64))


# Training


@pytest.mark.parametrize(
    ("architecture", "reconstruction"), [("convolutional", "bce"), ("dense", "mse")]
)
def test_learns(architecture, reconstruction):
    vae = build_vae(reconstruction=reconstruction, architecture=architecture)
    history = train_vae(vae, bars(192), epochs=12, batch_size=32, verbose=0).history
    assert history["reconstruction_loss"][-1] < 0.7 * history["reconstruction_loss"][0]
    assert all(np.diff(history["loss"])[:3] < 0)


@pytest.mark.parametrize(("beta", "n"), [(0.0, 128), (3.0, 130)])
def test_history_has_both_parts_of_the_loss(beta, n):
    # With 130 pictures, the last batch of an epoch is a smaller one.
    history = train_vae(
        build_vae(beta=beta, architecture="dense"),
        bars(n),
        validation_data=bars(30, 9),
        epochs=3,
        verbose=0,
    ).history
    assert sorted(history) == sorted(PARTS + [f"val_{part}" for part in PARTS])
    for prefix in ("", "val_"):
        loss, error, kl = (
            np.array(history[prefix + part]) for part in ("loss", "reconstruction_loss", "kl_loss")
        )
        assert loss.shape == (3,)
        np.testing.assert_allclose(loss, error + beta * kl, rtol=1e-5)


def test_same_seed_gives_the_same_bits_whatever_the_global_one(usual_weights):
    keras.utils.set_random_seed(2)
    np.testing.assert_array_equal(trained_weights(bars(64)), usual_weights)


def test_seeds_differ(usual_weights):
    assert (trained_weights(bars(64), seed=1) != usual_weights).any()


def test_validation_and_floats_change_nothing(usual_weights):
    floats = bars(64).astype(np.float32) / np.float32(255)
    floats.flags.writeable = False
    weights = trained_weights(floats, validation_data=bars(9, 9))
    np.testing.assert_array_equal(weights, usual_weights)


def test_noise_comes_from_seed_and_epoch_alone():
    vae = build_vae(architecture="dense")
    states = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda _epoch, _logs: states.append(
            tuple(np.asarray(vae.sampling.seed_generator.state.value))
        )
    )
    options = {"epochs": 2, "batch_size": 32, "callbacks": [record], "verbose": 0}
    for seed in (0, 0, 1):
        train_vae(vae, bars(64), seed=seed, **options)
    assert states[:2] == states[2:4]
    assert len(set(states)) == 4


def test_noise_is_new_in_every_step_and_epoch():
    vae = build_vae(architecture="dense")
    vae.compile(keras.optimizers.SGD(0.0))  # nothing is learned, only the noise changes
    means = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _batch, logs: means.append(logs["loss"])
    )
    same = np.repeat(bars(1), 2, axis=0)
    train_vae(vae, same, epochs=2, batch_size=1, callbacks=[record], verbose=0)
    assert len(set(means)) == 4  # each the mean over the epoch so far


@pytest.mark.parametrize(
    ("pictures", "options", "words"),
    [
        (np.zeros((0, 28, 28)), {}, r"of at least one. Received: shape \(0, 28, 28\)"),
        (np.zeros((3, 784)), {}, r"\(n, 28, 28\)"),
        (np.full((3, 28, 28), 2.0), {}, "lie in .* Received: values from 2 to 2"),
        (np.full((3, 28, 28), np.nan), {}, "Received: values from nan to nan"),
        (np.zeros((3, 28, 28), int), {}, "Received: dtype int64"),
        (bars(3), {"epochs": 0}, "epochs is a whole number, from 1 up. Received: 0"),
        (bars(3), {"batch_size": 0.5}, "batch_size is a whole number, from 1 up. Received: 0.5"),
        (bars(3), {"seed": -1}, "seed is a whole number, from 0 up. Received: -1"),
        (bars(3), {"validation_data": np.zeros((2, 14, 14))}, r"Received: shape \(2, 14, 14\)"),
    ],
)
def test_wrong_arguments_are_refused(pictures, options, words):
    with pytest.raises(ValueError, match=words):
        train_vae(UNTRAINED, pictures, verbose=0, **options)


# The recipe


def test_pretraining_is_repeatable_and_reports_every_epoch(monkeypatch):
    # The recipe is the same for all architectures, and this one compiles faster.
    monkeypatch.setattr(pretraining, "build_vae", partial(build_vae, architecture="dense"))
    epochs = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epochs.append((epoch, "val_loss" in logs))
    )
    options = {"epochs": 2, "callbacks": [record], "verbose": 0}
    first, second = (
        pretrain_vae(bars(128), validation_data=measured, **options)
        for measured in (bars(20, 9), None)
    )
    np.testing.assert_array_equal(weights_of(first), weights_of(second))
    assert first.decoder.trainable
    assert epochs == [(0, True), (1, True), (0, False), (1, False)]


# Measuring


def test_evaluation_agrees_with_the_loss():
    vae = build_vae(beta=5.0, architecture="dense")
    result = evaluate_vae(vae, bars(30), draws=4)
    assert result.n == 30
    assert result.elbo == -(result.reconstruction + result.kl)
    assert 0 < result.spread < 0.1 * result.reconstruction
    z_mean, z_log_var = vae.encoder.predict(bars(30) / np.float32(255), verbose=0)
    kl = 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var).sum(axis=1).mean()
    assert result.kl == pytest.approx(kl, rel=1e-4)


def test_evaluation_is_repeatable():
    first, same, other = (evaluate_vae(UNTRAINED, bars(9), seed=seed) for seed in (2, 2, 3))
    assert first == same
    assert first != other


@pytest.mark.parametrize("options", [{"draws": 0}, {"seed": -1}, {"draws": 1.5}])
def test_evaluation_refuses_wrong_numbers(options):
    with pytest.raises(ValueError, match=r"is a whole number, from \d up"):
        evaluate_vae(UNTRAINED, bars(3), **options)


# What is shipped


@pytest.fixture(scope="module")
def shipped_codes():
    return load_test_codes()


def test_shipped_weights_beat_untrained_ones_on_their_own_digits_only(trained_vae, test_digits):
    digits = evaluate_vae(trained_vae, test_digits[0], draws=1)
    upside_down = evaluate_vae(trained_vae, test_digits[0][:, ::-1], draws=1)
    assert upside_down.elbo < digits.elbo - 10


def test_shipped_codes_are_those_of_ten_thousand_digits(shipped_codes):
    assert shipped_codes.mean.shape == shipped_codes.log_var.shape == (10_000, 2)
    assert np.isfinite(shipped_codes.mean).all()
    assert np.bincount(shipped_codes.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
    ]  # fmt: skip


def test_shipped_codes_and_weights_belong_together(trained_vae, shipped_codes, test_digits):
    """Digits of the same class lie together on the plane, whichever set they come from."""
    images, labels = test_digits
    z_mean, _ = trained_vae.encoder.predict(images / np.float32(255), verbose=0)
    distances = ((z_mean[:, None] - shipped_codes.mean[None]) ** 2).sum(axis=-1)
    nearest = shipped_codes.labels[np.argsort(distances, axis=1)[:, :15]]
    votes = np.array([np.bincount(row, minlength=10).argmax() for row in nearest])
    assert (votes == labels).mean() > 0.7


def test_codes_are_saved_and_loaded_alike(tmp_path, monkeypatch):
    vae, pictures = UNTRAINED, bars(12)
    labels = np.arange(12, dtype=np.uint8) % 10
    folder = tmp_path / "pretrained"
    folder.mkdir()
    save_codes(vae, pictures, labels, folder / "vae_test_codes.npz")
    first = (folder / "vae_test_codes.npz").read_bytes()
    save_codes(vae, pictures, labels, folder / "vae_test_codes.npz")
    assert (folder / "vae_test_codes.npz").read_bytes() == first
    monkeypatch.setattr(codes.resources, "files", lambda _: tmp_path)
    loaded = load_test_codes()
    z_mean, z_log_var = vae.encoder.predict(pictures / np.float32(255), verbose=0)
    np.testing.assert_allclose(loaded.mean, z_mean, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(loaded.log_var, z_log_var, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(loaded.labels, labels)
    assert loaded.mean.dtype == np.float32


def test_missing_codes_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(codes.resources, "files", lambda _: tmp_path)
    with pytest.raises(FileNotFoundError, match="Install mnist-visual again"):
        load_test_codes()


def test_damaged_codes_are_refused(tmp_path, monkeypatch):
    (tmp_path / "pretrained").mkdir()
    (tmp_path / "pretrained" / "vae_test_codes.npz").write_bytes(b"not a zip")
    monkeypatch.setattr(codes.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="vae_test_codes"):
        load_test_codes()


def test_other_models_are_refused():
    other = keras.Sequential([keras.Input((28, 28)), keras.layers.Dense(28)])
    with pytest.raises(ValueError, match=r"a VAE, as from build_vae.*Received: <Sequential"):
        train_vae(other, bars(4), verbose=0)


def test_labels_beside_the_validation_pictures_are_refused():
    with pytest.raises(ValueError, match=r"pictures alone.*Received: a tuple of 2"):
        train_vae(UNTRAINED, bars(4), validation_data=(bars(4), np.zeros(4)), verbose=0)
