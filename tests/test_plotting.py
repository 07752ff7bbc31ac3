import holoviews as hv
import numpy as np
import pytest

import mnist_visual as mv
from mnist_visual import palette
from mnist_visual.films import filmstrip
from mnist_visual.interpolation import LatentPath
from mnist_visual.latent import LatentCodes, LatentGrid
from mnist_visual.regions import ClassRegions

EXTENT = (-3.0, 3.0, 0.0, 4.0)
BOUNDS = (-3.0, 0.0, 3.0, 4.0)  # HoloViews: left, bottom, right, top
LINE = np.linspace(-2.5, 2.5, 6)


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def make_regions():
    labels = (np.arange(36).reshape(6, 6) % 10).astype(np.uint8)
    confidence = np.linspace(0.1, 1, 36, dtype=np.float32).reshape(6, 6)
    y = (np.arange(6)[::-1] + 0.5) * 4 / 6
    return ClassRegions(labels, confidence, np.zeros_like(confidence), LINE, y, EXTENT, 1.0, 10)


def make_grid(x=(-2.0, 0.0, 2.0)):
    return LatentGrid(random(3, 3, 5, 4), np.array(x), np.array([3.5, 2.0, 0.5]), EXTENT)


def make_path(**changes):
    parts = {"codes": random(4, 2), "images": random(4, 5, 3), "probabilities": random(4, 10)}
    return LatentPath(**parts | changes)


def render(element):
    return hv.renderer("bokeh").get_plot(element).state


class TestPalette:
    def test_classes_have_the_colours_of_petroff(self):
        assert palette.CLASS_COLORS[:3] == ("#3f90da", "#ffa90e", "#bd1f01")
        assert len(set(palette.CLASS_COLORS)) == 10

    def test_numbers_are_those_of_the_words(self):
        assert palette.class_rgb([[2, 12]]).tolist() == [[[0xBD, 0x1F, 0x01]] * 2]


class TestScatter:
    def test_it_has_the_codes_and_their_classes(self):
        codes, labels = random(30, 2), np.arange(30) % 7
        element = mv.plot_latent_scatter(LatentCodes(codes, codes), labels.astype(np.uint8))
        assert [dim.name for dim in element.dimensions()] == ["x", "y", "class"]
        np.testing.assert_array_equal(element.array(["x", "y"]), codes)
        assert element["class"].tolist() == [str(label) for label in labels]

    def test_classes_come_in_their_order_and_no_point_is_lost(self):
        codes, labels = random(6, 2), [7, 2, 7, 0, 2, 7]
        element = mv.plot_latent_scatter(codes, labels)
        assert element["class"].tolist() == ["0", "2", "7", "7", "2", "7"]
        np.testing.assert_array_equal(element.array(["x", "y"]), codes[[3, 1, 0, 2, 4, 5]])

    @pytest.mark.parametrize("labels", [[3, 8], [8, 3], [8, 9], [0, 8]])
    def test_class_has_its_colour_whichever_others_there_are(self, labels):
        figure = render(mv.plot_latent_scatter([[0, 0], [1, 1]], labels))
        mapper = figure.renderers[0].glyph.fill_color.transform
        colors = dict(zip(mapper.factors, mapper.palette, strict=True))
        assert colors["8"] == palette.CLASS_COLORS[8]

    @pytest.mark.parametrize(
        ("codes", "labels"), [([[0, 0]], [1, 2]), ([[0, 0, 0]], [1]), ([[0, np.nan]], [1])]
    )
    def test_wrong_data_are_refused(self, codes, labels):
        with pytest.raises(ValueError, match="Received"):
            mv.plot_latent_scatter(codes, labels)


class TestGrid:
    def test_every_picture_lies_at_its_place(self):
        grid = make_grid()
        element = mv.plot_latent_grid(grid)
        assert element.bounds.lbrt() == BOUNDS
        assert element.vdims[0].name == "ink"
        values = element.dimension_values("ink", flat=False)[::-1]  # row 0 at the top
        assert values.shape == (15, 12)
        np.testing.assert_array_equal(values[5:10, 8:], grid.images[1, 2])

    def test_uneven_cells_are_as_wide_as_they_are(self):
        grid = make_grid(x=(-2.5, -2.0, 1.5))  # edges at -3, -2.25, -0.25, 3
        values = mv.plot_latent_grid(grid).dimension_values("ink", flat=False)[::-1]
        owner = [np.isin(column, grid.images[:, k]).all() for k in range(3) for column in values.T]
        assert np.reshape(owner, (3, 12)).sum(axis=1).tolist() == [1, 4, 7]

    def test_coloured_pictures_are_refused(self):
        with pytest.raises(ValueError, match="Grey"):
            mv.plot_latent_grid(LatentGrid(random(2, 2, 4, 4, 3), LINE, LINE, EXTENT))


class TestRegions:
    def test_class_is_the_hue_and_confidence_the_strength(self):
        regions = make_regions()
        element = mv.plot_class_regions(regions)
        assert element.bounds.lbrt() == BOUNDS
        red, green, blue, alpha = (
            element.dimension_values(name, flat=False)[::-1] for name in "RGBA"
        )
        np.testing.assert_array_equal(
            np.dstack([red, green, blue]), palette.class_rgb(regions.labels)
        )
        np.testing.assert_allclose(alpha, (regions.confidence - 0.1) / 0.9 * 255, atol=0.51)

    def test_points_are_the_centres_of_the_cells(self):
        element = mv.plot_class_regions(make_regions())
        np.testing.assert_allclose(element.dimension_values("x", expanded=False), LINE)


