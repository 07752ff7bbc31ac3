"""Everything that people and CI run: ``nox -l`` lists it, ``nox -s NAME`` runs one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typecheck", "tests"]
nox.options.reuse_existing_virtualenvs = True

# Many tests start processes of their own: none of them compiles Keras's modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def groups(*names: str) -> list[str]:
    """List what a dependency group of the project names."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *names)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; those in a browser need a Chromium on the machine."""
    session.install("-e", ".[offline]", *groups("test"))
    every = ["-n", "auto", "--dist", "loadfile"]  # all of them, shared out among the processors
    session.run("pytest", *(session.posargs or every))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*groups("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the package's types, strictly, and those of a project that uses it installed."""
    session.install(".", *groups("typecheck"))
    session.install("--force-reinstall", "--no-deps", ".")  # whatever has changed in it
    session.run("mypy")
    session.run("mypy", "--strict", "--config-file=", "tests/typed_project.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build/; what is wrong in it is an error."""
    session.install("-e", ".", *groups("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-E", "docs", "docs/_build")


@nox.session
def pictures(session: nox.Session) -> None:
    """Take the components' pictures anew for the documentation; needs a Chromium."""
    session.install("-e", ".[offline]", *groups("test"))
    one = {"OPENBLAS_NUM_THREADS": "1"}  # small sums, which threads only wait for
    session.run("python", "docs/component_pictures.py", env=one)


@nox.session
def serve(session: nox.Session) -> None:
    """Open the dashboard; further arguments go to `mnist-visual serve`."""
    session.install("-e", ".[offline]")
    session.run("mnist-visual", "serve", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and the source distribution into dist/, and check both."""
    session.install(*groups("build"))
    shutil.rmtree("dist", ignore_errors=True)
    dated = {"SOURCE_DATE_EPOCH": None}  # by Hatchling, the same everywhere
    session.run("python", "-m", "build", "--no-isolation", env=dated)
    session.run("python", "-m", "tests.built_files", env=dated)
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))


@nox.session(venv_backend="uv", reuse_venv=False)
@nox.parametrize("python,resolution", [("3.11", "lowest-direct"), ("3.13", "highest")])
def bounds(session: nox.Session, resolution: str) -> None:
    """Use the wheel in an empty environment, with the oldest or the newest dependencies."""
    folder, root = Path(session.create_tmp()).resolve(), Path.cwd()
    session.run("uv", "build", "--wheel", "--out-dir", folder, silent=True)
    (wheel,) = folder.glob("*.whl")
    # Named here, for these are the direct ones.
    needs = ["-r", "pyproject.toml", "--extra", "offline"]
    session.install("--resolution", resolution, *needs, wheel)
    session.chdir(folder)
    nothing_cached = {"PYTHONPATH": str(root), "KERAS_HOME": str(folder / "keras")}
    session.run("python", "-m", "tests.installed", env=nothing_cached)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Send hostile messages to the server, and watch its memory and another visitor's waits."""
    session.install("-e", ".[offline]", *groups("test"))
    size = {"FUZZ_MESSAGES": os.environ.get("FUZZ_MESSAGES", "10000")}
    session.run("pytest", "tests/fuzz", *session.posargs, env=size)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the page, the latent functions, explanations and trainings beside the page."""
    session.install("-e", ".[offline]", *groups("bench"))
    session.run("python", "benchmarks/page.py", *session.posargs)
    session.run("python", "benchmarks/exported_page.py")
    session.run("python", "benchmarks/latent.py")
    session.run("python", "benchmarks/explaining.py")
    session.run("python", "benchmarks/live_training.py")


@nox.session
def load(session: nox.Session) -> None:
    """Let 200 visitors come at once; print what they wait for, and what each costs."""
    session.install("-e", ".[offline]", *groups("bench"))
    session.run("python", "benchmarks/load.py", *session.posargs)


@nox.session
def bench_training(session: nox.Session) -> None:
    """Measure an epoch of training against Keras on both backends and PyTorch."""
    session.install("-e", ".", *groups("bench-training"))
    session.run("python", "benchmarks/training.py", *session.posargs)


@nox.session
def hostile_files(session: nox.Session) -> None:
    """Read thousands of broken files, and kill saves at many moments; print tables."""
    session.install("-e", ".", *groups("test"))
    session.run("python", "-m", "tests.hostile_files", *session.posargs)
    session.run("python", "-m", "tests.killed_saves")
