"""Servers on loopback that behave, or misbehave, to order: one conversation a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Wire:
    """What a running server has seen. ``asked`` counts what could have caused a send."""

    port: int = 0
    opened: int = 0
    open: int = 0
    most_open: int = 0
    asked: list[bytes] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)


Conversation = Callable[[Wire, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(conversation: Conversation) -> AsyncIterator[Wire]:
    """Listen on a free port of 127.0.0.1 for as long as the block runs."""
    wire = Wire()
    writers: set[asyncio.StreamWriter] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        wire.opened += 1
        wire.open += 1
        wire.most_open = max(wire.most_open, wire.open)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await conversation(wire, reader, writer)
        finally:
            writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            wire.open -= 1

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.over.set()
        server.close()
        for writer in list(writers):
            writer.close()
        await until(lambda: wire.open == 0)
        await server.wait_closed()


async def closed_port() -> int:
    """A port that nobody listens on."""
    async with serving(silent) as wire:
        return wire.port


async def until(fact: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for a fact, at most so long."""
    async with asyncio.timeout(seconds):
        await asyncio.sleep(0)  # what has come in already is seen by both sides first
        while not fact():  # noqa: ASYNC110 - the fact is another party's, and has no event
            await asyncio.sleep(0.005)


async def silent(wire: Wire, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take the connection and whatever comes, and never say a word."""
    del reader
    await wire.over.wait()


# -- HTTP


async def read_request(wire: Wire, reader: asyncio.StreamReader) -> bytes | None:
    """One whole request, noted in ``asked``; None once the client has hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as fault:
        if fault.partial:
            wire.asked.append(fault.partial)
        return None
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    request = head + await reader.readexactly(length)
    wire.asked.append(request)
    return request


def http_answer(
    status: int, body: bytes, headers: Mapping[str, str] | None = None, length: int | None = None
) -> bytes:
    """An answer as it goes over the wire; ``length`` may lie about the body."""
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answers(answer: bytes) -> Conversation:
    """Answer every request with these bytes, over a kept-alive connection."""

    async def converse(
        wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while await read_request(wire, reader) is not None:
            writer.write(answer)
            await writer.drain()

    return converse


def answers_and_closes(answer: bytes) -> Conversation:
    """Answer one request with these bytes and hang up."""

    async def converse(
        wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if await read_request(wire, reader) is not None:
            writer.write(answer)
            await writer.drain()

    return converse


drops = answers_and_closes(b"")
garbles = answers_and_closes(b"\x00\xff not a word of HTTP \r\n\r\n")


async def knows_no_tls(
    _wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the first bytes, whatever they are, in plain HTTP."""
    await reader.read(1)
    writer.write(http_answer(400, b""))


async def resets(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and reset the connection."""
    await read_request(wire, reader)
    writer.transport.abort()


async def hangs(wire: Wire, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read the request and never answer it."""
    await read_request(wire, reader)
    await wire.over.wait()
