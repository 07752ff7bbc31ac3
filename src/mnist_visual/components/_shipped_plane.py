"""The latent plane of the shipped models, one for all who look at it."""

from __future__ import annotations

import logging
import threading
from functools import cache

from mnist_visual.codes import load_test_codes
from mnist_visual.datasets import find_local_digits
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.latent import encode

from .latent_plane import Examples, LatentPlane


@cache
def shipped_plane() -> LatentPlane:
    """Give the plane of the shipped models, one for all who look at it in this process.

    The codes of MNIST's test digits come with the library. Pictures of real digits do not: they
    are looked for on this machine, meanwhile, and are there as soon as they are found.

    Returns
    -------
    LatentPlane
    """
    codes = load_test_codes()
    plane = LatentPlane(shared_vae(), shared_network(), codes, codes.labels)
    threading.Thread(target=_find_examples, args=[plane], daemon=True).start()
    return plane


def _find_examples(plane: LatentPlane) -> None:
    try:
        found = find_local_digits()
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).warning("No pictures of real digits: %s", error)
        return
    if found is not None:
        images, labels = found
        plane.examples = Examples(images, encode(plane.vae, images).mean, labels)
