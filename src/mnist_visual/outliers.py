"""Pictures that are not digits, and how it is judged that a drawing is none.

The shipped classifier has learned from `random_outliers` to find every class equally likely
where there is no digit [1]_. So its ten probabilities are enough for a judgement: a drawing is
taken for a digit where the two likeliest classes have three fifths of the probability. Two,
because a drawing between a 4 and a 9 is still a digit.

``benchmarks/not_digits.py`` measures how well that works, on scribbles, letters and signs of
other hands than those below. Of letters that look like a digit (O, S, Z, ...) it takes more
than half for one.

References
----------
.. [1] D. Hendrycks, M. Mazeika, T. Dietterich, "Deep Anomaly Detection with Outlier Exposure",
   ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from . import _glyphs
from ._arrays import Floats
from ._checks import are_probabilities
from ._glyphs import Stroke, smooth
from ._mnist import SIZE
from .drawing import normalize_strokes

Rng = np.random.Generator
Strokes = list[Stroke]

# About one in 200 of MNIST's validation digits has less, and none in 1,000 of pen writers held
# out with them.
LEAST_TOP_TWO = 0.6


def looks_like_digit(probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Judge from a classifier's probabilities whether a drawing looks like a digit.

    It does where the two likeliest classes have 0.6 of the probability together. That says
    something only of a classifier that has learned to doubt, as the shipped one has. An empty
    picture is never a digit, whatever a classifier makes of it: there is no need to ask.

    Parameters
    ----------
    probabilities : array_like (..., 10)
        Of the ten digits, as the shipped classifier gives them.

    Returns
    -------
    bool array (...)
        For each drawing, whether it looks like a digit.

    Raises
    ------
    ValueError
        If there are not ten, or they are not from 0 up with the sum 1.

    Examples
    --------
    >>> sure, torn, lost = np.eye(10)[4], np.eye(10)[[4, 9]].mean(axis=0), np.full(10, 0.1)
    >>> looks_like_digit([sure, torn, lost])
    array([ True,  True, False])
    """
    p = np.asarray(probabilities)
    if p.ndim == 0 or p.shape[-1] != 10:
        raise ValueError(f"probabilities must be of ten digits, (..., 10). Received: {p.shape}.")
    if not are_probabilities(p):
        raise ValueError(f"probabilities must be 0 or more, with the sum 1. Received: {p}.")
    top_two = np.sort(p, axis=-1)[..., -2:].sum(axis=-1)
    return np.asarray(top_two >= LEAST_TOP_TWO)


def random_outliers(n: int, *, seed: int) -> Floats:
    """Draw pictures that are not digits: scribbles, letters, punctuation, small drawings.

    They are made of pen strokes, with a shaky hand, and go the way of every drawing through
    `normalize_strokes`; so they differ from digits in what they show and in nothing else.
    Half are letters, signs and things, half scribbles of a dozen kinds.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        Where the random numbers start. The same seed gives the same pictures, and a smaller
        ``n`` the first of them.

    Returns
    -------
    float32 array (n, 28, 28)
        In [0, 1], ink bright.

    Examples
    --------
    >>> pictures = random_outliers(3, seed=0)
    >>> pictures.shape, bool((pictures == random_outliers(5, seed=0)[:3]).all())
    ((3, 28, 28), True)
    """
    rng = np.random.default_rng(seed)
    pictures = np.zeros((n, SIZE, SIZE), dtype=np.float32)
    for picture in pictures:
        picture[:] = normalize_strokes(_random_drawing(rng))
    return pictures


def _random_drawing(rng: Rng) -> Strokes:
    kind = rng.random()
    if kind < 0.25:
        return _by_hand(_pick(_glyphs.letters(), rng), rng)
    if kind < 0.45:
        return _by_hand(_pick(_glyphs.signs(), rng), rng)
    if kind < 0.50:
        return _by_hand(_word(rng), rng)
    scribble = _SCRIBBLES[int(rng.integers(len(_SCRIBBLES)))]
    return _by_hand(scribble(rng), rng)


def _pick(glyphs: list[Strokes], rng: Rng) -> Strokes:
    return glyphs[int(rng.integers(len(glyphs)))]


def _word(rng: Rng) -> Strokes:
    """Write two or three letters side by side."""
    strokes: Strokes = []
    right = 0.0
    for _ in range(int(rng.integers(2, 4))):
        letter = _pick(_glyphs.letters(), rng)
        strokes += [stroke + np.array([right, 0]) for stroke in letter]
        right += max(float(stroke[:, 0].max()) for stroke in letter) + rng.uniform(1, 3)
    return strokes


