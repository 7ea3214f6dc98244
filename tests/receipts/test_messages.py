import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store.deliveries.claiming import Claimed
from store.deliveries.transitions import Move, move
from tests.door.opened import PUBLIC_URL, SPARE_TOKEN, Office
from tests.receipts.callbacks import (
    SID,
    Hooks,
    a_sending,
    accept,
    attempt_of,
    become,
    claimed_of,
    hooks,
    record_of,
    row_of,
    status_of,
)

_S = DeliveryStatus


def test_a_text_that_arrived_is_on_record(office: Office, twilio: Hooks) -> None:
    """'Did it arrive?' is answered with the provider's word."""
    claimed = a_sending(office)
    accept(office, claimed)

    reply = twilio.say(claimed, "delivered")

    assert reply.status == 204
    assert status_of(office, claimed.delivery_id) is _S.DELIVERED
    last = record_of(office)[-1]
    assert (last.outcome, last.reference, last.channel) == ("delivered", SID, Channel.SMS)


@pytest.mark.parametrize(
    "words",
    [
        ["queued", "sent", "delivered"],
        ["delivered", "sent"],
        ["delivered", "delivered"],
        ["sent", "delivered", "queued", "sent"],
        ["delivered", "undelivered"],
        ["undelivered", "read"],
    ],
)
def test_repeated_and_late_receipts_do_not_turn_time_back(
    office: Office, twilio: Hooks, words: list[str]
) -> None:
    """Receipts come twice and out of order."""
    claimed = a_sending(office)
    accept(office, claimed)

    for word in words:
        twilio.say(claimed, word)

    assert status_of(office, claimed.delivery_id) is _S.DELIVERED
    outcomes = [line.outcome for line in record_of(office)]
    assert outcomes.count("delivered") == 1
    assert outcomes.count("accepted") == 1


def test_a_receipt_before_our_own_record_settles_and_the_record_does_no_harm(
    office: Office, twilio: Hooks
) -> None:
    """Twilio may report back before its answer to the send has reached us."""
    claimed = a_sending(office)

    twilio.say(claimed, "sent")
    twilio.say(claimed, "delivered")
    changed = accept(office, claimed)

    assert changed == []
    row = row_of(office, claimed.delivery_id)
    assert (row.status, row.reference) == (_S.DELIVERED, SID)
    assert attempt_of(office, claimed).verdict == "accepted"


@pytest.mark.parametrize("doubt", [_S.UNCERTAIN, _S.PARKED])
def test_evidence_of_sending_settles_what_nobody_knew(
    office: Office, twilio: Hooks, doubt: DeliveryStatus
) -> None:
    """What is known to have been sent must not wait for a person, nor be sent again."""
    claimed = a_sending(office)
    become(office, claimed, doubt)

    twilio.say(claimed, "a_word_of_next_year")

    assert status_of(office, claimed.delivery_id) is _S.ACCEPTED
    assert attempt_of(office, claimed).reference == SID


def test_evidence_stops_a_second_sending_that_has_not_begun(office: Office, twilio: Hooks) -> None:
    """An operator sent an uncertain text again; the receipt shows that the first went out."""
    claimed = a_sending(office)
    become(office, claimed, _S.PENDING)

    twilio.say(claimed, "sent")

    assert status_of(office, claimed.delivery_id) is _S.ACCEPTED


def test_a_replay_of_what_did_not_arrive_is_not_stopped_by_a_late_receipt(
    office: Office, twilio: Hooks
) -> None:
    """The first attempt's fate was known when the operator replayed it."""
    claimed = a_sending(office)
    accept(office, claimed)
    twilio.say(claimed, "undelivered", ErrorCode="30003")
    _replay(office, claimed)

    twilio.say(claimed, "sent")
    twilio.say(claimed, "undelivered", ErrorCode="30003")

    assert status_of(office, claimed.delivery_id) is _S.PENDING


def test_a_receipt_of_an_earlier_attempt_does_not_settle_a_later_one(
    office: Office, twilio: Hooks
) -> None:
    """Each attempt is another text; the fence in the URL tells them apart."""
    first = a_sending(office)
    become(office, first, _S.PENDING)
    _replay(office, first)
    second = claimed_of(office, first.delivery_id, "twilio-sms")

    twilio.say(first, "delivered")

    assert second.fence == first.fence + 1
    assert status_of(office, first.delivery_id) is _S.SENDING
    assert attempt_of(office, first).reference == SID
    assert attempt_of(office, second).reference is None


