"""A page of views that follow one sketchpad, whether the app shows them or not.

Run it as a module, with the names of the views: it prints its address.
"""

import socket
import sys

import panel as pn

from mnist_visual import components
from mnist_visual.inference import shared_network

TEMPLATE = """
{% extends base %}
{% block preamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  html, body { height: auto; min-height: 100%; display: block; margin: 0; }
  .sketchpad { max-width: 20rem; }
</style>
{% endblock %}
{% block contents %}
<div class="sketchpad">{{ embed(roots.sketchpad) }}</div>
{% for name in names.split() %}{{ embed(roots[name]) }}{% endfor %}
{% endblock %}
"""


def page(names):
    sketchpad = components.Sketchpad()
    reading = components.Reading(shared_network(), sketchpad)
    views = {name: getattr(components, name)(reading) for name in names}
    template = pn.Template(TEMPLATE, items={"sketchpad": sketchpad, **views})
    template.add_variable("names", " ".join(names))
    return template


def main():
    with socket.create_server(("", 0)) as listener:
        port = listener.getsockname()[1]
    sys.stdout.write(f"http://localhost:{port}\n")
    sys.stdout.flush()
    pn.serve({"/": lambda: page(sys.argv[1:])}, port=port, show=False, verbose=False)


if __name__ == "__main__":
    main()
