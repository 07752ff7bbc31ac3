"""How the documentation is built; ``nox -s docs`` does it, without a network."""

from pathlib import Path

import panel as pn
from panel.models.katex import KaTeX

import mnist_visual

project = "mnist-visual"
author = "The mnist-visual developers"
version = release = mnist_visual.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath", "smartquotes"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "mnist-visual"
html_show_copyright = False
# KaTeX comes with Panel, so that formulas need no network.
katex = Path(pn.__file__).parent / "dist" / KaTeX.__javascript__[0].partition("/panel/")[2]
html_static_path = ["_static", str(katex.parent)]
mathjax_path = katex.name
mathjax_options = {"defer": "defer"}
html_css_files = ["formulas.css"]
html_js_files = [("formulas.js", {"defer": "defer"})]
