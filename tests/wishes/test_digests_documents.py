"""Does a digest's email lose no document: what has no room in it goes by itself, or is held?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from tests.building import BOTH
from tests.dispatch.documents import keep, pdf
from tests.dispatch.sending import Sending, open_sending
from tests.factories import Sample, catch_all, envelope
from workers.routing.own_way import APART_WAY, HELD_WAY

S = DeliveryStatus
EMAIL = Channel.EMAIL


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one whose emails hold two small scans, or one of some 40 kB."""
    limits: dict[str, Any] = {
        "mail_attachment_limit_bytes": 60_000,
        "public_url": "https://onward.example",
    }
    with open_sending(empty_url, tmp_path, **limits) as opened:
        hourly = {"digest": {"every": "hour"}}
        rule = catch_all("d-mail", timing=hourly, post={"do": "scan"})
        opened.house.serve("C-7", BOTH, rules=[rule])
        yield opened


def scanned(sending: Sending, item: str, scan: Sample) -> None:
    """Have one item's scan come in."""
    sending.house.tell(envelope("post.received", subject="C-7", item_id=item))
    sending.house.tell(envelope("post.scanned", subject="C-7", item_id=item, scan=scan, pages=1))


def send_all(sending: Sending) -> None:
    """Let the hour come, and work off what is due until nothing is."""
    sending.house.clock.advance(hours=1)
    for _ in range(4):
        sending.deliver(EMAIL)


def attached(sending: Sending) -> list[int]:
    """How many documents each email had, the fewest first."""
    return sorted(len(list(mail.iter_attachments())) for mail in sending.mails())


def test_scans_that_fit_go_along(sending: Sending) -> None:
    """One email, with both."""
    for item in ("it-1", "it-2"):
        scanned(sending, item, keep(sending, pdf(size=1000 if item == "it-1" else 2000)))

    send_all(sending)

    assert attached(sending) == [2]


def test_a_scan_that_has_no_room_left_goes_by_itself(sending: Sending) -> None:
    """Each of the two fits an email, and not both: nothing is lost, and nothing sent twice."""
    for item, size in (("it-1", 30_000), ("it-2", 31_000)):
        scanned(sending, item, keep(sending, pdf(size=size)))

    send_all(sending)

    assert attached(sending) == [1, 1]
    (apart,) = sending.house.deliveries(rule_id=APART_WAY)
    assert apart["status"] is S.ACCEPTED
    left = sending.house.entries(reason="sent_apart")
    assert [entry["outcome"] for entry in left] == ["cancelled"]


def test_a_scan_too_large_for_any_email_goes_by_a_link(sending: Sending) -> None:
    """As it would have without the digest."""
    scanned(sending, "it-1", keep(sending, pdf(size=1000)))
    scanned(sending, "it-2", keep(sending, pdf(size=90_000)))

    send_all(sending)

    assert attached(sending) == [0, 1]
    linked = next(mail for mail in sending.mails() if not list(mail.iter_attachments()))
    text = linked.get_body(("plain",))
    assert text is not None
    assert "https://onward.example/" in text.get_content()


def test_a_scan_that_is_not_as_it_should_be_is_held_and_told_of(sending: Sending) -> None:
    """The others go; an operator sees it, and its customer is sent the notice."""
    scanned(sending, "it-1", keep(sending, pdf(size=1000)))
    scanned(sending, "it-2", keep(sending, pdf(password="secret")))

    send_all(sending)

    (apart,) = sending.house.deliveries(rule_id=APART_WAY)
    assert (apart["status"], apart["reason"]) == (S.PARKED, Reason.UNUSABLE_DOCUMENT)
    (notice,) = sending.house.deliveries(rule_id=HELD_WAY)
    assert notice["status"] is S.ACCEPTED
    assert attached(sending) == [0, 1]


def test_a_digest_of_nothing_but_what_goes_by_itself_is_not_sent(sending: Sending) -> None:
    """An empty digest says nothing."""
    scanned(sending, "it-1", keep(sending, pdf(size=90_000)))

    send_all(sending)

    assert len(sending.mails()) == 1
    digest = next(row for row in sending.house.deliveries() if row["gathers"])
    assert (digest["status"], digest["reason"]) == (S.CANCELLED, Reason.SENT_APART)
