"""The normalisation of drawings, against what is known of MNIST and of geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnist_visual._mnist import STROKE_WIDTH
from mnist_visual.drawing import image_steps, normalize_image, normalize_strokes, stroke_steps

THREE = [
    np.array([(35, 25), (45, 18), (58, 22), (60, 33), (50, 44), (60, 50), (64, 64), (55, 78)]),
    np.array([(55, 78), (42, 80), (33, 72)]),
]

coordinates = st.floats(-1e6, 1e6, allow_nan=False)
strokes_of_any_shape = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(2)), elements=coordinates),
    max_size=8,
)
pictures_of_any_kind = hnp.arrays(
    st.sampled_from([np.uint8, np.int32, np.float32, np.bool_]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
)


def centre_of_mass(picture):
    pixels = np.arange(28)
    return (
        (picture.sum(axis=0) @ pixels) / picture.sum(),
        (picture.sum(axis=1) @ pixels) / picture.sum(),
    )


def ink_size(picture):
    rows = np.flatnonzero(picture.max(axis=1) > 0.5)
    columns = np.flatnonzero(picture.max(axis=0) > 0.5)
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def brute_force(strokes, *, per_pixel=12):
    """Draw by asking of many points in each pixel how far the nearest point of a line is."""
    points = np.concatenate(strokes).astype(float)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (20 - STROKE_WIDTH) / (high - low).max()
    shift = (28 - scale * (low + high)) / 2
    dense = np.concatenate(
        [
            a + (b - a) * np.linspace(0, 1, 200)[:, None]
            for line in strokes
            for a, b in zip(line[:-1] * scale + shift, line[1:] * scale + shift, strict=True)
        ]
    )
    grid = (np.arange(28 * per_pixel) + 0.5) / per_pixel
    x, y = np.meshgrid(grid, grid)
    nearest = np.full(x.shape, np.inf)
    for a, b in dense:
        np.minimum(nearest, np.hypot(x - a, y - b), out=nearest)
    inside = nearest <= STROKE_WIDTH / 2
    return inside.reshape(28, per_pixel, 28, per_pixel).mean(axis=(1, 3))


class TestStrokes:
    def test_ink_covers_the_pixels_that_lines_of_that_width_cover(self):
        fitted = stroke_steps(THREE).fitted
        expected = brute_force(THREE)
        # The edge is a ramp of one pixel instead of the exact area: close, never far.
        assert np.abs(fitted - expected).mean() < 0.01
        assert np.abs(fitted - expected).max() < 0.25

    def test_longer_side_measures_twenty_pixels(self):
        assert max(ink_size(stroke_steps(THREE).fitted)) == 20

    def test_proportions_are_kept(self):
        height, width = ink_size(stroke_steps([[(0, 0), (50, 0), (50, 100), (0, 100)]]).fitted)
        # The lines are half as wide as high; around them lies half a stroke on every side.
        across = (20 - STROKE_WIDTH) / 2 + STROKE_WIDTH
        assert height == 20
        assert width == pytest.approx(across, abs=1)

    def test_centre_of_mass_is_where_mnist_has_it(self):
        lopsided = [[(0, 0), (0, 100), (40, 100), (40, 95), (0, 95), (0, 90), (40, 90)]]
        assert centre_of_mass(normalize_strokes(lopsided)) == pytest.approx((14, 14), abs=0.05)

    def test_steps_say_where_the_ink_was_and_how_it_moved(self):
        steps = stroke_steps(THREE)
        assert steps.box == (33, 64, 18, 80)
        before, after = centre_of_mass(steps.fitted), centre_of_mass(steps.digit)
        assert np.subtract(after, before) == pytest.approx(steps.shift, abs=0.05)

    @pytest.mark.parametrize(("scale", "move"), [(0.01, 0), (7, 3000), (1, -500)])
    def test_size_and_place_of_the_drawing_do_not_matter(self, scale, move):
        elsewhere = [line * scale + move for line in THREE]
        assert normalize_strokes(elsewhere) == pytest.approx(normalize_strokes(THREE), abs=1e-3)

    def test_dot_is_a_dot_in_the_middle(self):
        dot = normalize_strokes([[(123, 456)]])
        assert dot.sum() == pytest.approx(np.pi * (STROKE_WIDTH / 2) ** 2, rel=0.1)
        assert centre_of_mass(dot) == pytest.approx((14, 14))

    @pytest.mark.parametrize("end", [(100, 0), (0, 100), (100, 100)])
    def test_straight_line_has_the_stroke_weight_and_full_length(self, end):
        line = stroke_steps([[(0, 0), end]]).fitted
        slant = np.hypot(*end) / max(end)
        expected = STROKE_WIDTH * (20 - STROKE_WIDTH) * slant
        expected += np.pi * (STROKE_WIDTH / 2) ** 2
        assert line.sum() == pytest.approx(expected, rel=0.05)

    @pytest.mark.parametrize("empty", [[], [[]], [np.empty((0, 2))]])
    def test_nothing_drawn_is_nothing(self, empty):
        assert stroke_steps(empty).box is None
        assert not normalize_strokes(empty).any()

    def test_many_points_look_like_few(self):
        along = np.linspace(0, 1, 5000)[:, None]
        many = np.array([(0, 0)]) * (1 - along) + np.array([(30, 100)]) * along
        few = normalize_strokes([[(0, 0), (30, 100)]])
        assert normalize_strokes([many]) == pytest.approx(few, abs=0.02)

    def test_hundreds_of_strokes_fill_the_box(self):
        hatching = [[(x, 0), (x, 100)] for x in np.linspace(0, 100, 400)]
        assert stroke_steps(hatching).fitted[5:23, 5:23].min() > 0.9

    @given(strokes_of_any_shape)
    @settings(max_examples=200)
    def test_any_strokes_give_a_picture_in_range(self, strokes):
        digit = normalize_strokes(strokes)
        assert digit.shape == (28, 28)
        assert digit.dtype == np.float32
        assert (digit >= 0).all()
        assert (digit <= 1).all()
        assert digit.any() == any(len(stroke) for stroke in strokes)

    @pytest.mark.parametrize(
        ("strokes", "received"),
        [
            ([[(np.nan, 0)]], "nan"),
            ([[(0, np.inf)]], "inf"),
            ([[(0, 1e7)]], "10000000"),
            ([[(1, 2, 3)]], r"shape \(1, 3\)"),
            ([(1, 2)], r"shape \(2,\)"),
            ([[(1, 2), (3,)]], "stroke 0"),
            ([["a", "b"]], "dtype <U1"),
            ([[(1j, 2)]], "dtype complex128"),
            ([np.zeros((100_001, 2))], "100,001"),
            ([[]] * 10_001, "10,001"),
        ],
    )
    def test_what_is_not_a_drawing_is_refused(self, strokes, received):
        with pytest.raises(ValueError, match=received):
            normalize_strokes(strokes)


def page(height=300, width=300, paper=255, dtype=np.uint8):
    return np.full((height, width), paper, dtype=dtype)


class TestPictures:
    def test_picture_of_strokes_becomes_what_the_strokes_become(self):
        y, x = np.mgrid[:400, :400]
        picture = page(400, 400)
        for line in THREE:
            for a, b in zip(line[:-1] * 4.0, line[1:] * 4.0, strict=True):
                along = ((x - a[0]) * (b - a)[0] + (y - a[1]) * (b - a)[1]) / ((b - a) @ (b - a))
                nearest = a + np.clip(along, 0, 1)[..., None] * (b - a)
                picture[np.hypot(x - nearest[..., 0], y - nearest[..., 1]) < 17] = 0
        drawn, photographed = normalize_strokes(THREE), normalize_image(picture)
        # Strokes move by parts of a pixel, pictures by whole ones.
        similarity = np.corrcoef(drawn.ravel(), photographed.ravel())[0, 1]
        assert similarity > 0.9

    @pytest.mark.parametrize("darkness", [0, 120])
    def test_dark_on_light_and_light_on_dark_are_the_same(self, darkness):
        dark = page(paper=250)
        dark[80:240, 100:120] = dark[80:100, 100:200] = darkness
        assert (normalize_image(255 - dark) == normalize_image(dark)).all()
        assert normalize_image(dark).max() > 0.9

    def test_range_and_type_of_the_grey_values_do_not_matter(self):
        grey = page(paper=0)
        grey[50:200, 140:160] = 200
        expected = normalize_image(grey)
        assert normalize_image(grey / 255.0) == pytest.approx(expected, abs=1e-6)
        assert normalize_image(grey.astype(np.int64)) == pytest.approx(expected, abs=1e-6)
        assert normalize_image(grey > 0) == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("width", [2, 60])
    def test_hairlines_and_broad_markers_come_to_a_weight_that_mnist_has(self, width):
        picture = page(500, 500)
        picture[50:450, 250 - width // 2 : 250 - width // 2 + width] = 0
        row = normalize_image(picture)[14]
        assert 1.5 < row.sum() < 4.5

    def test_longer_side_measures_twenty_pixels(self):
        picture = page(100, 400)
        picture[40:60, 20:380] = 0
        assert max(ink_size(normalize_image(picture))) in (20, 21)

    def test_a_shadow_over_the_page_is_not_ink(self):
        picture = page().astype(float)
        picture[80:220, 140:156] = 30
        shadow = np.linspace(0, 60, 300)
        shaded = normalize_image(np.clip(picture - shadow, 0, 255))
        assert shaded == pytest.approx(normalize_image(picture), abs=0.35)
        assert centre_of_mass(shaded) == pytest.approx((14, 14), abs=0.6)

    def test_ink_at_the_border_is_kept(self):
        picture = page()
        picture[0:300, 140:160] = 0
        steps = image_steps(picture)
        assert steps.box == (140, 160, 0, 300)
        assert ink_size(steps.digit)[0] in (20, 21)

    def test_centre_of_mass_is_within_half_a_pixel(self):
        picture = page()
        picture[100:200, 50:60] = picture[190:200, 50:120] = 0
        assert centre_of_mass(normalize_image(picture)) == pytest.approx((14, 14), abs=0.51)

    @pytest.mark.parametrize("grey", [0, 7, 255])
    def test_even_paper_is_nothing(self, grey):
        assert image_steps(page(paper=grey)).box is None
        assert not normalize_image(page(paper=grey)).any()

    def test_faint_grain_of_paper_is_nothing(self):
        grain = page(paper=240) + np.random.default_rng(0).integers(0, 4, (300, 300))
        assert not normalize_image(grain).any()

    @given(pictures_of_any_kind)
    @settings(max_examples=200)
    def test_any_picture_gives_a_picture_in_range_or_is_refused(self, picture):
        if not np.isfinite(picture).all():
            with pytest.raises(ValueError, match="finite"):
                normalize_image(picture)
            return
        digit = normalize_image(picture)
        assert digit.shape == (28, 28)
        assert digit.dtype == np.float32
        assert (digit >= 0).all()
        assert (digit <= 1).all()

    @pytest.mark.parametrize(
        ("picture", "received"),
        [
            (np.zeros((28, 28, 3)), r"\(28, 28, 3\)"),
            (np.zeros(784), r"\(784,\)"),
            (np.zeros((0, 5)), r"\(0, 5\)"),
            (np.zeros((5, 5), dtype=complex), "complex128"),
            (np.array([["a"]]), "<U1"),
            (np.full((5, 5), np.nan), "NaN"),
            (np.broadcast_to(np.uint8(1), (100_000, 100_000)), r"\(100000, 100000\)"),
        ],
    )
    def test_what_is_not_a_picture_is_refused(self, picture, received):
        with pytest.raises(ValueError, match=received):
            normalize_image(picture)


def test_digits_of_mnist_come_out_as_they_went_in(test_digits):
    images, _ = test_digits
    normalized = np.array([normalize_image(image) for image in images[:300]])
    difference = np.abs(normalized - images[:300] / 255).mean(axis=(1, 2))
    assert np.median(difference) < 1e-6
    assert difference.mean() < 0.01