def test_what_did_not_arrive_goes_to_the_rules_next_step(office: Office, twilio: Hooks) -> None:
    """A customer who asked for 'first, else' must hear by the other way."""
    claimed = a_sending(office)
    accept(office, claimed)

    twilio.say(claimed, "undelivered", ErrorCode="30005")
    twilio.say(claimed, "undelivered", ErrorCode="30005")

    row = row_of(office, claimed.delivery_id)
    assert (row.status, row.reason, row.detail) == (
        _S.UNDELIVERED,
        "invalid_destination",
        "undelivered 30005",
    )
    following = [due for due in office.hinted if due.channel is Channel.EMAIL]
    assert len(following) == 1
    next_row = row_of(office, following[0].delivery_id)
    assert (next_row.step, next_row.reason, next_row.event_id) == (1, "next_step", row.event_id)


def test_a_receipt_may_be_signed_by_any_of_our_accounts(office: Office, twilio: Hooks) -> None:
    """A second SMS account signs with a token of its own."""
    claimed = a_sending(office)
    accept(office, claimed)
    asked = f"/hooks/twilio/message?delivery={claimed.delivery_id}&attempt={claimed.fence}"

    reply = twilio.post(asked, {"MessageSid": SID, "MessageStatus": "delivered"}, token=SPARE_TOKEN)

    assert reply.status == 204
    assert status_of(office, claimed.delivery_id) is _S.DELIVERED


@pytest.mark.parametrize(
    "public_url",
    [
        "https://hooks.brindle-hart.example",
        "https://hooks.brindle-hart.example:8443",
        "https://brindle-hart.example/onward",
        "https://brindle-hart.example/a/b%20c/",
        "http://localhost:9999",
    ],
)
def test_a_receipt_through_a_proxy_is_signed_for_the_url_that_twilio_knows(
    office: Office, public_url: str
) -> None:
    """Host, port and path are not those that reach us; the query is, to the letter."""
    with hooks(office, public_url.rstrip("/")) as twilio:
        claimed = a_sending(office)
        accept(office, claimed)
        asked = f"/hooks/twilio/message?delivery={claimed.delivery_id}&attempt={claimed.fence}"
        form = {"MessageSid": SID, "MessageStatus": "delivered", "Note": "a+b c&d=%26"}

        direct = twilio.post(asked, form, signed_url=f"http://127.0.0.1:{twilio.door.port}{asked}")
        other_order = twilio.post(asked, form, signed_url=f"{twilio.public_url}{_swapped(asked)}")
        proxied = twilio.post(f"{asked}&empty=&x=%2B+y", form)

    assert (direct.status, other_order.status, proxied.status) == (403, 403, 204)
    assert status_of(office, claimed.delivery_id) is _S.DELIVERED


def _swapped(asked: str) -> str:
    path, _, query = asked.partition("?")
    return f"{path}?{'&'.join(reversed(query.split('&')))}"


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another token"},
        {"signed_url": f"{PUBLIC_URL}/hooks/twilio/message"},
        {"signed_url": "http://127.0.0.1/hooks/twilio/message"},
    ],
    ids=["token", "query", "host"],
)
def test_a_forged_receipt_is_refused(office: Office, twilio: Hooks, forged: dict[str, str]) -> None:
    """Anybody can reach this route; only Twilio can sign."""
    claimed = a_sending(office)
    accept(office, claimed)
    asked = f"/hooks/twilio/message?delivery={claimed.delivery_id}&attempt={claimed.fence}"

    reply = twilio.post(asked, {"MessageSid": SID, "MessageStatus": "failed"}, **forged)

    assert reply.status == 403
    assert status_of(office, claimed.delivery_id) is _S.ACCEPTED


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?delivery=x&attempt=1",
        "?delivery=00000000-0000-7000-8000-000000000000&attempt=1",
        "?delivery=00000000-0000-7000-8000-000000000000&attempt=99999999999",
    ],
)
def test_what_is_signed_and_unknown_is_answered_politely(twilio: Hooks, query: str) -> None:
    """Twilio mends nothing by asking again, and an error page alarms for nothing."""
    form = {"MessageSid": SID, "MessageStatus": "delivered"}

    reply = twilio.post(f"/hooks/twilio/message{query}", form)

    assert reply.status == 204


def test_an_attempt_that_never_was_changes_nothing(office: Office, twilio: Hooks) -> None:
    """An id and a number that do not go together are no evidence."""
    claimed = a_sending(office)
    accept(office, claimed)

    reply = twilio.say(claimed, "delivered", attempt=7)

    assert reply.status == 204
    assert status_of(office, claimed.delivery_id) is _S.ACCEPTED


def _replay(office: Office, claimed: Claimed) -> None:
    """Do what an operator's replay does."""
    with office.store.write() as tx:
        again = Move(
            delivery_id=claimed.delivery_id,
            to=_S.PENDING,
            reason=Reason.OPERATOR,
            due_at=tx.now,
        )
        move(tx, [again], list(_S))
