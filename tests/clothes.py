"""Drawn clothes in the format of Fashion-MNIST, where there is no network to fetch it.

They are no data set: outlines of the ten kinds, each a little moved, stretched and shaded.
"""

import struct

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE, SCALE = 28, 4
# Outlines by the number of the class, on a square of 28; white what is seen, black what is not.
TOP = [(9, 5), (12, 6), (16, 6), (19, 5)]
BODY = [*TOP, (20, 24), (8, 24)]
T_SHIRT = [BODY, [(9, 5), (3, 11), (6, 14), (10, 9)], [(19, 5), (25, 11), (22, 14), (18, 9)]]
LONG = [BODY, [(9, 5), (3, 21), (6, 23), (10, 10)], [(19, 5), (25, 21), (22, 23), (18, 10)]]
SHOE = [(2, 17), (8, 15), (15, 9), (25, 11), (26, 21), (2, 21)]
OUTLINES = [
    (T_SHIRT, []),
    ([[(9, 3), (19, 3), (21, 26), (16, 26), (14, 9), (12, 26), (7, 26)]], []),
    (LONG, []),
    ([[(11, 3), (17, 3), (17, 11), (21, 26), (7, 26), (11, 11)]], []),
    (
        [*LONG, [(8, 20), (20, 20), (21, 27), (7, 27)]],
        [[(13.6, 7), (14.4, 7), (14.4, 27), (13.6, 27)]],
    ),
    ([SHOE], [[(5, 18), (12, 13), (14, 18)], [(17, 11), (23, 12), (22, 18), (17, 18)]]),
    (T_SHIRT, [[(12, 5), (16, 5), (14, 11)], [(13.5, 11), (14.5, 11), (14.5, 24), (13.5, 24)]]),
    ([SHOE], []),
    (
        [[(4, 12), (24, 12), (25, 24), (3, 24)], [(9, 5), (19, 5), (21, 13), (7, 13)]],
        [[(11, 7), (17, 7), (18, 12), (10, 12)]],
    ),
    ([[(2, 19), (9, 16), (14, 3), (24, 3), (25, 25), (2, 25)]], []),
]


def draw(label, rng):
    """Draw one piece, uint8 (28, 28)."""
    stretch, shift = rng.normal(1, 0.06, 2), rng.normal(0, 0.5, 2)
    shade = int(rng.integers(130, 255))
    image = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    pen = ImageDraw.Draw(image)
    for outlines, fill in zip(OUTLINES[label], (shade, 0), strict=True):
        for outline in outlines:
            points = (np.array(outline) - 14) * stretch + 14 + shift
            pen.polygon([tuple(point) for point in points * SCALE], fill=fill)
    small = image.filter(ImageFilter.GaussianBlur(2)).resize((SIDE, SIDE), Image.Resampling.BOX)
    cloth = 1 + 0.15 * rng.standard_normal((SIDE, SIDE))
    return np.clip(np.asarray(small) * cloth, 0, 255).astype(np.uint8)


def write_clothes(folder, train=2000, test=500):
    """Write the four files into a folder; the kinds take turns."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", train), ("t10k", test)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.stack([draw(label, rng) for label in labels])
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(head + values.tobytes())
