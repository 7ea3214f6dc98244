"""Is what customers text back kept, and done as asked?"""

from typing import Any

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason, SuppressedBy
from store import tables
from store.customers.changes import suppress
from store.evidence import replies
from store.evidence.replies import ReplyLine
from tests.door.opened import Office, Reply
from tests.factories import envelope
from tests.receipts.callbacks import Hooks, a_sending, accept, record_of, row_of, status_of
from workers.receipts.counts import Counts, Meaning, Way
from workers.routing.keywords import MUTEABLE, TEXTED

MOBILE = "+447700900123"
PATH = "/hooks/twilio/reply"
_S = DeliveryStatus


def _text(twilio: Hooks, body: str, sid: str = "SM1", sender: str = MOBILE, **more: str) -> Reply:
    form = {"MessageSid": sid, "From": sender, "To": "+447700900100", "Body": body, "NumMedia": "0"}
    return twilio.post(PATH, form | more)


def _suppressed(office: Office, *, lifted: bool = False) -> set[str]:
    with office.store.read() as tx:
        rows = tx.connection.execute(tables.suppressions.select()).all()
    return {row.purpose.value for row in rows if (row.lifted_at is not None) == lifted}


def _kept(office: Office) -> list[ReplyLine]:
    with office.store.read() as tx:
        return replies.of_customer(tx, "C-1042")


@pytest.mark.parametrize(("body", "barred"), [("STOP", MUTEABLE), ("STOPALL", TEXTED)])
def test_stop_bars_texts_to_the_number_and_no_call(
    office: Office, twilio: Hooks, body: str, barred: frozenset[Purpose]
) -> None:
    """Who does not want texts may still be rung, and what cannot be muted is not by one word."""
    office.tell(envelope("call.message_taken"))
    (waiting,) = [due.delivery_id for due in office.hinted]

    answer = _text(twilio, body)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    assert "<Message" not in answer.body.decode()
    assert _suppressed(office) == {purpose.value for purpose in barred}
    assert (row_of(office, waiting).status, row_of(office, waiting).reason) == (
        _S.SUPPRESSED,
        Reason.OPTED_OUT,
    )


@pytest.mark.parametrize(
    ("topic", "stopped"), [("MESSAGES", True), ("POST", False), ("INVOICES", False)]
)
def test_a_stop_of_one_topic_leaves_the_others_alone_and_says_so(
    office: Office, twilio: Hooks, topic: str, stopped: bool
) -> None:
    """Whoever wants no texts about post still waits for their messages."""
    office.tell(envelope("call.message_taken"))
    (waiting,) = [due.delivery_id for due in office.hinted]

    answer = _text(twilio, f"stop {topic.lower()}.").body.decode()

    assert len(_suppressed(office)) == 1
    assert status_of(office, waiting) is (_S.SUPPRESSED if stopped else _S.PENDING)
    assert "Brindle" in answer
    assert f"START {topic}" in answer


def test_a_start_of_one_topic_lifts_that_alone(office: Office, twilio: Hooks) -> None:
    """They asked for post again, and for nothing else."""
    _text(twilio, "STOP", "SM1")

    answer = _text(twilio, "START POST", "SM2").body.decode()

    assert _suppressed(office, lifted=True) == {"post"}
    assert "messages" in _suppressed(office)
    assert "STOP POST" in answer


def test_what_cannot_be_muted_is_texted_after_a_stop(office: Office, twilio: Hooks) -> None:
    """A rule may add a text about an invoice; one STOP for the rest does not end it."""
    _text(twilio, "STOP")

    for purpose in (Purpose.INVOICE, Purpose.PAYMENT, Purpose.POLICY_NOTICE, Purpose.RIGHTS):
        assert purpose.value not in _suppressed(office)


def test_what_a_stop_kept_from_going_is_on_record_and_the_next_step_goes(
    office: Office, twilio: Hooks
) -> None:
    """The message itself was wanted: the rule names an email for it."""
    office.tell(envelope("call.message_taken"))

    _text(twilio, "STOP")

    last = record_of(office)[-1]
    assert (last.outcome, last.reason, last.detail) == ("suppressed", "opted_out", "stop")
    following = row_of(office, office.hinted[-1].delivery_id)
    assert (following.channel, following.destination_id) == (Channel.EMAIL, "d-mail")


def test_start_lifts_what_a_stop_has_set(office: Office, twilio: Hooks) -> None:
    """The number may be texted again."""
    _text(twilio, "STOP", "SM1")

    _text(twilio, "START", "SM2")

    assert _suppressed(office) == set()
    assert "messages" in _suppressed(office, lifted=True)


def test_start_lifts_nothing_that_something_else_has_set(office: Office, twilio: Hooks) -> None:
    """An operator has barred the number, and only an operator lifts it."""
    index = office.store.root.index("destination", MOBILE)
    with office.store.write() as tx:
        suppress(tx, index, Purpose.MESSAGES, Reason.OPTED_OUT, SuppressedBy.OPERATOR)
    _text(twilio, "STOP", "SM1")

    _text(twilio, "START", "SM2")

    assert _suppressed(office) == {"messages"}


