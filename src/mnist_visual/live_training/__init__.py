"""Training in a process of its own, so that whoever watches it is never kept waiting.

`records` says what a training is told and what it tells.
"""