def _by_hand(strokes: Strokes, rng: Rng) -> Strokes:
    """Redraw strokes as a hand would: aslant, narrow or wide, bent, never twice the same."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float((high - low).max()), 1e-9) / 2
    width = np.exp(rng.normal(0, 0.15))
    angle, slant = np.clip(rng.normal(0, [0.1, 0.15]), -0.3, 0.3)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    affine = np.array([[width, 0], [-slant, 1 / width]]) @ turn
    waves = rng.uniform(-2.5, 2.5, (2, 3))
    phases = rng.uniform(0, 2 * np.pi, 3)
    bends = rng.normal(0, 0.05, (3, 2))

    drawn = []
    for stroke in strokes:
        line = _evenly((stroke - (low + high) / 2) / size)
        line = line * (1 + rng.normal(0, 0.04, 2)) + rng.normal(0, 0.04, 2)
        line = line + np.sin(line @ waves + phases) @ bends
        line = line + _tremor(len(line), rng)
        drawn.append(line @ affine)
    return drawn


def _evenly(line: Stroke, *, step: float = 0.15) -> Stroke:
    """Put points along a line at even steps, so that it can be bent."""
    length = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    count = 1 + int(np.clip(length[-1] / step, 1, 120)) if len(line) > 1 else 1
    along = np.linspace(0, length[-1], count)
    if len(line) < count:
        along = np.union1d(along, length)  # corners stay sharp
    return np.stack([np.interp(along, length, line[:, k]) for k in range(2)], axis=1)


def _tremor(count: int, rng: Rng) -> Stroke:
    noise = rng.normal(0, 0.02, (count + 4, 2))
    return (noise[:-4] + noise[1:-3] + noise[2:-2] + noise[3:-1] + noise[4:]) / np.sqrt(5)


def _circle(turns: float, rng: Rng) -> Stroke:
    """Go round the unit circle, from anywhere and either way."""
    angle = np.linspace(0, 2 * np.pi * turns, max(2, int(16 * turns)))
    angle = rng.choice([-1, 1]) * angle + rng.uniform(0, 2 * np.pi)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _curve(rng: Rng) -> Strokes:
    return [smooth(rng.uniform(-1, 1, (int(rng.integers(6, 18)), 2)))]


def _polyline(rng: Rng) -> Strokes:
    return [rng.uniform(-1, 1, (int(rng.integers(6, 14)), 2))]


def _curves(rng: Rng) -> Strokes:
    return [smooth(rng.uniform(-1, 1, (4, 2))) for _ in range(int(rng.integers(2, 5)))]


def _walk(rng: Rng) -> Strokes:
    turn = rng.normal(0, 1.0, int(rng.integers(20, 60))).cumsum()
    steps = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return [smooth(steps.cumsum(axis=0), steps=2)]


def _spiral(rng: Rng) -> Strokes:
    line = _circle(rng.uniform(2.5, 6), rng)
    return [line * np.linspace(rng.uniform(0.02, 0.4), 1, len(line))[:, None]]


def _coil(rng: Rng) -> Strokes:
    """Go round and round while moving on, as in a row of e's."""
    line = _circle(rng.uniform(3, 7), rng)
    way = np.linspace(0, rng.uniform(3, 9), len(line))[:, None]
    return [line + way * _rotation(rng)[0]]


def _zigzag(rng: Rng) -> Strokes:
    """Go to and fro; often so densely that an area is filled."""
    count = int(rng.integers(6, 20))
    along = np.linspace(-1, 1, count) + rng.normal(0, 0.5 / count, count)
    across = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.3, 1, count)
    line = np.stack([along, across * rng.uniform(0.4, 1)], axis=1) @ _rotation(rng)
    return [smooth(line, steps=4) if rng.random() < 0.5 else line]


def _hatching(rng: Rng) -> Strokes:
    strokes = []
    for _ in range(int(rng.integers(1, 3))):
        turn = _rotation(rng)
        for x in np.linspace(-1, 1, int(rng.integers(3, 8))):
            ends = np.array([[x, -1], [x, 1]]) + rng.normal(0, 0.1, (2, 2))
            strokes.append(ends @ turn)
    return strokes


def _dashes(rng: Rng) -> Strokes:
    dashes = rng.uniform(-1, 1, (int(rng.integers(3, 10)), 1, 2))
    return list(dashes + rng.normal(0, rng.uniform(0.05, 0.3), (len(dashes), 2, 2)))


def _rays(rng: Rng) -> Strokes:
    """Cross some lines in the middle: X, a star, an asterisk."""
    count = int(rng.integers(2, 6))
    x, y = _circle(1, rng)[0] * rng.uniform(0.8, 1)
    turns = np.pi / count * np.arange(count) + rng.normal(0, 0.1, count)
    rays = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    if count == 2:  # at any angle, + as well as X
        rays = np.array([[x, y], [-y, x]])
    return [np.stack([ray, -ray * rng.uniform(0.7, 1)]) for ray in rays]


def _bubbles(rng: Rng) -> Strokes:
    return [
        _circle(rng.uniform(1, 1.1), rng) * rng.uniform(0.2, 0.8) + rng.uniform(-1, 1, 2)
        for _ in range(int(rng.integers(3, 7)))
    ]


def _tangle(rng: Rng) -> Strokes:
    """Cover one thing with another, as when something is struck out."""
    first, second = (_pick(_glyphs.letters() + _glyphs.signs(), rng) for _ in range(2))
    return first + second


def _rotation(rng: Rng) -> Stroke:
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


_SCRIBBLES: list[Callable[[Rng], Strokes]] = [
    _curve,
    _polyline,
    _curves,
    _walk,
    _spiral,
    _coil,
    _zigzag,
    _hatching,
    _dashes,
    _rays,
    _bubbles,
    _tangle,
]
