"""The demo as one HTML file that needs no server and no network."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual import __version__
from mnist_visual._arrays import Floats
from mnist_visual._files import PathLike, checked_target, write_whole
from mnist_visual._headings import HEADINGS
from mnist_visual.clusters import class_modes, plain_labels, square_around
from mnist_visual.codes import load_test_codes
from mnist_visual.digit_network import DigitNetwork
from mnist_visual.explanation.architecture import architecture
from mnist_visual.inference import shared_network, shared_vae
from mnist_visual.latent import encode
from mnist_visual.lessons import as_html, load_lessons

from .bundle import bundle
from .networks import carried_classifier, carried_vae, network_from, vae_from
from .packing import layer_arrays, pack

MAX_BYTES = 1_500_000
MAX_PLACES = 5_000  # codes of real digits on the plane

_HERE = Path(__file__).parent
_VIEWS = _HERE.parent / "components" / "js"
# Where the page's modules are: its own, and the views.
MODULES = (_HERE / "js", _VIEWS)
_STYLES = ("components", "network_explorer", "latent_explorer", "lessons")


def export_page(
    path: PathLike,
    *,
    classifier: Any = None,
    vae: Any = None,
    digits: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Path:
    """Write the demo as one HTML file, to open from a disk or to put on any static host.

    The networks run in the visitor's browser: nothing is loaded from anywhere, and a page that a
    thousand people open costs no more than one. With networks as large as the shipped ones the
    file has at most 1.5 MB. It appears whole or not at all.

    Parameters
    ----------
    path : path
        The file, whose name ends in ``.html`` or ``.htm``. Its folder must exist.
    classifier : keras.Model or DigitNetwork, optional
        Who reads digits, as `build_classifier` makes it; the shipped one by default.
    vae : VAE or DigitVAE, optional
        Who imagines them, as `build_vae` makes it, of two latent numbers; the shipped one by
        default.
    digits : tuple of array_like (n, 28, 28) and array_like (n,), optional
        Pictures, uint8 or floats in [0, 1], and their labels, 0 to 9, to show where real digits
        lie on the plane of a `vae` of one's own, which cannot do without.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the name ends otherwise, a network is of another kind, or a `vae` comes without
        `digits`.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = export_page(Path(folder, "page.html"))
    ...     page.stat().st_size <= 1_500_000
    True
    """
    target = checked_page_path(path)
    network = shared_network() if classifier is None else network_from(classifier)
    autoencoder = shared_vae() if vae is None else vae_from(vae)
    codes, labels = _places(autoencoder, own=vae is not None, digits=digits)
    page = ""
    # Coarser weights, if those of somebody's own network pack badly.
    for widening in (1, 1.4, 2, 4, 8):
        carried = carried_vae(autoencoder, codes, widening=widening)
        page = _page(network, carried.arrays, codes, labels)
        if len(page.encode()) <= MAX_BYTES:
            break
    write_whole(target, page.encode())
    return target


def checked_page_path(path: PathLike) -> Path:
    """Give the path of a page to be; ValueError or FileNotFoundError for one that cannot be."""
    return checked_target(path, "page", ".html", ".htm")


def _places(
    vae: Any, *, own: bool, digits: tuple[npt.ArrayLike, npt.ArrayLike] | None
) -> tuple[Floats, npt.NDArray[np.uint8]]:
    if digits is None and own:
        raise ValueError(
            "A vae of your own needs digits to show on its plane. Received: none. Give pictures "
            "and labels, for example those of load_mnist()[1]."
        )
    if digits is None:
        shipped = load_test_codes()
        return shipped.mean, shipped.labels
    if not isinstance(digits, tuple | list) or len(digits) != 2:
        raise ValueError(f"digits are a pair (pictures, labels). Received: {digits!r:.80}.")
    codes = encode(vae, np.asarray(digits[0])).mean
    labels = plain_labels(digits[1], len(codes))
    if not ((labels >= 0) & (labels <= 9)).all():
        raise ValueError(
            f"Labels are digits, 0 to 9. Received: {int(labels.min())} to {int(labels.max())}."
        )
    return codes, labels.astype(np.uint8)


def _page(
    network: DigitNetwork, autoencoder: dict[str, Any], codes: Floats, labels: npt.NDArray[np.uint8]
) -> str:
    extent = square_around(codes)
    step = (extent[1] - extent[0]) / 20_000
    thinned = codes[:: -(-len(codes) // MAX_PLACES)]
    whole = np.clip(np.rint(thinned / step), -32_000, 32_000).astype(np.int16)
    shown = labels[:: -(-len(labels) // MAX_PLACES)]
    modes = class_modes(codes, labels)
    places = {
        "extent": extent,
        "step": step,
        "modes": [[label, *mode.tolist()] for label, mode in modes.items()],
    }
    theme = _text(_VIEWS / "theme.js")
    script = bundle("main.js", MODULES)
    katex = _katex()
    parts = {
        "policy": _policy([theme, script, katex]),
        "version": __version__,
        "theme": theme,
        "style": _text(_VIEWS / "page.css"),
        "texts": _json(_texts(network, places)),
        "classifier": _json(pack(layer_arrays(carried_classifier(network)), compress=False)),
        "autoencoder": _json(pack(autoencoder)),
        "codes": _json(pack({"codes": whole, "labels": shown})),
        "katex": _json(pack({"katex": np.frombuffer(katex.encode(), np.uint8)})),
        "script": script,
    }
    page = _text(_HERE / "page.html")
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    return page


def _texts(network: DigitNetwork, places: dict[str, Any]) -> dict[str, Any]:
    computation = network.computation(np.zeros((28, 28), np.float32))
    layers = architecture(computation).computing().layers
    lessons = [
        {
            "topic": lesson.topic,
            "title": lesson.title,
            "idea": as_html(lesson.idea),
            "insight": as_html(lesson.insight),
        }
        for lesson in load_lessons()
    ]
    return {
        "class_names": [*map(str, range(len(network.weights["probabilities"][1])))],
        "noun": "digit",
        "layers": [
            {"name": layer.name, "what": layer.kind, "shape": [*layer.shape]} for layer in layers
        ],
        "views": HEADINGS,
        "places": places,
        "lessons": lessons,
        "styles": {name: _text(_VIEWS / f"{name}.css") for name in _STYLES},
    }


def _policy(scripts: Iterable[str]) -> str:
    """Forbid the page to load anything, and to run any script but these."""
    hashes = (base64.b64encode(hashlib.sha256(each.encode()).digest()) for each in scripts)
    allowed = " ".join(f"'sha256-{each.decode()}'" for each in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _katex() -> str:
    """Find KaTeX, which Panel brings along."""
    panel = importlib.util.find_spec("panel")  # found, not imported
    origin = None if panel is None else panel.origin
    bundled = Path(origin or "").parent / "dist" / "bundled" / "katex"
    scripts = sorted(bundled.glob("*/dist/katex.min.js"))
    if not scripts:
        raise FileNotFoundError(
            f"Panel must bring KaTeX along, for the lessons' formulas. Received: {bundled} "
            "without. Install Panel again."
        )
    return _text(scripts[0])


def _json(value: Any) -> str:
    """Write JSON that no parser of HTML takes for the end of a script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
