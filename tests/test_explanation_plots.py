import holoviews as hv
import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual import explanation_plots, palette
from mnist_visual.explanation.change import Change
from mnist_visual.explanation.evidence import Evidence
from mnist_visual.explanation.saliency import Saliency


def render(element):
    return hv.renderer("bokeh").get_plot(element).state


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def plane(panel):
    """Give the numbers of a panel as they lie on the page."""
    image = panel if isinstance(panel, hv.Image) else panel.get(0)
    return image.dimension_values(2, flat=False)[::-1]


def written(panel):
    """Give what is written in a panel, from left to right and from top to bottom."""
    labels = panel.get(1)
    columns, rows, texts = (labels.dimension_values(name) for name in ("column", "row", "text"))
    return [texts[k] for k in np.lexsort((columns, -rows))]


@pytest.fixture(scope="module")
def computation(trained):
    return mv.trace_network(trained, np.tri(28, dtype=np.float32))


class TestTrace:
    def test_channels_lie_side_by_side_in_the_same_order(self, computation):
        trace = computation.trace("conv2", (4, 5, 6))
        inputs, weights, products = mv.plot_trace(trace)
        assert [panel.label for panel in (inputs, weights, products)] == [
            "inputs",
            "weights",
            "products",
        ]
        for panel, values in (
            (inputs, trace.inputs),
            (weights, trace.weights),
            (products, trace.products),
        ):
            assert plane(panel).shape == (3, 31)
            np.testing.assert_array_equal(plane(panel)[:, 8:11], values[..., 2])
        low, high = weights.get(0).opts.get(backend="bokeh").kwargs["clim"]
        assert low == -high

    def test_numbers_are_written_in_their_cells(self, computation):
        trace = computation.trace("conv1", (10, 11, 2))
        weights = mv.plot_trace(trace).Overlay.Weights
        expected = [f"{value:.2f}".replace("-", "−") for value in trace.weights.ravel()]
        assert written(weights) == expected

    def test_zero_has_no_sign(self):
        panel = explanation_plots._number_panel(np.array([-0.001, 0, -1], np.float32), "inputs")
        assert written(panel) == ["0.00", "0.00", "−1.00"]

    def test_a_vector_lies_in_rows_and_its_softmax_in_bars(self, computation):
        trace = computation.trace("probabilities", 3)
        panels = list(mv.plot_trace(trace))
        np.testing.assert_array_equal(plane(panels[0]), trace.inputs.reshape(8, 16))
        assert panels[3].dimension_values("share") == pytest.approx(trace.softmax.shares)

    def test_too_many_numbers_are_not_written(self, computation):
        trace = computation.trace("dense", 3)
        assert len(mv.plot_trace(trace).Overlay.Inputs.get(1)) == 0

    def test_the_winner_has_a_frame(self, computation):
        trace = computation.trace("pool1", (6, 5, 3))
        (panel,) = mv.plot_trace(trace)
        left, bottom, right, top = panel.get(2).array()[0]
        row, column = trace.winner
        assert (left, right, bottom, top) == (column, column + 1, 1 - row, 2 - row)

    def test_padding_of_a_pooling_window_is_left_blank(self):
        plane_ = explanation_plots._laid_out(np.array([[1, -np.inf]], np.float32))
        assert np.isnan(plane_).tolist() == [[False, True]]

    @pytest.mark.parametrize(
        ("layer", "unit"),
        [("conv2", (0, 0, 0)), ("pool2", (0, 0, 0)), ("flatten", 3), ("dense", 1)],
    )
    def test_all_kinds_are_drawn_under_their_formula(self, computation, layer, unit):
        trace = computation.trace(layer, unit)
        layout = mv.plot_trace(trace)
        assert layout.opts.get("plot", backend="bokeh").kwargs["title"] == str(trace)
        render(layout)


class TestEvidence:
    def make(self, relative):
        values = np.asarray(relative, np.float32)
        return Evidence(3, "hidden", values, values, 0.0, 0.0, values, 0.0, 0.0)

    def test_the_strongest_units_come_in_order(self):
        bars = mv.plot_evidence(self.make([0.1, -3, 2, 0.2, 1]), n=3)
        assert bars.dimension_values("unit").tolist() == ["2", "4", "1"]
        assert bars.dimension_values("evidence").tolist() == [2, 1, -3]
        against, _, for_it = palette.SIGNED_COLORS
        assert bars.dimension_values("color").tolist() == [for_it, for_it, against]
        render(bars)

    def test_a_unit_of_a_map_is_named_by_its_place(self):
        bars = mv.plot_evidence(self.make([[[0, 1], [0, 0]]]), n=1)
        assert bars.dimension_values("unit").tolist() == ["0, 0, 1"]

    def test_no_units_are_refused(self):
        with pytest.raises(ValueError, match=r"^n .*Received: 0"):
            mv.plot_evidence(self.make([1]), n=0)


class TestSaliency:
    def make(self, *shape):
        values = random(*shape) - 0.7
        return Saliency(3, "integrated_gradients", random(*shape, seed=1), values, 1.0, 0.0)

    def test_it_lies_over_the_picture_with_zero_clear_in_the_middle(self):
        saliency = self.make(5, 4)
        below, above = mv.plot_saliency(saliency)
        np.testing.assert_array_equal(plane(below), saliency.image)
        np.testing.assert_array_equal(plane(above), saliency.values)
        assert below.bounds.lbrt() == above.bounds.lbrt() == (0, 0, 4, 5)
        options = above.opts.get(backend="bokeh").kwargs
        assert options["clim"][0] == -options["clim"][1]
        assert options["cmap"][0] == palette.SIGNED_COLORS[0] + "ff"
        assert int(options["cmap"][128][7:], 16) < 3

    def test_it_is_drawn(self):
        figure = render(mv.plot_saliency(self.make(5, 4)))
        assert figure.title.text == "3: integrated gradients"

    def test_an_axis_of_one_channel_is_no_matter_and_colours_are_refused(self):
        render(mv.plot_saliency(self.make(5, 4, 1)))
        with pytest.raises(ValueError, match="Grey"):
            mv.plot_saliency(self.make(5, 4, 3))

    def test_nothing_at_all_is_drawn_too(self):
        zeros = np.zeros((3, 3), np.float32)
        render(mv.plot_saliency(Saliency(0, "occlusion", zeros, zeros, 0.0, 0.0)))


class TestChange:
    def test_before_change_and_after_stand_in_a_row(self):
        change = Change(random(5, 4), random(5, 4, seed=1), 3, 8)
        before, middle, after = mv.plot_change(change)
        np.testing.assert_array_equal(plane(before), change.image)
        np.testing.assert_array_equal(plane(middle), change.difference)
        np.testing.assert_array_equal(plane(after), change.changed)
        labels = [panel.label for panel in (before, middle, after)]
        assert labels == ["3", f"changed by {change.distance:.2f}", "8"]
        render(mv.plot_change(change))
