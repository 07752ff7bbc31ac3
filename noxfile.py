"""Everything that people and CI run: ``nox -l`` lists it, ``nox -s NAME`` runs one."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typecheck", "tests"]
nox.options.reuse_existing_virtualenvs = True


def groups(*names: str) -> list[str]:
    """List what a dependency group of the project names."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *names)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; those in a browser need a Chromium on the machine."""
    session.install("-e", ".[offline]", *groups("test"))
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*groups("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the package's types, strictly."""
    session.install("-e", ".", *groups("typecheck"))
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build/; what is wrong in it is an error."""
    session.install("-e", ".", *groups("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-E", "docs", "docs/_build")


@nox.session
def serve(session: nox.Session) -> None:
    """Open the dashboard; further arguments go to `mnist-visual serve`."""
    session.install("-e", ".[offline]")
    session.run("mnist-visual", "serve", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and the source distribution into dist/."""
    session.install("build")
    session.run("python", "-m", "build", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the page, the latent functions, and trainings beside the page; print tables."""
    session.install("-e", ".[offline]", *groups("bench"))
    session.run("python", "benchmarks/page.py", *session.posargs)
    session.run("python", "benchmarks/exported_page.py")
    session.run("python", "benchmarks/latent.py")
    session.run("python", "benchmarks/live_training.py")


@nox.session
def bench_training(session: nox.Session) -> None:
    """Measure an epoch of training against Keras on both backends and PyTorch."""
    session.install("-e", ".", *groups("bench-training"))
    session.run("python", "benchmarks/training.py", *session.posargs)
