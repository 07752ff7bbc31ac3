"""The dashboard as ``mnist-visual serve`` runs it, by a process that says its number."""

import os
import sys

from mnist_visual.cli import main

if __name__ == "__main__":
    sys.stderr.write(f"process {os.getpid()}\n")
    main(["serve", "--no-browser", "--port", "0"])
