"""What the documentation says to type, typed."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_visual.commands import options

from .documented import blocks

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def with_blocks(language):
    pages = [page for page in PAGES if "_build" not in page.parts and blocks(page, language)]
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_runs_from_the_top_of_a_page_to_its_end(page, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "tests.documented", page],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("page", with_blocks("console"))
def test_commands_have_the_options_that_a_page_names(page):
    for _, block in blocks(page, "console"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if "mnist-visual" in words and "install" not in words:
                options.parser().parse_args(words[words.index("mnist-visual") + 1 :])
