"""Is what nobody answered for settled by what the provider's list says, and by nothing else?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Inquiry, Said
from store import tables
from store.evidence import inquiries
from tests.building import first_of, preferences
from tests.factories import envelope
from tests.upkeep.asking import Asked, open_asked
from workers.receipts.counts import Meaning, Way
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
CALL, SMS = Channel.CALL, Channel.SMS
LOST = Rule(Act.ACCEPT_THEN_DROP, channel="sms", times=1)  # taken, and the answer lost
NEVER = Rule(Act.UNAVAILABLE, channel="sms", times=1)  # not taken, and yet no definite answer


@pytest.fixture
def asked(empty_url: str, tmp_path: Path) -> Iterator[Asked]:
    """Give one on each kind of store."""
    with open_asked(empty_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def embedded(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Asked]:
    """Give one on SQLite alone, for what does not hang on the database."""
    with open_asked(empty_sqlite_url, tmp_path) as opened:
        yield opened


def test_a_text_in_the_providers_list_is_settled_by_it(asked: Asked) -> None:
    """It was sent: nobody need look into it, and nothing sends it again."""
    asked.behave(LOST)
    asked.house.have_message()
    asked.send()

    early = asked.ask(seconds=5)
    found = asked.ask(seconds=20)

    (text,) = asked.sending.accepted()
    row = asked.house.delivery(channel=SMS)
    assert (early, found) == (0, 1)
    assert (row["status"], row["reference"]) == (S.DELIVERED, text.reference)
    (line,) = asked.lines()
    assert (line.inquiry, line.said, line.answered) == (Inquiry.LISTING, Said.FOUND, 1)
    assert line.due_at is None
    (attempt,) = asked.house.rows(tables.attempts)
    assert attempt["reference"] == text.reference
    assert asked.counted(Way.LISTING, Meaning.CHANGED) == 1


def test_an_empty_listing_is_no_proof_and_stands_beside_the_parked_text(asked: Asked) -> None:
    """A late listing would then mean a text sent twice (hazard 5)."""
    asked.behave(NEVER)
    asked.house.have_message()
    asked.send()

    looks = [asked.ask(seconds=25), asked.ask(seconds=95), asked.ask(seconds=155)]
    undecided = asked.house.delivery(channel=SMS)["status"]
    asked.house.clock.advance(seconds=60)
    asked.chores.settle_uncertain()

    row = asked.house.delivery(channel=SMS)
    assert (looks, undecided) == ([0, 0, 0], S.UNCERTAIN)
    assert (row["status"], row["detail"]) == (S.PARKED, "listing: nothing, looks answered: 3")
    (line,) = asked.lines()
    assert (line.times, line.answered, line.said) == (3, 3, Said.NOTHING)
    assert asked.sending.accepted() == []


def test_what_was_parked_is_settled_by_a_later_look(embedded: Asked) -> None:
    """The provider was out of order for longer than evidence is waited for."""
    embedded.behave(LOST, Rule(Act.UNAVAILABLE, channel="read", times=3))
    embedded.house.have_message()
    embedded.send()
    for seconds in (25, 95, 155):
        embedded.ask(seconds=seconds)
    embedded.house.clock.advance(seconds=60)
    embedded.chores.settle_uncertain()
    parked = embedded.house.delivery(channel=SMS)

    embedded.ask(seconds=600)

    assert (parked["status"], parked["detail"]) == (
        S.PARKED,
        "listing: unanswered, looks answered: 0",
    )
    assert embedded.house.delivery(channel=SMS)["status"] is S.DELIVERED
    assert embedded.counted(Way.LISTING, Meaning.UNANSWERED) == 3


def test_a_text_that_another_attempt_accounts_for_is_no_evidence(asked: Asked) -> None:
    """Two messages that read alike: the one is known to have gone, and proves nothing."""
    asked.house.have_message()
    asked.send()
    asked.behave(NEVER)
    asked.house.have_message(call_id="call-2")
    asked.send()

    asked.ask(seconds=25)

    assert [row["status"] for row in asked.house.deliveries(channel=SMS)] == [
        S.ACCEPTED,
        S.UNCERTAIN,
    ]
    (line,) = asked.lines()
    assert line.said is Said.NOTHING


def test_fewer_texts_than_attempts_alike_say_nothing_of_which(asked: Asked) -> None:
    """One of two went out: to call either sent might lose the other."""
    asked.behave(LOST, NEVER)
    for call in ("call-1", "call-2"):
        asked.house.have_message(call_id=call)
        asked.send()

    asked.ask(seconds=25)

    assert {row["status"] for row in asked.house.deliveries(channel=SMS)} == {S.UNCERTAIN}
    assert [line.said for line in asked.lines()] == [Said.FEWER, Said.FEWER]


def test_as_many_texts_as_attempts_alike_settle_them_all(asked: Asked) -> None:
    """Each of them was sent, whichever is which."""
    asked.behave(Rule(Act.ACCEPT_THEN_DROP, channel="sms", times=2))
    for call in ("call-1", "call-2"):
        asked.house.have_message(call_id=call)
        asked.send()

    asked.ask(seconds=25)

    rows = asked.house.deliveries(channel=SMS)
    assert [row["status"] for row in rows] == [S.DELIVERED, S.DELIVERED]
    assert {row["reference"] for row in rows} == {a.reference for a in asked.sending.accepted()}


def test_a_text_that_reads_otherwise_is_no_evidence(embedded: Asked) -> None:
    """The same number is sent many things."""
    embedded.behave(NEVER)
    embedded.house.have_message()
    embedded.send()
    embedded.behave()
    embedded.house.have_message(call_id="call-2", text="Something else")
    embedded.send()

    embedded.ask(seconds=25)

    assert embedded.house.deliveries(channel=SMS)[0]["status"] is S.UNCERTAIN
    assert embedded.lines()[0].said is Said.NOTHING


def test_a_killed_workers_text_is_looked_for_as_well(embedded: Asked) -> None:
    """Nothing is on record of it but the claim: what it said is rendered again."""
    embedded.house.have_message()
    embedded.send()
    (attempt,) = embedded.house.rows(tables.attempts)
    with embedded.house.store.write() as tx:  # as if the worker had died before it recorded
        tx.connection.execute(tables.ledger.delete())
        tx.connection.execute(
            tables.attempts.update().values(verdict=None, reference=None, settled_at=None)
        )
        tx.connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.channel == SMS)
            .values(
                status=S.SENDING,
                reference=None,
                lease_until=attempt["started_at"] + timedelta(seconds=60),
            )
        )
    embedded.house.clock.advance(seconds=61)
    embedded.chores.rescue()

    embedded.ask(seconds=25)

    assert embedded.house.delivery(channel=SMS)["status"] is S.DELIVERED


def test_a_text_sent_to_a_number_that_has_changed_is_looked_for_where_it_went(
    embedded: Asked,
) -> None:
    """The customer gave another number while nobody knew."""
    embedded.behave(LOST)
    embedded.house.have_message()
    embedded.send()
    embedded.house.tell(
        envelope(
            "destination.added", destination_id="d-mobile", kind="mobile", value="07700 900456"
        )
    )

    embedded.ask(seconds=25)

    assert embedded.house.delivery(channel=SMS)["status"] is S.DELIVERED


def test_a_receipt_that_never_came_is_asked_for(asked: Asked) -> None:
    """Callbacks get lost, and some carriers' are never sent."""
    asked.house.have_message()
    asked.send()

    early = asked.ask(seconds=60)
    asked.ask(seconds=130)
    again = asked.ask(hours=24)

    assert (early, again) == (0, 0)
    row = asked.house.delivery(channel=SMS)
    assert (row["status"], row["reason"].value) == (S.DELIVERED, "receipt")
    assert [line.inquiry for line in asked.lines()] == [Inquiry.RECEIPT]


