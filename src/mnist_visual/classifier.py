"""The convolutional network that reads a digit."""

from __future__ import annotations

from ._backend import keras


def build_classifier(*, seed: int = 0) -> keras.Model:
    """Build the digit classifier, untrained and compiled.

    Two rounds of convolution and pooling, then two dense layers: 53,866 weights in all.
    It is compiled with Adam, sparse categorical cross-entropy and accuracy.

    Parameters
    ----------
    seed : int, default 0
        Where the random initial weights start; the same seed gives the same weights.

    Returns
    -------
    keras.Model
        From pictures, float32 ``(n, 28, 28)`` in [0, 1] with bright ink, to the probabilities
        of the ten digits, float32 ``(n, 10)``.

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

    def weights(layer: int) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=4 * seed + layer)

    model = keras.Sequential(
        [
            keras.Input((28, 28), name="image"),
            layers.Reshape((28, 28, 1), name="reshape"),
            layers.Conv2D(8, 3, activation="relu", kernel_initializer=weights(0), name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer=weights(1), name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", kernel_initializer=weights(2), name="dense"),
            layers.Dense(
                10, activation="softmax", kernel_initializer=weights(3), name="probabilities"
            ),
        ],
        name="classifier",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
