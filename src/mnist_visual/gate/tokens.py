"""The tokens of sessions: which of them the server has given out, and to be used still."""

from __future__ import annotations

import calendar
import time

from bokeh.server.tornado import BokehTornado
from bokeh.util.token import check_token_signature, get_token_payload


def problem_of(token: str | None, app: BokehTornado) -> str | None:
    """Say why a token opens no session, in a sentence for who brought it; None if it does."""
    if not token:
        return "There is no token."
    try:
        signed = check_token_signature(token, signed=app.sign_sessions, secret_key=app.secret_key)
        expiry = get_token_payload(token)["session_expiry"] if signed else 0
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError):
        signed, expiry = False, 0
    if not signed:
        return "The token is not from this server. Reload the page."
    if calendar.timegm(time.gmtime()) >= expiry:
        return "The token has expired. Reload the page."
    return None