def test_what_is_learnt_by_asking_is_followed_as_a_receipt_is(embedded: Asked) -> None:
    """The rule's next step goes out when the number turns out to be dead."""
    embedded.behave(Rule(Act.RECEIPT, channel="sms", word="undelivered", error_code=30006))
    embedded.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    embedded.house.have_message()
    embedded.send()

    embedded.ask(seconds=190)

    assert embedded.house.standing() == [
        ("d-mobile", "undelivered", "invalid_destination"),
        ("d-mail", "pending", "next_step"),
    ]


def test_asking_for_a_receipt_ends(embedded: Asked) -> None:
    """A carrier that never says so is not asked for ever."""
    embedded.behave(Rule(Act.RECEIPT, channel="sms", word="sent"))
    embedded.house.have_message()
    embedded.send()
    waits = embedded.house.policies.asking[Inquiry.RECEIPT][SMS]

    for seconds in waits:
        embedded.ask(seconds=seconds + 1)
    embedded.ask(hours=13)

    (line,) = embedded.lines()
    assert (line.times, line.said, line.detail) == (len(waits), Said.NOTHING_NEW, "sent")
    assert line.due_at is None
    assert embedded.house.delivery(channel=SMS)["status"] is S.ACCEPTED


def test_a_round_takes_what_has_waited_longest(embedded: Asked) -> None:
    """A crowd of new ones must not keep the old from being asked about."""
    waits = embedded.house.policies.asking[Inquiry.RECEIPT][SMS]
    ids = []
    for call in ("call-1", "call-2", "call-3"):
        ids.append(embedded.house.have_message(call_id=call)[0])
        embedded.send()
        embedded.house.clock.advance(seconds=1)
    embedded.house.clock.advance(seconds=200)

    taken, seen = [], None
    for _ in range(3):
        with embedded.house.store.write() as tx:
            found = inquiries.take(tx, Inquiry.RECEIPT, SMS, waits, 2, seen)
        seen = found.seen_until
        taken.append([one.delivery_id for one in found.askings])

    assert taken == [ids[:2], ids[2:], []]


