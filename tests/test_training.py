import numpy as np
import pytest

from mnist_visual import build_classifier, train_classifier
from mnist_visual._backend import keras
from mnist_visual.pen_digits import PenDigits
from mnist_visual.pretraining import pretrain_classifier


def blobs(n, seed=0):
    """Pictures of one bright blob each, whose place says which of three classes it is."""
    random = np.random.default_rng(seed)
    labels = random.integers(3, size=n).astype(np.uint8)
    pictures = random.integers(0, 60, size=(n, 28, 28)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[8:14, 3 + 8 * label : 9 + 8 * label] += 180
    return pictures, labels


def small_model():
    initializer = keras.initializers.GlorotUniform(seed=1)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax", kernel_initializer=initializer),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def weights_of(model):
    return np.concatenate([np.ravel(weight.value) for weight in model.weights])


def trained_weights(*, n=70, **options):
    model = small_model()
    options = {"epochs": 2, "batch_size": 32, "verbose": 0, **options}
    train_classifier(model, *blobs(n), **options)
    return weights_of(model)


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, sorted(logs)))


def test_learns():
    model = small_model()
    history = train_classifier(model, *blobs(300), epochs=5, verbose=0)
    assert history.history["accuracy"][-1] > 0.95


@pytest.mark.parametrize("augment", [False, True])
def test_same_seed_gives_the_same_bits(augment):
    first, second = (trained_weights(seed=3, augment=augment) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_classifier_trains_to_the_same_bits():
    weights = []
    for _ in range(2):
        model = build_classifier(seed=2)
        train_classifier(model, *blobs(64), epochs=1, seed=5, verbose=0)
        weights.append(weights_of(model))
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("augment", [False, True])
def test_seeds_differ(augment):
    first, second = (trained_weights(seed=seed, augment=augment) for seed in (0, 1))
    assert (first != second).any()


def test_global_random_state_plays_no_part():
    keras.utils.set_random_seed(1)
    first = trained_weights()
    keras.utils.set_random_seed(2)
    np.testing.assert_array_equal(first, trained_weights())


def test_augmentation_changes_what_is_learned():
    assert (trained_weights() != trained_weights(augment=True)).any()


def test_uint8_and_floats_train_alike():
    pictures, labels = blobs(70)
    weights = []
    for same in (pictures, pictures / 255, (pictures / 255).astype(np.float32)):
        model = small_model()
        train_classifier(model, same, labels, epochs=1, augment=True, verbose=0)
        weights.append(weights_of(model))
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


def test_data_are_left_as_they_were():
    pictures, labels = blobs(40)
    pictures.flags.writeable = labels.flags.writeable = False
    kept = pictures.copy(), labels.copy()
    train_classifier(small_model(), pictures, labels, epochs=1, augment=True, verbose=0)
    np.testing.assert_array_equal(pictures, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


def test_every_epoch_has_another_order():
    two_epochs, first_epoch_twice = small_model(), small_model()
    for model in (two_epochs, first_epoch_twice):
        model.compile("sgd", "sparse_categorical_crossentropy")
    options = {"batch_size": 1, "verbose": 0}
    train_classifier(two_epochs, *blobs(30), epochs=2, **options)
    for _ in range(2):
        train_classifier(first_epoch_twice, *blobs(30), epochs=1, **options)
    assert (weights_of(two_epochs) != weights_of(first_epoch_twice)).any()


def test_an_epoch_shows_every_picture_once():
    def label(y_true, y_pred):
        return 10.0**y_true + 0 * y_pred[:, 0]

    model = small_model()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[label])
    history = train_classifier(model, PICTURES[:3], np.arange(3), epochs=2, batch_size=2, verbose=0)
    assert history.history["label"] == pytest.approx([111 / 3] * 2)


def test_validation_follows_every_epoch():
    history = train_classifier(
        small_model(), *blobs(60), validation_data=blobs(30, seed=9), epochs=3, verbose=0
    )
    assert len(history.history["val_accuracy"]) == 3


def test_validation_changes_nothing():
    np.testing.assert_array_equal(
        trained_weights(), trained_weights(validation_data=blobs(30, seed=9))
    )


def test_callbacks_are_called():
    recorder = Recorder()
    train_classifier(small_model(), *blobs(40), epochs=2, callbacks=[recorder], verbose=0)
    assert recorder.epochs == [(0, ["accuracy", "loss"]), (1, ["accuracy", "loss"])]


def test_a_callback_can_stop():
    stop = keras.callbacks.EarlyStopping("loss", mode="max")  # since the loss falls
    history = train_classifier(small_model(), *blobs(40), epochs=5, callbacks=[stop], verbose=0)
    assert len(history.history["loss"]) == 2


def test_interrupted_training_goes_on_to_the_same_bits(tmp_path):
    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    stop = keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        trained_weights(epochs=3, augment=True, callbacks=[backup(), stop])
    resumed = trained_weights(epochs=3, augment=True, callbacks=[backup()])
    np.testing.assert_array_equal(resumed, trained_weights(epochs=3, augment=True))


PICTURES, LABELS = blobs(4)
FLOATS = PICTURES / np.float32(255)


@pytest.mark.parametrize(
    ("pictures", "labels", "message"),
    [
        (PICTURES[0], LABELS[:1], r"\(n, 28, 28\).*Received: shape \(28, 28\)"),
        (PICTURES[:, :20], LABELS, r"\(n, 28, 28\).*Received: shape \(4, 20, 28\)"),
        (PICTURES[:0], LABELS[:0], r"at least one.*Received: shape \(0, 28, 28\)"),
        (PICTURES.astype(np.int64), LABELS, r"Received: dtype int64"),
        (FLOATS * 255, LABELS, r"\[0, 1\].*Received: values from 0 to 239"),
        (FLOATS - 1, LABELS, r"\[0, 1\].*Received: values from -1"),
        (np.where(FLOATS > 0.5, np.nan, FLOATS), LABELS, r"\[0, 1\].*Received: values from nan"),
        (PICTURES, LABELS[:3], r"Received: 4 pictures and 3 labels"),
        (PICTURES, LABELS[:, None], r"1-D array.*Received: shape \(4, 1\)"),
        (PICTURES, LABELS.astype(float), r"integers.*dtype float64"),
        (PICTURES, LABELS + 3, r"0 to 2.*Received: labels from 3 to 5"),
        (PICTURES, LABELS.astype(int) - 1, r"0 to 2.*Received: labels from -1"),
    ],
)
def test_wrong_data_are_refused(pictures, labels, message):
    with pytest.raises(ValueError, match=message):
        train_classifier(small_model(), pictures, labels, verbose=0)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number, from 1 up. Received: 0"),
        ({"batch_size": 0}, "batch_size is a whole number, from 1 up. Received: 0"),
        ({"batch_size": 2.5}, "batch_size is a whole number, from 1 up. Received: 2.5"),
        ({"seed": True}, "seed is a whole number, from 0 up. Received: True"),
        ({"seed": -1}, "seed is a whole number, from 0 up. Received: -1"),
        ({"validation_data": (PICTURES, LABELS[:2])}, "4 pictures and 2 labels"),
        ({"validation_data": PICTURES}, "pair of pictures and labels. Received: ndarray of 4"),
        ({"validation_data": (PICTURES, LABELS, LABELS)}, "a pair .* Received: tuple of 3"),
        ({"callbacks": [5]}, "keras.callbacks.Callback. Received: 5"),
    ],
)
def test_wrong_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        train_classifier(small_model(), PICTURES, LABELS, verbose=0, **option)


