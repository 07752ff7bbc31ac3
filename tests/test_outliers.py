import numpy as np
import pytest

from mnist_visual import _glyphs
from mnist_visual.drawing import normalize_strokes
from mnist_visual.inference import load_digit_network
from mnist_visual.outliers import LEAST_TOP_TWO, looks_like_digit, random_outliers

SEED = 4321  # the shipped weights learned from seed 0


@pytest.fixture(scope="module")
def outliers():
    return random_outliers(200, seed=SEED)


@pytest.fixture(scope="module")
def judge():
    """Judge pictures with the shipped weights."""
    network = load_digit_network()
    return lambda pictures: looks_like_digit(network(pictures))


def test_outliers_are_pictures(outliers):
    assert outliers.shape == (200, 28, 28)
    assert outliers.dtype == np.float32
    assert outliers.min() == 0
    assert outliers.max() == 1


def test_every_outlier_has_ink(outliers):
    assert (outliers.sum(axis=(1, 2)) > 3).all()


def test_outliers_are_all_different(outliers):
    assert len(np.unique(outliers.reshape(200, -1), axis=0)) == 200


def test_same_seed_gives_same_bits(outliers):
    np.testing.assert_array_equal(random_outliers(200, seed=SEED), outliers)


def test_fewer_outliers_are_the_first(outliers):
    np.testing.assert_array_equal(random_outliers(7, seed=SEED), outliers[:7])


def test_another_seed_gives_other_outliers(outliers):
    assert (random_outliers(20, seed=SEED + 1) != outliers[:20]).any(axis=(1, 2)).all()


def test_no_outliers_are_none():
    assert random_outliers(0, seed=0).shape == (0, 28, 28)


def test_outliers_do_not_touch_the_global_random_state():
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    random_outliers(3, seed=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("glyphs", [_glyphs.letters(), _glyphs.signs()], ids=["letters", "signs"])
def test_every_glyph_can_be_drawn(glyphs):
    pictures = np.stack([normalize_strokes(strokes) for strokes in glyphs])
    assert (pictures.sum(axis=(1, 2)) > 5).all()
    assert np.isfinite(pictures).all()


def test_glyphs_stay_on_their_sheet():
    points = np.concatenate([s for glyph in _glyphs.letters() + _glyphs.signs() for s in glyph])
    assert points.min() > -1
    assert points.max() < 10


def test_smooth_curve_goes_through_its_points():
    points = np.array([[0, 0], [1, 3], [4, 2], [5, 5]])
    np.testing.assert_allclose(_glyphs.smooth(points, steps=4)[::4], points)


def test_smooth_curve_through_a_line_stays_on_it():
    curve = _glyphs.smooth([[0, 0], [1, 2], [2, 4], [3, 6]])
    np.testing.assert_allclose(curve[:, 1], 2 * curve[:, 0], atol=1e-12)


def test_closed_curve_is_smooth_at_its_start():
    circle = _glyphs.smooth([[0, -1], [1, 0], [0, 1], [-1, 0], [0, -1]], steps=50)
    first, last = circle[1] - circle[0], circle[-1] - circle[-2]
    assert first @ last > 0.99 * np.linalg.norm(first) * np.linalg.norm(last)


def test_sure_answer_is_a_digit():
    assert looks_like_digit(np.eye(10)).all()


def test_torn_between_two_is_a_digit():
    assert looks_like_digit([0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5])


def test_torn_between_all_is_none():
    assert not looks_like_digit(np.full(10, 0.1))


@pytest.mark.parametrize(("top_two", "answer"), [(0.001, True), (-0.001, False)])
def test_threshold_is_on_the_sum_of_the_two_highest(top_two, answer):
    top_two += LEAST_TOP_TWO
    p = np.full(10, (1 - top_two) / 8)
    p[[2, 7]] = top_two * np.array([0.4, 0.6])
    assert looks_like_digit(p) == answer


@pytest.mark.parametrize("shape", [(10,), (3, 10), (2, 4, 10), (0, 10)])
def test_judges_any_number_of_drawings(shape):
    judged = looks_like_digit(np.full(shape, 0.1, dtype=np.float32))
    assert judged.dtype == bool
    assert judged.shape == shape[:-1]


@pytest.mark.parametrize("shape", [(), (9,), (10, 3)])
def test_refuses_other_than_ten(shape):
    with pytest.raises(ValueError, match="ten digits"):
        looks_like_digit(np.ones(shape))


@pytest.mark.parametrize("wrong", [np.zeros(10), np.full(10, np.nan), np.linspace(-0.8, 1, 10)])
def test_refuses_what_are_no_probabilities(wrong):
    with pytest.raises(ValueError, match="sum 1"):
        looks_like_digit(wrong)


def test_shipped_classifier_doubts_what_is_no_digit(judge, outliers):
    assert judge(outliers).mean() < 0.1


def test_shipped_classifier_doubts_a_blank_picture(judge):
    assert not judge(np.zeros((1, 28, 28)))


def test_shipped_classifier_keeps_real_digits(judge, test_digits):
    digits = test_digits[0] / 255
    assert judge(digits).mean() > 0.985
