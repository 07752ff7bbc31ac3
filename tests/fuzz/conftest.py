"""A server for hostile clients."""

from pathlib import Path

import pytest

from tests.browser.visitor import served

from .attacks import SECRET


class Server:
    """The dashboard in a process of its own."""

    def __init__(self, url, log):
        self.url, self.log = url, log

    @property
    def process(self):
        path = Path("/proc") / self.log.read_text().split("process ")[1].split()[0]
        if not path.exists():
            pytest.skip("needs /proc")
        return path

    def resident(self, field="VmRSS"):
        """Give the megabytes of memory that it has."""
        return int((self.process / "status").read_text().split(f"{field}:")[1].split()[0]) / 1024

    def peak(self):
        """Give the most megabytes of memory that it ever had."""
        return self.resident("VmHWM")

    def worked(self):
        """Give the seconds for which a processor has worked for the thread that answers."""
        return int((self.process / "schedstat").read_text().split()[0]) / 1e9


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    log = tmp_path_factory.mktemp("fuzz") / "stderr.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOKEH_SECRET_KEY", SECRET.decode())
        patch.setenv("PYTHONWARNINGS", "ignore")
        with served(["tests.fuzz.server"], log) as url:
            yield Server(url, log)
