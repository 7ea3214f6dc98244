"""Clause 35: who opts out is sent nothing more, whatever is queued, and by no old list again."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.vocabulary import Channel, Purpose, Reason
from store import tables
from tests.building import House
from tests.dispatch.sending import Sending
from tests.factories import Sample, envelope
from tests.pages.site import a_site
from tests.policy.desk import OFFICER, Office
from workers.upkeep.notices import plan_notices

MANY = 1_000
STAYS = "C-stays"
AT = "2026-11-20T10:00:00Z"
EARLIER = "2026-03-01T10:00:00Z"
NO_AT = "2026-11-21T10:00:00Z"
LATER = "2026-11-22T10:00:00Z"


def _in_batches(house: House, events: Sequence[Sample], size: int = 200) -> None:
    for first in range(0, len(events), size):
        house.tell_at_once(*events[first : first + size])


def _imported(ref: str, at: str = AT, email: str | None = None) -> Iterator[Sample]:
    """A customer with their consent, as a list that is read in has them."""
    yield envelope(
        "customer.registered",
        subject=ref,
        services=["phone_answering"],
        addresses=...,
        invoice_email=email or f"{ref.lower()}@example.com",
    )
    yield envelope("consent.given", subject=ref, at=at)


def _offer(house: House) -> list[str]:
    """Publish an offer; give whom a delivery of it can be claimed for."""
    house.tell(envelope("offer.published", services=..., valid_until=...))
    while plan_notices(house.store, house.policies):
        pass
    return [one.customer_ref for one in house.claim() if one.purpose is Purpose.OFFERS]


def test_clause_35_of_a_thousand_that_are_queued_none_leaves_any_more(embedded: Sending) -> None:
    """They said no while it waited: each is on record as not sent, and who stays gets theirs."""
    sending, house = embedded, embedded.house
    refs = [f"C-{number:04d}" for number in range(MANY)]
    _in_batches(house, [event for ref in [*refs, STAYS] for event in _imported(ref)])
    house.tell(envelope("offer.published", services=..., valid_until=...))
    while plan_notices(house.store, house.policies):
        pass
    queued = house.deliveries(channel=Channel.EMAIL)
    _in_batches(house, [envelope("consent.withdrawn", subject=ref) for ref in refs])

    for first in range(0, len(queued), 100):
        sending.deliver(Channel.EMAIL, [row["id"] for row in queued[first : first + 100]])

    assert len(queued) == MANY + 1
    assert [one.to for one in sending.accepted()] == [f"{STAYS.lower()}@example.com"]
    outcomes = [(e["outcome"], e["reason"].value) for e in house.entries()]
    assert outcomes.count(("suppressed", "opted_out")) == MANY
    assert [each for each in outcomes if each[0] == "accepted"] == [
        ("accepted", "provider_accepted")
    ]


@pytest.mark.parametrize("at", [AT, EARLIER], ids=["the same consent", "an earlier one"])
def test_clause_35_a_list_that_is_read_in_again_opts_nobody_in(house: House, at: str) -> None:
    """What they said last counts, in whatever order it comes to us."""
    house.tell(*_imported("C-1"), envelope("consent.withdrawn", subject="C-1", at=NO_AT))

    house.tell(envelope("consent.given", subject="C-1", at=at))

    assert _offer(house) == []
    assert all(row["withdrawn_at"] is not None for row in house.rows(tables.consents))


def test_clause_35_a_no_that_comes_before_its_yes_is_heard(house: House) -> None:
    """Two systems report; the slower one brings the older word."""
    registered, agreed = _imported("C-1")
    house.tell(registered, envelope("consent.withdrawn", subject="C-1", at=NO_AT))

    house.tell(agreed)

    assert _offer(house) == []


def test_clause_35_who_agrees_again_later_is_sent_offers_again(house: House) -> None:
    """It is their own wish, then as now."""
    house.tell(*_imported("C-1"), envelope("consent.withdrawn", subject="C-1", at=NO_AT))

    house.tell(envelope("consent.given", subject="C-1", at=LATER))

    assert _offer(house) == ["C-1"]


def test_clause_35_it_outlives_their_erasure(office: Office) -> None:
    """A digest alone is kept, which names nobody; under another reference it bars them still."""
    house = office.house
    house.tell(*_imported("C-1", email="ada@quill.example"))
    house.tell(envelope("consent.withdrawn", subject="C-1", at=NO_AT))

    assert office.erasing.erase("C-1", OFFICER).refusal is None
    house.tell(*_imported("C-2", email="ada@quill.example"))

    (kept,) = house.rows(tables.suppressions)
    assert (kept["purpose"], kept["reason"]) == (Purpose.OFFERS, Reason.OPTED_OUT)
    assert len(kept["value_index"]) == 16
    assert _offer(house) == []


def test_clause_35_who_is_erased_is_opted_in_by_no_old_list(office: Office) -> None:
    """They never said no to offers alone: they said no to everything."""
    house = office.house
    house.tell(*_imported("C-1", email="ada@quill.example"))
    house.clock.advance(days=3)

    office.erasing.erase("C-1", OFFICER)
    house.tell(*_imported("C-2", email="ada@quill.example"))

    assert _offer(house) == []


def test_clause_35_a_new_customer_at_the_address_is_still_sent_everything_else(
    house: House,
) -> None:
    """What is barred are offers; an invoice is none."""
    house.tell(*_imported("C-1", email="ada@quill.example"))
    house.tell(envelope("consent.withdrawn", subject="C-1", at=NO_AT))

    house.tell(envelope("invoice.issued", subject="C-1"))

    assert [one.purpose for one in house.claim()] == [Purpose.INVOICE]


def test_clause_35_each_offer_has_a_link_that_opts_out_at_once(
    empty_url: str, tmp_path: Path
) -> None:
    """In its text, and in the header that mail programs show a button for."""
    with a_site(empty_url, tmp_path) as site:
        site.agree()
        for _ in range(2):
            link = site.offer()
        for mail in site.sending.mails():
            text = mail.get_body(("plain",))
            assert mail["List-Unsubscribe"]
            assert text is not None
            assert mail["List-Unsubscribe"].strip("<>") in text.get_content()

        site.post(link, {"List-Unsubscribe": "One-Click"})
        site.house.clock.now += timedelta(minutes=1)

        assert _offer(site.house) == []
