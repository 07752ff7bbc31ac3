"""What MNIST's digits measure, in pixels."""

from __future__ import annotations

SIZE = 28
BOX = 20.0  # the longer side of a digit
# Pen strokes of this width have the mean ink of MNIST's digits (0.131), and with an edge one
# pixel wide the same shares of full, grey and empty pixels.
STROKE_WIDTH = 2.5
# The index of the pixel on which MNIST's own digits have their centre of mass.
CENTRE = 14.0
