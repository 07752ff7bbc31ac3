"""How well a drawing of no digit is told from a digit.

Every family here is made by other means than the pictures that the network learned to doubt:
scribbles by other curves, letters and symbols from Hershey's stroke fonts (`pip install
Hershey-Fonts`, 2.1.0) and from TrueType fonts. What a person could take for a digit is listed
below and counted apart.

    python benchmarks/not_digits.py --mnist mnist.npz --pen pen-digits.npz [--font FILE.ttf]
"""

from __future__ import annotations

import argparse
import string
from collections.abc import Callable, Iterator

import numpy as np

from mnist_visual import build_classifier, load_mnist, load_pen_digits, load_pretrained
from mnist_visual.drawing import normalize_image, normalize_strokes
from mnist_visual.outliers import looks_like_digit, random_outliers
from mnist_visual.weights import load_weights

Strokes = list[np.ndarray]
Family = tuple[str, np.ndarray]

LATIN = "AEFHKLMNPRTVWXYdefhkmnprtvwx"
# By face: what resembles no digit. All other letters of the face are look-alikes.
CLEAR = {
    "futural": LATIN,  # plain
    "timesi": LATIN,  # serif, slanted
    "scripts": LATIN,  # joined-up
    "greeks": "ADEGJKLMNPQSTVWXagjklmpqsvwx",
}
# Scripts and pictures of which nothing was learned. No look-alikes: their rest is left out.
FOREIGN = {
    "japanese": "$%&'()*+,-./0134567ADEFGIKMNPUVWXZ^_`abcdfgqr",
    "symbolic": "ACDEFGIJLMNOPQRSTUVWXYZ[]^_`abcfghjklmnp",
}
COPIES = 10  # of every sign, each by another hand
PER_KIND = 250


def _bezier(rng: np.random.Generator) -> Strokes:
    """Chain cubic Bézier curves."""
    t = np.linspace(0, 1, 20)[:, None]
    basis = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
    pieces = int(rng.integers(3, 7))
    p = rng.normal(0, 1, (pieces, 4, 2))
    p[1:, 0] = p[:-1, 3]
    return [np.concatenate([sum(b * q for b, q in zip(basis, c, strict=True)) for c in p])]


def _lissajous(rng: np.random.Generator) -> Strokes:
    a, b = [(2, 3), (3, 4), (3, 5), (4, 5), (5, 7)][int(rng.integers(5))]
    t = np.linspace(0, 2 * np.pi, 150)
    phase = rng.uniform(0.2, 1.3)
    return [np.stack([np.sin(a * t + phase), np.sin(b * t)], axis=1)[:, :: rng.choice([-1, 1])]]


def _rose(rng: np.random.Generator) -> Strokes:
    t = np.linspace(0, 2 * np.pi, 150)
    radius = np.cos(int(rng.integers(2, 6)) * t) + rng.uniform(0, 0.3)
    return [np.stack([radius * np.cos(t), radius * np.sin(t)], axis=1)]


def _noise_walk(rng: np.random.Generator) -> Strokes:
    """Walk with inertia, pulled back to the middle."""
    point, speed, line = np.zeros(2), np.zeros(2), []
    for _ in range(int(rng.integers(60, 160))):
        speed = 0.8 * speed + rng.normal(0, 0.3, 2) - 0.05 * point
        point = point + speed
        line.append(point)
    return [np.array(line)]


def _scrawl(rng: np.random.Generator) -> Strokes:
    """Swing to and fro while moving on across, as when something is blacked out."""
    t = np.linspace(0, 1, 120)
    swing = np.sin(2 * np.pi * rng.uniform(4, 10) * t) * (1 + rng.normal(0, 0.1, 120))
    onward = rng.uniform(1, 3) * t + rng.normal(0, 0.03, 120)
    angle = rng.uniform(0, np.pi)  # not along the swing: a straight line would be a 1
    across = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [np.stack([swing, onward], axis=1) @ across]


def _gaussian_dots(rng: np.random.Generator) -> Strokes:
    return [rng.normal(0, 1, (1, 2)) for _ in range(int(rng.integers(4, 15)))]


SCRIBBLES: dict[str, Callable[[np.random.Generator], Strokes]] = {
    "Bézier chains": _bezier,
    "Lissajous figures": _lissajous,
    "roses": _rose,
    "noise walks": _noise_walk,
    "blacked out": _scrawl,
    "dots": _gaussian_dots,
}


