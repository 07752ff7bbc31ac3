"""Training in a process of its own, so that whoever watches it is never kept waiting.

`records` says what a training is told and what it tells. `queue` is where a page asks for one,
which it gets as a `run`; `worker` is what runs in the other process, `process` the way there and
back. `recorder` tells the same of a training in one's own process, and `snapshots` makes networks
of what was told.
"""
