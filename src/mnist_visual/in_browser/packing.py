"""Networks in few bytes, for a page that has to carry them.

A weight is stored as a whole number; times the step of its layer and the factor of its input it
is the weight again. Layers of few weights are rounded to 16 bits, which changes nothing that can
be seen. In those of many the steps are wider, the more so the less an input ever varies; and what
rounding the weights of one input does to a layer's sums, the weights of the inputs after it make
up for, as far as inputs go together on typical data [1]_. So seven bits do as well as twelve.

References
----------
.. [1] E. Frantar, S. Ashkboos, T. Hoefler, D. Alistarh, "GPTQ: Accurate Post-Training
   Quantization for Generative Pre-trained Transformers", ICLR 2023.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._layers import Affine

_HALF = 1 << 7
_LARGEST = (1 << 15) - 1 - _HALF  # of 16 bits


@dataclass(frozen=True, eq=False)
class RoundedLayer:
    """A layer whose weights are whole numbers times a factor for each input.

    Attributes
    ----------
    whole : int16 array (outputs, inputs)
        The whole numbers.
    factors : float32 array (inputs,)
        The factors.
    bias : float32 array (outputs,)
        What is added, not rounded.
    """

    whole: npt.NDArray[np.int16]
    factors: Floats
    bias: Floats

    @property
    def affine(self) -> Affine:
        """The layer as the page computes it."""
        return Affine(self.whole * self.factors, self.bias)


def round_finely(layer: Affine) -> RoundedLayer:
    """Round weights to 16 bits.

    Parameters
    ----------
    layer : Affine
        Any layer.

    Returns
    -------
    RoundedLayer

    Examples
    --------
    >>> layer = Affine(np.array([[1.0], [-0.25]], np.float32), np.zeros(2, np.float32))
    >>> round_finely(layer).whole.tolist()
    [[32639], [-8160]]
    """
    step = max(float(np.abs(layer.matrix).max()), 1e-30) / _LARGEST
    whole = np.rint(layer.matrix / step).astype(np.int16)
    return RoundedLayer(whole, np.full(whole.shape[1], step, np.float32), layer.bias)


def round_for_inputs(layer: Affine, inputs: Floats, *, step: float, damping: float) -> RoundedLayer:
    """Round weights so that the sums of typical inputs change as little as can be.

    Parameters
    ----------
    layer : Affine
        A layer of many weights.
    inputs : float32 array (inputs, n)
        What it typically reads, in n cases.
    step : float
        How far apart rounded weights are, each weight times the root mean square of its input.
    damping : float
        How much every input varies at the least, as a share of the mean power of them all: the
        larger, the less is made of what the typical inputs have in common.

    Returns
    -------
    RoundedLayer
    """
    x = inputs.astype(np.float64)
    power = x @ x.T / x.shape[1]
    power[np.diag_indices(len(x))] += max(damping * float(np.diag(power).mean()), 1e-30)
    spread = np.sqrt(np.diag(power))
    weights = layer.matrix * spread
    width = max(step, 2 * float(np.abs(weights).max()) / _LARGEST)
    # What remains to be known of each input when those after it are known.
    inverse = np.linalg.inv(power / np.outer(spread, spread))
    ahead = np.linalg.cholesky(inverse).T
    whole = np.zeros(weights.shape)
    for k in range(len(x)):
        whole[:, k] = np.clip(np.rint(weights[:, k] / width), -_LARGEST, _LARGEST)
        error = (weights[:, k] - whole[:, k] * width) / ahead[k, k]
        weights[:, k + 1 :] -= np.outer(error, ahead[k, k + 1 :])
    factors = (width / spread).astype(np.float32)
    return RoundedLayer(whole.astype(np.int16), factors, layer.bias)


def layer_arrays(
    layers: Mapping[str, RoundedLayer], prefix: str = ""
) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays of layers by the names under which the page looks for them."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, layer in layers.items():
        # The weights of one input have much in common, so they come one after the other.
        arrays[f"{prefix}{name}.whole"] = np.ascontiguousarray(layer.whole.T)
        arrays[f"{prefix}{name}.factors"] = layer.factors
        arrays[f"{prefix}{name}.bias"] = layer.bias
    return arrays


def pack(arrays: Mapping[str, npt.NDArray[Any]], *, compress: bool = True) -> dict[str, Any]:
    """Write arrays as text.

    Parameters
    ----------
    arrays : mapping of str to array
        Of float32, int16 or uint8.
    compress : bool, default True
        Whether to compress them. What is not compressed is there at once.

    Returns
    -------
    dict
        ``arrays`` has the name of each, the kind of its numbers, and how many they are. ``data``
        is in base64, and if compressed one stream of raw deflate. In it are, array by array, the
        first bytes of all numbers, little-endian, then the second ones, and so on. Numbers of
        int16 are stored plus 128, so that the second bytes of small ones are alike.
    """
    pieces = [plane.tobytes() for array in arrays.values() for plane in _planes(array)]
    if compress:
        end = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()
        pieces = [*map(_compressed, pieces), end]
    return {
        "arrays": [[name, array.dtype.name, array.size] for name, array in arrays.items()],
        "data": base64.b64encode(b"".join(pieces)).decode(),
    }


def _planes(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    stored = array + np.int16(_HALF) if array.dtype == np.int16 else array
    plain = np.ascontiguousarray(stored, array.dtype.newbyteorder("<"))
    return plain.view(np.uint8).reshape(-1, array.dtype.itemsize).T


def _compressed(data: bytes) -> bytes:
    """Give a piece of a stream of raw deflate, after which any other piece may come."""
    # Of many planes the frequencies of bytes say all, and repetitions are mere chance.
    packers = [
        zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
        for strategy in (zlib.Z_HUFFMAN_ONLY, zlib.Z_FILTERED)
    ]
    packed = [packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH) for packer in packers]
    return min(packed, key=len)
