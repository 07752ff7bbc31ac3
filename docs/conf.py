"""How the documentation is built; ``nox -s docs`` does it, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import panel as pn
from panel.models.katex import KaTeX
from sphinx.application import Sphinx

import mnist_visual

sys.path.insert(0, str(Path(__file__).parent))
import pictures  # beside this file

project = "mnist-visual"
author = "The mnist-visual developers"
version = release = mnist_visual.__version__

exclude_patterns = ["_build"]  # or a second build would read the first one's notebooks
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "pictures", "notebook_pages"]
myst_enable_extensions = ["dollarmath", "smartquotes"]
myst_heading_anchors = 3

# The reference: docstrings as numpydoc reads them, which also says what is missing in one.
default_role = "py:obj"
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings know more: shapes, ranges, units
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "ES01",  # some things are said in one line
    "SA01",  # the pages put beside each other what belongs together
    "EX01",  # methods are shown by their classes; tests ask for an example of every function
    "GL01",
    "RT03",  # a type of results says itself what it is
}
# The arguments of a result or a record are its attributes.
numpydoc_validation_exclude = {r"\.PassTrace$"}  # which has those of all traces
numpydoc_validation_overrides = {"PR01": [r"\A(?s:(?!.*\nParameters\n-).*\nAttributes\n-)"]}

html_theme = "furo"
html_title = "mnist-visual"
html_show_copyright = False
# KaTeX comes with Panel, so that formulas need no network.
katex = Path(pn.__file__).parent / "dist" / KaTeX.__javascript__[0].partition("/panel/")[2]
html_static_path = ["_static", str(katex.parent), *map(str, pictures.SCRIPTS)]
mathjax_path = katex.name
mathjax_options = {"defer": "defer"}
html_css_files = ["formulas.css", "demo.css", "pictures.css"]
html_js_files = [("formulas.js", {"defer": "defer"})]


def export_demo(app: Sphinx, error: Exception | None) -> None:
    """Write the demo that the first page shows beside it."""
    if error is None and app.builder.format == "html":
        mnist_visual.export_page(Path(app.outdir, "demo.html"))


def setup(app: Sphinx) -> None:
    """Tell Sphinx what to do when it is done."""
    app.connect("build-finished", export_demo)
