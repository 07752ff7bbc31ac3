"""Take the pictures of the components for the reference: `nox -s pictures`, with a Chromium."""

from __future__ import annotations

import io
import shutil
import socket
from pathlib import Path

import panel as pn
from PIL import Image
from playwright.sync_api import sync_playwright

from mnist_visual import components
from mnist_visual.components import LatentExplorer, Reading, Sketchpad, shipped_plane
from mnist_visual.inference import shared_network

FOLDER = Path(__file__).parent / "images" / "components"
THREE = [(0.3, 0.25), (0.5, 0.17), (0.66, 0.28), (0.6, 0.42), (0.46, 0.48), (0.62, 0.55)]
THREE += [(0.68, 0.7), (0.5, 0.83), (0.3, 0.75)]
COLORS = 128  # of a picture, to keep the repository small


def page() -> pn.Column:
    """Put all components on one page, each with its name as its class."""
    pad = Sketchpad(strokes=[THREE])
    reading = Reading(shared_network(), pad)
    explorer = LatentExplorer(shipped_plane(), sketchpad=pad)
    names = ["Prediction", "NetworkExplorer", "ArchitectureDiagram", "ConvolutionSandbox"]
    names += ["ActivationCurves", "PoolingComparison", "Attribution", "Adversary", "LearningStep"]
    views = {name: getattr(components, name)(reading) for name in names}
    views |= {
        "Sketchpad": pad,
        "NormalizationSteps": components.NormalizationSteps(pad, heading="What the network gets"),
        "FeatureMaps": components.FeatureMaps(reading, "conv1", heading="First layer"),
        "LatentExplorer": explorer,
        "DrawingReconstruction": components.DrawingReconstruction(explorer),
    }
    narrow = {"Sketchpad": 280, "Prediction": 360, "DrawingReconstruction": 340}
    cards = [
        pn.Column(view, css_classes=[name], width=narrow.get(name, 900), margin=12)
        for name, view in views.items()
    ]
    return pn.Column(*cards)


def take(address: str) -> None:
    """Save a picture of each component on the page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 960, "height": 1000})
        tab.goto(address)
        for card in page():
            (name,) = card.css_classes
            place = tab.locator(f".{name}").first
            place.scroll_into_view_if_needed()
            tab.wait_for_timeout(4000)  # what nobody sees is not drawn, and maps are computed
            picture = Image.open(io.BytesIO(place.screenshot())).convert("RGB")
            picture.quantize(COLORS).save(FOLDER / f"{name}.png", optimize=True)
        chromium.close()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("localhost", 0)) as listener:
        port = listener.getsockname()[1]
    server = pn.serve(page, port=port, show=False, threaded=True)
    try:
        take(f"http://localhost:{port}")
    finally:
        server.stop()