def test_an_axis_of_one_channel_changes_nothing():
    models = [small_model(), small_model()]
    for model, pictures in zip(models, [PICTURES, PICTURES[..., np.newaxis]], strict=True):
        train_classifier(model, pictures, LABELS, epochs=1, verbose=0)
    np.testing.assert_array_equal(*map(weights_of, models))


@pytest.mark.parametrize("wrapped", [True, False])
def test_one_callback_may_come_alone_as_in_keras(wrapped):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: seen.append(epoch))
    callbacks = [callback] if wrapped else callback
    train_classifier(small_model(), PICTURES, LABELS, epochs=2, verbose=0, callbacks=callbacks)
    assert seen == [0, 1]


def test_no_callbacks_may_be_none_as_in_keras():
    history = train_classifier(small_model(), PICTURES, LABELS, epochs=1, verbose=0, callbacks=None)
    assert len(history.history["loss"]) == 1


def pens(n):
    strokes = [
        [np.array([[10, 10], [200, 30 + 5 * k]]), np.array([[100.0, 300.0]])] for k in range(n)
    ]
    return PenDigits(strokes, np.arange(n, dtype=np.uint8) % 10, np.ones(n, dtype=np.int16))


@pytest.fixture(scope="module")
def pretrained():
    model = pretrain_classifier(blobs(40), pens(12), epochs=1, seed=4, verbose=0)
    return weights_of(model)


def test_pretraining_is_repeatable(pretrained):
    again = pretrain_classifier(blobs(40), pens(12), epochs=1, seed=4, verbose=0)
    np.testing.assert_array_equal(pretrained, weights_of(again))


def test_pretraining_learns_from_the_pen_digits(pretrained):
    without = pretrain_classifier(blobs(40), epochs=1, seed=4, verbose=0)
    assert (pretrained != weights_of(without)).any()


def test_pretrained_model_is_compiled_as_the_untrained_one():
    model = pretrain_classifier(blobs(20), validation_data=blobs(10), epochs=1, verbose=0)
    train_classifier(model, *blobs(20), epochs=1, verbose=0)
    assert model.loss == build_classifier().loss


def test_pretraining_refuses_no_epochs():
    with pytest.raises(ValueError, match=r"epochs is a whole number, from 1 up\. Received: 0"):
        pretrain_classifier(blobs(4), epochs=0)
