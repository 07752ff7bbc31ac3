"""Serve a sketchpad and a training monitor, whose trainings are made up: no Keras, no waiting."""

import sys

import panel as pn

from mnist_visual.components import NetworksInUse, Sketchpad, TrainingMonitor
from mnist_visual.components.samples import random_digit
from mnist_visual.server import _free_port, send_without_delay
from tests.training_fakes import TAKES, FakeQueue

OPTIONS = {"place": 0, "starting": 0.2, "takes": TAKES}  # which an address may change
TEMPLATE = """
{% extends base %}
{% block preamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
  html, body { height: auto; min-height: 100%; display: block; }
  body { background: light-dark(#f6f6f4, #121315); }
  main {
    display: grid;
    grid-template-columns: clamp(15rem, 21vw, 22rem) minmax(0, 1fr);
    gap: clamp(0.75rem, 1.5vw, 1.5rem);
    align-items: start;
    padding: clamp(0.75rem, 2vw, 2rem);
  }
  .pad { position: sticky; top: 1.5rem; z-index: 1; }
  @media (max-width: 47.99rem) {
    main { grid-template-columns: minmax(0, 1fr); padding: 0.5rem; }
    .pad { top: 0; --mv-strip: 6.5rem; --mv-strip-display: grid; --mv-strip-heading: none; }
  }
</style>
{% endblock %}
{% block contents %}
<main>
  <div class="pad">{{ embed(roots.sketchpad) }}</div>
  <div>{{ embed(roots.monitor) }}</div>
</main>
{% endblock %}
"""


OWN = TEMPLATE.replace("<main>", "{{ embed(roots.networks) }}\n<main>")


def page():
    return pn.Template(TEMPLATE, items=views())


def page_with_networks():
    """The same, with the card that says which networks are in use."""
    items = views()
    return pn.Template(OWN, items={**items, "networks": NetworksInUse(items["monitor"])})


def views():
    given = pn.state.session_args
    asked = {name: type(OPTIONS[name])(given[name][0]) for name in OPTIONS.keys() & given}
    pad = Sketchpad(samples=random_digit)
    monitor = TrainingMonitor(
        pad,
        queue=FakeQueue(live=True, **OPTIONS | asked),
        save=lambda snapshot, settings: (b"weights", f"{settings.kind}-{snapshot.epoch:g}.h5"),
        lessons="?page=learn&lesson=",
    )
    return {"sketchpad": pad, "monitor": monitor}


if __name__ == "__main__":
    send_without_delay()
    port = int(sys.argv[1]) or _free_port("localhost")
    pages = {"/": page, "/own": page_with_networks}
    pn.serve(pages, port=port, show=False, websocket_origin=[f"localhost:{port}"], verbose=True)
