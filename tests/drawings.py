"""Strokes that people might draw, in sides of the sketchpad."""

import math

THREE = [(0.35, 0.25), (0.45, 0.18), (0.58, 0.22), (0.60, 0.33), (0.50, 0.44), (0.60, 0.50)]
THREE += [(0.64, 0.64), (0.55, 0.78), (0.42, 0.80), (0.33, 0.72)]
SEVEN = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]
ZERO = [
    (0.5 + 0.2 * math.sin(turn / 12 * math.pi), 0.5 - 0.3 * math.cos(turn / 12 * math.pi))
    for turn in range(25)
]
