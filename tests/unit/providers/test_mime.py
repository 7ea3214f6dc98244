"""Does every email say exactly what it was given, and nothing that anybody slipped in?

Read back with the standard library's parser, which shares no code with the builder.
"""

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.providers.base import Attachment, Email, Tag
from workers.providers.mime import PIECE, build
from workers.providers.mime_headers import ready_address

EMAIL = Email(
    tag=Tag("d-3", 2),
    to="ann@customer.example",
    sender="office@brightwater.example",
    sender_name="Brightwater Offices",
    reply_to="help@brightwater.example",
    subject="Message from Mrs Penrose",
    text="Hello Ann,\n\nPlease call back.\n",
    html="<p>Hello Ann,</p>\n<p>Please call back.</p>\n",
    message_id="<d-3@brightwater.example>",
    written_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    headers=(("X-Onward-Delivery", "d-3"),),
)
SCAN = Attachment("scan.pdf", "application/pdf", b"%PDF-1.4 \x00\xff\r\n.\r\n" * 50)

TURNS = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
awkward = st.sampled_from(
    [
        "",
        ".",
        "..\n.\n",
        "\r\nBcc: eve@evil.example\r\n\r\nhello",
        "a\rb\nc\r\nd",
        "x" * 2000,
        "é" * 500,
        "=?utf-8?b?AAAA?=",
        "a  b   c",
        " lead and trail ",
        "\ud800 alone",
        "tab\tand\x0bvertical\x00nul",
        "From the start\nFrom again",
        "--=_a\n--=_m--",
        "\u2028line\u2029paragraph\x85next",
        "😀" * 60,
        "turned \u202eround\u202c and \u2066apart\u2069",
        "= =3D =\n=",
    ]
)
words = st.one_of(awkward, anything)


def parsed(email: Email) -> EmailMessage:
    """The email as the standard library reads it."""
    raw = build(email)
    return message_from_bytes(raw, policy=policy.default)


def body(message: EmailMessage, subtype: str) -> str:
    """What the part of this type says."""
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def as_lines(text: str) -> str:
    """What must arrive: line ends unified, and what is no character at all replaced."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return unified.encode("utf-8", "replace").decode()


def visible(text: str) -> str:
    """A header's words without what no header can carry, blanks not counted."""
    clean = "".join(
        " " if ord(one) < 32 or 127 <= ord(one) < 160 or one in TURNS else one for one in text
    )
    return "".join(clean.encode("utf-8", "replace").decode().split())


def test_every_field_is_read_back() -> None:
    """The whole of an ordinary email, part by part."""
    message = parsed(replace(EMAIL, attachments=(SCAN,)))

    assert message["Subject"] == EMAIL.subject
    assert (
        message["From"] == '"Brightwater Offices" <office@brightwater.example>'
        or str(message["From"]) == "Brightwater Offices <office@brightwater.example>"
    )
    assert message["To"] == "<ann@customer.example>" or message["To"] == EMAIL.to
    assert message["Reply-To"].addresses[0].addr_spec == EMAIL.reply_to
    assert message["Message-ID"] == EMAIL.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["MIME-Version"] == "1.0"
    assert message["X-Onward-Delivery"] == "d-3"
    assert parsedate_to_datetime(message["Date"]) == EMAIL.written_at
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert body(message, "plain").replace("\r\n", "\n") == EMAIL.text
    assert body(message, "html").replace("\r\n", "\n") == EMAIL.html
    (scan,) = message.iter_attachments()
    assert scan.get_filename() == "scan.pdf"
    assert scan.get_content() == SCAN.content
    assert not message.defects


def test_without_attachments_there_is_no_mixed_part() -> None:
    """Some readers show a paper clip for `multipart/mixed` alone."""
    assert parsed(EMAIL).get_content_type() == "multipart/alternative"


def test_attempts_are_the_same_bytes() -> None:
    """A resent email must be recognisable as the same, boundary and all."""
    again = replace(EMAIL, tag=Tag("d-3", 3))

    assert build(EMAIL) == build(again)


@given(text=words, html=words)
def test_bodies_survive_whatever_they_hold(text: str, html: str) -> None:
    """Callers' words are dictated, pasted and odd; none may be lost or break a part."""
    message = parsed(replace(EMAIL, text=text, html=html))

    assert as_lines(body(message, "plain")) == as_lines(text)
    assert as_lines(body(message, "html")) == as_lines(html)


@given(subject=words, name=words, extra=words)
def test_no_header_can_be_slipped_in(subject: str, name: str, extra: str) -> None:
    """A caller's name in a subject is the oldest way to send mail in another's name."""
    email = replace(EMAIL, subject=subject, sender_name=name, headers=(("X-Extra", extra),))

    message = message_from_bytes(build(email), policy=policy.compat32)

    assert message.keys() == [
        "Date",
        "Message-ID",
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Auto-Submitted",
        "X-Extra",
        "MIME-Version",
        "Content-Type",
    ]
    assert visible(str(make_header(decode_header(message["Subject"])))) == visible(subject)
    assert visible(str(make_header(decode_header(message["X-Extra"])))) == visible(extra)


@given(subject=words, text=words, filename=words)
def test_every_line_is_legal(subject: str, text: str, filename: str) -> None:
    """Servers cut or refuse lines beyond 998 octets, bare CR or LF, and 8-bit headers."""
    scan = replace(SCAN, filename=filename)

    raw = build(replace(EMAIL, subject=subject, text=text, attachments=(scan,)))

    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert raw.isascii()
    assert b"\x00" not in raw