class TestPath:
    def test_strip_has_a_picture_at_every_step(self):
        path = make_path()
        element = mv.plot_interpolation(path)
        assert element.bounds.lbrt() == (-0.5, 0, 3.5, 1)
        values = element.dimension_values("ink", flat=False)[::-1]
        np.testing.assert_array_equal(values, filmstrip(path))

    def test_curves_have_the_probabilities_and_colours(self):
        path = make_path()
        overlay = mv.plot_path_probabilities(path)
        assert overlay.keys() == [str(label) for label in range(10)]
        np.testing.assert_array_equal(overlay["3"]["probability"], path.probabilities[:, 3])
        assert overlay["3"].opts.get(backend="bokeh").kwargs["color"] == palette.CLASS_COLORS[3]

    def test_names_beside_the_curves_take_nothing_of_their_width(self):
        assert hv.render(mv.plot_path_probabilities(make_path()), "bokeh").frame_width == 400

    def test_way_without_probabilities_has_no_curves(self):
        with pytest.raises(ValueError, match="classifier"):
            mv.plot_path_probabilities(make_path(probabilities=None))

    def test_line_goes_through_the_codes(self):
        path = make_path()
        curve = mv.plot_latent_path(path)
        np.testing.assert_array_equal(curve.array(["x", "y"]), path.codes)
        with pytest.raises(ValueError, match="plane"):
            mv.plot_latent_path(make_path(codes=random(4, 3)))


class TestPosterior:
    def test_ellipses_are_at_one_sigma_and_two(self):
        codes = LatentCodes(np.array([[9, 9], [1, 2]]), np.log([[1, 1], [4, 0.25]]))
        one, two = mv.plot_posterior(codes, index=1)
        assert (one.x, one.y, one.width, one.height) == pytest.approx((1, 2, 4, 1))
        assert (two.width, two.height) == pytest.approx((8, 2))

    def test_code_of_one_picture_needs_no_index(self):
        one, _ = mv.plot_posterior(LatentCodes(np.array([3.0, 4.0]), np.zeros(2)))
        assert (one.x, one.y) == (3, 4)

    def test_wrong_codes_are_refused(self):
        with pytest.raises(ValueError, match="index"):
            mv.plot_posterior(LatentCodes(np.zeros((2, 2)), np.zeros((2, 2))), index=2)
        with pytest.raises(ValueError, match="plane"):
            mv.plot_posterior(LatentCodes(np.zeros((2, 3)), np.zeros((2, 3))))


class TestLayers:
    def test_maps_lie_side_by_side(self):
        maps = random(5, 4, 11)
        element = mv.plot_feature_maps(maps)
        values = element.dimension_values("activation", flat=False)[::-1]
        assert values.shape == (11, 39)
        np.testing.assert_array_equal(values[6:, 5:9], maps[..., 9])
        assert np.isnan(values[5]).all()

    def test_mapping_gives_a_layout_of_the_layers_with_maps(self):
        maps = {"conv": random(5, 4, 3), "dense": random(10)}
        layout = mv.plot_feature_maps(maps)
        assert [image.label for image in layout] == ["conv"]

    def test_every_layer_fills_its_frame(self):
        layout = mv.plot_feature_maps({"large": random(20, 20, 3), "small": random(5, 5, 3)})
        figures = [figure for figure, *_ in hv.render(layout, backend="bokeh").children]
        widths = [figure.x_range.end - figure.x_range.start for figure in figures]
        assert widths == [62, 17]

    def test_filters_have_a_row_for_each_input_channel(self):
        kernels = random(3, 3, 2, 5) - 0.5
        element = mv.plot_filters(kernels)
        values = element.dimension_values("weight", flat=False)[::-1]
        assert values.shape == (7, 19)
        np.testing.assert_array_equal(values[4:, 12:15], kernels[..., 1, 3])
        low, high = element.opts.get(backend="bokeh").kwargs["clim"]
        assert low == -high

    @pytest.mark.parametrize("shape", [(3, 3), (0, 3, 3), (1, 3, 3, 3)])
    def test_wrong_maps_are_refused(self, shape):
        with pytest.raises(ValueError, match="Received"):
            mv.plot_feature_maps(np.zeros(shape))
        with pytest.raises(ValueError, match="Received"):
            mv.plot_feature_maps({"layer": np.zeros((2, 2))})

    @pytest.mark.parametrize("columns", [0, 2.5, "4"])
    def test_columns_are_a_whole_number(self, columns):
        with pytest.raises(ValueError, match=r"columns is a whole number, from 1 up\. Received"):
            mv.plot_feature_maps(np.zeros((2, 2, 3)), columns=columns)

    def test_wrong_kernels_are_refused(self):
        with pytest.raises(ValueError, match="Kernels"):
            mv.plot_filters(np.zeros((3, 3, 8)))


def test_all_compose_and_are_drawn_in_the_same_frame():
    codes = LatentCodes(1 + random(20, 2), np.full((20, 2), -6.0))
    regions = mv.plot_class_regions(make_regions())
    scatter = mv.plot_latent_scatter(codes, np.arange(20) % 10)
    plane = regions * scatter * mv.plot_posterior(codes, index=3)
    plane = plane * mv.plot_latent_path(make_path())
    assert isinstance(plane, hv.Overlay)
    layout = plane + mv.plot_latent_grid(make_grid()) * scatter
    layout = layout + mv.plot_interpolation(make_path())
    assert isinstance(layout, hv.Layout)
    figure = render(plane)
    assert (figure.x_range.start, figure.x_range.end) == (-3, 3)
    assert (figure.y_range.start, figure.y_range.end) == (0, 4)
    render(layout)
