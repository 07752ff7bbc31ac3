"""What a stranger sees of the library: its names, their arguments, and what they give."""

import ast
import dataclasses
import importlib
import inspect
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

import mnist_visual as mv

PACKAGES = ["mnist_visual"]
PACKAGES += [f"mnist_visual.{name}" for name in ("arithmetic", "components", "live_training")]
MODULES = ["augmentation", "checkpoints", "inference", "lessons", "palette", "vae"]
MODULES = [f"mnist_visual.{name}" for name in MODULES]
REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
PUBLIC = {name: getattr(mv, name) for name in mv.__all__ if name != "__version__"}
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}
RESULTS = {name: value for name, value in PUBLIC.items() if dataclasses.is_dataclass(value)}
DATA = {"classifier", "codes", "labels"}  # which a `LatentExplorer` may do without


def callables():
    """Give all public functions and methods by their names, and what makes each public object."""
    found = {}
    for module in [*PACKAGES, *MODULES]:
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if inspect.isfunction(value):
                found[home(module, name)] = [*inspect.signature(value).parameters.values()]
            elif inspect.isclass(value):
                found |= methods(value, home(module, name))
    return found


def methods(kind, path):
    """Give those of a class that are its own: not what another library calls, nor fields."""
    own = [each for each in kind.__mro__ if each.__module__.startswith("mnist_visual")]
    foreign = {name for each in kind.__mro__ if each not in own for name in dir(each)}
    names = {name for each in own for name in vars(each) if name[0] != "_"} - foreign
    plain = FunctionType | classmethod | staticmethod
    names = {name for name in names if isinstance(inspect.getattr_static(kind, name), plain)}
    if not (dataclasses.is_dataclass(kind) or issubclass(kind, tuple)) and "__init__" in vars(kind):
        names.add("__init__")
    found = {}
    for name in names:
        bound = isinstance(inspect.getattr_static(kind, name), classmethod | staticmethod)
        parameters = [*inspect.signature(getattr(kind, name)).parameters.values()]
        found[f"{path}.{name}"] = parameters if bound else parameters[1:]
    return found


def home(module, name):
    """Say where something was made that a module has under a name."""
    value = getattr(importlib.import_module(module), name)
    return f"{value.__module__}.{value.__qualname__}"


@pytest.mark.parametrize("package", PACKAGES)
def test_names_of_a_package_are_there_and_type_checkers_know_them(package):
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    known = {alias.name for node in imports if node.level == 1 for alias in node.names}
    assert set(module.__all__) <= known | {"__version__"}
    assert not any(inspect.ismodule(getattr(module, name)) for name in module.__all__)
    assert sorted(module.__all__) == dir(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_other_names_are_not_there(package):
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = importlib.import_module(package).no_such_name


def test_reference_has_every_public_name_once():
    found = []
    for page in REFERENCE.glob("*.md"):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            directive, _, value = line.partition(":: ")
            if directive == ".. currentmodule":
                module = value
            elif directive in (".. autofunction", ".. autoclass"):
                found.append(home(module, value))
    public = {
        home(module, name)
        for module in [*PACKAGES, *MODULES]
        for name in importlib.import_module(module).__all__
        if name != "__version__"
    }
    assert sorted(found) == sorted(public)


def test_options_are_given_by_name():
    placed = {
        (name, each.name)
        for name, parameters in callables().items()
        for each in parameters[1:]
        if each.default is not each.empty and each.kind != each.KEYWORD_ONLY
    }
    explorer = "mnist_visual.components.latent_explorer.LatentExplorer.__init__"
    assert placed <= {(explorer, name) for name in DATA}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_an_example(name):
    assert ">>> " in FUNCTIONS[name].__doc__


def test_random_numbers_start_from_a_seed_of_0_unless_told_otherwise():
    seeds = {
        name: each.default
        for name, parameters in callables().items()
        for each in parameters
        if each.name == "seed" and each.kind == each.KEYWORD_ONLY
    }
    (explorer,) = (name for name in seeds if ".LatentExplorer." in name)
    assert seeds.pop(explorer) is None
    assert len(seeds) >= 10
    assert set(seeds.values()) == {0}


@pytest.mark.parametrize("name", RESULTS)
def test_every_field_of_a_result_is_described(name):
    texts = [inspect.getdoc(base) or "" for base in RESULTS[name].__mro__]
    described = "\n".join(text.partition("Attributes\n----------\n")[2] for text in texts)
    heads = {line.partition(" : ")[0] for line in described.splitlines() if " : " in line}
    named = {name for head in heads for name in head.split(", ")}
    assert {field.name for field in dataclasses.fields(RESULTS[name])} <= named


@pytest.mark.parametrize("name", RESULTS)
def test_results_cannot_be_changed_by_mistake(name):
    assert RESULTS[name].__dataclass_params__.frozen


def test_results_with_arrays_are_compared_and_kept_in_sets_as_they_are():
    codes = [mv.LatentCodes(np.zeros(2), np.zeros(2)) for _ in range(2)]
    assert codes[0] != codes[1]
    assert len({*codes, codes[0]}) == 2
