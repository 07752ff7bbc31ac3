"""Holds what is in ``dist/`` to a list, and builds it again, to the same bytes.

``nox -s build`` runs it. The second build starts from the source distribution, as somebody else's
would: in another folder, with files of other times and permissions.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
MOST_BYTES = 3_000_000

# Of each folder what is delivered; ``*`` is any text, with slashes, and has to find something.
PACKAGE = ["*.py", "py.typed", "lessons/??-*.md", "in_browser/page.html", "in_browser/js/*.js"]
PACKAGE += ["components/js/*.js", "components/js/*.css"]
PACKAGE += ["pretrained/*.weights.h5", "pretrained/vae_test_codes.npz"]
APPS = ["dashboard.py", "dashboard.html"]
BESIDE = {
    "tests": ["*.py"],
    "benchmarks": ["*.py"],
    "docs": ["*.md", "*.py", "*.css", "*.js", "*.ipynb"],
}
BESIDE |= {".github": ["*.yml", "pull_request_template.md"]}
# What each has besides.
INFO = ["METADATA", "RECORD", "WHEEL", "entry_points.txt"]
INFO += ["licenses/LICENSE", "licenses/CREDITS.md"]
TOP = [".gitignore", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "CREDITS.md", "LICENSE"]
TOP += ["Dockerfile", "PKG-INFO", "README.md", "SECURITY.md", "noxfile.py", "pyproject.toml"]


def main():
    (wheel,), (source,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    name = source.name.removesuffix(".tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        info = {f"{name}.dist-info/{each}" for each in INFO}
        compare(wheel, archive.namelist(), package("mnist_visual", "mnist_visual/apps") | info)
    with tarfile.open(source) as archive, tempfile.TemporaryDirectory() as folder:
        expected = package("src/mnist_visual", "apps").union(TOP, *map(delivered, BESIDE))
        compare(source, archive.getnames(), {f"{name}/{each}" for each in expected})
        archive.extractall(folder, filter="data")
        build_again(Path(folder, name), [wheel, source])


def package(code, apps):
    """Name the files of the package, and of the page, as an archive has them."""
    return find("src/mnist_visual", PACKAGE, code) | find("apps", APPS, apps)


def delivered(folder):
    return find(folder, BESIDE[folder], folder)


def find(folder, patterns, home):
    """Name the files of a folder that match, as they are called in their home."""
    there = [path for path in (ROOT / folder).rglob("*") if "_build" not in path.parts]
    names = [path.relative_to(ROOT / folder).as_posix() for path in there]
    found = set()
    for pattern in patterns:
        matching = {f"{home}/{name}" for name in names if fnmatchcase(name, pattern)}
        if not matching:
            sys.exit(f"{folder}/ must have files like {pattern}.")
        found |= matching
    return found


def compare(archive, names, expected):
    """End unless an archive is small, and has the files that are expected, each once."""
    surprising, missing = sorted({*names} - expected), sorted(expected - {*names})
    if surprising or missing or len(names) != len(expected):
        sys.exit(f"{archive.name} must not have {surprising}, and must have {missing}.")
    if (size := archive.stat().st_size) > MOST_BYTES:
        sys.exit(f"{archive.name} must have at most {MOST_BYTES:,} bytes. Received: {size:,}.")
    print(f"{archive.name}: {len(names)} files, {size:,} bytes, as listed.")


def build_again(folder, archives):
    """End unless an unpacked source distribution gives the same archives."""
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "again"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for archive in archives:
        if (folder / "again" / archive.name).read_bytes() != archive.read_bytes():
            sys.exit(f"A second build of {archive.name} must have the same bytes.")
    print("Built again from the source distribution, both have the same bytes.")


if __name__ == "__main__":
    main()
