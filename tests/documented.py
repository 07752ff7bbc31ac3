"""Run the Python of a page of the documentation, from its top to its end, on few pictures.

The large data sets are not there, and nobody waits for many epochs: a few real digits stand in
for all of them, and one epoch for any number. In a process of its own, since a page may choose
the devices of JAX, or a backend.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLOTHES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def blocks(page, language):
    """Give the number of lines before each block of a language, and the block."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start(2)), found[2])
        for found in BLOCK.finditer(text)
        if found[1] == language
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
    return data


def main(page):
    (x_train, y_train), (x_test, y_test) = stand_in()
    names = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for line, block in blocks(page, "python"):
        source = "\n" * line + re.sub(r"epochs=\d+", "epochs=1", block)
        exec(compile(source, str(page), "exec"), names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
