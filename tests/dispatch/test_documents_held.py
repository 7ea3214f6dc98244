"""Is a document that is not what it was said to be held back, and its customer told?"""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Refusal
from store.audit import By
from store.reading.attention import attention
from store.tables import ledger
from tests.building import BOTH, first_of
from tests.dispatch.documents import (
    keep,
    pdf,
    pdf_that_says_it_has_one_page,
    pdf_without_end,
)
from tests.dispatch.sending import Sending, open_sending
from tests.factories import Sample, catch_all, envelope, file
from workers.operations import NotSent

S = DeliveryStatus
EMAIL = Channel.EMAIL
BY = By("kim", "the scanner was mended")


@pytest.fixture
def held(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one that holds back a PDF of more than 30 pages."""
    with open_sending(empty_sqlite_url, tmp_path, document_page_limit=30) as opened:
        yield opened


def _scanned(scan: Sample, **changes: Any) -> Sample:
    return envelope("post.scanned", scan=scan, pages=2, **changes)


def _serve(sending: Sending, *rules: Sample) -> None:
    sending.house.serve("C-7", BOTH, rules=list(rules or [catch_all("d-mail")]))


def _says(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize(
    ("content", "media_type", "word"),
    [
        (b"<html>not a scan</html>", "application/pdf", "wrong_type"),
        (pdf(password="secret"), "application/pdf", "pdf_encrypted"),
        (
            pdf(password="secret").replace(b"/Filter /Standard", b"/Filter /AdobePPK"),
            "application/pdf",
            "pdf_encrypted",
        ),
        (pdf(pages=31), "application/pdf", "pdf_too_long"),
        (pdf_that_says_it_has_one_page(31), "application/pdf", "pdf_too_long"),
        (pdf_without_end(), "application/pdf", "pdf_empty"),
        (pdf(pages=0), "application/pdf", "pdf_empty"),
        (pdf()[:300], "application/pdf", "pdf_broken"),
        (pdf(), "image/png", "wrong_type"),
    ],
    ids=[
        "not a PDF",
        "encrypted",
        "encrypted for certificates",
        "too long",
        "lies about its length",
        "endless",
        "empty",
        "cut short",
        "another type",
    ],
)
def test_a_scan_that_is_not_as_it_should_be_is_held_and_its_customer_told(
    held: Sending, content: bytes, media_type: str, word: str
) -> None:
    """The customer must not wait for somebody to look, nor be sent what cannot be read."""
    _serve(held)
    held.house.tell(_scanned(keep(held, content, media_type), subject="C-7"))

    held.deliver(EMAIL)
    held.deliver(EMAIL)

    kept, told = held.house.deliveries(channel=EMAIL)
    assert (kept["status"], kept["reason"].value, kept["detail"]) == (
        S.PARKED,
        "unusable_document",
        word,
    )
    assert (told["rule_id"], told["status"], told["destination_id"]) == (
        "@held",
        S.ACCEPTED,
        "d-mail",
    )
    (mail,) = held.mails()
    assert [*mail.iter_attachments()] == []
    assert "item-1" in _says(mail)
    assert "The scan is not with this email" in _says(mail)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder that an object store of its own hands out as `s3://scans`."""
    (tmp_path / "scans").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield tmp_path / "scans"
        server.shutdown()
        serving.join()


@pytest.mark.parametrize(
    ("limit", "reason", "word"),
    [
        (20_000, "unusable_document", "too_large"),
        (40_000, "provider_accepted", None),
    ],
    ids=["above", "below"],
)
def test_a_scan_in_a_bucket_that_is_larger_than_one_may_be_is_held(
    empty_sqlite_url: str, tmp_path: Path, bucket: Path, limit: int, reason: str, word: str | None
) -> None:
    """Reading it, even to give its link, would take four times its size of memory."""
    large = pdf(size=30_000)
    (bucket / "a.pdf").write_bytes(large)
    scan = file(large) | {"uri": "s3://scans/a.pdf"}
    settings: dict[str, Any] = {"blob_roots": ("s3://scans",), "blob_limit_bytes": limit}
    with open_sending(empty_sqlite_url, tmp_path, **settings) as sending:
        _serve(sending)
        sending.house.tell(_scanned(scan, subject="C-7"))

        sending.deliver(EMAIL)
        sending.deliver(EMAIL)

        first, *notice = sending.house.deliveries(channel=EMAIL)
        assert first["reason"].value == reason
        assert word is None or first["detail"] == word
        assert [one["rule_id"] for one in notice] == ([] if word is None else ["@held"])


def test_a_scan_of_something_else_is_held(sending: Sending) -> None:
    """Another customer's post must not go out under this event; by its digest, on each database."""
    _serve(sending)
    said = file(pdf())
    sending.keep_file(said["sha256"], pdf(pages=2))
    sending.house.tell(_scanned(said, subject="C-7"))

    sending.deliver(EMAIL)
    sending.deliver(EMAIL)

    assert sending.house.standing(channel=EMAIL) == [
        ("d-mail", "parked", "unusable_document"),
        ("d-mail", "accepted", "provider_accepted"),
    ]
    with sending.house.store.read() as tx:
        (group,) = attention(tx)
    assert (group.kind, group.words[0], group.count) == ("parked", "unusable_document", 1)
    outcomes = [row["outcome"] for row in sending.house.rows(ledger, channel=EMAIL)]
    assert outcomes == ["parked", "accepted"]


def test_what_was_held_goes_out_when_its_document_is_right(embedded: Sending) -> None:
    """With the scan, to the same place; and the notice is not sent a second time."""
    _serve(embedded)
    right = pdf()
    said = file(right)
    embedded.keep_file(said["sha256"], pdf(pages=2))
    embedded.house.tell(_scanned(said, subject="C-7"))
    embedded.deliver(EMAIL)
    embedded.deliver(EMAIL)
    (kept, _) = embedded.house.deliveries(channel=EMAIL)
    embedded.parts.operations.replay([kept["id"]], BY)
    embedded.deliver(EMAIL)  # still wrong: held again

    embedded.keep_file(said["sha256"], right)
    embedded.parts.operations.replay([kept["id"]], BY)
    embedded.deliver(EMAIL)

    assert embedded.house.standing(channel=EMAIL) == [
        ("d-mail", "accepted", "provider_accepted"),
        ("d-mail", "accepted", "provider_accepted"),
    ]
    notice, whole = embedded.mails()
    assert [*notice.iter_attachments()] == []
    (scan,) = whole.iter_attachments()
    assert scan.get_content() == right
    assert embedded.house.delivery(rule_id="everything")["marked"] is False


def test_nobody_can_say_that_what_was_held_has_been_sent(embedded: Sending) -> None:
    """Nothing left us: there is nothing to find out, only a document to mend."""
    _serve(embedded)
    embedded.house.tell(_scanned(keep(embedded, pdf()[:300]), subject="C-7"))
    embedded.deliver(EMAIL)
    kept = embedded.house.deliveries(channel=EMAIL)[0]

    done = embedded.parts.operations.resolve(kept["id"], NotSent(), BY)

    assert [one.refusal for one in done.refused] == [Refusal.NOT_UNSETTLED]


def test_the_next_step_does_not_go_out_beside_the_notice(embedded: Sending) -> None:
    """The customer has been told where the rule says first: a text of the same is one too many."""
    _serve(embedded, first_of("d-mail", "d-mobile"))
    embedded.house.tell(_scanned(keep(embedded, pdf()[:300]), subject="C-7"))

    embedded.deliver(EMAIL)
    embedded.deliver(EMAIL)

    assert embedded.house.deliveries(channel=Channel.SMS) == []


def test_a_document_that_never_comes_is_held_in_the_end(embedded: Sending) -> None:
    """It is waited for an hour, which an invoice can bear; then the customer is told without it."""
    embedded.house.tell(envelope("invoice.issued"))
    invoice = embedded.house.delivery(destination_id="@invoice")
    embedded.deliver(EMAIL, [invoice["id"]])
    early = embedded.house.status(invoice["id"])

    embedded.house.clock.advance(minutes=61)
    embedded.deliver(EMAIL, [invoice["id"]])
    embedded.deliver(EMAIL)

    kept = embedded.house.delivery(id=invoice["id"])
    assert (kept["status"], kept["reason"].value, kept["detail"]) == (
        S.PARKED,
        "unusable_document",
        "missing",
    )
    assert early is S.PENDING
    (mail,) = [m for m in embedded.mails() if "accounts@" in m["To"]]
    assert "The invoice is not with this email" in _says(mail)
