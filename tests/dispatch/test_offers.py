"""Does an offer reach who agreed to it, and nobody who has since said no?"""

from collections.abc import Iterator, Sequence

from contracts.vocabulary import Channel
from tests.building import House
from tests.dispatch.sending import Sending
from tests.factories import Sample, envelope
from workers.sandbox.behaviour import Act, Rule
from workers.upkeep.notices import plan_notices

_MANY = 1_000
_STAYS = "C-stays"


def _in_batches(house: House, events: Sequence[Sample], size: int = 200) -> None:
    for first in range(0, len(events), size):
        house.tell_at_once(*events[first : first + size])


def _agreed(ref: str) -> Iterator[Sample]:
    yield envelope(
        "customer.registered",
        subject=ref,
        services=["phone_answering"],
        addresses=...,
        invoice_email=f"{ref.lower()}@example.com",
    )
    yield envelope("consent.given", subject=ref)


def _plan(house: House) -> None:
    while plan_notices(house.store, house.policies):
        pass


def test_of_a_thousand_queued_offers_none_goes_to_who_has_opted_out(embedded: Sending) -> None:
    """They said no while it waited: not one may leave, and each is on record as not sent."""
    sending, house = embedded, embedded.house
    refs = [f"C-{number:04d}" for number in range(_MANY)]
    _in_batches(house, [event for ref in [*refs, _STAYS] for event in _agreed(ref)])
    house.tell(envelope("offer.published", services=..., valid_until=...))
    _plan(house)
    queued = house.deliveries(channel=Channel.EMAIL)
    _in_batches(house, [envelope("consent.withdrawn", subject=ref) for ref in refs])

    for first in range(0, len(queued), 100):
        sending.deliver(Channel.EMAIL, [row["id"] for row in queued[first : first + 100]])

    assert len(queued) == _MANY + 1
    assert [one.to for one in sending.accepted()] == [f"{_STAYS.lower()}@example.com"]
    outcomes = [(e["outcome"], e["reason"].value) for e in house.entries()]
    assert outcomes.count(("suppressed", "opted_out")) == _MANY
    assert [each for each in outcomes if each[0] == "accepted"] == [
        ("accepted", "provider_accepted")
    ]


def test_a_notice_that_a_relay_refuses_is_sent_to_the_customers_next_place(
    sending: Sending,
) -> None:
    """By email first, then by text; each in the transaction that records why."""
    house = sending.house
    sending.sandbox.behave(Rule(Act.REFUSE, channel="email", code=550))
    soon = house.clock.now.replace(microsecond=0)
    house.tell(
        envelope(
            "policy.changed",
            published_at=soon.isoformat(),
            effective_at=soon.replace(year=soon.year + 1).isoformat(),
        )
    )
    _plan(house)

    for channel in (Channel.EMAIL, Channel.EMAIL, Channel.SMS):
        sending.deliver(channel)

    assert [(row["destination_id"], row["status"].value) for row in house.deliveries()] == [
        ("@invoice", "failed"),
        ("d-mail", "failed"),
        ("d-mobile", "accepted"),
    ]
    (text,) = sending.accepted()
    assert "Our data protection policy changes" in (text.body or "")
