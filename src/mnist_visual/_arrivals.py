"""Many visitors who come at once: all who ask for a page get it from one document.

Each has a session of their own, which is built once their script connects, in whatever process
that comes to. So who only fetches the page costs little. The script puts what is in a session into
the page by its order, which is the same.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.server.contexts import ApplicationContext
from bokeh.server.session import ServerSession
from bokeh.util.token import generate_jwt_token, generate_session_id, get_session_id
from panel.io.resources import LOCAL_DIST, patch_model_css
from panel.io.server import DocHandler, WSHandler
from panel.io.session import generate_session

_documents: WeakKeyDictionary[ApplicationContext, dict[str, Document]] = WeakKeyDictionary()


class Invitation(NamedTuple):
    """What a page is written from: the token of a session, there or not, and what that shows."""

    id: ID
    token: str
    document: Document


def invite(handler: DocHandler) -> Invitation:
    """Give who asks for a page a name and a token."""
    app, context = handler.application, handler.application_context
    document = _kept(handler)
    if document is None:
        payload = handler._generate_token_payload()
        document = generate_session(context.application, handler.request, payload).document
    _documents.setdefault(context, {})[document.template_variables["page"]] = document
    name = generate_session_id(secret_key=app.secret_key, signed=app.sign_sessions)
    document.template_variables["session"] = name  # the page is written before anybody else's
    return Invitation(name, sign(handler, name), document)


def sign(handler: DocHandler, name: ID) -> str:
    """Make a new token for a session, there or not."""
    app = handler.application
    token: str = generate_jwt_token(
        name,
        secret_key=app.secret_key,
        signed=app.sign_sessions,
        expiration=app.session_token_expiration,
        extra_payload=handler._generate_token_payload(),
    )
    return token


async def build(handler: WSHandler, token: str) -> None:
    """Build the session of a token, if it is not there yet."""
    session: ServerSession = await handler.application_context.create_session_if_needed(
        get_session_id(token), handler.request, token
    )
    # As Panel does in writing a page, or styles would come from other machines: now, and with
    # what comes to the page later.
    for root in session.document.roots:
        patch_model_css(root, dist_url=LOCAL_DIST)
    session.document.template_variables["dist_url"] = LOCAL_DIST


def _kept(handler: DocHandler) -> Document | None:
    """Find the document of the page that is asked for; of a page that is not there, the first's."""
    documents = _documents.get(handler.application_context)
    if not documents:
        return None
    page = handler.request.arguments.get("page", [b""])[0].decode(errors="replace").lower()
    names: list[str] = next(iter(documents.values())).template_variables["pages"]
    return documents.get(page if page in names else names[0])
