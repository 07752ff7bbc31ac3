"""The real server, and a real browser in front of it."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.waiting import PATIENCE

from .visitor import Visitor, dashboard, served

expect.set_options(timeout=1000 * PATIENCE)
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


# Of the package, not the session: while Playwright runs, asyncio serves nobody else.
@pytest.fixture(scope="package")
def chromium():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = "needs a Chromium on the machine, for example Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def url(tmp_path_factory):
    with dashboard(tmp_path_factory.mktemp("server") / "stderr.txt") as address:
        yield address


@pytest.fixture(scope="package")
def gallery(tmp_path_factory):
    """Serve single components, also of models that are not ours."""
    log = tmp_path_factory.mktemp("gallery") / "stderr.txt"
    with served(["tests.browser.gallery"], log) as address:
        yield address


@pytest.fixture
def visit(chromium, url):
    """Open the page in a browser of one's own; afterwards, nobody may have complained."""
    visitors = []

    def open_page(address=url, **context):
        visitor = Visitor(chromium.new_context(**context).new_page())
        visitors.append(visitor)
        visitor.open(address)
        return visitor

    yield open_page
    for visitor in visitors:
        visitor.page.context.close()
    assert [visitor.complaints for visitor in visitors if visitor.complaints] == []
