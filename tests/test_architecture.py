"""Who may import whom, and what an import may cost."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_visual

PACKAGE = Path(mnist_visual.__file__).parent

# From the ground up: a module may import those of lower rows and of its own.
ROWS = [
    {"_backend", "_files", "drawing"},
    {"classifier", "datasets", "pen_digits", "outliers", "_glyphs", "augmentation", "inference"},
    {"activations", "training", "weights", "evaluation", "pretraining"},
    {"components"},
    {"server"},
    {"cli"},
]
ROW_OF = {module: row for row, modules in enumerate(ROWS) for module in modules}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """Name the rooms of this package that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        elif isinstance(node, ast.ImportFrom) and path.parent == PACKAGE and node.module:
            names = [f"mnist_visual.{node.module}"]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("mnist_visual."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_anything_above_it(path):
    row = ROW_OF[room(path)]
    assert all(ROW_OF[other] <= row for other in imported_rooms(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_top_floors_import_panel(path):
    source = path.read_text(encoding="utf-8")
    if room(path) not in {"components", "server"}:
        assert "import panel" not in source
        assert "from panel" not in source


def run(code, **environment):
    command = [sys.executable, "-c", code]
    inherited = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    return subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, check=False
    )


HEAVY = "{'keras', 'jax', 'panel', 'holoviews', 'bokeh', 'scipy', 'h5py'}"


def test_import_loads_nothing_heavy():
    result = run(f"import sys, mnist_visual; assert not {HEAVY} & set(sys.modules)")
    assert result.returncode == 0, result.stderr


def test_drawing_and_page_load_neither_keras_nor_jax():
    code = "import sys, mnist_visual.drawing, mnist_visual.server, mnist_visual.components;"
    result = run(code + "assert not {'keras', 'jax'} & set(sys.modules)")
    assert result.returncode == 0, result.stderr


def test_jax_is_chosen_where_nobody_chose():
    result = run("import mnist_visual, keras; print(keras.config.backend())")
    assert result.stdout.strip() == "jax", result.stderr


def test_another_backend_is_refused_in_one_sentence_and_stays():
    code = """
import mnist_visual
assert mnist_visual.normalize_strokes([]).shape == (28, 28)
try:
    mnist_visual.build_classifier
except ImportError as error:
    print(error)
"""
    result = run(code, KERAS_BACKEND="torch")
    assert "Received: the backend 'torch'" in result.stdout, result.stderr


def test_public_names_are_all_there():
    assert all(hasattr(mnist_visual, name) for name in mnist_visual.__all__)
    assert dir(mnist_visual) == mnist_visual.__all__


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = mnist_visual.no_such_name
