"""How are webhooks posted at a tenth of a client library's cost? By no more HTTP than they need.

The sandbox shares its cores with what is being measured, and posts two webhooks for each SMS: a
full client spends four times what accepting the SMS does. This speaks HTTP/1.1 without TLS, which
is all that a callback on this machine needs (RFC 9112).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_LONGEST_REPLY = 1024 * 1024
_BODILESS = frozenset({204, 304})


class ReplyError(Exception):
    """What came back is no HTTP reply that this client can read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and the body's text."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Pool:
    """Kept-alive connections by address; as many as are in use at once."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[_Line]] = {}

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """POST once. Raises OSError, EOFError or ReplyError; a reply of any status is one."""
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or 80)
        line = await self._line(address)
        kept = False
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            given = {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}
            head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            line.writer.write(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            reply, kept = await _reply(line.reader)
        finally:
            if kept:
                self._idle.setdefault(address, []).append(line)
            else:
                line.writer.close()
        return reply

    async def close(self) -> None:
        """Close what is idle."""
        for lines in self._idle.values():
            for line in lines:
                line.writer.close()
                with suppress(OSError):
                    await line.writer.wait_closed()
        self._idle.clear()

    async def _line(self, address: tuple[str, int]) -> _Line:
        idle = self._idle.get(address, [])
        while idle:
            line = idle.pop()
            if not line.reader.at_eof() and not line.writer.is_closing():
                return line
            line.writer.close()
        return _Line(*await asyncio.open_connection(*address, limit=_LONGEST_REPLY))


async def _reply(reader: asyncio.StreamReader) -> tuple[Reply, bool]:
    """One reply, and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    fields = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    try:
        status = int(start.split(" ", 2)[1])
        body, bounded = await _body(reader, status, fields)
    except (ValueError, IndexError, asyncio.LimitOverrunError) as broken:
        raise ReplyError from broken
    kept = bounded and start.startswith("HTTP/1.1") and fields.get("connection") != "close"
    return Reply(status, body.decode(errors="replace")), kept


async def _body(
    reader: asyncio.StreamReader, status: int, fields: dict[str, str]
) -> tuple[bytes, bool]:
    if status in _BODILESS:
        return b"", True
    if fields.get("transfer-encoding") == "chunked":
        return await _chunks(reader), True
    if "content-length" in fields:
        length = int(fields["content-length"])
        if length > _LONGEST_REPLY:
            raise ReplyError
        return await reader.readexactly(length), True
    return await reader.read(_LONGEST_REPLY), False


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if len(body) + size > _LONGEST_REPLY:
            raise ReplyError
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers say nothing to us
    return body
