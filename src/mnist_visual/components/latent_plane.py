"""What there is to see on a latent plane, computed once for all who look at it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._checks import Extent, check_plane, checked_extent
from mnist_visual._models import find_part
from mnist_visual._names import are_digits, checked_names
from mnist_visual._pictures import unit_floats
from mnist_visual.clusters import (
    class_modes,
    nearest_codes,
    plain_codes,
    plain_labels,
    square_around,
)
from mnist_visual.interpolation import LatentPath, Method, interpolate
from mnist_visual.latent import LatentGrid, decode, encode, latent_grid
from mnist_visual.regions import ClassRegions, class_regions, decode_and_classify
from mnist_visual.sampling import sample_posterior

Point = tuple[float, float]
Result = TypeVar("Result")

RESOLUTION = 320  # points of the regions along each axis
MAX_GRID = 24  # pictures of the grid along each axis
PATH_STEPS = 24
SAMPLES = 6
NEIGHBOURS = 6
FARTHEST = 1e4  # from 0; beyond, no decoder has anything to show
MAX_CLASSES = 256  # beyond the tenth, colours repeat
KEPT = 12  # extents whose regions, or grids, are kept


@dataclass(frozen=True, eq=False)
class Examples:
    """Real pictures and where they lie on the plane.

    Attributes
    ----------
    images : array (n, height, width)
        uint8 in 0..255 or floats in [0, 1], ink bright.
    codes : float32 array (n, 2)
        The means of their codes.
    labels : int array (n,)
        The class of each.
    """

    images: npt.NDArray[Any]
    codes: Floats
    labels: npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a picture lies on the plane, and what the autoencoder remembers of it.

    Attributes
    ----------
    mean, sigma : float32 arrays (2,)
        Its posterior: a normal distribution along each axis.
    reconstruction : float32 array (height, width)
        The decoder's picture of the mean.
    sample_codes : float32 array (n, 2)
        Codes drawn from the posterior.
    sample_images : float32 array (n, height, width)
        Their pictures.
    neighbour_labels : int array (k,)
        The classes of the nearest real pictures, the nearest first.
    neighbour_codes : float32 array (k, 2)
        Where those lie.
    neighbour_images : array (k, height, width) or None
        Those pictures, where they are at hand.
    """

    mean: Floats
    sigma: Floats
    reconstruction: Floats
    sample_codes: Floats
    sample_images: Floats
    neighbour_labels: npt.NDArray[Any]
    neighbour_codes: Floats
    neighbour_images: npt.NDArray[Any] | None