@given(filename=words)
def test_a_filename_neither_breaks_out_nor_names_a_folder(filename: str) -> None:
    """Scans are named by whoever scanned them."""
    (scan,) = parsed(
        replace(EMAIL, attachments=(replace(SCAN, filename=filename),))
    ).iter_attachments()

    found = scan.get_filename()

    assert found
    assert not set(found) & set('/\\"\r\n\x00')
    assert scan.get_content() == SCAN.content


@pytest.mark.parametrize(
    "filename",
    ["scan.pdf", "Überweisung März.pdf", "a" * 117 + ".pd", "письмо " * 12 + ".pdf", "it's 5%.pdf"],
)
def test_a_good_filename_arrives_as_it_is(filename: str) -> None:
    """Customers file scans by name."""
    (scan,) = parsed(
        replace(EMAIL, attachments=(replace(SCAN, filename=filename),))
    ).iter_attachments()

    assert scan.get_filename() == filename


def test_a_long_filename_keeps_its_ending() -> None:
    """Without it, a double click opens nothing."""
    (scan,) = parsed(
        replace(EMAIL, attachments=(replace(SCAN, filename="x" * 300 + ".pdf"),))
    ).iter_attachments()

    assert scan.get_filename() == "x" * 116 + ".pdf"


@pytest.mark.parametrize(
    "media_type", ["message/rfc822", "multipart/mixed", "a/b\r\nX: y", "pdf", ""]
)
def test_an_unfit_media_type_is_not_repeated(media_type: str) -> None:
    """Composite types may not be base64, and a publisher's word is not a header."""
    (scan,) = parsed(
        replace(EMAIL, attachments=(replace(SCAN, media_type=media_type),))
    ).iter_attachments()

    assert scan.get_content_type() == "application/octet-stream"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", "ann@customer.example, eve@evil.example"),
        ("sender", "office@brightwater.example\r\nBcc: eve@evil.example"),
        ("reply_to", "<eve@evil.example>"),
        ("message_id", "<d-3@brightwater.example>\r\nBcc: eve@evil.example"),
        ("message_id", "d-3"),
        ("headers", (("Bad Name", "x"),)),
        ("headers", (("Subject", "x"),)),
    ],
)
def test_an_unfit_field_is_refused_without_repeating_it(field: str, value: Any) -> None:
    """Exception texts reach logs, and logs hold no address."""
    with pytest.raises(ValueError, match=r".") as refused:
        build(replace(EMAIL, **{field: value}))

    assert "evil" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "ready"),
    [
        ("ann@customer.example", "ann@customer.example"),
        ("ann+post.box@customer.example", "ann+post.box@customer.example"),
        ("ann@müller.example", "ann@xn--mller-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("o'brien@localhost", "o'brien@localhost"),
        ("jörg@customer.example", "jörg@customer.example"),
        ("", None),
        ("@customer.example", None),
        ("ann@", None),
        ("ann@-customer.example", None),
        ("ann@customer..example", None),
        (".ann@customer.example", None),
        ("a..b@customer.example", None),
        ('"ann b"@customer.example', None),
        ("ann@[192.0.2.1]", None),
        ("ann b@customer.example", None),
        ("ann@customer.example\n", None),
        ("a" * 65 + "@customer.example", None),
        ("ann@" + "a." * 130 + "example", None),
        ("\ud800@customer.example", None),
    ],
)
def test_what_counts_as_an_address(address: str, ready: str | None) -> None:
    """Whatever passes is written into an envelope and a header as it is."""
    assert ready_address(address) == ready


def test_an_offer_opts_out_at_one_click() -> None:
    """RFC 8058: two headers, the link whole and on one line, however long it is."""
    link = "https://onward.brightwater.example/unsubscribe/" + "aB3-_" * 30

    raw = build(replace(EMAIL, unsubscribe_url=link))

    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in raw
    assert raw.count(b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") == 1
    assert parsed(replace(EMAIL, unsubscribe_url=link))["List-Unsubscribe"] == f"<{link}>"


def test_what_is_no_offer_has_no_such_header() -> None:
    """A message or an invoice cannot be opted out of."""
    assert b"list-unsubscribe" not in build(EMAIL).lower()


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "https://x.example/a\r\nBcc: eve@evil.example",
        "https://x.example/>,<mailto:eve@evil.example",
        "https://x.example/" + "x" * 900,
        "https://x.example/ö",
    ],
)
def test_what_is_no_link_stands_in_no_header(link: str) -> None:
    """It is written as it is, so it is looked at first."""
    with pytest.raises(ValueError, match="not a web address"):
        build(replace(EMAIL, unsubscribe_url=link))


@pytest.mark.parametrize("name", ["List-Unsubscribe", "list-unsubscribe-post"])
def test_nobody_else_can_offer_an_opt_out(name: str) -> None:
    """Two of them, and a mail program takes which it likes."""
    with pytest.raises(ValueError, match="repeats"):
        build(replace(EMAIL, headers=((name, "<https://x.example>"),)))


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_an_attachment_arrives_whole_whatever_its_size(size: int) -> None:
    """It is encoded in pieces: none may be lost where two meet, nor any line grow too long."""
    content = bytes(number * 7 % 251 for number in range(size))

    raw = build(replace(EMAIL, attachments=(Attachment("a.bin", "application/x-a", content),)))

    (read,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert read.get_content() == content
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_building_a_large_email_takes_little_more_than_it_is() -> None:
    """A hundred scans are sent at once: each copy of one counts a hundredfold."""
    content = bytes(range(256)) * 20_000
    email = replace(EMAIL, attachments=(Attachment("a.pdf", "application/pdf", content),))
    tracemalloc.start()

    raw = build(email)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2.2 * len(raw)
