"""The page: which component stands where."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

from mnist_visual.components import (
    Deed,
    FeatureMaps,
    NetworksInUse,
    NormalizationSteps,
    Pages,
    Prediction,
    Reading,
    Sections,
    Sketchpad,
    Stop,
    Tour,
    TrainingMonitor,
)
from mnist_visual.components.samples import random_digit
from mnist_visual.live_training.queue import shared_queue

if TYPE_CHECKING:
    from mnist_visual.components import Course, LatentExplorer, NetworkExplorer

LESSONS = "?page=learn&lesson="
TRAIN = "?page=train"
TEMPLATE = (Path(__file__).parent / "dashboard.html").read_text(encoding="utf-8")


def dashboard() -> pn.Template:
    """Put one visitor's page together."""
    sketchpad = Sketchpad(samples=random_digit)
    monitor = TrainingMonitor(shared_queue(), sketchpad, lessons=LESSONS)
    networks = NetworksInUse(monitor)
    reading = Reading(networks.classifier, sketchpad)
    explorer = cache(lambda: network_explorer(reading))
    plane = cache(lambda: latent_explorer(networks, sketchpad))
    memory, contents = (pn.Column(sizing_mode="stretch_width") for _ in range(2))
    pages = Pages(
        {
            "Draw": lambda: None,
            "Network": lambda: network(reading, explorer),
            "Latent": lambda: latent(plane(), memory),
            "Train": lambda: train(monitor),
            "Learn": lambda: learn(reading, networks, contents),
        },
        active=asked("page"),
    )

    def forget(page: str, view: Any) -> Callable[[Any], None]:
        def act(_: object) -> None:
            view.cache_clear()
            pages.forget(page)

        return act

    networks.param.watch(lambda change: reading.use(change.new), "classifier")
    reading.param.watch(forget("network", explorer), "classifier")
    networks.param.watch(forget("latent", plane), ["classifier", "vae"])
    template = pn.Template(
        TEMPLATE,
        items={
            "pages": pages,
            "networks": networks,
            "tour": tour(sketchpad, explorer, plane, monitor),
            "network": pages.slots["network"],
            "latent": pages.slots["latent"],
            "memory": memory,
            "train": pages.slots["train"],
            "learn": pages.slots["learn"],
            "contents": contents,
            "sketchpad": sketchpad,
            "prediction": Prediction(reading, lessons=LESSONS),
            "steps": NormalizationSteps(
                sketchpad,
                heading="What the network sees",
                note="your drawing, made to look like the digits it learned from",
                lessons=LESSONS,
            ),
            "first": FeatureMaps(
                reading,
                "conv1",
                heading="First layer",
                note="these filters slide over it, and mark where each finds its pattern",
                lessons=LESSONS,
            ),
            "second": FeatureMaps(
                reading,
                "conv2",
                heading="Second layer",
                note="each of these filters looks at all the pictures above",
                lessons=LESSONS,
            ),
        },
    )
    template.add_variable("page", pages.active)
    return template


def asked(name: str) -> str:
    """Read a part of the address that the visitor came by."""
    return pn.state.session_args.get(name, [b""])[0].decode(errors="replace").lower()


def network(reading: Reading, explorer: Callable[[], NetworkExplorer]) -> Sections:
    """Build the page of the network: from end to end, and part by part."""
    from mnist_visual import components

    parts = {
        "Whole network": explorer,
        "Why this digit?": lambda: components.Attribution(reading, lessons=LESSONS),
        "Fool it": lambda: components.Adversary(reading, lessons=LESSONS),
        "Teach it": lambda: components.LearningStep(reading, lessons=LESSONS),
        "Convolution": lambda: components.ConvolutionSandbox(reading, lessons=LESSONS),
        "Activation": lambda: components.ActivationCurves(
            reading, explorer=explorer(), lessons=LESSONS
        ),
        "Pooling": lambda: components.PoolingComparison(reading, lessons=LESSONS),
        "Architecture": lambda: components.ArchitectureDiagram(reading, lessons=LESSONS),
    }
    return Sections(parts, active=asked("view"))


def network_explorer(reading: Reading) -> NetworkExplorer:
    """Build the network from end to end."""
    from mnist_visual.components import NetworkExplorer

    return NetworkExplorer(reading, lessons=LESSONS)


def latent_explorer(networks: NetworksInUse, sketchpad: Sketchpad) -> LatentExplorer:
    """Build the latent plane to walk about in."""
    from mnist_visual.components import LatentExplorer

    return LatentExplorer(networks.plane(), sketchpad=sketchpad, lessons=LESSONS)


def latent(explorer: LatentExplorer, memory: pn.Column) -> LatentExplorer:
    """Build the page of the latent plane, and below the sketchpad what is remembered."""
    from mnist_visual.components import DrawingReconstruction

    memory[:] = [DrawingReconstruction(explorer, lessons=LESSONS)]
    return explorer


def train(monitor: TrainingMonitor) -> TrainingMonitor:
    """Open the page on which visitors train networks of their own."""
    shared_queue().warm_up()  # while they choose
    return monitor


def learn(reading: Reading, networks: NetworksInUse, contents: pn.Column) -> Course:
    """Build the lessons, and below the sketchpad their list."""
    from mnist_visual.components import Course
    from mnist_visual.components.lesson_views import lesson_views

    views = lesson_views(reading, networks.plane, train=TRAIN)
    course = Course(views, topic=asked("lesson"), address=LESSONS)
    contents.append(course.contents)
    reading.param.watch(lambda _: course.forget(), "classifier")
    networks.param.watch(lambda _: course.forget(), "vae")
    return course


def tour(
    sketchpad: Sketchpad,
    explorer: Callable[[], NetworkExplorer],
    plane: Callable[[], LatentExplorer],
    monitor: TrainingMonitor,
) -> Tour:
    """Lay out the tour for those who are here for the first time."""

    def drawn() -> Deed:
        return Deed([(sketchpad, "steps")], lambda: sketchpad.steps.box is not None)

    def pointed() -> Deed:
        return Deed([(explorer(), "selected")], lambda: explorer().selected is not None)

    def followed() -> Deed:
        before = explorer().selected
        return Deed([(explorer(), "selected")], lambda: explorer().selected != before)

    def walked() -> Deed:
        return Deed([(plane(), "cursor")], lambda: True)

    def started() -> Deed:
        return Deed([(monitor, "progress")], lambda: monitor.progress is not None)

    stops = [
        Stop("draw", "sketchpad", "This is your sketchpad. Draw a digit, any digit.", drawn),
        Stop("draw", "prediction", "The network reads along. A longer bar means it is surer."),
        Stop(
            "draw",
            "first",
            "These small filters look for patterns. Strong spots show where each found its own.",
        ),
        Stop(
            "network",
            "network",
            "The whole network, from left to right. Point at any spot to see its numbers.",
            pointed,
        ),
        Stop(
            "network",
            "trace",
            "Every number comes from others. Click one below to follow it back to your drawing.",
            followed,
        ),
        Stop(
            "latent",
            "latent",
            "A second network imagines digits. Move over its map, and watch it draw.",
            walked,
        ),
        Stop("latent", "memory", "Your digit has a place there, too. This is what it remembers."),
        Stop(
            "train",
            "train",
            "Networks have to learn all this. Press Start, and watch one get better.",
            started,
        ),
        Stop("learn", "learn", "Here each idea is explained. \u201cExplain this\u201d leads here."),
    ]
    return Tour(stops)


if pn.state.served:  # `panel serve apps/dashboard.py`
    dashboard().servable()
