"""Below every plot of the reference stands what its example draws, and below a component itself.

The example of a plot is run while the documentation is built, and the last plot that it gives
becomes a picture of Bokeh, to zoom in and to point at. A component's is in images/components/,
where component_pictures.py has put it.
"""

from __future__ import annotations

import doctest
import inspect
import sys
from pathlib import Path
from typing import Any

import bokeh.server
import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend
from bokeh.core.validation import silence
from bokeh.core.validation.warnings import FIXED_SIZING_MODE
from bokeh.embed import components
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_FOLDER = Path(bokeh.server.__file__).parent / "static" / "js"
SCRIPTS = [_FOLDER / "bokeh.min.js", _FOLDER / "bokeh-widgets.min.js"]


def last_plot(function: Any) -> Any:
    """Run the example of a function, and give the last plot in it."""
    names = dict(vars(sys.modules[function.__module__]))
    plot = None
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
        kind = "exec"
        if example.want:
            kind = "eval"
        found = eval(compile(example.source, function.__name__, kind), names)
        plot = found if isinstance(found, hv.core.Dimensioned) else plot
    if plot is None:
        raise ValueError(f"The example of a plot draws one. Received: {function.__name__} without.")
    return plot


def add_picture(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Put the picture below the text of a plot or a component."""
    if what == "function" and name.rpartition(".")[2].startswith("plot_"):
        script, place = components(hv.render(last_plot(obj), backend="bokeh"))
        html = f'<div class="plot">{place}</div>{script}'
        lines += ["", ".. raw:: html", "", *(f"   {line}" for line in html.splitlines())]
    picture = f"images/components/{name.rpartition('.')[2]}.png"
    if what == "class" and (Path(app.srcdir) / picture).is_file():
        lines += ["", f".. image:: /{picture}", f"   :alt: {inspect.getdoc(obj).split(chr(10))[0]}"]


def add_script(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Let pages with pictures load Bokeh."""
    if 'class="plot"' in context.get("body", ""):
        for script in SCRIPTS:
            app.add_js_file(script.name, priority=100)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect all of this with Sphinx."""
    silence(FIXED_SIZING_MODE)  # HoloViews sizes the frame
    app.connect("autodoc-process-docstring", add_picture, priority=900)  # after numpydoc
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
