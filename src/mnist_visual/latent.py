"""The latent space of an autoencoder: from pictures to codes, and from codes to pictures.

An encoder gives for a picture x the posterior q(z | x) = N(mean, exp(log_var)) over its codes z;
a decoder gives a picture for a code [1]_. Any encoder and decoder of this kind will do: each
function takes an object with ``.encoder`` and ``.decoder``, or the one part that it needs.

A part is a Keras model, or a plain function from float32 arrays to arrays, such as those of
`shared_vae` or a network of another library that its user wrapped. A function is given at most
128 inputs at once, and may say what it reads by an attribute ``input_shape``: the shape of one
input. With functions alone, neither Keras nor JAX is loaded.

References
----------
.. [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ._arguments import check_choice
from ._arrays import Floats
from ._checks import (
    Extent,
    check_plane,
    checked_codes,
    checked_extent,
    even_centres,
)
from ._models import ModelOutputError, Part, find_part, input_shape
from ._numbers import checked_count
from ._passes import run_in_batches
from ._pictures import as_read, batched_pictures

Spacing = Literal["even", "quantile"]


@dataclass(frozen=True, eq=False)
class LatentCodes:
    """Where pictures lie in the latent space: a normal distribution for each.

    ``np.asarray`` gives the means, so all that takes codes takes these.

    Attributes
    ----------
    mean : float32 array (n, latent_dim), or (latent_dim,) for one picture
        The middle of each posterior.
    log_var : float32 array like `mean`
        The logarithm of its variance along each axis.
    """

    mean: Floats
    log_var: Floats

    @property
    def sigma(self) -> Floats:
        """The standard deviations, float32 array like `mean`."""
        return np.exp(self.log_var / 2)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.mean, dtype=dtype) if copy else np.asarray(self.mean, dtype=dtype)


@dataclass(frozen=True, eq=False)
class LatentGrid:
    """Pictures from all over the latent plane; ``np.asarray`` gives the pictures.

    Attributes
    ----------
    images : float32 array (n, n, height, width)
        The pictures; row 0 is at the largest y.
    x : float64 array (n,)
        The first latent number of each column, ascending.
    y : float64 array (n,)
        The second latent number of each row, descending.
    extent : tuple of 4 floats
        ``(x_min, x_max, y_min, y_max)`` of the plane.
    """

    images: Floats
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    extent: Extent

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the pictures."""
        return self.images.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.images, dtype=dtype) if copy else np.asarray(self.images, dtype=dtype)


def encode(vae: Any, images: npt.ArrayLike) -> LatentCodes:
    """Find where pictures lie in the latent space.

    Parameters
    ----------
    vae : object with .encoder, or an encoder
        The encoder is a Keras model or a function from pictures to ``[z_mean, z_log_var]``, to
        these two and a sample, or to a dict with these keys.
    images : array_like (n, height, width) or (height, width)
        Pictures of the encoder's size, many or one, uint8 in 0..255 or floats in [0, 1], ink
        bright; with a channel axis or without, if there is one channel.

    Returns
    -------
    LatentCodes
        For one picture without the first axis.

    Raises
    ------
    ValueError
        If there is no such encoder, or the pictures have a wrong shape, type or range.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> codes = encode(build_vae(latent_dim=2), np.zeros((5, 28, 28), dtype="uint8"))
    >>> codes.mean.shape, codes.log_var.dtype
    ((5, 2), dtype('float32'))
    """
    encoder = find_part(vae, "encoder", "encode")
    pictures, shape, single = batched_pictures(images, input_shape(encoder))

    def prepare(batch: npt.NDArray[Any]) -> Floats:
        return as_read(encoder, batch).reshape(len(batch), *shape)

    mean, log_var = run_in_batches([encoder], _encoder_steps, pictures, prepare)
    return LatentCodes(mean[0], log_var[0]) if single else LatentCodes(mean, log_var)


def decode(vae: Any, codes: LatentCodes | npt.ArrayLike) -> Floats:
    """Draw the pictures of codes.

    Parameters
    ----------
    vae : object with .decoder, or a decoder
        The decoder is a Keras model or a function from codes ``(n, latent_dim)`` to pictures.
    codes : LatentCodes, or array_like (..., latent_dim)
        Finite numbers: one code, many, or a lattice of them; of LatentCodes the means.

    Returns
    -------
    float32 array (..., height, width)
        A picture for each code, without its channel axis if there is one channel.

    Raises
    ------
    ValueError
        If there is no such decoder, or the codes have a wrong shape or are not finite.

    Examples
    --------
    >>> from mnist_visual.vae import build_vae
    >>> vae = build_vae(latent_dim=2)
    >>> decode(vae, [0.0, 1.5]).shape, decode(vae, [[0.0, 1.5], [1.0, 1.0]]).shape
    ((28, 28), (2, 28, 28))
    """
    decoder = find_part(vae, "decoder", "decode")
    points = checked_codes(codes, decoder)
    flat = points.reshape(-1, points.shape[-1])
    (images,) = run_in_batches([decoder], _decoder_steps, flat, lambda batch: batch)
    return as_pictures(images, points.shape[:-1])


