"""The websocket of a page: what comes in by it is read here, and what is not let through ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from bokeh.document import Document
from bokeh.protocol.messages.patch_doc import patch_doc
from bokeh.protocol.messages.pull_doc_req import pull_doc_req
from bokeh.server.session import ServerSession
from bokeh.util.token import get_session_id
from panel.io.server import WSHandler
from panel.models.esm import ESMEvent, ReactiveESM
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

from mnist_visual._arrivals import build
from mnist_visual.components._view import leave_definitions_out, uploads_of

from .assembly import Assembly, BrokenError, Letter
from .house import PORTS, House
from .messages import MOST_BYTES, MOST_TEXT, PATCH, Content, GoneError, RefusedError
from .pace import Pace
from .tokens import problem_of
from .uploads import BusyError, Place

LONG_TEXT = 4000  # letters; of what takes longer to read somebody may have to wait
BYTES_A_MESSAGE = 20_000  # more of them count as more messages
SECOND = 1200  # messages that a second of work for one connection counts as
PULL_COST = 300  # messages; the whole page is written
FRAMES = 2500  # a second, of one connection; a pen that is read 240 times a second sends 1,700
IDLE_FRAME = 10  # frames that one counts as which says nothing
REST = 0.01  # seconds; for less it is not worth it to wait
MOST_REFUSED = 200  # messages of one connection
MOST_CONNECTIONS = 20  # of one session, each of which is told all; those that are lost linger
POLICY, TRY_LATER = 1008, 1013  # why a websocket is closed, as the standard numbers it


class Socket(WSHandler):
    """Bokeh's websocket, for those who come from our page and say what our page says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assembly = Assembly(self._allow)
        self._refused = 0
        self._dismissed = self._has_left = False
        self._upload: Place | None = None  # of a file that is on its way

    @property
    def _house(self) -> House:
        house: House = self.settings["house"]
        return house

    # Who comes in

    async def prepare(self) -> None:
        """Refuse those who do not say where they come from, as every browser does."""
        await super().prepare()
        if not self._finished and "Origin" not in self.request.headers:
            self._house.notes.write("Refused a connection without an origin.")
            raise HTTPError(403)

    def check_origin(self, origin: str) -> bool:
        """Let in the pages of this server, and of hosts that were named."""
        scheme, _, host = origin.lower().partition("://")
        port = PORTS.get(scheme)
        if port and (host if ":" in host else f"{host}:{port}") in self._house.origins:
            return True
        self._house.notes.write(
            f"Refused a page of {origin[:100]!r}. If it is yours, name its host: --allow-origin."
        )
        return False

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Read the token before anybody else does."""
        self._house.room.is_visitor(self.ws_connection.stream)
        self._watch_frames()
        self._limit()
        token = self._token if self.selected_subprotocol == "bokeh" else None
        problem = problem_of(token, self.application)
        if problem:
            self._dismiss(POLICY, problem)
        else:
            super().open(*args, **kwargs)

    async def _async_open(self, token: str) -> None:
        context = self.application_context
        session = context._sessions.get(get_session_id(token))
        if session is None and self._house.is_full(context):
            self._dismiss(TRY_LATER, "Too many people are here at once. Try again in a minute.")
            return
        if session is not None and session.connection_count >= MOST_CONNECTIONS:
            self._dismiss(POLICY, "This page is open too often. Open a new one.")
            return
        try:
            async with nullcontext() if session else self._house.building_turn():
                if self._has_left:
                    return
                if session is None:
                    await build(self, token)
            await super()._async_open(token)
        except Exception as error:  # noqa: BLE001 -- whatever it was, nobody else may suffer
            self._house.notes.write("A connection could not be opened.", error=error)
            self.close(1011, "The server failed. Reload the page.")
        if self._has_left and self.connection is not None:  # or its session would never end
            self.application.client_lost(self.connection)

    # What they say

    async def on_message(self, frame: str | bytes) -> None:
        """Take a frame; the next one is read when this is done."""
        if self._dismissed or self._has_left:
            return
        if self.connection is None:
            self._dismiss(POLICY, "A message came before the connection was open.")
            return
        session = self.connection.session
        is_long = isinstance(frame, str) and len(frame) > LONG_TEXT
        try:
            async with self._in_turn(session) if is_long else nullcontext():
                letter = self._assembly.add(frame)
        except BrokenError as broken:
            self._dismiss(POLICY, f"Broken message: {broken}.")
            return
        if letter is None:
            await self._prepare_for_rest()
        else:
            self._finish_upload()
            await self._take(letter)
        self._limit()

    async def _take(self, letter: Letter) -> None:
        if self._is_gone():  # while it waited for its turn
            return
        pace = self._house.pace(self.connection.session)
        is_patch = letter.header.kind == PATCH
        cost = letter.weight / BYTES_A_MESSAGE + max(1, len(letter.said.speeches))
        cost += 0 if is_patch else PULL_COST
        await asyncio.sleep(pace.spend(cost))
        if self._has_left:
            return
        if letter.refusal is not None:
            await self._refuse(letter)
            return
        try:
            reply = await (self._patch(letter) if is_patch else self._pull(letter))
        except RefusedError as refusal:
            letter.refusal = refusal
            await self._refuse(letter)
            return
        except Exception as error:  # noqa: BLE001 -- the connection outlives it
            self._house.notes.write("A message could not be handled.", error=error)
            # Said outside, or Bokeh would add the traceback.
            failed = pull_doc_req(letter.header.fields, {}, {})
            reply = self.connection.error(failed, "The server failed. Its log says why.")
        if reply is not None:
            await self.send_message(reply)

    async def _pull(self, letter: Letter) -> Any:
        session = self.connection.session
        # To write a whole page takes long, and one after the other others may speak.
        async with self._while_building():
            if self._has_left:
                return None
            return await session.with_document_locked(self._write, session.document, letter)

    def _write(self, document: Document, letter: Letter) -> Any:
        leave_definitions_out(document)
        number = letter.header.fields["msgid"]
        return self.connection.protocol.create("PULL-DOC-REPLY", number, document)

    async def _patch(self, letter: Letter) -> Any:
        # Who waits for a turn has the document's lock, not the other way round: it may be held for
        # long by what waits for something else.
        session = self.connection.session
        await session.with_document_locked(self._apply, session, letter)
        return None if self._has_left else self.connection.ok(message_of(letter, []))

    async def _apply(self, session: ServerSession, letter: Letter) -> None:
        """Apply the events of a message, each in a turn of its own."""
        for event, speech in zip(letter.content["events"], letter.said.speeches, strict=True):
            async with self._in_turn(session):
                if self._has_left:
                    return
                self._allow(Content([speech]))  # a view may have left while it waited
                message_of(letter, [event]).apply_to_document(session.document, session)

    @asynccontextmanager
    async def _in_turn(self, session: ServerSession) -> AsyncIterator[None]:
        """Work when it is the session's turn, and have it pay for the time."""
        async with self._house.shares.turn(session):
            start = time.thread_time()
            try:
                yield
            finally:
                self._house.pace(session).spend(SECOND * (time.thread_time() - start))

    @asynccontextmanager
    async def _while_building(self) -> AsyncIterator[None]:
        """Wait for one's turn; answers to pings are not read meanwhile, and count as given."""
        staying = asyncio.create_task(self._stay())
        try:
            async with self._house.building_turn():
                yield
        finally:
            staying.cancel()

    async def _stay(self) -> None:
        while self.ws_connection is not None:
            self.ws_connection._received_pong = True
            await asyncio.sleep(1)

    async def send_message(self, message: Any) -> None:
        """Send a message, if anybody is still there."""
        with suppress(WebSocketClosedError):
            await message.send(self)

    async def _refuse(self, letter: Letter) -> None:
        if isinstance(letter.refusal, GoneError):
            return
        if isinstance(letter.refusal, BusyError):
            await self._tell_busy(letter)
            return
        self._refused += 1
        self._house.notes.write(f"Refused a message: {letter.refusal}.")
        if self._refused > MOST_REFUSED:
            self._dismiss(POLICY, "Too many messages were refused.")
            return
        message = pull_doc_req(letter.header.fields, {}, {})
        await self.send_message(self.connection.error(message, f"Refused: {letter.refusal}."))

    async def _tell_busy(self, letter: Letter) -> None:
        session = self.connection.session
        said = {"kind": "problem", "of": "file", "text": str(letter.refusal)}
        for speech in filter(None, letter.said.speeches):
            model = session.document.models.get_by_id(speech.model)
            if model is not None and speech.kind in uploads_of(model.class_name):
                event = ESMEvent(model=model, data=said)
                await session.with_document_locked(session.document.callbacks.send_event, event)

    def _allow(self, said: Content) -> int:
        """Say how many bytes of arrays a message may bring; refuse what is for no view."""
        most = MOST_BYTES
        document: Document = self.connection.session.document
        for speech in filter(None, said.speeches):
            model = document.models.get_by_id(speech.model)
            if model is None and document.models.seen(speech.model):
                raise GoneError("an event of a view that has left")
            if not isinstance(model, ReactiveESM):
                raise RefusedError("an event of no view that is there")
            if speech.kind is not None:
                most = max(most, uploads_of(model.class_name).get(speech.kind, 0))
        return most

    def _is_gone(self) -> bool:
        return self._has_left

    # Large files

    async def _prepare_for_rest(self) -> None:
        is_large = self._assembly.allowed > MOST_BYTES and not self._assembly.is_refused
        if not is_large or self._upload is not None or self._has_left:
            return
        try:
            place = await self._house.uploads.enter(self.connection.session.id)
        except BusyError as busy:
            self._assembly.refuse(busy)
            return
        if self._dismissed or self._has_left:  # while it waited: nobody else would give it back
            place.leave()
            return
        place.watch(self._received, partial(self._dismiss, POLICY))
        self._upload = place

    def _received(self) -> int:
        if self.ws_connection is None:
            return 0
        self.ws_connection._received_pong = True  # answers to pings are stuck behind the file
        return int(self.ws_connection._wire_bytes_in + self.ws_connection.stream._read_buffer_size)

    def _finish_upload(self) -> None:
        if self._upload is not None:
            self._upload.leave()
            self._upload = None

    def _watch_frames(self) -> None:
        """Have Tornado wait before too many frames, and keep nothing of what nobody will read."""
        socket, frames = self.ws_connection, Pace(FRAMES, FRAMES / 10)
        read = socket._read_bytes
        parts = 0  # of a frame that are still to be read

        async def read_or_skip(size: int) -> bytes:
            nonlocal parts
            if parts == 0:
                head = bytes(await read(size))
                length = head[1] & 0x7F
                parts = (length > 125) + (head[1] >> 7) + 1
                # Pings, and parts of nothing, come to nobody else; a page of ours sends hardly any.
                wait = frames.spend(IDLE_FRAME if head[0] & 0x08 or length == 0 else 1)
                if wait > REST:
                    await asyncio.sleep(wait)
                return head
            parts -= 1
            if size <= MOST_TEXT or self._has_left or not self._assembly.is_refused:
                return bytes(await read(size))
            pace, left = self._house.pace(self.connection.session), size
            while left:
                left -= len(await socket.stream.read_bytes(min(left, MOST_TEXT), partial=True))
            await asyncio.sleep(pace.spend(size / BYTES_A_MESSAGE))
            return b""

        socket._read_bytes = read_or_skip

    # How it ends

    def ping(self, data: Any = b"") -> None:
        """Ask whether somebody is there; who is not has left, though Tornado has yet to say so."""
        try:
            super().ping(data)
        except WebSocketClosedError:
            self.on_close()

    def on_close(self) -> None:
        """Leave the room to others; Tornado may say twice that a connection is closed."""
        if self._has_left:
            return
        self._has_left = True
        self._finish_upload()
        super().on_close()

    def _dismiss(self, code: int, reason: str) -> None:
        self._dismissed = True
        self._house.notes.write(f"Closed a connection: {reason}")
        self.close(code, reason)

    def _limit(self) -> None:
        """Have Tornado refuse a larger frame before it is read."""
        if self.ws_connection is not None:
            self.ws_connection.params.max_message_size = self._assembly.most


def message_of(letter: Letter, events: list[Any]) -> patch_doc:
    """Make Bokeh's message of some of the events of one that was read."""
    message = patch_doc(letter.header.fields, {}, {"events": events})
    for name, data in letter.arrays.items():
        message.assemble_buffer({"id": name}, data)
    return message
