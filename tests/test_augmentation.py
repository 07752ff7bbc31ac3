import numpy as np
import pytest

from mnist_visual.augmentation import CHUNK, warp


def crosses(n):
    pictures = np.zeros((n, 28, 28), dtype=np.float32)
    pictures[:, 6:22, 12:16] = 0.9
    pictures[:, 12:16, 6:22] = 0.6
    return pictures


def test_shape_type_and_range():
    warped = warp(crosses(50), seed=0, strength=3)
    assert warped.shape == (50, 28, 28)
    assert warped.dtype == np.float32
    assert warped.min() == 0
    assert 0.8 < warped.max() <= np.float32(0.9)


def test_any_size_of_picture():
    assert warp(np.ones((2, 12, 20)), seed=0).shape == (2, 12, 20)


def test_strength_0_is_the_identity():
    pictures = crosses(3)
    warped = warp(pictures, seed=0, strength=0)
    np.testing.assert_array_equal(warped, pictures)
    assert not np.shares_memory(warped, pictures)


def test_tiny_strength_is_nearly_the_identity():
    pictures = crosses(3)
    np.testing.assert_allclose(warp(pictures, seed=0, strength=1e-4), pictures, atol=1e-3)


def test_ink_stays_the_same_on_average():
    pictures = crosses(2000)
    assert warp(pictures, seed=1).mean() == pytest.approx(pictures.mean(), rel=0.03)


def test_pictures_are_not_moved_on_average():
    warped = warp(crosses(2000), seed=2).mean(axis=0)
    rows = np.arange(28)
    assert (warped.sum(axis=1) @ rows) / warped.sum() == pytest.approx(13.5, abs=0.1)
    assert (warped.sum(axis=0) @ rows) / warped.sum() == pytest.approx(13.5, abs=0.1)


def test_every_picture_has_its_own_warp():
    first, second = warp(crosses(2), seed=0)
    assert (first != second).any()


def test_stronger_warps_change_more():
    pictures = crosses(100)
    weak, strong = (np.abs(warp(pictures, seed=0, strength=s) - pictures).mean() for s in (0.5, 1))
    assert strong > 1.3 * weak


def test_same_seed_gives_the_same_bits():
    np.testing.assert_array_equal(warp(crosses(5), seed=7), warp(crosses(5), seed=7))


def test_seeds_differ():
    assert (warp(crosses(5), seed=(7, 0)) != warp(crosses(5), seed=(7, 1))).any()


def test_a_warp_does_not_depend_on_the_pictures_after_it():
    pictures = crosses(CHUNK + 3)
    np.testing.assert_array_equal(
        warp(pictures, seed=0)[: CHUNK + 1], warp(pictures[: CHUNK + 1], seed=0)
    )


def test_no_pictures():
    assert warp(np.zeros((0, 28, 28)), seed=0).shape == (0, 28, 28)


def test_pictures_are_left_as_they_were():
    pictures = crosses(3)
    pictures.flags.writeable = False
    warp(pictures, seed=0)
    np.testing.assert_array_equal(pictures, crosses(3))


def test_a_single_picture_is_refused():
    with pytest.raises(ValueError, match=r"\(n, height, width\).*Received: shape \(28, 28\)"):
        warp(crosses(1)[0], seed=0)


@pytest.mark.parametrize("strength", [-1, np.nan, np.inf])
def test_wrong_strength_is_refused(strength):
    with pytest.raises(ValueError, match=r"strength is a number, 0 or more\. Received: "):
        warp(crosses(1), seed=0, strength=strength)
