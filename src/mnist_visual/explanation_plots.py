"""Traces, evidence, saliency and changes as HoloViews elements; nothing is computed here."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the options of Bokeh
import numpy as np

from ._arguments import check_kind
from ._arrays import Floats
from ._numbers import checked_count
from .arithmetic.traces import ActivationTrace, MaximumTrace, SumTrace, UnitTrace
from .explanation.change import Change
from .explanation.evidence import Evidence
from .explanation.saliency import Saliency
from .layer_plots import mosaic
from .palette import INK_COLORS, SIGNED_COLORS, class_color, color_ramp

_CELL = 34  # pixels, so that a number fits in
_MOST_NUMBERS = 300  # more could not be read
_PIXELS = ["column", "row"]


def plot_trace(trace: UnitTrace) -> hv.Layout:
    """Draw how one output value came about, with its numbers.

    Parameters
    ----------
    trace : UnitTrace
        As from `trace_unit`.

    Returns
    -------
    hv.Layout
        Of panels one below the other, each labelled: ``inputs``; of a weighted sum also
        ``weights`` and ``products``; of a softmax the ``shares``. The channels of a convolution
        lie side by side, in the same order everywhere, and a vector in rows of 16. The winner of
        max pooling has a frame. The title says the whole computation.

    Examples
    --------
    >>> from mnist_visual import normalize_strokes, plot_trace, trace_unit
    >>> from mnist_visual.inference import shared_network
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> trace = trace_unit(shared_network(), seven, "conv1", (7, 12, 1))
    >>> plot_trace(trace)  # doctest: +ELLIPSIS
    :Layout...
    """
    check_kind("trace", trace, UnitTrace, "trace_unit")
    panels = [_number_panel(trace.inputs, "inputs")]
    if isinstance(trace, SumTrace):
        panels += [
            _number_panel(trace.weights, "weights"),
            _number_panel(trace.products, "products"),
        ]
    if isinstance(trace, MaximumTrace):
        panels[0] = (panels[0] * _frame(trace)).relabel("inputs")
    if isinstance(trace, SumTrace | ActivationTrace) and trace.softmax:
        bars = [(str(label), share) for label, share in enumerate(trace.softmax.shares)]
        shares = hv.Bars(bars, "class", "share", label="shares")
        size = {"frame_width": _CELL * len(bars), "frame_height": 100}
        # Without an axis at the left, which would push the other panels out of the frame.
        shares = shares.opts(color="#808080", ylim=(0, 1), yaxis=None, **size, backend="bokeh")
        panels.append(shares)
    return hv.Layout(panels).cols(1).opts(title=str(trace), shared_axes=False, backend="bokeh")


def plot_evidence(evidence: Evidence, *, n: int = 20) -> hv.Bars:
    """Draw what the hidden units add for and against a class, the strongest of them.

    Parameters
    ----------
    evidence : Evidence
        As from `evidence`.
    n : int, default 20
        How many units, at most.

    Returns
    -------
    hv.Bars
        Of ``evidence`` in units of the logit, relative to the mean over the classes, from the
        strongest for the class to the strongest against it.

    Raises
    ------
    ValueError
        If `n` is no whole number from 1 up.

    Examples
    --------
    >>> from mnist_visual import evidence, normalize_strokes, plot_evidence
    >>> from mnist_visual.inference import shared_network
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> plot_evidence(evidence(shared_network(), seven, 7))
    :Bars   [unit]   (evidence,color)
    """
    check_kind("evidence", evidence, Evidence, "evidence")
    values = evidence.relative.ravel()
    strongest = np.argsort(-abs(values))[: checked_count("n", n)]
    strongest = strongest[np.argsort(-values[strongest])]
    rows = []
    for index in strongest:
        unit = np.unravel_index(index, evidence.relative.shape)
        color = SIGNED_COLORS[2 if values[index] > 0 else 0]
        rows.append((", ".join(map(str, map(int, unit))), float(values[index]), color))
    titles = {"xlabel": f"unit of {evidence.layer}", "ylabel": f"evidence for {evidence.label}"}
    bars = hv.Bars(rows, "unit", ["evidence", "color"])
    return bars.opts(color="color", width=600, xrotation=45, **titles, backend="bokeh")


def plot_saliency(saliency: Saliency) -> hv.Overlay:
    """Draw which pixels speak for a class, and which against it, over the picture.

    Parameters
    ----------
    saliency : Saliency
        As from `saliency`, of a grey picture.

    Returns
    -------
    hv.Overlay
        Of the picture, with its ``ink``, and of ``saliency``: red speaks for the class, blue
        against it, zero is clear. The scale is the same for both signs.

    Raises
    ------
    ValueError
        If the picture has colours, or no rows.

    Examples
    --------
    >>> from mnist_visual import normalize_strokes, plot_saliency, saliency
    >>> from mnist_visual.inference import shared_network
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> plot_saliency(saliency(shared_network(), seven, 7))
    :Overlay
       .Image.I  :Image   [column,row]   (ink)
       .Image.II :Image   [column,row]   (saliency)
    """
    check_kind("saliency", saliency, Saliency, "saliency")
    below, values = _grey(saliency.image), _grey(saliency.values)
    # Clear in the middle, so that the ink is seen.
    clear = [color + strength for color, strength in zip(SIGNED_COLORS, _STRENGTHS, strict=True)]
    limit = _limit(values)
    element = hv.Image(values, bounds=_bounds(values), kdims=_PIXELS, vdims=["saliency"])
    above = element.opts(
        cmap=color_ramp(clear), clim=(-limit, limit), colorbar=True, **_FRAME, backend="bokeh"
    )
    picture = _ink(below).opts(alpha=0.35, backend="bokeh")
    title = f"{saliency.label}: {saliency.method.replace('_', ' ')}"
    return (picture * above).relabel(title)


def plot_change(change: Change) -> hv.Layout:
    """Draw a picture, what was added to it, and the sum.

    Parameters
    ----------
    change : Change
        As from `smallest_change`, of a grey picture.

    Returns
    -------
    hv.Layout
        Of three pictures, labelled by the class before, the length of the change, and the class
        after. Red is more ink, blue is less.

    Raises
    ------
    ValueError
        If the picture has colours, or no rows.

    Examples
    --------
    >>> from mnist_visual import normalize_strokes, plot_change, smallest_change
    >>> from mnist_visual.inference import shared_network
    >>> seven = normalize_strokes([[(20, 30), (120, 30), (60, 190)]])
    >>> plot_change(smallest_change(shared_network(), seven, 7))  # doctest: +ELLIPSIS
    :Layout...
    """
    check_kind("change", change, Change, "smallest_change")
    difference = _grey(change.difference)
    limit = _limit(difference)
    middle = hv.Image(difference, bounds=_bounds(difference), kdims=_PIXELS, vdims=["change"])
    middle = middle.opts(
        cmap=color_ramp(SIGNED_COLORS), clim=(-limit, limit), **_FRAME, backend="bokeh"
    )
    before = _ink(_grey(change.image)).relabel(f"{change.label}")
    after = _ink(_grey(change.changed)).relabel(f"{change.answer}")
    return before + middle.relabel(f"changed by {change.distance:.2f}") + after


_STRENGTHS = ("ff", "00", "ff")
_FRAME: dict[str, Any] = {"frame_width": 250, "data_aspect": 1, "xaxis": None, "yaxis": None}


def _grey(picture: Floats) -> Floats:
    grey = picture[..., 0] if picture.shape[2:] == (1,) else picture
    if grey.ndim != 2:
        raise ValueError(f"Grey pictures can be drawn. Received: shape {picture.shape}.")
    return grey


def _bounds(picture: Floats) -> tuple[int, int, int, int]:
    height, width = picture.shape
    return 0, 0, width, height


def _limit(values: Floats) -> float:
    return max(float(np.nanmax(abs(values))), 1e-6)


def _ink(picture: Floats) -> hv.Image:
    vdims = [hv.Dimension("ink", range=(0, 1))]
    element = hv.Image(picture, bounds=_bounds(picture), kdims=_PIXELS, vdims=vdims)
    return element.opts(cmap=color_ramp(INK_COLORS), clim=(0, 1), **_FRAME, backend="bokeh")


def _laid_out(values: Floats) -> Floats:
    """Lay the numbers of a unit out in a plane: channels side by side, a vector in rows."""
    finite = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    if finite.ndim == 1:
        across = min(len(finite), 16)
        rows = -(-len(finite) // across)
        plane = np.full(rows * across, np.nan, dtype=np.float32)
        plane[: len(finite)] = finite
        return plane.reshape(rows, across)
    if finite.ndim == 2:
        return finite
    tiles = np.moveaxis(finite, -1, 0)
    return mosaic(tiles.reshape(len(tiles), -1, tiles.shape[-1]), min(len(tiles), 8))


def _number_panel(values: Floats, label: str) -> hv.Overlay:
    """Draw numbers as colours, and write them where they can be read."""
    plane = _laid_out(values)
    height, width = plane.shape
    limit = _limit(np.nan_to_num(plane))
    image = hv.Image(plane, bounds=_bounds(plane), kdims=_PIXELS, vdims=["value"])
    image = image.opts(
        cmap=color_ramp(SIGNED_COLORS),
        clim=(-limit, limit),
        frame_width=_CELL * width,
        frame_height=_CELL * height,
        xaxis=None,
        yaxis=None,
        backend="bokeh",
    )
    texts = []
    if values.size <= _MOST_NUMBERS:
        for row, column in np.argwhere(np.isfinite(plane)):
            value = float(plane[row, column])
            ink = "#ffffff" if abs(value) > 0.6 * limit else "#000000"
            text = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no zero with a sign
            texts.append((column + 0.5, height - row - 0.5, text, ink))
    labels = hv.Labels(texts, _PIXELS, ["text", "ink"])
    labels = labels.opts(text_color="ink", text_font_size="8pt", backend="bokeh")
    return (image * labels).relabel(label)


def _frame(trace: MaximumTrace) -> hv.Rectangles:
    """Frame the winner."""
    marked = np.zeros(trace.inputs.shape, dtype=np.float32)
    marked[trace.winner] = 1
    plane = _laid_out(marked)
    ((row, column),) = np.argwhere(plane == 1)
    top = len(plane) - row
    box = hv.Rectangles([(column, top - 1, column + 1, top)], ["left", "bottom", "right", "top"])
    return box.opts(fill_alpha=0, line_width=3, line_color=class_color(1), backend="bokeh")
