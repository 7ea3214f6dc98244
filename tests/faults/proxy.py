"""How is a connection cut, slowed or silenced, with neither end touched? By what it runs through.

``Line`` listens on a port of its own and carries every connection to one place. Cut, both ends see
a reset. Silent, both ends stay connected and no byte arrives, as behind a firewall that forgot.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_CHUNK = 65_536
_LINGER = struct.pack("ii", 1, 0)  # close with a reset, not in order
T = TypeVar("T")


class Line:
    """A way to one port of this machine. Safe to use from any thread; ``close`` ends it."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._refuses = False
        self._delay = 0.0
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> int:
        """Reset every connection; give how many there were. New ones are carried as before."""
        return self._call(self._cut())

    def refuse(self) -> None:
        """Reset every connection, and each new one, as where nobody listens."""
        self._refuses = True
        self.cut()

    def silence(self) -> None:
        """Carry nothing more, of old connections and new ones; nobody is told."""
        self._call(self._set(open_=False))

    def restore(self) -> None:
        """Carry on; what was silent is reset, as by an end that knows nothing of it any more."""
        self._refuses = False
        self._call(self._set(open_=True))

    def slow(self, seconds: float) -> None:
        """Let each piece take so long on its way."""
        self._delay = seconds

    def close(self) -> None:
        """Stop listening, cut what is open, and end the thread."""
        self._server.close()
        self.restore()  # nothing may wait for it any more
        self._call(self._end_pumps())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(30)

    async def _set(self, *, open_: bool) -> None:
        if open_:
            await self._cut()
            self._open.set()
        else:
            self._open.clear()

    async def _cut(self) -> int:
        pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for writer in pair:
                _reset(writer)
        return len(pairs)

    async def _end_pumps(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        if self._refuses:
            _reset(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            _reset(writer)
            return
        pair = (writer, back)
        self._pairs.add(pair)
        for source, sink in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink, pair))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        try:
            while piece := await source.read(_CHUNK):
                await self._open.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                sink.write(piece)
                await sink.drain()
        except OSError:
            for writer in pair:
                _reset(writer)
        finally:
            await self._open.wait()
            with contextlib.suppress(OSError):
                sink.close()
            if all(writer.is_closing() for writer in pair):
                self._pairs.discard(pair)


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()
