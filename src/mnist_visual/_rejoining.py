"""Visitors far away: who was lost comes back to the session that they had."""

from __future__ import annotations

import logging

from bokeh.protocol.exceptions import ProtocolError
from bokeh.server.session import ServerSession
from panel.io.server import DocHandler
from tornado.websocket import WebSocketClosedError

from ._arrivals import Invitation, sign
from .components._view import forget_watchers

# A part of the address and a cookie, both for one reload; see components/js/connection.js, which
# writes them, and workers/, which reads them, too.
PART, COOKIE = "rejoin", "mnist-visual-session-{}"
PATIENCE = {
    # Whoever loses the connection for so long finds everything as it was.
    "unused_session_lifetime_milliseconds": 60_000,
    # A page may have been open for long before it is lost.
    "session_token_expiration": 86_400,
    # Nobody tells a server that a laptop was closed: it has to ask.
    "websocket_ping_interval": 20,
    "websocket_ping_timeout": 20,
}


def rejoin(handler: DocHandler) -> Invitation | None:
    """Let a page into the session that it says it had, if that still lives."""
    cookie = COOKIE.format(handler.get_query_argument(PART, ""))
    name = handler.get_cookie(cookie)
    if name is None:
        return None
    handler.clear_cookie(cookie)
    try:
        session: ServerSession = handler.application_context.get_session(name)
    except ProtocolError:
        return None
    forget_watchers(session.document)
    return Invitation(session.id, sign(handler, session.id), session.document)


def keep_leaving_quiet() -> None:
    """Let no log tell that a visitor has left."""
    for name in ("asyncio", "bokeh.server.views.ws", "panel.io.document"):
        logging.getLogger(name).addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Say whether a log's record tells more than that a visitor has left."""
    error = record.exc_info[1] if record.exc_info else None
    left = isinstance(error, WebSocketClosedError)
    return not left and record.getMessage() != "Failed sending message as connection was closed"
