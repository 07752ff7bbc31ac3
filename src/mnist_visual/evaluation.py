"""How well a classifier reads pictures that it did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._names import checked_names
from ._passes import run_in_batches
from ._pictures import as_floats, as_read, class_count, labelled_pictures, picture_shape
from .digit_network import DigitNetwork
from .drawing import normalize_strokes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._backend import keras
    from .pen_digits import PenDigits


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a classifier made of labelled pictures.

    Attributes
    ----------
    accuracy : float
        The share of the pictures that it read right, in [0, 1].
    confusion : int64 array (classes, classes)
        How many pictures of each class, in rows, were taken for each class, in columns.
    n : int
        How many pictures there were.
    """

    accuracy: float
    confusion: npt.NDArray[np.int64]
    n: int


def evaluate_classifier(
    model: keras.Model | DigitNetwork, images: npt.ArrayLike, labels: npt.ArrayLike
) -> Evaluation:
    """Compare what a classifier reads in pictures with what they show.

    Parameters
    ----------
    model : keras.Model or DigitNetwork
        A Sequential or Functional classifier, from grey pictures to one probability (or logit)
        for each class; or the shipped one on NumPy, for which neither Keras nor JAX is loaded.
    images : array_like (n, height, width) or (n, height, width, 1)
        Pictures, uint8 in 0..255 or floats in [0, 1], ink bright.
    labels : array_like (n,)
        The class of each picture, integers from 0.

    Returns
    -------
    Evaluation
        The accuracy and the confusion matrix.

    Raises
    ------
    ValueError
        If pictures or labels have a wrong shape, type or range, do not match in number, or
        are none; or if the model gives other than finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_visual import build_classifier
    >>> evaluation = evaluate_classifier(build_classifier(), np.zeros((5, 28, 28)), [0, 1, 2, 3, 4])
    >>> evaluation.accuracy, evaluation.confusion.shape
    (0.2, (10, 10))
    """
    if isinstance(model, DigitNetwork):
        pictures, truth = labelled_pictures(images, labels, model.input_shape, model.classes)
        classes, outputs = model.classes, model(as_floats(pictures))
    else:
        classes = class_count(model)
        pictures, truth = labelled_pictures(images, labels, picture_shape(model), classes)
        (outputs,) = run_in_batches([model], _outputs, pictures, partial(as_read, model))
    pairs = truth.astype(np.int64) * classes + outputs.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return Evaluation(float(confusion.trace() / len(truth)), confusion, len(truth))


def _outputs(model: Any, pictures: Any) -> list[Any]:
    return [model(pictures)]


def pen_pictures(pen_digits: PenDigits) -> npt.NDArray[np.float32]:
    """Draw pen digits as the network reads them.

    Parameters
    ----------
    pen_digits : PenDigits
        As from `load_pen_digits`.

    Returns
    -------
    float32 array (n, 28, 28)
        In [0, 1], ink bright; see `normalize_strokes`.
    """
    return np.stack([normalize_strokes(strokes) for strokes in pen_digits.strokes])


def format_confusion(
    confusion: npt.NDArray[np.integer], class_names: Sequence[str] | None = None
) -> str:
    """Write a confusion matrix as plain text.

    Parameters
    ----------
    confusion : int array (classes, classes)
        As in `Evaluation`.
    class_names : sequence of str, optional
        What each class is called, one for each; its number by default. Where a name is wider
        than a column, the columns have the numbers of the classes, which stand beside the names.

    Returns
    -------
    str
        A table of one line for each class; ``.`` stands for no picture at all, so that the
        errors stand out.

    Raises
    ------
    ValueError
        If there are not as many names as classes.

    Examples
    --------
    >>> import numpy as np
    >>> print(format_confusion(np.array([[980, 0], [2, 1133]])))
    true | read     0     1    right
              0   980     .  100.00%
              1     2  1133   99.82%
    >>> print(format_confusion(np.array([[980, 0], [2, 1133]]), ["Bag", "Ankle boot"]))
     true | read     0     1    right
           Bag 0   980     .  100.00%
    Ankle boot 1     2  1133   99.82%
    """
    numbers, names = checked_names(len(confusion), None), checked_names(len(confusion), class_names)
    width = max(len(str(confusion.max())), len(numbers[-1])) + 2
    if max(map(len, names)) < width:
        numbers = names
    else:
        names = [f"{name} {number}" for name, number in zip(names, numbers, strict=True)]
    left = max(len("true | read"), *map(len, names))
    lines = [f"{'true | read':>{left}}{''.join(f'{each:>{width}}' for each in numbers)}    right"]
    for true, row in enumerate(confusion):
        cells = "".join(f"{count or '.':>{width}}" for count in row)
        share = f"{row[true] / row.sum():.2%}" if row.sum() else "-"
        lines.append(f"{names[true]:>{left}}{cells}{share:>9}")
    return "\n".join(lines)
