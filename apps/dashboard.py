"""The page: which component stands where."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

from mnist_visual._headings import HEADINGS
from mnist_visual.components import (
    Address,
    Deed,
    FeatureMaps,
    NetworksInUse,
    NormalizationSteps,
    Pages,
    Prediction,
    Presenter,
    Reading,
    Sections,
    Sketchpad,
    Stop,
    Tour,
    TrainingMonitor,
    random_digit,
)
from mnist_visual.components._view import scripts_of, static_address
from mnist_visual.live_training import shared_queue

if TYPE_CHECKING:
    from mnist_visual.components import Course, LatentExplorer, NetworkExplorer

LESSONS = "?page=learn&lesson="
TRAIN = "?page=train"
VIEWS = {  # in the order of a talk
    "draw": ("Draw", {"page": "draw"}),
    "network": ("Whole network", {"page": "network", "view": "whole-network"}),
    **{
        name: (label, {"page": "network", "view": name})
        for name, label in [
            ("why-this-digit", "Why this digit?"),
            ("fool-it", "Fool it"),
            ("convolution", "Convolution"),
            ("activation", "Activation"),
            ("pooling", "Pooling"),
            ("architecture", "Architecture"),
            ("teach-it", "Teach it"),
        ]
    },
    "latent": ("Latent", {"page": "latent"}),
    "train": ("Train", {"page": "train"}),
    "learn": ("Learn", {"page": "learn"}),
}
# What every page begins with, whichever it is.
AT_FIRST = [Pages, NetworksInUse, Tour, Sketchpad, Prediction, NormalizationSteps, FeatureMaps]
# Compiled here, once for all visitors.
TEMPLATE = pn.Template(
    (Path(__file__).parent / "dashboard.html").read_text(encoding="utf-8")
).template


class Page(pn.Template):
    """A template that does not describe all that is in it each time something is added."""

    def __repr__(self) -> str:
        return "Page()"

    def _init_doc(self, doc: Any = None, *args: Any, **options: Any) -> Any:
        document = doc or pn.state.curdoc
        with document.models.freeze():  # or each view added has all of them counted anew
            return super()._init_doc(document, *args, **options)


def dashboard(share: str | None = None) -> pn.Template:
    """Put one visitor's page together; its QR code leads to an address that is to be shared."""
    sketchpad = Sketchpad(samples=random_digit, kept_as="drawing")
    monitor = TrainingMonitor(sketchpad, queue=shared_queue(), lessons=LESSONS)
    networks = NetworksInUse(monitor)
    reading = Reading(networks.classifier, sketchpad)
    address = Address(arguments())
    explorer = cache(lambda: address.follow(network_explorer(reading)))
    plane = cache(lambda: address.follow(latent_explorer(networks, sketchpad)))
    memory, contents = (pn.Column(sizing_mode="stretch_width") for _ in range(2))
    pages = Pages(
        {
            "Draw": lambda: None,
            "Network": lambda: network(reading, explorer, address),
            "Latent": lambda: latent(plane(), memory),
            "Train": lambda: monitor,
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
    guide = tour(sketchpad, explorer, plane, monitor)
    template = Page(
        TEMPLATE,
        items={
            "pages": pages,
            "address": address,
            "networks": networks,
            "tour": guide,
            "presenter": presenter(sketchpad, monitor, guide, share),
            "network": pages.slots["network"],
            "latent": pages.slots["latent"],
            "memory": memory,
            "train": pages.slots["train"],
            "learn": pages.slots["learn"],
            "contents": contents,
            "sketchpad": sketchpad,
            "prediction": Prediction(reading, lessons=LESSONS),
            "steps": NormalizationSteps(sketchpad, **HEADINGS["steps"], lessons=LESSONS),
            "first": FeatureMaps(reading, "conv1", **HEADINGS["first"], lessons=LESSONS),
            "second": FeatureMaps(reading, "conv2", **HEADINGS["second"], lessons=LESSONS),
        },
    )
    template.add_variable("page", pages.active)
    template.add_variable("pages", [*pages.labels])
    template.add_variable("static", static_address)
    template.add_variable("scripts", scripts_of(AT_FIRST))
    context = pn.state.curdoc.session_context if pn.state.curdoc else None
    template.add_variable("session", context.id if context else "")
    return template


def presenter(
    sketchpad: Sketchpad, monitor: TrainingMonitor, guide: Tour, share: str | None
) -> Presenter:
    """Make the page fit for a stage, or for a hall where nobody looks after it."""

    def trains() -> bool:
        state = monitor.progress and monitor.progress.state
        return state in ("queued", "starting", "running")

    def reset() -> None:
        guide.leave()
        sketchpad.clear(forget=True)
        for kind in monitor.chosen:
            monitor.use(kind, None)

    talk = [name for name in VIEWS if name != "learn"]
    return Presenter(VIEWS, walk=talk, clear=sketchpad.clear, reset=reset, busy=trains, share=share)


def asked(name: str) -> str:
    """Read a part of the address that the visitor came by."""
    return arguments().get(name, "").lower()


def arguments() -> dict[str, str]:
    """Read the address that the visitor came by."""
    given = pn.state.session_args.items()
    return {name: values[0].decode(errors="replace") for name, values in given}


def network(
    reading: Reading, explorer: Callable[[], NetworkExplorer], address: Address
) -> Sections:
    """Build the page of the network: from end to end, and part by part."""
    from mnist_visual import components

    follow = address.follow
    parts = {
        "Whole network": explorer,
        "Why this digit?": lambda: follow(components.Attribution(reading, lessons=LESSONS)),
        "Fool it": lambda: components.Adversary(reading, lessons=LESSONS),
        "Teach it": lambda: follow(components.LearningStep(reading, lessons=LESSONS)),
        "Convolution": lambda: follow(components.ConvolutionSandbox(reading, lessons=LESSONS)),
        "Activation": lambda: follow(
            components.ActivationCurves(reading, explorer=explorer(), lessons=LESSONS)
        ),
        "Pooling": lambda: follow(components.PoolingComparison(reading, lessons=LESSONS)),
        "Architecture": lambda: follow(components.ArchitectureDiagram(reading, lessons=LESSONS)),
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


def learn(reading: Reading, networks: NetworksInUse, contents: pn.Column) -> Course:
    """Build the lessons, and below the sketchpad their list."""
    from mnist_visual.components import Course, lesson_views

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
