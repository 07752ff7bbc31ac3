"""A page with a few components on it, as somebody else would serve it."""

import re
import subprocess
import sys
from contextlib import contextmanager

SCRIPT = """
import panel as pn
from mnist_visual.components import *
from mnist_visual.inference import shared_network
from mnist_visual.server import _free_port, send_without_delay

def page():
    pad = Sketchpad(strokes={strokes})
    reading = Reading(shared_network(), pad)
    return pn.Column({components}, sizing_mode="stretch_width")

send_without_delay()
port = _free_port("localhost")
print(f"http://localhost:{{port}}", flush=True)
pn.serve(page, port=port, show=False, verbose=False)
"""


@contextmanager
def components_page(log, components, strokes):
    """Serve components, as Python code that may name `pad` and `reading`, with strokes drawn."""
    script = SCRIPT.format(components=components, strokes=[[*map(tuple, each)] for each in strokes])
    command = [sys.executable, "-c", script]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True)
    try:
        line = process.stdout.readline()
        assert re.match(r"http://localhost:\d+", line), log.read_text()
        yield line.strip()
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