def as_pictures(images: Floats, shape: tuple[int, ...]) -> Floats:
    """Give what a decoder made of codes its public shape.

    Parameters
    ----------
    images : float32 array (n, height, width) or (n, height, width, channels)
        A picture for each code.
    shape : tuple of int
        How the n codes were arranged.

    Returns
    -------
    float32 array (*shape, height, width)
        Without a channel axis of one.

    Raises
    ------
    ValueError
        If they are no pictures.
    """
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim < 3:
        raise ValueError(
            "The decoder has to give pictures (n, height, width), with or without channels; end "
            f"it in a Reshape. Received: results of the shape {images.shape[1:]} for one code."
        )
    return images.reshape(*shape, *images.shape[1:])


def reconstruct(vae: Any, images: npt.ArrayLike) -> Floats:
    """Encode pictures, and decode the means of their codes.

    Parameters
    ----------
    vae : object with .encoder and .decoder
        As for `encode` and `decode`.
    images : array_like (n, height, width) or (height, width)
        As for `encode`.

    Returns
    -------
    float32 array (n, height, width) or (height, width)
        What the autoencoder remembers of them.

    Raises
    ------
    ValueError
        As for `encode` and `decode`.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual.vae import build_vae
    >>> reconstruct(build_vae(latent_dim=2), np.zeros((28, 28))).shape
    (28, 28)
    """
    return decode(vae, encode(vae, images).mean)


def latent_grid(
    vae: Any, *, n: int = 20, extent: Extent = (-3.0, 3.0, -3.0, 3.0), spacing: Spacing = "even"
) -> LatentGrid:
    """Decode a lattice of points of the latent plane.

    Parameters
    ----------
    vae : object with .decoder, or a decoder
        As for `decode`, of a latent space with two dimensions.
    n : int, default 20
        Pictures in each row and each column, 1 to 1,000.
    extent : tuple of 4 floats, default (-3, 3, -3, 3)
        ``(x_min, x_max, y_min, y_max)`` of the plane, which n cells fill along each axis; each
        picture is that of a cell's centre.
    spacing : {"even", "quantile"}, default "even"
        Whether all cells are alike in width, or under the standard normal distribution in
        probability, so that they are dense where the digits are.

    Returns
    -------
    LatentGrid
        With row 0 at ``y_max``.

    Raises
    ------
    ValueError
        As for `decode`, or if the latent space has not two dimensions or an argument is not as
        described.

    Examples
    --------
    >>> from mnist_visual.vae import build_vae
    >>> grid = latent_grid(build_vae(latent_dim=2), n=3, extent=(-3, 3, 0, 6))
    >>> grid.shape, grid.x.tolist(), grid.y.tolist()
    ((3, 3, 28, 28), [-2.0, 0.0, 2.0], [5.0, 3.0, 1.0])
    """
    decoder = find_part(vae, "decoder", "latent_grid")
    count, limits = checked_count("n", n, most=1000), checked_extent(extent)
    check_choice("spacing", spacing, get_args(Spacing))
    check_plane(decoder)
    centres = even_centres if spacing == "even" else _quantile_centres
    x, y = centres(limits[0], limits[1], count), centres(limits[2], limits[3], count)[::-1]
    lattice = np.stack(np.meshgrid(x, y), axis=-1)
    return LatentGrid(decode(decoder, lattice), x, y, limits)


def _quantile_centres(low: float, high: float, count: int) -> npt.NDArray[np.float64]:
    from scipy import special  # which costs more than all else here, and few need it

    # ndtr is exact to the last digit only below zero: far to the right, look from the left.
    if low > 0:
        return -_quantile_centres(-high, -low, count)[::-1]
    centres = special.ndtri(even_centres(special.ndtr(low), special.ndtr(high), count))
    if not (np.isfinite(centres).all() and (np.diff(centres) > 0).all()):
        raise ValueError(
            "Quantiles of the standard normal distribution need an extent that it reaches, "
            f"within -8..8 or so. Received: {low:g} to {high:g}."
        )
    return np.asarray(centres)


def _encoder_steps(encoder: Part, pictures: Any) -> list[Any]:
    found = encoder(pictures)
    rule = "An encoder gives z_mean and z_log_var, each (n, latent_dim), in a list or a dict"
    if isinstance(found, Mapping):
        if not {"z_mean", "z_log_var"} <= found.keys():
            raise ModelOutputError(f"{rule}. Received: a dict of {sorted(found)}.")
        found = [found["z_mean"], found["z_log_var"]]
    if not isinstance(found, list | tuple) or len(found) not in (2, 3):
        raise ModelOutputError(f"{rule}. Received: {type(found).__name__}.")
    mean, log_var = found[:2]
    if len(mean.shape) != 2 or mean.shape != log_var.shape:
        raise ModelOutputError(f"{rule}. Received: shapes {mean.shape} and {log_var.shape}.")
    return [mean, log_var]


def _decoder_steps(decoder: Part, codes: Any) -> list[Any]:
    found = decoder(codes)
    if not hasattr(found, "shape"):
        raise ModelOutputError(f"A decoder gives one array. Received: {type(found).__name__}.")
    return [found]
