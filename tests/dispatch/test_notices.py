"""Does a notice to everyone go on to the next place where the first does not take it?"""

from datetime import timedelta

from contracts.vocabulary import Channel
from tests.building import House
from tests.dispatch.sending import Sending
from tests.factories import envelope
from workers.sandbox.behaviour import Act, Rule
from workers.upkeep.notices import plan_notices


def _plan(house: House) -> None:
    while plan_notices(house.store, house.policies):
        pass


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
            effective_at=(soon + timedelta(days=365)).isoformat(),
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
