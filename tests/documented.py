"""Run the Python of a page of the documentation, from its top to its end, on few pictures.

The large data sets are not there, and nobody waits for many epochs: a few real digits stand in
for all of them, and one epoch for any number. In a process of its own, since a page may choose
the devices of JAX, or a backend. What a page puts into a file runs alone, all else as one session.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"into `\w+\.py`[^\n]*:\n+$")
CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLOTHES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def blocks(page, language):
    """Give the text before each block of a language, and the block."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: found.start()], found[2]) for found in BLOCK.finditer(text) if found[1] == language
    ]


def stand_in():
    """Let the large data sets be few digits."""
    from mnist_visual import _offline_sample, datasets

    _, (images, labels) = _offline_sample.read_sample(_offline_sample.find_sample())
    data = (images[::7][40:], labels[::7][40:]), (images[::7][:40], labels[::7][:40])
    sets = {
        "mnist": datasets.Dataset(*data, tuple("0123456789")),
        "fashion-mnist": datasets.Dataset(*data, tuple(CLOTHES)),
    }
    load = datasets.load_dataset
    datasets.load_dataset = lambda source: sets.get(source) or load(source)
    datasets.load_mnist = lambda: data


def main(page):
    stand_in()
    session = {}
    for before, block in blocks(page, "python"):
        lines = "\n" * (before.count("\n") + 1)  # so that an error names those of the page
        source = lines + re.sub(r"epochs=\d+", "epochs=1", block)
        exec(compile(source, str(page), "exec"), {} if FILE.search(before) else session)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
