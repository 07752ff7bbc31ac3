"""What a page in a notebook hears of changes that were made before it was there."""

import asyncio
import json

import panel as pn
import pytest
from bokeh.document import Document
from bokeh.protocol.messages.patch_doc import patch_doc
from panel.io.notebook import render_mimebundle
from panel.models.comm_manager import CommManager
from pyviz_comms import JupyterComm

from mnist_visual.components import NormalizationSteps, Sketchpad, _awaited_pages

READY = {"type": "map", "entries": [["kind", "ready"], ["again", False]]}


class Line(JupyterComm):
    """As in Jupyter, but what would go to the page stays here."""

    def init(self):
        self._comm, self.heard = self, []
        if self._on_open:
            self._on_open({})

    def send(self, data=None, **_):
        self.heard.append(json.loads(data or "{}"))

    def events(self):
        return [each["events"] for each in self.heard if "events" in each]


class Page:
    """A view and a text of Panel's, shown in a notebook."""

    def __init__(self):
        self.steps = NormalizationSteps(Sketchpad(), heading="First")
        self.words = pn.pane.Markdown("first")
        self.content, self.doc, self.line = pn.Column(self.steps, self.words), Document(), Line()
        self.root = self.content.get_root(self.doc, self.line)
        self.known = {model.id for model in self.doc.models} | {self.root.id}
        render_mimebundle(self.root, self.doc, self.line)
        self.known |= {model.id for model in self.doc.models}

    def says(self, *events):
        manager = CommManager(comm_id=self.line.id, plot_id=self.root.id, client_comm_id="")
        header = patch_doc.create_header()
        content = {"events": list(events)}
        message = {"header": header, "metadata": {}, "content": content, "_buffers": {}}
        self.content._on_msg(self.root.id, manager, message)

    def comes_into_sight(self):
        view = {"id": self.steps._models[self.root.id][0].id}
        entries = [["model", view], ["data", READY]]
        values = {"type": "map", "entries": entries}
        event = {"type": "event", "name": "data_event", "values": values}
        self.says({"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event})


def values(events, name):
    return [event["new"] for event in events if event.get("attr") == name]


def references(value):
    """Name the models that a message takes for known, and those that it brings along."""
    if isinstance(value, list):
        pairs = [references(each) for each in value]
    elif isinstance(value, dict):
        pairs = [references(each) for each in value.values()]
        if isinstance(value.get("id"), str):
            brings = value.get("type") == "object"
            pairs.append((set(), {value["id"]}) if brings else ({value["id"]}, set()))
    else:
        pairs = []
    return tuple(set().union(*(pair[index] for pair in pairs)) for index in (0, 1))


async def hears_when_it_comes_into_sight():
    page = Page()
    page.words.object, page.steps.heading = "second", "Second"
    page.content.append(pn.pane.Markdown("more"))
    page.words.object, page.steps.heading = "third", "Third"
    page.line.init()
    page.says()
    page.words.object = "fourth"
    assert page.line.events() == []
    page.comes_into_sight()
    return page


def test_page_hears_the_last_of_what_changed_once_it_is_there():
    page = asyncio.run(hears_when_it_comes_into_sight())
    (events,) = page.line.events()
    assert "fourth" in values(events, "text")[0]
    assert values(events, "heading") == ["Third"]
    assert page.steps.heading == "Third"


def test_page_gets_all_models_that_came_meanwhile():
    page = asyncio.run(hears_when_it_comes_into_sight())
    named, brought = references(page.line.events())
    assert brought
    assert named <= page.known | brought


def test_page_that_is_there_hears_at_once():
    page = asyncio.run(hears_when_it_comes_into_sight())
    for number in range(2):
        page.words.object = f"later {number}"
        events = page.line.events()
        assert len(events) == 2 + number
        assert f"later {number}" in values(events[-1], "text")[0]


def test_page_whose_views_are_out_of_sight_hears_in_a_while(monkeypatch):
    monkeypatch.setattr(_awaited_pages, "PATIENCE", 0.05)

    async def wait():
        page = Page()
        page.words.object = "second"
        page.line.init()
        assert page.line.events() == []
        await asyncio.sleep(0.3)
        return page

    (events,) = asyncio.run(wait()).line.events()
    assert "second" in values(events, "text")[0]


@pytest.mark.parametrize("comm", [None, JupyterComm])
def test_page_without_a_view_is_left_to_panel(comm):
    root = pn.Column("text").get_root(Document(), comm and comm())
    assert root.tags == []
