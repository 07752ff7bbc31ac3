"""The networks as an exported page carries them: rounded, and still the same to the eye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mnist_visual._arrays import Floats
from mnist_visual._layers import Affine, silu
from mnist_visual._models import name_of
from mnist_visual.clusters import square_around
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.digit_vae import DigitVAE, digit_vae
from mnist_visual.inference import CLASSIFIER_LAYERS, DECODER_LAYERS, ENCODER_LAYERS

from .packing import RoundedLayer, layer_arrays, round_finely, round_for_inputs

# How far weights are rounded: the decoder's pictures stay within a grey level or so of 256, and
# the places of drawings within a fraction of the encoder's own doubt.
DECODER_STEP, DECODER_DAMPING = 0.0025, 1e-5
ENCODER_STEP, ENCODER_DAMPING = 0.005, 1e-2
_MANY = 5_000  # weights of a layer that is not rounded finely
_EXAMPLES = 2_000  # codes, for what a layer typically reads


@dataclass(frozen=True, eq=False)
class CarriedVAE:
    """An autoencoder as a page carries it.

    Attributes
    ----------
    encoder, decoder : dict of str to RoundedLayer
        The layers by their names.
    vae : DigitVAE
        The same on NumPy: what the page computes.
    """

    encoder: dict[str, RoundedLayer]
    decoder: dict[str, RoundedLayer]
    vae: DigitVAE

    @property
    def arrays(self) -> dict[str, Any]:
        """All arrays by the names under which the page looks for them."""
        pixel = {"decoder.pixel.bias": self.vae.decoder.bias}
        encoder = layer_arrays(self.encoder, "encoder.")
        return encoder | layer_arrays(self.decoder, "decoder.") | pixel


def carried_classifier(network: DigitNetwork) -> dict[str, RoundedLayer]:
    """Round a classifier: to 16 bits, as it is small."""
    return {name: round_finely(layer) for name, layer in network.layers.items()}


def carried_vae(vae: DigitVAE, codes: Floats, *, widening: float = 1) -> CarriedVAE:
    """Round an autoencoder.

    Parameters
    ----------
    vae : DigitVAE
        As it is.
    codes : float32 array (n, 2)
        Of real digits: where the plane is worth the bits.
    widening : float, default 1
        How much coarser than usual it is rounded.

    Returns
    -------
    CarriedVAE
    """
    rng = np.random.default_rng(0)
    digits = codes[:: max(1, len(codes) // _EXAMPLES)]
    left, right, bottom, top = square_around(codes)
    everywhere = rng.uniform((left, bottom), (right, top), (_EXAMPLES, 2))
    far = everywhere[: _EXAMPLES // 10] * 4  # one can zoom out
    points = np.concatenate([digits, everywhere, far]).astype(np.float32)
    decoder = _rounded(
        vae.decoder.layers,
        _decoder_inputs(vae, points),
        widening * DECODER_STEP,
        DECODER_DAMPING,
    )
    # There may be no real digits at hand, but the decoder knows what they look like.
    pictures = vae.decoder(np.concatenate([digits, everywhere[: _EXAMPLES // 4]]))
    encoder = _rounded(
        vae.encoder.layers,
        _encoder_inputs(vae, pictures),
        widening * ENCODER_STEP,
        ENCODER_DAMPING,
    )
    return CarriedVAE(
        encoder,
        decoder,
        DigitVAE(
            replace(vae.encoder, layers={name: layer.affine for name, layer in encoder.items()}),
            replace(vae.decoder, layers={name: layer.affine for name, layer in decoder.items()}),
        ),
    )


def network_from(classifier: Any) -> DigitNetwork:
    """Give a classifier of `build_classifier`, or one on NumPy already, on NumPy."""
    network = classifier
    if not isinstance(classifier, DigitNetwork):
        network = DigitNetwork(_keras_layers(classifier, CLASSIFIER_LAYERS, "classifier"))
    if network.classes != 10:
        raise ValueError(
            f"The page reads the ten digits. Received: a classifier of {network.classes} classes. "
            "Put it into a page of your own with mnist_visual.components."
        )
    return network


def vae_from(vae: Any) -> DigitVAE:
    """Give an autoencoder of `build_vae`, or one on NumPy already, on NumPy."""
    if isinstance(vae, DigitVAE):
        return vae
    encoder, decoder = (getattr(vae, part, None) for part in ("encoder", "decoder"))
    return digit_vae(
        _keras_layers(encoder, ENCODER_LAYERS, "vae"), _keras_layers(decoder, DECODER_LAYERS, "vae")
    )


def _keras_layers(
    model: Any, wanted: Mapping[str, tuple[str, tuple[int, ...]]], name: str
) -> dict[str, tuple[Floats, Floats]]:
    try:
        layers = {layer: model.get_layer(layer).get_weights() for layer in wanted}
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"The page runs the {name} that build_{name} makes. Received: {name_of(model)!r}, "
            f"without its layers {[*wanted]}. Build it so, and load your weights into it."
        ) from error
    shapes = {layer: tuple(map(np.shape, weights)) for layer, weights in layers.items()}
    same = all(
        len(weights) == 2 and (name == "classifier" or weights[0].shape == wanted[layer][1])
        for layer, weights in layers.items()
    )
    if not same:
        raise ValueError(
            f"The page runs the {name} that build_{name} makes, of two latent numbers. "
            f"Received: layers of the shapes {shapes}. Build it so, and load your weights into it."
        )
    return {
        layer: (np.asarray(kernel, np.float32), np.asarray(bias, np.float32))
        for layer, (kernel, bias) in layers.items()
    }


def _rounded(
    layers: Mapping[str, Affine], inputs: Mapping[str, Floats], step: float, damping: float
) -> dict[str, RoundedLayer]:
    return {
        name: round_for_inputs(layer, inputs[name], step=step, damping=damping)
        if layer.matrix.size > _MANY
        else round_finely(layer)
        for name, layer in layers.items()
    }


def _decoder_inputs(vae: DigitVAE, codes: Floats) -> dict[str, Floats]:
    return _chain(vae.decoder.layers, ("dense1", "dense2", "seed"), codes.T)


def _encoder_inputs(vae: DigitVAE, pictures: Floats) -> dict[str, Floats]:
    patches = np.moveaxis(pictures, 0, -1).reshape(7, 4, 7, 4, -1).swapaxes(1, 2)
    values = silu(vae.encoder.layers["conv"](patches.reshape(49, 16, -1))).reshape(784, -1)
    return _chain(vae.encoder.layers, ("dense1", "dense2", "dense3"), values)


def _chain(
    layers: Mapping[str, Affine], names: tuple[str, ...], values: Floats
) -> dict[str, Floats]:
    """Give what each of some layers reads, one after the other."""
    inputs = {}
    for name in names:
        inputs[name] = values
        values = silu(layers[name](values))
    return inputs
