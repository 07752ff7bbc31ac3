"""``mnist-visual export``: the demo as one page."""

from __future__ import annotations

import argparse

from .inputs import MODELS, load_model


def export(options: argparse.Namespace) -> None:
    """Write the page, with the networks that were named."""
    from mnist_visual.in_browser.page import checked_page_path, export_page

    checked_page_path(options.page)  # before anything is loaded for it
    own = {name: getattr(options, name) for name in MODELS}
    models = {name: load_model(name, weights) for name, weights in own.items() if weights}
    if "vae" in models:
        from mnist_visual.datasets import load_mnist

        models["digits"] = load_mnist(options.mnist)[1]
    page = export_page(options.page, **models)
    print(f"{page}: {page.stat().st_size / 1e6:.2f} MB. Open it in a browser, or put it anywhere.")