def _call(asked: Asked) -> None:
    sid = asked.sending.sandbox.waiting_call("+441632960111", "+441632960200")
    until = (asked.house.clock.now + timedelta(seconds=60)).isoformat()
    asked.house.tell(envelope("call.waiting", provider_call_id=sid, not_after=until))
    asked.send(CALL)


def test_a_call_whose_fate_nobody_knew_is_settled_by_the_leg_that_was_dialled(
    asked: Asked,
) -> None:
    """It was answered; a message about it would say that nobody was reached."""
    asked.behave(
        Rule(Act.ACCEPT_THEN_DROP, channel="call"), Rule(Act.DIAL, outcome="answer", seconds=9)
    )
    _call(asked)
    before = asked.house.delivery(channel=CALL)["status"]

    asked.ask(seconds=6)

    row = asked.house.delivery(channel=CALL)
    assert (before, row["status"], row["detail"]) == (S.UNCERTAIN, S.DELIVERED, "9 s")
    (told,) = asked.house.outcomes("call.forwarded")
    assert (told["outcome"], told["seconds"]) == ("answered", 9)


def test_a_call_that_was_never_dialled_stays_in_doubt(embedded: Asked) -> None:
    """No leg is no proof."""
    embedded.behave(Rule(Act.UNAVAILABLE, channel="call"))
    _call(embedded)

    embedded.ask(seconds=6)

    assert embedded.house.delivery(channel=CALL)["status"] is S.UNCERTAIN
    assert embedded.lines()[0].said is Said.NOTHING


def test_the_end_of_a_call_that_was_not_told_is_asked_for(embedded: Asked) -> None:
    """Without it the customer would never hear who called."""
    embedded.behave(Rule(Act.DIAL, outcome="busy"))
    _call(embedded)

    embedded.ask(seconds=95)

    assert embedded.house.standing(channel=CALL) == [("d-mobile", "undelivered", "busy")]
    assert len(embedded.house.deliveries(channel=SMS)) == 1
