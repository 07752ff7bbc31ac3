"""How a network learns: one step of gradient descent on its last layer, in plain NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Floats
from mnist_visual._numbers import checked_count, checked_floats, checked_number, finite_floats


@dataclass(frozen=True, eq=False)
class GradientStep:
    """What a dense layer with softmax learns in one step from one picture.

    Attributes
    ----------
    probabilities : float32 array (classes,)
        The answer before the step.
    loss : float
        Cross-entropy before the step: minus the logarithm of the right class's probability.
    kernel_gradient : float32 array (inputs, classes)
        How fast the loss would grow with each weight.
    bias_gradient : float32 array (classes,)
        And with each bias.
    kernel : float32 array (inputs, classes)
        The weights after the step.
    bias : float32 array (classes,) or None
        The biases after the step; None where the layer has none.
    """

    probabilities: Floats
    loss: float
    kernel_gradient: Floats
    bias_gradient: Floats
    kernel: Floats
    bias: Floats | None


def gradient_step(
    features: npt.ArrayLike,
    kernel: npt.ArrayLike,
    bias: npt.ArrayLike | None,
    label: int,
    *,
    learning_rate: float = 0.01,
) -> GradientStep:
    """Let a dense layer with softmax take one step of gradient descent on one picture.

    Of cross-entropy after a softmax, the gradient is in closed form ``(p - y) aᵀ`` for the weights
    and ``p - y`` for the biases [1]_: the answer `p` less what was right, `y`, times what the layer
    reads, `a`. Each number moves against its gradient, times the learning rate. On the picture
    itself a step never makes such a layer worse, however large it is; on others it may.

    Parameters
    ----------
    features : array_like (inputs,)
        What the layer reads of the picture. Nothing is changed in place.
    kernel : array_like (inputs, classes)
        Its weights.
    bias : array_like (classes,) or None
        Its biases, if it has any.
    label : int
        The right class, from 0.
    learning_rate : float, default 0.01
        How far the step goes; 0 or more.

    Returns
    -------
    GradientStep

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a number is not finite, there is no such class, or the
        step goes beyond float32.

    References
    ----------
    .. [1] I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", MIT Press 2016, section
       6.2.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import gradient_step
    >>> step = gradient_step([1, 2], np.zeros((2, 2)), np.zeros(2), 1, learning_rate=0.1)
    >>> step.probabilities, round(step.loss, 3)
    (array([0.5, 0.5], dtype=float32), 0.693)
    >>> step.kernel
    array([[-0.05,  0.05],
           [-0.1 ,  0.1 ]], dtype=float32)
    """
    values, weights, biases = _checked(features, kernel, bias)
    label = checked_count("label", label, least=0, most=weights.shape[1] - 1)
    rate = checked_number("learning_rate", learning_rate)
    shares, loss = _answer(values, weights, biases, label)
    error = shares.copy()
    error[label] -= 1
    gradient = np.outer(values, error)
    with np.errstate(over="ignore"):
        return GradientStep(
            probabilities=shares.astype(np.float32),
            loss=loss,
            kernel_gradient=gradient.astype(np.float32),
            bias_gradient=error.astype(np.float32),
            kernel=_within_range(weights - rate * gradient),
            bias=None if biases is None else _within_range(biases - rate * error),
        )


def cross_entropy(
    features: npt.ArrayLike, kernel: npt.ArrayLike, bias: npt.ArrayLike | None, label: int
) -> tuple[Floats, float]:
    """Compute the answer of a dense layer with softmax, and how wrong it is.

    Parameters
    ----------
    features : array_like (inputs,)
        What the layer reads of the picture.
    kernel : array_like (inputs, classes)
        Its weights.
    bias : array_like (classes,) or None
        Its biases, if it has any.
    label : int
        The right class, from 0.

    Returns
    -------
    probabilities : float32 array (classes,)
    loss : float
        Minus the natural logarithm of the right class's probability.

    Raises
    ------
    ValueError
        As for `gradient_step`.

    Examples
    --------
    >>> from mnist_visual.arithmetic.learning import cross_entropy
    >>> cross_entropy([1.0], [[0.0, 0.0, 0.0, 0.0]], None, 2)
    (array([0.25, 0.25, 0.25, 0.25], dtype=float32), 1.3862943611198906)
    """
    values, weights, biases = _checked(features, kernel, bias)
    label = checked_count("label", label, least=0, most=weights.shape[1] - 1)
    shares, loss = _answer(values, weights, biases, label)
    return shares.astype(np.float32), loss


def _answer(
    values: Floats, weights: Floats, biases: Floats | None, label: int
) -> tuple[npt.NDArray[np.float64], float]:
    logits = values.astype(np.float64) @ weights
    if biases is not None:
        logits += biases
    logits -= logits.max()  # which changes no share, and no exponential overflows
    exponentials = np.exp(logits)
    total = float(exponentials.sum())
    return exponentials / total, math.log(total) - float(logits[label])


def _checked(
    features: npt.ArrayLike, kernel: npt.ArrayLike, bias: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    given = {"features": features, "kernel": kernel}
    if bias is not None:
        given["bias"] = bias
    rule = "are finite real numbers"
    arrays = {name: checked_floats(f"{name} {rule}", values) for name, values in given.items()}
    values, weights, biases = arrays["features"], arrays["kernel"], arrays.get("bias")
    fit = values.ndim == 1 and weights.ndim == 2 and len(values) == len(weights) and weights.size
    if not fit or (biases is not None and biases.shape != weights.shape[1:]):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            "A layer has features (inputs,), a kernel (inputs, classes), and a bias (classes,) or "
            f"none. Received: {shapes}."
        )
    return values, weights, biases


def _within_range(values: npt.NDArray[np.float64]) -> Floats:
    try:
        return finite_floats(values)
    except ValueError as error:
        raise ValueError(
            f"The weights have to stay finite. Received: {error}. Take a smaller learning_rate."
        ) from error
