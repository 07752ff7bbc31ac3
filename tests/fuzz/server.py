"""The dashboard as ``mnist-visual serve`` runs it, by a process that says its number."""

import os
import resource
import sys

from mnist_visual.cli import main

if __name__ == "__main__":
    files = int(os.environ.get("FUZZ_FILES", "0"))
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    sys.stderr.write(f"process {os.getpid()}\n")
    main(["serve", "--no-browser", "--port", "0"])
