"""A bad network: a link between browser and server that is slow, silent, or cut."""

import asyncio
import threading
from contextlib import contextmanager

CHUNK = 16_384


class Link:
    """Passes on what goes between a browser and a server, as well as it is told to.

    Parameters
    ----------
    port : int
        Where the server listens on this machine.
    delay : float
        Seconds that everything takes to get to the other side.
    rate : float, optional
        Bytes that fit through it in a second, each way, all connections together.
    """

    def __init__(self, port, *, delay=0.0, rate=None):
        self.to, self.delay, self.rate = port, delay, rate
        self.sent = {"up": 0, "down": 0}  # bytes
        self._free = {"up": 0.0, "down": 0.0}  # when the next byte may start
        self._writers = set()
        self._websockets = set()  # their writers
        self._lost = set()  # those to which nothing comes through any more
        self._open = None
        self._is_cut = False
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def running(self):
        """Give the address that leads through it."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        server = self._call(self._listen())
        try:
            yield f"http://localhost:{server.sockets[0].getsockname()[1]}"
        finally:
            self._call(self._end(server))
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def cut(self):
        """Break all connections, and refuse new ones."""
        self._is_cut = True
        self._call(self._drop())

    def silence(self):
        """Let nothing through, either way, and tell nobody."""
        self._call(self._set_open(False))

    def mend(self, *, websockets=True):
        """Be a good link again, also for websockets that are open or not."""
        self._is_cut = False
        if not websockets:
            self._lost |= self._websockets
        self._call(self._set_open(True))

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _set_open(self, value):
        self._open.set() if value else self._open.clear()

    async def _listen(self):
        self._open = asyncio.Event()
        self._open.set()
        return await asyncio.start_server(self._connect, "127.0.0.1", 0)

    async def _end(self, server):
        server.close()
        self._is_cut = True
        self._open.set()
        # One that is being accepted becomes another task.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._drop()
            await asyncio.gather(*others)

    async def _drop(self):
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connect(self, reader, writer):
        try:
            if self._is_cut:
                raise ConnectionError
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back, "up"), self._pass(there, writer, "down"))
        self._writers -= {writer, back}

    async def _pass(self, reader, writer, way):
        """Read at once, so that delay is no limit to the rate; write when it has arrived."""
        waiting = asyncio.Queue(64)
        delivery = asyncio.create_task(self._deliver(waiting, writer))
        try:
            while data := await reader.read(CHUNK):
                self.sent[way] += len(data)
                if b"Upgrade: websocket" in data:
                    self._websockets.add(writer)
                now = self._loop.time()
                starts = max(now, self._free[way])
                self._free[way] = starts + (len(data) / self.rate if self.rate else 0)
                await waiting.put((self._free[way] + self.delay, data))
        except OSError:
            pass
        await waiting.put((0, None))
        await delivery

    async def _deliver(self, waiting, writer):
        while (item := await waiting.get())[1] is not None:
            await asyncio.sleep(max(0, item[0] - self._loop.time()))
            await self._open.wait()
            if writer in self._lost:
                continue
            try:
                writer.write(item[1])
                await writer.drain()
            except OSError:
                pass
        writer.close()
