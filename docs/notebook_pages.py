"""The notebooks as pages: their text, their code and, where no data are needed, what it shows."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import holoviews as hv
from bokeh.embed import components
from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

RUN = {"quick-start"}  # the others want data sets, or consist of what is alive in Jupyter alone


def results_of(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run a cell, and give what it prints, and the value of its last line, as Jupyter does."""
    *lines, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return printed.getvalue(), value


def shown(printed: str, value: Any) -> str:
    """Give what a cell shows, as Markdown."""
    if isinstance(value, hv.core.Dimensioned):
        script, place = components(hv.render(value, backend="bokeh"))
        return f'```````{{raw}} html\n<div class="plot">{place}</div>{script}\n```````'
    text = f"{value!r}" if isinstance(value, str | int | float | list) else printed
    return text and f"```text\n{text.rstrip()}\n```"


def as_markdown(name: str, cells: list[dict[str, Any]]) -> Iterator[str]:
    """Give the parts of a page."""
    names: dict[str, Any] = {}
    title, *rest = cells
    yield "".join(title["source"])
    yield f"{{download}}`Take this notebook <{name}.ipynb>`, to open it in Jupyter."
    for cell in rest:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield text
            continue
        yield f"```python\n{text}\n```"
        if name in RUN:
            yield shown(*results_of(text, names))


class NotebookParser(MystParser):
    """Reads a notebook as the page of Markdown that it is."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Fill a document with the cells of a notebook."""
        name = Path(document["source"]).stem
        cells = json.loads(inputstring)["cells"]
        super().parse("\n\n".join(as_markdown(name, cells)), document)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Let Sphinx read notebooks."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
