"""Signs that nobody reads as a digit, as pen strokes: letters, punctuation, small drawings.

A point is two figures, its column and its row on a sheet of 10x10, row 0 on top. Points follow
each other along a stroke, ``/`` lifts the pen, and a stroke that begins with ``~`` is a smooth
curve through its points, closed where it ends at its start. What a person could take for a
digit is not here: B C D G I O Q S U Z, a b c g i j l o q s u y z, &, $, >, an hourglass.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Stroke = npt.NDArray[np.float64]

_LETTERS = """
A    09 30 69 / 16 56
A    ~09 03 30 63 69 / 05 65
E    60 00 09 69 / 04 54
E    00 09 / 00 70 / 04 64 / 09 79
F    60 00 09 / 04 54
H    00 09 / 60 69 / 04 64
K    00 09 / 60 05 / 24 69
L    00 09 69
M    09 00 45 80 89
M    09 20 46 60 89
N    09 00 69 60
P    00 09 / ~00 40 63 45 05
R    00 09 / ~00 40 62 45 05 / 25 69
T    00 80 / 40 49
V    00 39 60
W    00 29 43 69 80
X    00 69 / 60 09
Y    00 34 60 / 34 39
d    ~65 44 15 07 19 48 66 / 60 69
e    ~05 63 51 20 02 06 28 48 67
f    ~61 40 22 29 / 04 54
h    00 09 / ~06 24 44 56 59
k    00 09 / 53 06 59
m    03 09 / ~06 23 35 39 / ~36 53 65 69
n    03 09 / ~06 23 44 56 59
p    02 09 / ~03 32 54 36 06
r    03 09 / ~06 24 43 54
t    ~20 27 39 58 / 03 53
w    ~00 06 28 46 41 / ~41 46 68 86 80
x    ~00 31 58 79 / 70 09
"""

_SIGNS = """
alpha    ~81 56 28 05 22 54 88
lambda   ~00 20 34 79 / 34 09
omega    ~09 29 05 02 30 62 65 49 69
pi       ~01 20 80 / 20 18 / 50 58
Pi       00 09 / 60 69 / 00 60
Psi      ~00 04 37 64 60 / 30 39
Xi       00 60 / 14 54 / 08 68
Zhe      00 89 / 80 09 / 40 49
Sha      00 08 88 80 / 40 48
I        00 09 60 69
big      03 83 / ~40 45 09 / ~43 56 89
wood     03 83 / 40 49 / 43 08 / 43 88
field    00 80 88 08 00 / 40 48 / 04 84
middle   02 82 86 06 02 / 40 49
?        ~02 10 40 62 44 36 / 39
@        ~64 42 24 26 46 64 66 85 82 50 12 05 18 49 79
#        20 19 / 60 59 / 03 83 / 06 86
+        40 48 / 04 84
=        02 82 / 06 86
not=     03 83 / 06 86 / 70 19
%        80 09 / ~00 20 22 02 00 / ~67 87 89 69 67
*        40 48 / 12 76 / 72 16
divide   04 84 / 41 / 47
euro     ~82 50 24 26 59 87 / 04 54 / 06 56
root     05 16 39 60 90
check    05 39 80
colon    42 / 47
dots     04 44 / 84
wave     ~04 21 43 65 82
minus    04 95
"""

_DRAWINGS = """
arrow      04 94 / 61 94 67
arrow      00 88 / 38 88 83
heart      ~42 30 10 02 05 49 / ~42 50 70 82 85 49
smiley     ~40 71 84 77 48 17 04 11 40 / 33 / 53 / ~25 46 65
frown      ~40 71 84 77 48 17 04 11 40 / 33 / 53 / ~26 45 66
house      04 40 84 / 14 19 79 74
house      09 04 84 89 09 84 40 04 89
star       19 40 79 03 83 19
person     ~40 51 42 31 40 / 42 46 / 03 44 83 / 46 29 / 46 69
tree       40 05 85 40 / 45 49
fish       ~05 32 64 97 / ~05 38 66 93
sun        ~42 64 46 24 42 / 40 41 / 47 48 / 04 14 / 74 84 / 11 22 / 77 66 / 17 26 / 71 62
flower     ~42 30 50 42 / ~42 65 74 42 / ~42 14 25 42 / 42 49
letter     01 81 87 07 01 45 81
umbrella   ~04 12 40 72 84 04 / ~44 48 69 67
cup        02 09 69 62 02 / ~63 84 66
flag       00 09 / 00 70 74 04
ladder     20 19 / 60 69 / 13 63 / 16 66
eye        ~04 41 84 / ~04 47 84 / ~43 54 45 34 43
bow        00 08 80 88 00
crate      00 80 88 08 00 88 / 80 08
box        00 80 88 08 00
triangle   40 08 88 40
triangle   00 80 48 00
car        05 25 31 61 75 95 98 08 05 / ~18 29 38 27 18 / ~68 79 88 77 68
notes      27 20 80 87 / ~27 07 08 28 27 / ~87 67 68 88 87
target     ~40 71 84 77 48 17 04 11 40 / ~42 64 46 24 42
endless    ~44 22 04 26 44 62 84 66 44
glasses    ~04 12 34 16 04 / 34 54 / ~54 72 94 76 54
tie        30 50 42 / 42 28 49 68 42
"""


def smooth(points: npt.ArrayLike, *, steps: int = 6) -> Stroke:
    """Draw a smooth curve (a Catmull-Rom spline) through points.

    Parameters
    ----------
    points : array_like (k, 2)
        At least two; the curve is closed where the last equals the first.
    steps : int, default 6
        Points of the curve from one of ``points`` to the next.

    Returns
    -------
    float64 array ((k - 1) * steps + 1, 2)
        The curve, from the first point to the last.
    """
    p = np.asarray(points, dtype=np.float64)
    closed = bool((p[0] == p[-1]).all())
    before, after = (p[-2], p[1]) if closed else (2 * p[0] - p[1], 2 * p[-1] - p[-2])
    q = np.concatenate([before[None], p, after[None]])
    t = (np.arange(steps) / steps)[:, None]
    a, b, c, d = (q[k : k + len(p) - 1, None] for k in range(4))
    cubic = (3 * (b - c) + d - a) * t**3 + (2 * a - 5 * b + 4 * c - d) * t**2 + (c - a) * t + 2 * b
    return np.concatenate([cubic.reshape(-1, 2) / 2, p[-1:]])


def _read(text: str) -> list[list[Stroke]]:
    return [
        [_stroke(part) for part in line.split(maxsplit=1)[1].split("/")]
        for line in text.strip().splitlines()
    ]


def _stroke(part: str) -> Stroke:
    points = np.array([[int(c) for c in point] for point in part.strip(" ~").split()], np.float64)
    return smooth(points) if "~" in part else points


@cache
def letters() -> list[list[Stroke]]:
    """Give the letters that look like no digit.

    Returns
    -------
    list of list of float64 array (k, 2)
        The strokes of each, in columns and rows of a sheet of 10x10.
    """
    return _read(_LETTERS)


@cache
def signs() -> list[list[Stroke]]:
    """Give letters of other scripts, punctuation and small drawings.

    Returns
    -------
    list of list of float64 array (k, 2)
        The strokes of each, in columns and rows of a sheet of 10x10.
    """
    return _read(_SIGNS) + _read(_DRAWINGS)