def test_what_the_provider_says_was_stopped_is_lifted_by_start_too(
    office: Office, twilio: Hooks
) -> None:
    """The STOP went to the provider alone, before our webhook was there."""
    claimed = a_sending(office)
    accept(office, claimed)
    twilio.say(claimed, "undelivered", ErrorCode="21610")
    before = _suppressed(office)

    _text(twilio, "START")

    assert (before, _suppressed(office)) == ({"messages"}, set())


def test_help_is_answered_with_who_we_are(office: Office, twilio: Hooks) -> None:
    """A text from a stranger's number must be explicable."""
    answer = _text(twilio, "HELP")
    by_twilio = _text(twilio, "HELP", "SM2", OptOutType="HELP")

    assert "<Message>Brindle &amp; Hart" in answer.body.decode()
    assert "<Message" not in by_twilio.body.decode()


@pytest.mark.parametrize("sender", ["+449098790123", "+881622412345", "+23224000000", "60777"])
@pytest.mark.parametrize("body", ["HELP", "STOP POST"])
def test_what_costs_more_to_answer_is_done_and_not_answered(
    office: Office, twilio: Hooks, sender: str, body: str
) -> None:
    """Who is paid for each text to his number need only write HELP, again and again."""
    answer = _text(twilio, body, sender=sender)

    assert answer.status == 200
    assert "<Message" not in answer.body.decode()
    assert _suppressed(office) == ({"post"} if body == "STOP POST" else set())


@pytest.mark.parametrize(("body", "kind"), [("Ring me at 5", "text"), ("4711", "code")])
def test_an_answer_is_kept_with_the_text_that_it_answers(
    office: Office, twilio: Hooks, body: str, kind: str
) -> None:
    """'They have answered' is worth nothing without what, and to which."""
    claimed = a_sending(office)
    accept(office, claimed)

    answer = _text(twilio, body)

    (line,) = _kept(office)
    assert answer.status == 200
    assert (line.text, line.kind.value, line.delivery_id) == (body, kind, claimed.delivery_id)
    assert status_of(office, claimed.delivery_id) is _S.ACCEPTED


def test_an_answer_that_comes_again_is_kept_once(office: Office, twilio: Hooks) -> None:
    """Twilio repeats a webhook that it believes lost; a STOP after a START would be wrong."""
    first = _text(twilio, "STOP", "SM1")
    _text(twilio, "START", "SM2")

    again = _text(twilio, "STOP", "SM1")

    assert again.body == first.body
    assert _suppressed(office) == set()
    assert [line.kind.value for line in _kept(office)] == ["stop", "start"]


def test_a_text_from_nobodys_number_is_kept_for_an_operator(office: Office, twilio: Hooks) -> None:
    """It cannot be joined to anything, and is not lost either."""
    _text(twilio, "Who is this?", sender="+447700900999")

    with office.store.read() as tx:
        (line,) = replies.unattributed(tx)
    assert (line.customer_ref, line.text) == (None, "Who is this?")


def test_no_text_stands_in_the_clear(office: Office, twilio: Hooks) -> None:
    """It may say anything."""
    _text(twilio, "my pin is 4711")

    with office.store.read() as tx:
        (row,) = tx.connection.execute(tables.replies.select()).all()
    assert not any(b"4711" in value for value in row if isinstance(value, bytes))


@pytest.mark.parametrize("form", [{"Body": "STOP"}, {"MessageSid": "SM1", "Body": "STOP"}])
def test_a_form_without_sender_or_id_is_answered_politely(
    office: Office, twilio: Hooks, form: dict[str, Any]
) -> None:
    """And counted, for it should not come."""
    answer = twilio.post(PATH, form)

    assert answer.status == 200
    assert _suppressed(office) == set()


def test_a_forged_stop_is_refused(office: Office, twilio: Hooks) -> None:
    """Else anybody could silence any customer's texts."""
    form = {"MessageSid": "SM1", "From": MOBILE, "Body": "STOP"}

    answer = twilio.post(PATH, form, token="another token")

    assert answer.status == 403
    assert _suppressed(office) == set()


def test_what_comes_is_counted_by_what_it_meant(office: Office, twilio: Hooks) -> None:
    """An operator sees forgeries and strangers as numbers."""
    claimed = a_sending(office)
    counts: Counts = twilio.counts

    twilio.say(claimed, "sent")
    twilio.say(claimed, "sent")
    twilio.say(claimed, "delivered", attempt=9)
    _text(twilio, "Hello")
    _text(twilio, "Hello")
    twilio.post(PATH, {"From": MOBILE}, token="another token")

    assert dict(counts.numbers()) == {
        (Way.MESSAGE, Meaning.CHANGED): 1,
        (Way.MESSAGE, Meaning.REPEATED): 1,
        (Way.MESSAGE, Meaning.UNKNOWN): 1,
        (Way.REPLY, Meaning.NOTED): 1,
        (Way.REPLY, Meaning.REPEATED): 1,
        (Way.REPLY, Meaning.REFUSED): 1,
    }
