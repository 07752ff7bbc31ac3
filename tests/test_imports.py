"""Who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_visual

PACKAGE = Path(mnist_visual.__file__).parent

# From the ground up: a module may import those of lower rows and of its own.
ROWS = [
    {
        "_addresses",
        "_arguments",
        "_arrays",
        "_backend",
        "_checks",
        "_chosen_backend",
        "_devices",
        "_checkpoint_file",
        "_data_files",
        "_files",
        "_glyphs",
        "_hdf5",
        "_headings",
        "_image_ink",
        "_keras_cache",
        "_lazy",
        "_layers",
        "_links",
        "_mnist",
        "_models",
        "_names",
        "_numbers",
        "_offline_sample",
        "_pictures",
        "_processes",
        "_refinement",
        "_rendezvous",
        "_shipped",
        "_stroke_drawing",
        "_weights_file",
        "drawing",
        "lessons",
        "palette",
    },
    {"arithmetic"},
    {
        "augmentation",
        "classifier",
        "datasets",
        "digit_network",
        "digit_vae",
        "inference",
        "outliers",
        "pen_digits",
        "vae_parts",
    },
    {
        "_compiled_passes",
        "_fingerprint",
        "_graph",
        "_layer_outputs",
        "_passes",
        "checkpoints",
        "elbo",
        "fast",
        "training",
        "vae",
        "weights",
    },
    {
        "activations",
        "clusters",
        "evaluation",
        "films",
        "interpolation",
        "latent",
        "regions",
        "sampling",
    },
    {"explanation"},
    {
        "codes",
        "digit_mixture",
        "latent_plots",
        "layer_plots",
        "pretraining",
        "vae_evaluation",
        "vae_training",
    },
    {"explanation_plots", "live_training"},
    {"in_browser"},
    {"components"},
    {"_arrivals", "_rejoining"},
    {"gate"},
    {"server"},
    {"workers"},
    {"commands"},
    {"cli", "__main__"},
]
ROW_OF = {module: row for row, modules in enumerate(ROWS) for module in modules}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """Name the rooms of this package that a file imports, wherever in the file."""
    package = ["mnist_visual", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "mnist_visual" and len(parts) > 1 and parts[1] in ROW_OF:
                yield parts[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_anything_above_it(path):
    row = ROW_OF[room(path)]
    assert all(ROW_OF[other] <= row for other in imported_rooms(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_top_floors_import_panel(path):
    source = path.read_text(encoding="utf-8")
    for package, rooms in {
        "panel": {"_arrivals", "_rejoining", "components", "gate", "server"},
        "bokeh": {"_arrivals", "_rejoining", "components", "gate", "server"},
        "holoviews": {"components", "explanation_plots", "latent_plots", "layer_plots"},
    }.items():
        if room(path) not in rooms:
            assert f"import {package}" not in source
            assert f"from {package}" not in source


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


HEAVY = "{'keras', 'jax', 'panel', 'holoviews', 'bokeh', 'scipy', 'h5py'}"


def test_import_loads_nothing_heavy():
    result = run(f"import sys, mnist_visual; assert not {HEAVY} & set(sys.modules)")
    assert result.returncode == 0, result.stderr


def test_drawing_and_page_load_neither_keras_nor_jax():
    code = "import sys, mnist_visual.drawing, mnist_visual.server, mnist_visual.components;"
    code += "from mnist_visual.live_training import process, queue, recorder, snapshots, worker;"
    result = run(code + "assert not {'keras', 'jax'} & set(sys.modules)")
    assert result.returncode == 0, result.stderr


def test_no_page_loads_keras_or_jax_nor_does_a_network_of_ones_own():
    code = """
import sys
from mnist_visual import inference, server
from mnist_visual.components import TrainingMonitor
from mnist_visual.live_training import queue, records
queue.TrainingQueue.warm_up = lambda *_: None  # the process beside has both
monitors, init = [], TrainingMonitor.__init__
def remember(self, *arguments, **options):
    init(self, *arguments, **options)
    monitors.append(self)
TrainingMonitor.__init__ = remember
pages = server.page_function()()._render_items["pages"][0]
own = records.Snapshot(1, {}, inference.shared_network().weights)
for snapshot in (None, own):
    monitors[0].use("classifier", snapshot)
    for page in pages.labels:
        pages.active = page
        assert "cannot be shown" not in str(getattr(pages.slots[page], "objects", "")), page
assert not {'keras', 'jax'} & set(sys.modules)
"""
    result = run(code)
    assert result.returncode == 0, result.stderr


def test_latent_plane_of_the_shipped_networks_loads_neither_keras_nor_jax_nor_scipy():
    code = """
import sys
from mnist_visual import clusters, codes, inference, interpolation, latent, regions, sampling
vae, network = inference.shared_vae(), inference.shared_network()
sampling.sample_posterior(vae, latent.latent_grid(vae, n=2).images[0])
regions.class_regions(vae, network, resolution=8)
interpolation.interpolate(vae, [0, 0], [1, 1], classifier=network)
clusters.nearest_codes(codes.load_test_codes(), [0, 0])
assert not {'keras', 'jax', 'scipy'} & set(sys.modules)
"""
    result = run(code)
    assert result.returncode == 0, result.stderr


def test_explanations_of_the_shipped_network_load_neither_keras_nor_jax():
    code = """
import sys, numpy
from mnist_visual import evaluate_classifier, evidence, feature_maps, filters, inference
from mnist_visual import saliency, smallest_change, trace_unit
network, picture = inference.shared_network(), numpy.eye(28)
for method in ("integrated_gradients", "gradient_x_input", "occlusion"):
    saliency(network, picture, 3, method=method)
evidence(network, picture, 3)
feature_maps(network, picture), filters(network, "conv2")
evaluate_classifier(network, picture[None], [3])
trace_unit(network, picture, "conv2", (0, 0, 0))
label = int(network(picture[None]).argmax())
assert smallest_change(network, picture, label).answer != label
assert not {'keras', 'jax', 'scipy'} & set(sys.modules)
"""
    result = run(code)
    assert result.returncode == 0, result.stderr
