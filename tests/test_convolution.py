"""A kernel of one's own, against Keras and against the textbook."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import mnist_visual as mv
from mnist_visual._backend import keras


def by_hand(image, kernel, stride=1, padding=(0, 0), dilation=1):
    """Convolve a grey picture, one product at a time."""
    before, after = padding
    padded = np.pad(np.asarray(image, float), [(before, after)] * 2)
    spans = [(size - 1) * dilation + 1 for size in kernel.shape]
    rows, columns = (
        (length - span) // stride + 1 for length, span in zip(padded.shape, spans, strict=True)
    )
    result = np.zeros((rows, columns))
    for (row, column), _ in np.ndenumerate(result):
        for (y, x), weight in np.ndenumerate(kernel):
            pixel = padded[row * stride + y * dilation, column * stride + x * dilation]
            result[row, column] += weight * pixel
    return result


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


@given(
    image=arrays(np.float32, (7, 7), elements=st.floats(-2, 2, width=32)),
    size=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.integers(0, 5),
    dilation=st.integers(1, 3),
)
def test_it_is_the_textbook_one(image, size, stride, padding, dilation):
    kernel = random(size, size)
    stride = stride if dilation == 1 else 1
    if (size - 1) * dilation + 1 > 7 + 2 * padding:
        with pytest.raises(ValueError, match="smaller kernel"):
            mv.apply_kernel(image, kernel, stride=stride, padding=padding, dilation=dilation)
        return
    ours = mv.apply_kernel(image, kernel, stride=stride, padding=padding, dilation=dilation)
    expected = by_hand(image, kernel, stride, (padding, padding), dilation)
    assert ours.dtype == np.float32
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("shape", "size", "stride", "dilation"),
    [((28, 28), 3, 1, 1), ((28, 27), 4, 2, 1), ((9, 10), 3, 3, 1), ((11, 8), 2, 1, 3)],
)
def test_it_is_that_of_keras(shape, size, stride, dilation, padding):
    image, kernel = random(*shape, 3), random(size, size, 3, 2)
    expected = keras.ops.conv(image[None], kernel, stride, padding, dilation_rate=dilation)[0]
    ours = mv.apply_kernel(image, kernel, stride=stride, padding=padding, dilation=dilation)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_number_of_padding_is_that_of_keras():
    image, kernel = random(6, 5, 1), random(3, 3, 1, 1)
    padded = keras.layers.ZeroPadding2D(2)(image[None])
    expected = np.asarray(keras.ops.conv(padded, kernel, 2, "valid"))[0, ..., 0]
    ours = mv.apply_kernel(image[..., 0], kernel[..., 0, 0], stride=2, padding=2)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_it_computes_what_a_layer_of_the_network_does(trained, digit):
    kernel, bias = trained.get_layer("conv1").get_weights()
    ours = mv.apply_kernel(digit[..., None], kernel) + bias
    expected = mv.feature_maps(trained, digit)["conv1"]
    np.testing.assert_allclose(np.maximum(ours, 0), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stride": 2, "dilation": 2}, "stride 2 and dilation 2"),
        ({"kernel": np.ones((9, 2))}, "9x2 pixels.*Received: 8x8"),
        ({"dilation": 4}, "9x9 pixels.*more padding"),
        ({"stride": 0}, "stride.*Received: 0"),
        ({"stride": 1.5}, r"stride.*Received: 1\.5"),
        ({"padding": -1}, "padding.*Received: -1"),
        ({"padding": "full"}, "padding.*Received: 'full'"),
        ({"padding": 10**9}, "at most 10,000,000 pixels"),
        ({"padding": "same", "dilation": 10**6}, "at most 10,000,000 pixels"),
        ({"kernel": np.ones(3)}, r"kernel \(3,\)"),
        ({"kernel": np.ones((3, 3, 1, 1))}, r"picture \(8, 8\) and a kernel \(3, 3, 1, 1\)"),
        ({"image": np.ones((8, 8, 2)), "kernel": np.ones((3, 3, 1, 4))}, "1 in the kernel and 2"),
        ({"kernel": [[np.nan]]}, "kernel is an array of finite real numbers.*NaN"),
        ({"image": [[1e39]]}, "image is an array of finite real numbers.*infinity"),
        ({"image": np.ones((0, 8))}, "at least one number"),
        ({"image": [["a"]]}, "real numbers"),
        ({"image": [[1], [1, 2]]}, "real numbers"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(change, reason):
    options = {"image": np.ones((8, 8)), "kernel": np.ones((3, 3)), **change}
    with pytest.raises(ValueError, match=reason):
        mv.apply_kernel(options.pop("image"), options.pop("kernel"), **options)
