"""The convolutional network that reads a digit, or tells other pictures apart."""

from __future__ import annotations

from ._backend import keras
from ._numbers import MAX_SEED, checked_count, checked_filters


def build_classifier(
    *,
    filters: tuple[int, int] = (8, 16),
    units: int = 128,
    num_classes: int = 10,
    seed: int = 0,
) -> keras.Model:
    """Build the classifier, untrained and compiled.

    Two rounds of convolution and pooling, then two dense layers: 53,866 weights in all, if not
    told otherwise. It is compiled with Adam, sparse categorical cross-entropy and accuracy.

    Parameters
    ----------
    filters : tuple (int, int), default (8, 16)
        Of the two convolutions, from 1 up.
    units : int, default 128
        Of the first dense layer, from 1 up.
    num_classes : int, default 10
        Of the last layer: how many kinds of pictures there are, from 2 up.
    seed : int, default 0
        Where the random initial weights start, up to 40 million; the same gives the same bits.

    Returns
    -------
    keras.Model
        From pictures, float32 ``(n, 28, 28)`` in [0, 1] with bright ink, to the probabilities
        of the classes, float32 ``(n, num_classes)``.

    Raises
    ------
    ValueError
        If `filters`, `units`, `num_classes` or `seed` is out of range.

    Examples
    --------
    >>> from mnist_visual import build_classifier
    >>> model = build_classifier(seed=1)
    >>> model.count_params()
    53866
    >>> [layer.name for layer in model.layers]  # doctest: +NORMALIZE_WHITESPACE
    ['reshape', 'conv1', 'pool1', 'conv2', 'pool2', 'flatten', 'dense', 'probabilities']
    """
    layers = keras.layers
    first, second = checked_filters(filters)
    units = checked_count("units", units)
    classes = checked_count("num_classes", num_classes, least=2)
    seed = checked_count("seed", seed, least=0, most=MAX_SEED)

    def weights(layer: int) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=4 * seed + layer)

    def convolution(
        filters: int, kernel: keras.initializers.Initializer, name: str
    ) -> keras.layers.Layer:
        return layers.Conv2D(filters, 3, activation="relu", kernel_initializer=kernel, name=name)

    model = keras.Sequential(
        [
            keras.Input((28, 28), name="image"),
            layers.Reshape((28, 28, 1), name="reshape"),
            convolution(first, weights(0), "conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            convolution(second, weights(1), "conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(units, activation="relu", kernel_initializer=weights(2), name="dense"),
            layers.Dense(
                classes, activation="softmax", kernel_initializer=weights(3), name="probabilities"
            ),
        ],
        name="classifier",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
