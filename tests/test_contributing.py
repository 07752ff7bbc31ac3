"""What the guide for contributors says, and what a release has to agree on."""

import ast
import fnmatch
import re
from pathlib import Path

import mnist_visual

from .test_imports import ROWS

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([^`\n]+)`", GUIDE)


def test_the_drawing_has_the_rows_that_the_code_is_held_to():
    drawn = []
    for label, modules in re.findall(r"^ (.*?) *│ (.+)$", GUIDE, re.MULTILINE):
        if label:
            drawn.append(set())
        drawn[-1] |= {*modules.split()}
    assert drawn == ROWS[::-1]


def test_every_file_that_it_names_is_there():
    files = [name for name in NAMED if re.fullmatch(r"[\w./-]*(\w/|\.\w+)", name)]
    made = ["dist/", "docs/_build/", ".nox/"]
    homes = [ROOT, ROOT / "src" / "mnist_visual"]
    absent = [name for name in files if not any((home / name).exists() for home in homes)]
    assert len(files) > 20
    assert {*absent} <= {*made}


def test_the_map_of_the_scripts_holds_every_module_that_is_no_view():
    scripts = (ROOT / "src" / "mnist_visual" / "components" / "js").glob("*.js")
    parts = {path.stem for path in scripts if "export default" not in path.read_text("utf-8")}
    table = GUIDE.partition("| modules | what they are |\n")[2].partition("\n\n")[0]
    first = [line.split(" | ")[0] for line in table.splitlines()]
    named = re.findall(r"`([^`]+)`", " ".join(first))
    held = {name for each in named for name in fnmatch.filter(parts, each)}
    assert parts - held == set()
    assert [each for each in named if not fnmatch.filter(parts, each)] == []


def test_it_names_all_sessions_and_no_others():
    functions = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body
    sessions = {each.name for each in functions if getattr(each, "decorator_list", None)}
    named = re.findall(r"nox (?:-R )?-s ([a-z_ ]+)", GUIDE)
    assert {name for line in named for name in line.split()} == sessions


def test_a_release_has_one_version_and_one_date():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version, date = re.search(
        r"^version: (.*)\ndate-released: (.*)$", citation, re.MULTILINE
    ).groups()
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert version == mnist_visual.__version__
    assert f"\n## {version} - {date}\n" in changes
