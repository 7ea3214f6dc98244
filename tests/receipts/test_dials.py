from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus
from store.deliveries.claiming import Claimed
from store.tables import outbox
from tests.door.opened import Office
from tests.factories import envelope
from tests.receipts.callbacks import Hooks, claimed_of, record_of, row_of, status_of

DESK = "sip:desk@callcentre.example"
_S = DeliveryStatus


def a_ringing(office: Office, *voices: str, **call: Any) -> Claimed:
    """A caller being put through to the first of some numbers."""
    about = envelope
    steps = []
    for place, voice in enumerate(voices):
        name = f"d-voice-{place}"
        steps.append({"destination": name})
        office.tell(
            about("destination.added", destination_id=name, kind="voice", value=voice),
            about("destination.verified", destination_id=name),
        )
    ring = {
        "rule_id": "ring",
        "match": {"events": ["call.waiting"]},
        "action": {"mode": "first", "steps": steps},
    }
    rest = {"rule_id": "rest", "action": {"mode": "all", "steps": [{"destination": "d-mobile"}]}}
    office.tell(about("preferences.set", rules=[ring, rest], based_on_version=...))
    not_after = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    office.tell(about("call.waiting", call_id="call-9", not_after=not_after, **call))
    return claimed_of(office, office.hinted[-1].delivery_id, "twilio-voice")


def told_of_calls(office: Office) -> list[str]:
    """What the call-centre was told of calls, as the outbox has it."""
    with office.store.read() as tx:
        rows = tx.connection.execute(outbox.select().where(outbox.c.name == "call.forwarded"))
        return [row.facts for row in rows if row.audience == "role:call-centre"]


def test_a_call_that_was_answered_is_delivered_and_told(office: Office, twilio: Hooks) -> None:
    """The call-centre closes the call, and the customer is not written to about it."""
    claimed = a_ringing(office, "+441632960301")
    hinted = len(office.hinted)

    reply = twilio.dialled(claimed, "completed", DialCallDuration="42", CallStatus="completed")

    assert "<Hangup" in reply.body.decode()
    assert status_of(office, claimed.delivery_id) is _S.DELIVERED
    assert told_of_calls(office) == ['{"call_id": "call-9", "outcome": "answered", "seconds": 42}']
    assert (record_of(office)[-1].reason, record_of(office)[-1].detail) == ("answered", "42 s")
    assert len(office.hinted) == hinted


@pytest.mark.parametrize(
    ("word", "reason", "outcome"),
    [
        ("no-answer", "not_answered", "no_answer"),
        ("busy", "busy", "busy"),
        ("failed", "provider_fault", "failed"),
        ("canceled", "caller_gone", "no_answer"),
    ],
)
def test_a_call_that_nobody_took_is_told_of_as_a_message(
    office: Office, twilio: Hooks, word: str, reason: str, outcome: str
) -> None:
    """The caller goes back to the agent; the customer learns who called."""
    claimed = a_ringing(office, "+441632960301")

    reply = twilio.dialled(claimed, word)

    assert reply.headers["content-type"] == "application/xml"
    assert DESK in reply.body.decode()
    row = row_of(office, claimed.delivery_id)
    assert (row.status, row.reason) == (_S.UNDELIVERED, reason)
    told = row_of(office, office.hinted[-1].delivery_id)
    assert (told.event_id, told.channel, told.purpose) == (row.event_id, Channel.SMS, "messages")
    assert told_of_calls(office) == [
        f'{{"call_id": "call-9", "outcome": "{outcome}", "seconds": 0}}'
    ]


@pytest.mark.parametrize("dear", ["+449098790123", "+881622412345", "+23224000000"])
def test_no_caller_goes_back_to_a_number_that_runs_up_a_bill(
    office: Office, twilio: Hooks, dear: str
) -> None:
    """Whoever has a publisher's key could have us ring a number that pays him by the minute."""
    claimed = a_ringing(office, "+441632960301", return_to=dear)

    reply = twilio.dialled(claimed, "no-answer").body.decode()

    assert "<Dial" not in reply
    assert "<Hangup" in reply
    assert row_of(office, claimed.delivery_id).status is _S.UNDELIVERED


def test_a_repeated_word_plans_nothing_twice(office: Office, twilio: Hooks) -> None:
    """Twilio repeats a callback that it believes lost; the answer must be the same."""
    claimed = a_ringing(office, "+441632960301")
    first = twilio.dialled(claimed, "no-answer")
    hinted = len(office.hinted)

    second = twilio.dialled(claimed, "no-answer")

    assert second.body == first.body
    assert len(office.hinted) == hinted
    assert len(told_of_calls(office)) == 1


def test_the_next_number_is_dialled_while_the_caller_waits(office: Office, twilio: Hooks) -> None:
    """A rule that names two numbers wants the second tried, not the caller hung up on."""
    claimed = a_ringing(office, "+441632960301", "+441632960302")

    reply = twilio.dialled(claimed, "busy")

    document = reply.body.decode()
    assert "<Pause" in document
    assert document.index("<Pause") < document.index(DESK)
    following = row_of(office, office.hinted[-1].delivery_id)
    assert (following.channel, following.step) == (Channel.CALL, 1)
    assert told_of_calls(office) == []


def test_a_caller_who_hung_up_is_not_dialled_for_again(office: Office, twilio: Hooks) -> None:
    """Twilio calls it `no-answer` too; only the caller's own leg tells."""
    claimed = a_ringing(office, "+441632960301", "+441632960302")

    twilio.dialled(claimed, "no-answer", CallStatus="completed")

    assert row_of(office, claimed.delivery_id).reason == "caller_gone"
    assert office.hinted[-1].channel is Channel.SMS


def test_the_agents_own_message_makes_ours_needless(office: Office, twilio: Hooks) -> None:
    """A customer who is told twice of one call believes that two people called."""
    claimed = a_ringing(office, "+441632960301")
    office.tell(envelope("call.message_taken", call_id="call-9"))
    hinted = len(office.hinted)

    twilio.dialled(claimed, "no-answer")

    assert len(office.hinted) == hinted
    assert (record_of(office)[-1].outcome, record_of(office)[-1].reason) == ("not_sent", "replaced")


def test_an_unknown_call_ends_politely(twilio: Hooks) -> None:
    """A caller whose delivery is not ours must not hear an error."""
    reply = twilio.post("/hooks/twilio/dial?delivery=x&attempt=1", {"DialCallStatus": "busy"})

    assert reply.status == 200
    assert "<Hangup" in reply.body.decode()
