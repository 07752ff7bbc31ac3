"""``python -m mnist_visual`` does what the command ``mnist-visual`` does."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
