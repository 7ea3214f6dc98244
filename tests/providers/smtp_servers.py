"""What does a mail server say, line by line? Ours says what a test's script tells it to.

It speaks the wire, keeps what it accepted, and knows nothing of our code. A `MailServer` is a
conversation for `servers.serving`; `serving_tls` is for TLS from the first byte.
"""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.providers.servers import Wire

DROP = "DROP"  # close at once, without an answer
RESET = "RESET"  # reset the connection
SILENCE = "SILENCE"  # never answer, and keep the connection
EXTENSIONS = ("SIZE 50000000", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES")
QUEUED = "250 2.0.0 Ok: queued as 4F2A1B"


class HangUpError(ConnectionError):
    """The script wants this connection to end here."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One email whose final dot the server read."""

    sender: str
    recipient: str
    content: bytes


@dataclass
class Script:
    """What to answer at each step. A list is used up, its last answer again and again.

    ``after_354`` is done instead of reading the body; ``end`` is the answer to the final dot.
    ``idles`` closes the connection after each accepted email: quietly, or with a word before.
    """

    greeting: str = "220 sink.example ready"
    extensions: tuple[str, ...] = EXTENSIONS
    ehlo: str = ""
    auth: str = "235 2.7.0 welcome"
    mail: str | list[str] = "250 2.1.0 ok"
    rcpt: str | list[str] = "250 2.1.5 ok"
    data: str | list[str] = "354 go on"
    after_354: str = ""
    end: str | list[str] = QUEUED
    idles: str = ""
    tls: ssl.SSLContext | None = None


@dataclass
class MailServer:
    """A conversation that follows its script; what it heard and what it took."""

    script: Script = field(default_factory=Script)
    heard: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    async def __call__(
        self, wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await _Session(self, wire, reader, writer).run()

    def said(self, verb: str) -> list[str]:
        """The command lines heard that begin with this verb."""
        return [line for line in self.heard if line.upper().startswith(verb)]


@contextlib.asynccontextmanager
async def serving_tls(server: MailServer, context: ssl.SSLContext) -> AsyncIterator[Wire]:
    """Listen with TLS from the first byte for as long as the block runs."""
    wire = Wire()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.opened += 1
        with contextlib.suppress(ConnectionError):
            await server(wire, reader, writer)
        writer.transport.abort()

    listener = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
    wire.port = listener.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.over.set()
        listener.close()
        await listener.wait_closed()


class _Session:
    def __init__(
        self,
        server: MailServer,
        wire: Wire,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server, self.script, self.wire = server, server.script, wire
        self.reader, self.writer = reader, writer
        self.sender = self.recipient = ""
        self.encrypted = False

    async def run(self) -> None:
        await self.say(self.script.greeting)
        while line := (await self.reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            self.server.heard.append(line)
            match line[:4].upper():
                case "EHLO":
                    await self.say(self.script.ehlo or self.offers())
                case "STAR":
                    await self.start_tls()
                case "AUTH":
                    await self.say(self.script.auth)
                case "MAIL":
                    self.sender = line.split("<", 1)[1].split(">", 1)[0]
                    await self.say(self.next_of("mail"))
                case "RCPT":
                    self.recipient = line.split("<", 1)[1].split(">", 1)[0]
                    await self.say(self.next_of("rcpt"))
                case "DATA":
                    await self.take_body(self.next_of("data"))
                case "RSET" | "NOOP":
                    await self.say("250 2.0.0 ok")
                case "QUIT":
                    await self.say("221 2.0.0 bye")
                    return
                case _:
                    await self.say("502 5.5.1 what?")

    def offers(self) -> str:
        offered = list(self.script.extensions)
        if self.script.tls and not self.encrypted:
            offered.append("STARTTLS")
        lines = ["sink.example", *offered]
        return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])

    async def take_body(self, answer: str) -> None:
        await self.say(answer)
        if not answer.startswith("354"):
            return
        if self.script.after_354:
            await self.say(self.script.after_354)
        content = bytearray()
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return
            if not content:
                self.wire.asked.append(line)
            content += line[1:] if line.startswith(b".") else line
        self.server.taken.append(Taken(self.sender, self.recipient, bytes(content)))
        await self.say(self.next_of("end"))
        if self.script.idles:
            await self.say(self.script.idles)
            raise HangUpError

    async def start_tls(self) -> None:
        assert self.script.tls is not None
        await self.say("220 2.0.0 go ahead")
        await self.writer.start_tls(self.script.tls)
        self.encrypted = True

    async def say(self, answer: str) -> None:
        match answer:
            case "DROP":
                raise HangUpError
            case "RESET":
                self.writer.transport.abort()
                raise HangUpError
            case "SILENCE":
                await self.wire.over.wait()
                raise HangUpError
            case _:
                self.writer.write(answer.encode() + b"\r\n")
                await self.writer.drain()

    def next_of(self, step: str) -> str:
        scripted = getattr(self.script, step)
        if isinstance(scripted, str):
            return scripted
        return str(scripted.pop(0) if len(scripted) > 1 else scripted[0])


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, str]:
    """A server's context with a fresh certificate for ``name``, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink.example")])
    alternative: x509.GeneralName = (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    )
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / f"{name}.pem", folder / f"{name}.key"
    trusted.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, str(trusted)