class LatentPlane:
    """Models, codes, and what was computed of them; one may serve many explorers.

    Parameters
    ----------
    vae : object with .encoder and .decoder, or a decoder
        As for `mnist_visual.encode` and `mnist_visual.decode`, with codes of two numbers.
        Without an encoder no drawing can be placed.
    classifier : keras.Model or function
        Of the decoder's pictures, as for `mnist_visual.class_regions`.
    codes : LatentCodes, or array_like (n, 2)
        Of real pictures.
    labels : array_like (n,)
        The class of each, integers from 0.
    images : array (n, height, width), optional
        Those pictures, uint8 or floats in [0, 1].
    class_names : sequence of str, optional
        What each class is called; its number by default.
    noun : str, optional
        What one picture shows; by default "digit" where the classes are the ten digits, or else
        "picture".
    extent : tuple of 4 floats, optional
        ``(x_min, x_max, y_min, y_max)`` to see at first; a square around nearly all codes by
        default.

    Attributes
    ----------
    examples : Examples or None
        Pictures for the neighbours of a drawing; may be set later.

    Raises
    ------
    ValueError
        If the models do not fit each other or a plane, or an argument is not as described.
    """

    def __init__(
        self,
        vae: Any,
        classifier: Any,
        codes: Any,
        labels: npt.ArrayLike,
        *,
        images: npt.NDArray[Any] | None = None,
        class_names: Sequence[str] | None = None,
        noun: str | None = None,
        extent: Extent | None = None,
    ) -> None:
        if codes is None or labels is None:
            raise ValueError(
                "A plane shows where real pictures lie: it needs their codes, as from encode, and "
                f"their labels. Received: codes {type(codes).__name__}, "
                f"labels {type(labels).__name__}."
            )
        self.vae, self.classifier = vae, classifier
        check_plane(find_part(vae, "decoder", "LatentPlane"))
        self.codes = plain_codes(codes)
        if self.codes.shape[1] != 2:
            raise ValueError(f"Codes on a plane are (n, 2). Received: {self.codes.shape}.")
        self.labels = plain_labels(labels, len(self.codes))
        self.modes = class_modes(self.codes, self.labels)
        self.extent = square_around(self.codes) if extent is None else checked_extent(extent)
        if max(map(abs, self.extent)) > FARTHEST:
            raise ValueError(
                f"A plane that can be walked lies within {FARTHEST:g} of 0; scale the codes. "
                f"Received: {self.extent}."
            )
        picture, probabilities = self.look(tuple(self.codes[0].tolist()))
        if picture.ndim != 2:
            raise ValueError(f"Grey pictures can be shown. Received: shape {picture.shape}.")
        classes = len(probabilities)
        if classes > MAX_CLASSES:
            raise ValueError(f"At most {MAX_CLASSES} classes can be shown. Received: {classes}.")
        if self.labels.min() < 0 or self.labels.max() >= classes:
            raise ValueError(
                f"Labels are classes of the classifier, 0 to {classes - 1}. Received: "
                f"{self.labels.min()} to {self.labels.max()}."
            )
        self.class_names = checked_names(classes, class_names)
        self.noun = noun or ("digit" if are_digits(self.class_names) else "picture")
        self.examples: Examples | None = None
        if images is not None:
            if np.ndim(images) != 3 or len(images) != len(self.codes):
                raise ValueError(
                    f"images has a picture for each of the {len(self.codes):,} codes, "
                    f"(n, height, width). Received: {np.shape(images)}."
                )
            unit_floats(np.asarray(images))  # refuses what is no picture
            self.examples = Examples(np.asarray(images), self.codes, self.labels)
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def places_drawings(self) -> bool:
        """Whether there is an encoder, which says where a drawing lies."""
        return hasattr(self.vae, "encoder")

    def look(self, point: Point) -> tuple[Floats, Floats]:
        """Decode a point.

        Parameters
        ----------
        point : tuple of 2 floats
            On the plane.

        Returns
        -------
        image : float32 array (height, width)
            What is imagined there.
        probabilities : float32 array (classes,)
            What is read in it.
        """
        return decode_and_classify(self.vae, self.classifier, point)

    def path(
        self, start: Point, end: Point, *, method: Method = "linear", steps: int = PATH_STEPS
    ) -> LatentPath:
        """Go from one point to another, as `mnist_visual.interpolate` does.

        Parameters
        ----------
        start, end : tuple of 2 floats
            On the plane.
        method : {"linear", "spherical"}, default "linear"
            How.
        steps : int, default 24
            Points of the path, both ends among them.

        Returns
        -------
        LatentPath
        """
        return interpolate(
            self.vae, start, end, steps=steps, method=method, classifier=self.classifier
        )

    def regions(self, extent: Extent) -> ClassRegions:
        """Find which class is read where, and keep it for whoever asks next.

        Parameters
        ----------
        extent : tuple of 4 floats
            ``(x_min, x_max, y_min, y_max)``.

        Returns
        -------
        ClassRegions
        """
        return self._once(
            ("regions", extent),
            lambda: class_regions(self.vae, self.classifier, extent=extent, resolution=RESOLUTION),
        )

    def grid(self, extent: Extent, n: int) -> LatentGrid:
        """Decode a lattice of points, and keep it for whoever asks next.

        Parameters
        ----------
        extent : tuple of 4 floats
            ``(x_min, x_max, y_min, y_max)``.
        n : int
            Pictures in each row and each column.

        Returns
        -------
        LatentGrid
        """
        return self._once(("grid", extent, n), lambda: latent_grid(self.vae, n=n, extent=extent))

    def place(self, digit: Floats, *, seed: int = 0) -> Placement:
        """Find where a picture lies, what is remembered of it, and what is near.

        Parameters
        ----------
        digit : float array (height, width)
            In [0, 1], ink bright.
        seed : int, default 0
            Where the noise of the samples starts.

        Returns
        -------
        Placement
        """
        code = encode(self.vae, digit)
        samples = sample_posterior(self.vae, code, n=SAMPLES, seed=seed)
        # A real picture without its pixels is still a label at a place.
        examples = self.examples
        codes = self.codes if examples is None else examples.codes
        labels = self.labels if examples is None else examples.labels
        near = nearest_codes(codes, code.mean, n=min(NEIGHBOURS, len(codes))).indices
        return Placement(
            code.mean,
            code.sigma,
            decode(self.vae, code.mean),
            samples.codes,
            samples.images,
            labels[near],
            codes[near],
            None if examples is None else examples.images[near],
        )

    def _once(self, key: Any, compute: Callable[[], Result]) -> Result:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: Result = self._kept[key]
                return found
        result = compute()
        with self._lock:
            self._kept[key] = result
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return result
