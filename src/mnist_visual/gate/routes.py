"""The doors of a server: which addresses it answers, and who answers there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from bokeh.server.views.ico_handler import IcoHandler
from bokeh.server.views.multi_root_static_handler import MultiRootStaticHandler
from bokeh.server.views.static_handler import StaticHandler
from panel.io.server import DocHandler, Server, WSHandler
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from mnist_visual._addresses import MOST_SESSIONS
from mnist_visual._arrivals import Invitation, invite
from mnist_visual._rejoining import rejoin
from mnist_visual.components._view import EXTENSION

from .house import House, with_ports
from .socket import Socket

MOST_FOLDERS = 50  # in an address, that a link leads out of
MOST_QUERY = 2000  # letters after the "?" of an address
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?")
_SCRIPT = re.compile(r"<script\b")
# With these a client would name the session that it wants.
_SESSION_NAMES = {"bokeh-token", "bokeh-session-id"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ERROR_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>mnist-visual</title><h1>{title}</h1><p>{text} <a href="{first}">{link}</a></p></html>
"""
_OPEN = "Open the first page."
# For each status what is wrong, more about it, and where the link leads.
_TEXTS = {
    403: ("This address does not work", "", _OPEN),
    404: ("There is nothing here", "", _OPEN),
    405: ("This cannot be done here", "A page can only be read.", _OPEN),
    414: ("This address is too long", "", _OPEN),
    503: ("It is full", "Too many people are here at once. Wait a minute.", "Try again."),
}
_FAILED = "Something went wrong", "The server's log says what. Wait a moment.", "Try again."


class Door(RequestHandler):
    """What all answers have: a policy for the browser, and errors in plain words."""

    def set_default_headers(self) -> None:
        """Say what a browser may do with the answer."""
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def log_exception(self, _: Any, error: Any, __: Any) -> None:
        """Note what failed here; what was refused is noted with the answer."""
        if not isinstance(error, HTTPError):
            self.settings["house"].notes.write("An answer failed.", error=error)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Write a page for people; of the error itself it tells nothing."""
        texts = dict(zip(("title", "text", "link"), _TEXTS.get(status_code, _FAILED), strict=True))
        # As far up as the address is deep: a proxy may have put a folder before all of it.
        first = "../" * min(self.request.path.count("/") - 1, MOST_FOLDERS) or "./"
        self.set_header("Content-Type", "text/html; charset=utf-8")
        if status_code == 503:
            self.set_header("Retry-After", "60")
        self.finish(_ERROR_PAGE.format(first=first, **{k: escape(v) for k, v in texts.items()}))


class Page(Door, DocHandler):
    """The page itself."""

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Write the page, unless it is full here."""
        if len(self.request.query) > MOST_QUERY:
            raise HTTPError(414)
        named = _SESSION_NAMES & self.request.arguments.keys()
        if named or "Bokeh-Session-Id" in self.request.headers:
            raise HTTPError(403)
        house: House = self.settings["house"]
        self._lost = rejoin(self)
        if self._lost is None and house.is_full(self.application_context):
            raise HTTPError(503)
        self._nonce = secrets.token_urlsafe(16)
        self.set_header("Content-Security-Policy", self._policy(house.embedders))
        async with house.building_turn(newcomer=False):
            answer = super().get(*args, **kwargs)
            if answer is not None:
                await answer

    async def head(self, *args: Any, **kwargs: Any) -> None:
        """Answer as to `get`, of which Tornado sends the headers: so the page is watched over."""
        await self.get(*args, **kwargs)

    async def get_session(self) -> Invitation:
        """Invite to the session of a page that was lost, or to another."""
        return self._lost or invite(self)

    def write(self, chunk: Any) -> None:
        """Mark the scripts of the page as its own."""
        if isinstance(chunk, str) and hasattr(self, "_nonce"):
            chunk = _SCRIPT.sub(f'<script nonce="{self._nonce}"', chunk)
        super().write(chunk)

    def _policy(self, embedders: Iterable[str]) -> str:
        host = self.request.host
        sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
        return "; ".join(
            [
                "default-src 'self'",
                # Panel makes the scripts of components from text, at addresses of blobs.
                f"script-src 'self' blob: 'nonce-{self._nonce}'",
                f"connect-src 'self' blob:{sockets}",
                "img-src 'self' blob: data:",
                "font-src 'self' data:",
                "style-src 'self' 'unsafe-inline'",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'none'",
                " ".join(["frame-ancestors 'self'", *embedders]),
            ]
        )


class File(Door, StaticFileHandler):
    """A file, by its name."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Write the file, whose name no system lets have a zero."""
        if "\0" in path:
            raise HTTPError(404)
        await super().get(path, include_body)


class Static(File, StaticHandler):
    """What Bokeh's own scripts and styles are read from."""


class Extension(File, MultiRootStaticHandler):
    """What the scripts and styles of Panel and of our views are read from."""

    def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
        """Let browsers keep ours, whose folder has another name when they change."""
        if path.startswith(f"{EXTENSION}/"):
            return self.CACHE_MAX_AGE
        return super().get_cache_time(path, modified, mime_type)


class Icon(Door, IcoHandler):
    """The picture in the browser's tab."""


class Nothing(Door):
    """What answers at every other address."""

    def prepare(self) -> None:
        """Answer nothing."""
        raise HTTPError(404)


class Entrance(Door, Socket):  # type: ignore[misc] # Tornado may wait for `prepare`
    """The websocket, whose refusals are in plain words, too."""


_KEPT: dict[type, type[RequestHandler]] = {
    DocHandler: Page,
    WSHandler: Entrance,
    StaticHandler: Static,
    MultiRootStaticHandler: Extension,
    IcoHandler: Icon,
}


def _log(handler: RequestHandler) -> None:
    """Note an answer that is none, but nothing as long as an address may be."""
    if handler.get_status() >= 400:
        line = f"{handler.get_status()} {handler.request.method} {handler.request.path[:80]}"
        handler.settings["house"].notes.write(line)


def guard(
    server: Server,
    origins: Iterable[str],
    *,
    embedders: Iterable[str] = (),
    most_sessions: int = MOST_SESSIONS,
) -> None:
    """Have our own handlers answer instead of Panel's, and close all other addresses.

    Parameters
    ----------
    server : panel.io.server.Server
        One that has not started.
    origins : iterable of str
        Hosts whose pages may connect, as ``host:port``, or ``host`` for ports 80 and 443.
    embedders : iterable of str
        Those whose pages may show this one within theirs.
    most_sessions : int, default 1000
        Visitors at a time; further ones are told that it is full.
    """
    app = server._tornado
    house = app.settings["house"] = House(with_ports(origins), most_sessions, [*embedders])
    house.room.keep(server._http)
    app.settings["default_handler_class"] = Nothing
    app.settings["log_function"] = _log
    router = app.wildcard_router
    router.rules = [rule for rule in router.rules if rule.target in _KEPT]
    for rule in router.rules:
        rule.target = _KEPT[rule.target]
