"""The notebooks of the documentation, run from their top to their end as in Jupyter."""

import json
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from mnist_visual import _offline_sample

from .clothes import write_clothes

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs/notebooks").glob("*.ipynb"))
# As in pyproject.toml.
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
"""


class Run:
    """A notebook that was run, and the kernel that did it."""

    def __init__(self, client):
        self.client = client
        self.cells = {cell.id: cell for cell in client.nb.cells}

    def text(self, cell):
        """Give what a cell says: what it printed, or its last value."""
        outputs = self.cells[cell].outputs
        said = [each.get("text") or each.get("data", {}).get("text/plain", "") for each in outputs]
        return "".join(said).strip()

    def figures(self, cell):
        """Count the figures of Bokeh that a cell shows."""
        return self._shown(cell).count('"name":"Figure"')

    def components(self, cell):
        """Name our components that a cell shows."""
        return re.findall(r'"class_name":"(\w+)"', self._shown(cell))

    def _shown(self, cell):
        outputs = self.cells[cell].outputs
        return "".join(each.get("data", {}).get("text/html", "") for each in outputs)

    def value(self, expression):
        """Compute something in the kernel, after all cells."""
        cell = nbformat.v4.new_code_cell(f"import json; print(json.dumps({expression}))")
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return json.loads(cell.outputs[0].text)


def opened(name, folder, **environment):
    path = next(path for path in NOTEBOOKS if path.stem == name)
    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    with client.setup_kernel(env={**os.environ, **environment}):
        strict = nbformat.v4.new_code_cell(STRICT)
        notebook.cells.insert(0, strict)
        for index, cell in enumerate([*notebook.cells]):
            client.execute_cell(cell, index)
        yield Run(client)


@pytest.fixture(scope="module")
def quick_start(tmp_path_factory):
    yield from opened("quick-start", tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="module")
def foreign_classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    train, test = _offline_sample.read_sample(_offline_sample.find_sample())
    arrays = {"x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1]}
    np.savez(folder / "digits.npz", **arrays)
    data = str(folder / "digits.npz")
    yield from opened("foreign-classifier", folder, MNIST_VISUAL_DATA=data)


@pytest.fixture(scope="module")
def foreign_vae(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    write_clothes(folder / "clothes")
    data = str(folder / "clothes")
    yield from opened("foreign-vae", folder, MNIST_VISUAL_FASHION_DATA=data)


@pytest.fixture(scope="module")
def own_dashboard(tmp_path_factory):
    yield from opened("own-dashboard", tmp_path_factory.mktemp("dashboard"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


# Quick start


def test_quick_start_reads_a_seven(quick_start):
    assert quick_start.text("answer") == "7"


def test_quick_start_shows_each_picture(quick_start):
    cells = ["filters", "maps", "trace", "why", "plane", "grid"]
    assert [quick_start.figures(cell) for cell in cells] == [1, 1, 3, 1, 1, 1]


def test_quick_start_adds_up_to_what_the_network_gave(quick_start):
    total, bias, before = map(float, re.findall(r"-?\d+\.\d{4}", quick_start.text("sum"))[:3])
    assert total + bias == pytest.approx(before, abs=2e-4)
    assert quick_start.value("float(maps['conv1'][8, 7, 4])") == pytest.approx(
        max(before, 0), abs=1e-4
    )


def test_quick_start_reads_what_is_drawn_in_a_component(quick_start):
    assert quick_start.components("draw") == ["Sketchpad", "Prediction"]
    assert quick_start.text("drawn") == ""
    draw = "sketchpad.param.update(strokes=[[(0.5, 0.2), (0.5, 0.8)]])"
    assert quick_start.value(f"({draw}, int(reading.probabilities.argmax()))[1]") == 1


# A stranger's classifier


def test_foreign_classifier_is_described(foreign_classifier):
    plan = foreign_classifier.text("open")
    assert "sum      sum                  (14, 14, 12)  from bend, detour" in plan
    assert "7,546 parameters" in plan


def test_foreign_classifier_reads_most_digits(foreign_classifier):
    assert float(foreign_classifier.text("accuracy").split("%")[0]) > 88


def test_foreign_classifier_is_explained_down_to_a_pixel(foreign_classifier):
    steps = [line.split()[0] for line in foreign_classifier.text("back").splitlines()]
    assert (steps[0], steps[-1]) == ("blur", "picture")
    assert "edges" in steps


def test_foreign_evidence_adds_up_to_the_logit(foreign_classifier):
    assert foreign_classifier.value(
        "abs(float(found.contributions.sum()) + found.bias - found.logit)"
    ) == pytest.approx(0, abs=1e-3)


def test_mistake_of_a_foreign_classifier_is_put_right(foreign_classifier):
    assert foreign_classifier.value(
        "[int(model.predict(change.changed[None], verbose=0).argmax()), said != right]"
    ) == [foreign_classifier.value("right"), True]


def test_foreign_classifier_is_shown(foreign_classifier):
    cells = ["maps", "evidence", "saliency", "trace", "hardest"]
    assert all(foreign_classifier.figures(cell) for cell in cells)
    assert foreign_classifier.components("draw") == ["Sketchpad", "NetworkExplorer"]


# A stranger's autoencoder


def test_foreign_vae_learns(foreign_vae):
    first, last = map(int, re.findall(r"loss (\d+) .*, (\d+) at last", foreign_vae.text("vae"))[0])
    assert last < 0.75 * first


def test_codes_are_those_of_the_foreign_encoder(foreign_vae):
    own = "np.asarray(vae.encoder(x_test[:9] / 255)[0])"
    foreign_vae.value("[exec('import numpy as np', globals())]")
    assert foreign_vae.value(f"float(abs({own} - codes.mean[:9]).max())") < 1e-4


def test_pictures_of_the_grid_are_those_of_the_foreign_decoder(foreign_vae):
    own = "np.asarray(vae.decoder(np.array([[grid.x[2], grid.y[11]]])))[0]"
    assert foreign_vae.value(f"float(abs({own} - grid.images[11, 2]).max())") < 1e-5


def test_clothes_have_regions_of_their_own(foreign_vae):
    assert foreign_vae.value("len(set(regions.labels.ravel().tolist()))") >= 6


def test_way_goes_from_trousers_to_boots(foreign_vae):
    ends = foreign_vae.value("path.probabilities[[0, -1]].argmax(axis=1).tolist()")
    assert ends == [1, 9]


def test_foreign_vae_is_shown(foreign_vae):
    cells = ["codes", "grid", "regions", "path", "probabilities"]
    assert all(foreign_vae.figures(cell) for cell in cells)
    assert foreign_vae.components("explore") == ["LatentExplorer"]
    assert foreign_vae.value("explorer.plane.look(modes[boot].tolist())[1].argmax().item()") == 9


# A dashboard of one's own


def test_dashboard_shows_all_its_parts(own_dashboard):
    parts = {"Sketchpad", "Prediction", "NetworkExplorer", "LatentExplorer"}
    assert {*own_dashboard.components("dashboard")} == parts


def test_dashboard_reads_what_code_draws(own_dashboard):
    assert "Most likely **1**" in own_dashboard.text("draw")


def test_dashboard_takes_a_picture_from_the_plane(own_dashboard):
    assert "Most likely **0**" in own_dashboard.text("cursor")
    assert own_dashboard.value("words.object") == own_dashboard.text("cursor").strip("'")