def _another_hand(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    angle, slant, width = rng.normal(0, [0.08, 0.12, 0.12])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [s @ (np.array([[np.exp(width), 0], [-slant, 1]]) @ turn) for s in strokes]


def _glyphs(face: str, signs: str, rng: np.random.Generator) -> np.ndarray:
    from HersheyFonts import HersheyFonts

    font = HersheyFonts()
    font.load_default_font(face)
    pictures = []
    for sign in signs:
        strokes = [np.array(list(s), dtype=float) for s in font.strokes_for_text(sign)]
        pictures += [normalize_strokes(_another_hand(strokes, rng)) for _ in range(COPIES)]
    return np.stack(pictures)


def _typeset(path: str, signs: str) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(path, 120)
    pictures = []
    for sign in signs:
        page = Image.new("L", (240, 240), 255)
        ImageDraw.Draw(page).text((60, 40), sign, font=font, fill=0)
        pictures.append(normalize_image(np.asarray(page)))
    return np.stack(pictures)


def _rest(clear: str, letters: str = string.ascii_letters) -> str:
    return "".join(letter for letter in letters if letter not in clear)


def scribbles(seed: int = 0) -> Iterator[Family]:
    """Give the scribbles by their kind."""
    rng = np.random.default_rng(seed)
    for name, draw in SCRIBBLES.items():
        yield name, np.stack([normalize_strokes(draw(rng)) for _ in range(PER_KIND)])


def letters(fonts: list[str], seed: int = 0) -> Iterator[Family]:
    """Give the letters and symbols by their font, look-alikes last."""
    rng = np.random.default_rng(seed)
    alike = []
    for face, clear in CLEAR.items():
        yield f"letters, {face}", _glyphs(face, clear, rng)
        alphabet = (string.ascii_uppercase[:24] + string.ascii_lowercase[:24]) * (face == "greeks")
        rest = _rest(clear, alphabet or string.ascii_letters)
        alike.append((f"look-alikes, {face}", _glyphs(face, rest, rng)))
    for face, clear in FOREIGN.items():
        yield f"signs, {face}", _glyphs(face, clear, rng)
    for path in fonts:
        name = path.rpartition("/")[2]
        yield f"letters, {name}", _typeset(path, LATIN)
        alike.append((f"look-alikes, {name}", _typeset(path, _rest(LATIN))))
    yield from alike


def digits(mnist: str, pen: str, first_writer: int) -> Iterator[Family]:
    """Give the real digits."""
    _, (test, _) = load_mnist(mnist)
    yield "MNIST's test digits", test.astype(np.float32) / 255
    drawn = load_pen_digits(pen)
    pictures = [
        normalize_strokes(strokes)
        for strokes, writer in zip(drawn.strokes, drawn.writers, strict=True)
        if writer >= first_writer
    ]
    yield f"pen digits, writers from {first_writer}", np.stack(pictures)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", required=True, help="MNIST as mnist.npz")
    parser.add_argument("--pen", required=True, help="pen digits, as load_pen_digits reads them")
    parser.add_argument("--font", action="append", default=[], help="a TrueType font; repeatable")
    parser.add_argument("--weights", help="other weights of build_classifier than the shipped")
    parser.add_argument("--first-writer", type=int, default=1, help="leave out pen writers before")
    options = parser.parse_args()
    if options.weights:
        model = build_classifier()
        load_weights(model, options.weights)
    else:
        model = load_pretrained("classifier")
        print("The shipped weights learned from all pen digits: for them, no test of new writers.")
    print(f"{'':<36}{'pictures':>9}{'a digit':>10}{'not':>9}")

    def row(name: str, pictures: np.ndarray) -> None:
        share = looks_like_digit(model.predict(pictures, batch_size=1000, verbose=0)).mean()
        print(f"{name:<36}{len(pictures):>9,}{share:>10.2%}{1 - share:>9.2%}")

    row("blank", np.zeros((1, 28, 28), np.float32))
    for family in digits(options.mnist, options.pen, options.first_writer):
        row(*family)
    row("random_outliers, another seed", random_outliers(3000, seed=10**6))
    for family in scribbles():
        row(*family)
    try:
        for family in letters(options.font):
            row(*family)
    except ImportError as error:
        print(f"Letters left out: {error}. They need Hershey-Fonts (and pillow for --font).")


if __name__ == "__main__":
    main()
