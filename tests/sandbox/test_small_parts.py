"""Segments, mail headers, and the webhook client's reading of replies."""

import asyncio

import pytest

from workers.sandbox.mail import described
from workers.sandbox.pool import Pool, Reply, ReplyError
from workers.sandbox.segments import segments


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # a pair is in one part whole
        ("ж" * 66 + "😀" + "ж" * 66, 3),
    ],
)
def test_an_sms_goes_in_as_many_parts_as_networks_charge(body: str, parts: int) -> None:
    """Twilio tells them, and a reader may rely on it."""
    assert segments(body) == parts


@pytest.mark.parametrize(
    ("head", "subject", "identity"),
    [
        (b"Subject: Plain\r\nMessage-ID: <a@b>\r\n", "Plain", "<a@b>"),
        (b"subject: Folded\r\n over two\r\n", "Folded over two", None),
        (b"Subject: =?utf-8?b?Q2Fmw6k=?=\r\nMessage-Id:\r\n <c@d>\r\n", "Café", "<c@d>"),
        ("Subject: Grüße\r\n".encode(), "Grüße", None),
        (b"Subject: =?no-such?b?Q2Fmw6k=?=\r\n", "=?no-such?b?Q2Fmw6k=?=", None),
        (b"X-Subject: other\r\n", None, None),
    ],
)
def test_a_mails_head_is_read(head: bytes, subject: str | None, identity: str | None) -> None:
    """However its writer folded or encoded it."""
    found = described(head + b"\r\nSubject: in the body\r\n")

    assert (found["subject"], found["message_id"]) == (subject, identity)


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Reply(204, "")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Reply(200, "ok")),
        (
            b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x\r\n ay\r\n0\r\n\r\n",
            Reply(200, "ok ay"),
        ),
        (b"HTTP/1.0 500 Oops\r\n\r\nto the end", Reply(500, "to the end")),
    ],
    ids=["no body", "length", "chunks", "to the end"],
)
def test_any_servers_reply_is_read(said: bytes, reply: Reply) -> None:
    """Receivers answer as their framework likes."""
    assert asyncio.run(post_to(said)) == reply


@pytest.mark.parametrize(
    "said", [b"220 smtp.example\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n"]
)
def test_what_is_no_reply_is_an_error(said: bytes) -> None:
    """It is tried again, then counted as failed."""
    with pytest.raises((ReplyError, EOFError)):
        asyncio.run(post_to(said))


async def post_to(said: bytes) -> Reply:
    """Post once to a server that says just this, then closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pool = Pool()
    try:
        port = server.sockets[0].getsockname()[1]
        return await pool.post(f"http://127.0.0.1:{port}/x?a=1", {}, b"")
    finally:
        await pool.close()
        server.close()
