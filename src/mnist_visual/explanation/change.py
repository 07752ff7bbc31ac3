"""The smallest change of a picture that makes a network say something else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_visual._arrays import Doubles, Floats
from mnist_visual._models import check_reads_units, name_of

from .scores import FEW, MANY, Scores, checked_label, class_scores, one_picture

Classes = npt.NDArray[np.intp]

_GRID = 14  # places along a way at once; times nine other classes, about one batch
# Of the walk within balls, measured on MNIST: the number of steps, the longest and the shortest
# length to begin with, in how far away the goal seems, and by how much a ball changes at first.
# Lengths fall to a hundredth, and changes to a thousandth.
_STEPS, _LONGEST, _SHORTEST, _CHANGE = 60, 1.2, 0.4, 0.1


@dataclass(frozen=True, eq=False)
class Change:
    """A change of a picture, and what the network says after it.

    Attributes
    ----------
    image, changed : float32 array (height, width) or (height, width, channels)
        The picture before and after, in [0, 1].
    label, answer : int
        The class that the network says no more, and the one that it says instead.
    """

    image: Floats
    changed: Floats
    label: int
    answer: int

    @property
    def difference(self) -> Floats:
        """What was added to each pixel, in [-1, 1]."""
        return self.changed - self.image

    @property
    def distance(self) -> float:
        """The length of the change: the root of the sum of the squares."""
        return float(np.linalg.norm(self.difference))


def smallest_change(
    model: Any, image: npt.ArrayLike, label: int, *, target: int | None = None
) -> Change:
    """Search for the least change of a picture that makes a network say something else.

    The length of the change is the root of the sum of the squares, and no pixel leaves [0, 1].
    The search goes along the gradient first, and then again as in [1]_: towards the classes that
    seem nearest, in steps that grow smaller, within a ball that shrinks where the answer has
    changed and grows where not. The same picture gives the same change. Nobody knows the very
    smallest; this is no larger than what going along the gradient finds.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A built Sequential or Functional classifier of one picture; or the shipped one on NumPy
        (`mnist_visual.inference`), for which neither Keras nor JAX is loaded.
    image : array_like (height, width) or (height, width, channels)
        One picture, as for `feature_maps`, in [0, 1].
    label : int
        The class that the network shall say no more; if it says another already, nothing changes.
    target : int, optional
        What it shall say instead; anything else by default.

    Returns
    -------
    Change

    Raises
    ------
    ValueError
        If no change within [0, 1] was found, there is no such class, the picture does not fit, or
        the model is no classifier of two classes or more.

    References
    ----------
    .. [1] M. Pintor, F. Roli, W. Brendel and B. Biggio, "Fast minimum-norm adversarial attacks
       through adaptive norm constraints", NeurIPS 2021, arXiv:2102.12827.

    Examples
    --------
    >>> from mnist_visual import load_pretrained, normalize_strokes, smallest_change
    >>> digit = normalize_strokes([[(40, 20), (38, 180)]])
    >>> change = smallest_change(load_pretrained("classifier"), digit, 1)
    >>> change.answer != 1, change.changed.shape, change.distance < 2
    (True, (28, 28), True)
    """
    scores = class_scores(model)
    check_reads_units(model, "smallest_change")
    if scores.classes < 2:
        raise ValueError(
            "Only a network of two classes or more can say something else. "
            f"Received: {name_of(model)!r} with {scores.classes}."
        )
    label = checked_label(label, scores)
    if target is not None and checked_label(target, scores) == label:
        raise ValueError(f"target is another class than label. Received: {target} for both.")
    picture = one_picture(scores, image)
    if picture.min() < 0 or picture.max() > 1:
        raise ValueError(
            "A picture lies in [0, 1]; divide it by its range first. "
            f"Received: values from {picture.min():g} to {picture.max():g}."
        )
    search = _Search(scores, picture, label, target)
    changed = picture if search.is_done() else search.run().astype(np.float32)
    changed = changed.reshape(picture.shape)
    answer = int(scores.logits(changed[None])[0].argmax())
    shape = np.shape(image)  # without the channel axis that the model wants
    return Change(picture.reshape(shape), changed.reshape(shape), label, answer)


class _Search:
    """One search, from one picture; points are pictures in one row of numbers."""

    def __init__(self, scores: Scores, picture: Floats, label: int, target: int | None) -> None:
        self.scores, self.shape, self.label, self.target = scores, picture.shape, label, target
        self.start: Doubles = picture.ravel().astype(float)
        self.size = math.sqrt(len(self.start))  # no two pictures are further apart
        self.logits = scores.logits(picture[None])[0]
        # By how much the new class has to lead, so that no rounding undoes it.
        share = max(1e-4, 4 * scores.precision)
        self.lead = share * (1 + abs(float(self.logits[label])))

    def is_done(self) -> bool:
        """Tell whether the network says something else already."""
        answer = int(self.logits.argmax())
        return answer != self.label if self.target is None else answer == self.target

    def run(self) -> Doubles:
        """Give the nearest point found; ValueError if there is none."""
        order = [int(each) for each in np.argsort(-self.logits) if each != self.label]
        goals = np.array(order[:FEW] if self.target is None else [self.target])
        leads, slopes = self.slopes(np.repeat(self.start[None], len(goals), axis=0), goals)
        lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
        points, distances = self.first_crossing(goals, self.size * slopes / (lengths + 1e-30))
        if not np.isfinite(distances).any():  # the network may be flat here
            points, distances = self.first_crossing(goals, self.guesses(goals) - self.start)
        # How far away each class seems, if the network were straight.
        reach = np.minimum(-leads / (lengths[:, 0] + 1e-30), np.minimum(distances, self.size))
        some = np.argsort(reach)[: FEW // 2]
        more, nearer = self.within_balls(goals[some], reach[some], points[some])
        points, distances = np.concatenate([points, more]), np.concatenate([distances, nearer])
        if not np.isfinite(distances).any():
            wanted = "anything else" if self.target is None else f"{self.target}"
            raise ValueError(
                "There has to be a picture in [0, 1] for which the network says another class. "
                f"Received: a network that says {self.label} here, and {wanted} for nothing that "
                "was tried."
            )
        nearest: Doubles = points[distances.argmin()]
        return nearest

    def first_crossing(self, goals: Classes, moves: Doubles) -> tuple[Doubles, Doubles]:
        """Go from the start towards each goal, and stop where the network says it.

        Gives points (n, pixels), and their distances; the last points, and infinite distances,
        where it never says it.
        """
        low, high = np.zeros(len(goals)), np.full(len(goals), np.inf)
        shares = np.tile(np.geomspace(1e-3, 1, _GRID), (len(goals), 1))
        for _ in range(3):
            points = np.clip(self.start + shares[..., None] * moves[:, None], 0, 1)
            margins = self.margins(points.reshape(-1, len(self.start)), np.repeat(goals, _GRID))
            good = margins.reshape(shares.shape) >= self.lead
            first, rows = good.argmax(axis=1), np.arange(len(goals))
            there = good.any(axis=1)
            high = np.where(there, shares[rows, first], high)
            low = np.where(there & (first > 0), shares[rows, first - 1], low)
            width = np.minimum(high, 1) - low
            shares = low[:, None] + width[:, None] * np.arange(1, _GRID + 1) / _GRID
        points = np.clip(self.start + np.minimum(high, 1)[:, None] * moves, 0, 1)
        distances = np.linalg.norm(points - self.start, axis=1)
        return points, np.where(np.isfinite(high), distances, np.inf)

    def guesses(self, goals: Classes) -> Doubles:
        """Give for each goal the best of some pictures: empty, full, the negative, and noise."""
        noise = np.random.default_rng(0).random((MANY - 3, len(self.start)))
        ink = np.linspace(0, 1, len(noise))[:, None]
        plain = [np.zeros_like(self.start), np.ones_like(self.start), 1 - self.start]
        tried = np.concatenate([plain, noise < ink])
        margins = self.margins(np.tile(tried, (len(goals), 1)), np.repeat(goals, MANY))
        return tried[margins.reshape(len(goals), MANY).argmax(axis=1)]

    def within_balls(
        self, goals: Classes, reach: Doubles, known: Doubles
    ) -> tuple[Doubles, Doubles]:
        """Walk towards each goal, with steps of several lengths, and keep the nearest points."""
        tries = FEW // len(goals)
        paces = np.geomspace(_LONGEST, _SHORTEST, tries)
        paces = (reach[:, None] * paces).ravel()
        goals = np.repeat(goals, tries)
        known = np.repeat(known - self.start, tries, axis=0)
        moves = np.zeros_like(known)
        best, nearest = moves, np.full(len(goals), np.inf)
        radius = nearest
        for step in range(_STEPS):
            leads, slopes = self.slopes(self.start + moves, goals)
            lengths = np.linalg.norm(slopes, axis=1)
            distances = np.linalg.norm(moves, axis=1)
            there = leads >= self.lead
            nearer = there & (distances < nearest)
            best = np.where(nearer[:, None], moves, best)
            nearest = np.where(nearer, distances, nearest)
            fade = (1 + math.cos(math.pi * step / _STEPS)) / 2
            change = 0.001 + (_CHANGE - 0.001) * fade
            far = distances + abs(leads) / (lengths + 1e-30)  # where the border seems to be
            outside = np.where(np.isfinite(nearest), radius * (1 + change), far)
            radius = np.where(there, np.minimum(radius * (1 - change), nearest), outside)
            pace = paces * (0.01 + 0.99 * fade) / (lengths + 1e-30)
            moves = moves + pace[:, None] * slopes
            distances = np.linalg.norm(moves, axis=1)
            moves *= np.minimum(1, radius / (distances + 1e-30))[:, None]
            # Where the network is flat, go on from what is known.
            moves = np.where(lengths[:, None] > 0, moves, known)
            moves = np.clip(self.start + moves, 0, 1) - self.start
        return self.start + best, nearest

    def margins(self, points: Doubles, goals: Classes) -> Doubles:
        """Compute by how much each goal leads."""
        logits = self.scores.logits(self._pictures(points))
        rivals = np.where(self._rivals(goals), logits, -np.inf).max(axis=1)
        return (logits[np.arange(len(goals)), goals] - rivals).astype(float)

    def slopes(self, points: Doubles, goals: Classes) -> tuple[Doubles, Doubles]:
        """Compute by how much each goal leads, and the gradients of that."""
        weights = np.eye(self.scores.classes, dtype=np.float32)[goals]
        leads, gradients = self.scores.leads(self._pictures(points), weights, self._rivals(goals))
        return leads.astype(float), gradients.reshape(len(goals), -1).astype(float)

    def _pictures(self, points: Doubles) -> Floats:
        return points.astype(np.float32).reshape(-1, *self.shape)

    def _rivals(self, goals: Classes) -> npt.NDArray[np.bool_]:
        """Tell over what each goal has to lead: the label, or every other class."""
        classes = np.arange(self.scores.classes)
        if self.target is None:
            return np.tile(classes == self.label, (len(goals), 1))
        return classes != goals[:, None]
