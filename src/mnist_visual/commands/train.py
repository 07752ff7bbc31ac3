"""``mnist-visual train``: a network that learns from scratch."""

from __future__ import annotations

import argparse
from functools import partial

from .inputs import choose_data, load_pen
from .interrupts import Interrupts


def train(options: argparse.Namespace) -> None:
    """Check what can be checked at once, and load Keras for the rest."""
    from .train_files import check_checkpoint, training_files  # and NumPy, which `serve` sets up

    data = choose_data(options)
    if options.codes is not None and options.model != "vae":
        raise ValueError(
            f"--codes is for the vae. Received: --codes and the {options.model}. Leave it out."
        )
    files = training_files(options.output or f"{options.model}.weights.h5", options.codes)
    if options.process is None:  # the first of several is known later
        check_checkpoint(files.checkpoint, resume=options.resume)
    with Interrupts() as interrupts:
        print("Loading Keras and the pictures …", flush=True)
        from . import train_recipes

        train_recipes.train(options, data, files, partial(load_pen, options), interrupts)
