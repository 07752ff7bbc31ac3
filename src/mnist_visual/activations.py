"""What the layers of any classifier make of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._arrays import Floats
from ._models import input_shape, reads_bytes
from ._pictures import picture_batch
from .digit_network import DigitNetwork

if TYPE_CHECKING:
    from ._backend import keras


def feature_maps(
    model: keras.Model | DigitNetwork,
    images: npt.ArrayLike,
    *,
    layers: Sequence[str] | None = None,
) -> dict[str, Floats]:
    """Compute what each layer of a model makes of one picture or many, in one compiled pass.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built Sequential or Functional model of one picture, whose layers have one output each;
        or the shipped one on NumPy, for which neither Keras nor JAX is loaded.
        A model within it counts as one layer; its own layers are seen by giving it, as `model`,
        what the layer before it gives, as `images`.
    images : array_like (28, 28) or (n, 28, 28)
        One picture or many, of the model's own input size: uint8 in 0..255, or floats in the
        range that it learned from.
    layers : sequence of str, optional
        The names of the layers; all by default.

    Returns
    -------
    dict of str to float32 array
        The output of each layer by its name, ``(height, width, channels)`` for one picture and
        ``(n, height, width, channels)`` for many.

    Raises
    ------
    ValueError
        If the model has no such layer or is not built, or the pictures do not fit its input.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier, feature_maps
    >>> maps = feature_maps(build_classifier(), np.zeros((28, 28)), layers=["conv1", "conv2"])
    >>> {name: values.shape for name, values in maps.items()}
    {'conv1': (26, 26, 8), 'conv2': (11, 11, 16)}
    """
    if isinstance(model, DigitNetwork):
        batch, single = picture_batch(model.input_shape, images)
        found = _digit_maps(model, batch)
        maps = {name: found[name] for name in _chosen_layers([*found], layers)}
    else:
        from ._layer_outputs import outputs_of  # Keras loads only where it is needed

        names = _chosen_layers(_known_layers(model), layers)
        batch, single = picture_batch(input_shape(model), images, as_bytes=reads_bytes(model))
        maps = outputs_of(model, names, batch)
    return {name: values[0] if single else values for name, values in maps.items()}


def filters(model: keras.Model | DigitNetwork, layer: str) -> Floats:
    """Give the kernels of a convolution, with all their input channels.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built model, or the shipped classifier on NumPy.
    layer : str
        The name of one of its convolutions.

    Returns
    -------
    float32 array (height, width, input channels, filters)
        A copy. Of a depthwise convolution, the filters are those of each input channel; of a
        grouped one, the input channels are those of one group.

    Raises
    ------
    ValueError
        If the model has no such layer, or the layer has no kernel of this kind.

    Examples
    --------
    >>> from mnist_visual import build_classifier, filters
    >>> filters(build_classifier(), "conv2").shape
    (3, 3, 8, 16)
    """
    if isinstance(model, DigitNetwork):
        return model.filters(layer)
    (name,) = _chosen_layers(_known_layers(model), [layer])
    from ._layer_outputs import kernel_of

    return kernel_of(model.get_layer(name))


def _digit_maps(network: DigitNetwork, batch: Floats) -> dict[str, Floats]:
    computations = [network.computation(picture) for picture in batch]
    _, *names = computations[0].layers  # the first is the input
    return {name: np.stack([each.maps[name] for each in computations]) for name in names}


def _known_layers(model: keras.Model) -> list[str]:
    from ._graph import check_model, layer_names

    check_model(model)
    return layer_names(model)


def _chosen_layers(known: Sequence[str], layers: Sequence[str] | None) -> tuple[str, ...]:
    if layers is None:
        return tuple(known)
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise ValueError(f"layers is a sequence of names. Received: {layers!r}; put it in a list.")
    layers = list(layers)
    if not layers:
        raise ValueError(f"Name at least one layer of {known}. Received: none.")
    for name in layers:
        if not (isinstance(name, str) and name in known):
            raise ValueError(
                f"The model's layers are {known}. Received: {name!r}. "
                "Of a model within the model, show its own layers what the layer before it gives."
            )
    return tuple(layers)
