from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.vocabulary import Channel, Reason
from store.reading.read_models import SendLine
from workers.demo.agreement import disagreements
from workers.sandbox.acceptance import Acceptance

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def booked(outcome: str = "accepted", **known: Any) -> SendLine:
    """One line of the ledger."""
    line: dict[str, Any] = {
        "id": UUID(int=9),
        "at": AT,
        "event_type": "call.message_taken",
        "source": "/s",
        "event_id": "e",
        "channel": Channel.SMS,
        "masked": "+44•••",
        "outcome": outcome,
        "reason": Reason.PROVIDER_ACCEPTED,
        "detail": None,
        "provider": "twilio",
        "reference": "SM1",
        "marked": False,
        "delivery_id": ONE,
    }
    return SendLine(**{**line, **known})


def accepted(reference: str = "SM1", delivery: UUID = ONE) -> Acceptance:
    """One line of the sandbox's record."""
    url = f"http://127.0.0.1:1/hooks/twilio/message?delivery={delivery}&attempt=1"
    return Acceptance(1, AT, "sms", reference, "+44", "+44", callback_url=url)


def differ(
    sends: Sequence[SendLine], acceptances: Sequence[Acceptance], letters: Sequence[str] = ()
) -> bool:
    """Whether the two are said to differ."""
    return bool(disagreements(sends, acceptances, letters))


def test_a_send_that_both_know_agrees() -> None:
    """Else every day would end in alarm."""
    assert not differ([booked(), booked("delivered")], [accepted()])


def test_a_send_that_nobody_accepted_is_found() -> None:
    """A ledger that claims a send is worth nothing if it never left."""
    assert differ([booked()], [])


def test_an_acceptance_that_nobody_booked_is_found() -> None:
    """A send without an entry is a send that we could not prove."""
    assert differ([], [accepted()])


def test_a_delivery_accepted_twice_is_found() -> None:
    """The customer got it twice, and the ledger does not say so."""
    twice = [accepted("SM1"), accepted("SM2")]

    assert differ([booked(), booked(reference="SM2")], twice)


def test_a_delivery_sent_again_on_purpose_agrees_once_it_is_marked() -> None:
    """A marked resend is the policy's doing and on record."""
    twice = [accepted("SM1"), accepted("SM2")]
    lines = [booked(), booked(reference="SM2", marked=True)]

    assert not differ(lines, twice)


def test_two_deliveries_under_one_reference_are_found() -> None:
    """One acceptance cannot have reached two places."""
    assert differ([booked(), booked(delivery_id=OTHER)], [accepted()])


def test_what_was_never_found_out_is_found() -> None:
    """Nothing may be left uncertain at the end of the day."""
    assert differ([booked("uncertain", reference=None)], [])


def test_uncertainty_that_evidence_settled_agrees() -> None:
    """The receipt came later and is on record as the last word."""
    lines = [booked("uncertain", reference=None), booked("delivered")]

    assert not differ(lines, [accepted()])


def test_a_letter_that_the_mailroom_did_not_hand_over_is_found() -> None:
    """Letters are proved by the mailroom's word, not by the sandbox's."""
    letter = booked(provider="mailroom", channel=Channel.POST, reference="XR1")

    assert differ([letter], [])
    assert not differ([letter], [], ["XR1"])
