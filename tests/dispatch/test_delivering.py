"""Does a hint make every delivery of it go out once, and is what came of each on record?"""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from contracts.vocabulary import Channel, DeliveryStatus
from store import tables
from store.record import sealing
from tests.building import first_of, place, preferences, verified
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from tests.waiting import eventually
from workers.running.failpoints import FailpointReached, arm
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
MANY = 30
SMS, EMAIL, CALL = Channel.SMS, Channel.EMAIL, Channel.CALL


def _attempts(sending: Sending) -> list[tuple[int, str, str | None]]:
    return [(a["fence"], a["verdict"], a["code"]) for a in sending.house.rows(tables.attempts)]


def test_a_message_goes_out_on_every_channel_and_is_on_record(sending: Sending) -> None:
    """What the providers took and what our ledger says are the same sends."""
    house = sending.house
    house.have_message()

    sending.deliver(SMS)
    sending.deliver(EMAIL)

    text, mail = sending.accepted()
    assert (text.kind, text.to) == ("sms", "+447700900123")
    assert "lease before noon" in str(text.body)
    assert (mail.kind, mail.to) == ("email", "jo@harbourlane.example")
    assert [(e["outcome"], e["reference"]) for e in house.entries()] == [
        ("accepted", text.reference),
        ("accepted", mail.reference),
    ]
    assert [row["status"] for row in house.deliveries()] == [S.ACCEPTED, S.ACCEPTED]
    with house.store.write() as tx:
        sealing.seal_next(tx)
    assert sealing.verify(house.store).broken is None


def test_a_hint_that_comes_twice_sends_once(sending: Sending) -> None:
    """Brokers repeat themselves; so may we."""
    sending.house.have_message()

    sending.deliver(SMS)
    sending.deliver(SMS)

    assert len(sending.accepted()) == 1


def test_two_workers_with_one_hint_send_once(sending: Sending) -> None:
    """After a reconnect two workers hold the same hint at one time."""
    for n in range(5):
        sending.house.have_message(call_id=f"call-{n}")
    together = threading.Barrier(2)

    def run() -> None:
        together.wait()
        sending.deliver(SMS)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sending.accepted()) == 5
    rows = sending.house.deliveries(channel=SMS)
    assert [(row["status"], row["fence"]) for row in rows] == [(S.ACCEPTED, 1)] * 5


def test_a_refused_number_is_never_tried_again(embedded: Sending) -> None:
    """The provider has said that it is none; an operator sees it."""
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21211))
    embedded.house.have_message()

    embedded.deliver(SMS)
    embedded.deliver(SMS)

    assert _attempts(embedded) == [(1, "rejected", "21211")]
    assert embedded.house.standing(channel=SMS) == [("d-mobile", "failed", "invalid_destination")]


def test_a_rate_limit_waits_as_told_and_spends_no_attempt(embedded: Sending) -> None:
    """The fault is not the delivery's."""
    embedded.sandbox.behave(Rule(Act.RATE_LIMIT, channel="sms", times=1, retry_after=7))
    (sms, _) = embedded.house.have_message()
    embedded.house.have_message(call_id="call-2")

    embedded.deliver(SMS)
    waiting = [row for row in embedded.house.deliveries(channel=SMS) if row["status"] is S.PENDING]
    embedded.deliver(SMS)  # not due yet
    embedded.house.clock.advance(seconds=30)
    embedded.learn()
    embedded.deliver(SMS)

    assert [(row["attempts"], row["reason"].value) for row in waiting] == [(0, "busy_provider")]
    wait = (waiting[0]["due_at"] - embedded.house.clock.now).total_seconds() + 30
    assert 7 <= wait < 17
    assert {row["status"] for row in embedded.house.deliveries(channel=SMS)} == {S.ACCEPTED}
    assert len(embedded.accepted()) == 2
    assert sms in {row["id"] for row in embedded.house.deliveries(channel=SMS)}


@pytest.mark.parametrize("act", [Act.ACCEPT_THEN_DROP, Act.ACCEPT_THEN_FAULT])
def test_a_text_that_may_have_gone_is_uncertain_and_not_sent_again(
    embedded: Sending, act: Act
) -> None:
    """The provider has it and we did not hear: a second text would be our doing."""
    embedded.sandbox.behave(Rule(act, channel="sms"))
    embedded.house.have_message()

    embedded.deliver(SMS)
    embedded.deliver(SMS)

    assert embedded.house.standing(channel=SMS) == [("d-mobile", "uncertain", "no_answer")]
    assert len(embedded.accepted()) == 1
    row = embedded.house.delivery(channel=SMS)
    assert (row["due_at"] - embedded.house.clock.now).total_seconds() == pytest.approx(300, abs=9)


def test_a_stop_suppresses_the_number_for_what_comes_next(embedded: Sending) -> None:
    """Who texted STOP is not texted again, whichever event asks for it."""
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21610))
    embedded.house.have_message()
    embedded.deliver(SMS)
    embedded.sandbox.behave()

    embedded.house.have_message(call_id="call-2")
    embedded.deliver(SMS)

    assert embedded.house.standing(channel=SMS) == [("d-mobile", "suppressed", "opted_out")] * 2
    assert embedded.accepted() == []


@pytest.mark.parametrize("found", ["by the provider", "at the claim"])
def test_steps_in_turn_go_on_after_a_stop(embedded: Sending, found: str) -> None:
    """The customer is told by email instead, whether we knew of the STOP or not."""
    embedded.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21610))
    embedded.house.have_message(call_id="call-1")
    embedded.deliver(SMS)
    if found == "at the claim":
        embedded.deliver(EMAIL)
        embedded.house.have_message(call_id="call-2")
        embedded.deliver(SMS)

    embedded.deliver(EMAIL)

    mails = 2 if found == "at the claim" else 1
    assert [a.kind for a in embedded.accepted()] == ["email"] * mails
    assert {r["status"] for r in embedded.house.deliveries(channel=EMAIL)} == {S.ACCEPTED}


def test_the_next_step_is_planned_where_the_refusal_is_recorded(embedded: Sending) -> None:
    """No crash between the two leaves an event half told; and it is hinted at once."""
    embedded.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21211))
    embedded.house.have_message()

    embedded.deliver(SMS)

    assert embedded.house.standing() == [
        ("d-mobile", "failed", "invalid_destination"),
        ("d-mail", "pending", "next_step"),
    ]
    assert embedded.parts.hints.backlog([embedded.house.deliveries()[1]["lane"]]) == 1


def test_a_worker_that_dies_right_after_recording_leaves_the_next_step_behind(
    embedded: Sending,
) -> None:
    """Planned in a transaction of its own, it would be missing for ever (hazard 6)."""
    embedded.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=21211))
    embedded.house.have_message()
    arm("dispatch.recorded=raise")
    try:
        with pytest.raises(FailpointReached):
            embedded.deliver(SMS)
    finally:
        arm("")

    assert embedded.house.standing() == [
        ("d-mobile", "failed", "invalid_destination"),
        ("d-mail", "pending", "next_step"),
    ]


def test_a_straggler_keeps_nobody_elses_outcome_waiting(embedded: Sending) -> None:
    """Ninety-nine sends must not be unrecorded because the hundredth hangs (hazard 8)."""
    house = embedded.house
    house.tell(place("C-1042", "d-slow", "mobile", "07700 900999"), verified("C-1042", "d-slow"))
    house.tell(preferences("C-1042", catch_all("d-mobile", "d-slow")))
    house.have_message()
    embedded.sandbox.behave(Rule(Act.SLOW, channel="sms", to="+447700900999", latency_ms=1_500))
    recorded: list[tuple[str, ...]] = []  # by commit

    def watch(rows: Sequence[Any]) -> None:
        recorded.append(tuple(r["destination_id"] for r in rows if r["status"] is S.ACCEPTED))

    house.store.watchers.append(watch)

    embedded.deliver(SMS)

    assert [each for each in recorded if each] == [("d-mobile",), ("d-slow",)]


def test_a_stop_finishes_what_is_under_way_and_gives_back_the_rest(
    empty_sqlite_url: str, tmp_path: Any
) -> None:
    """A rolling restart leaves nothing uncertain, and costs no delivery an attempt."""
    with open_sending(empty_sqlite_url, tmp_path, twilio_connections=1) as sending:
        sending.house.serve(rules=[catch_all("d-mobile")])
        sending.sandbox.behave(Rule(Act.SLOW, channel="sms", latency_ms=400))
        due = sending.house.tell_at_once(
            *(envelope("call.message_taken", call_id=f"call-{n}") for n in range(MANY))
        )
        sending.dispatch.start()
        sending.parts.hints(due)
        eventually(sending.accepted, "the first send")

        sending.stop()

        rows = sending.house.deliveries()
        taken = len(sending.accepted())
        assert 1 <= taken < MANY
        assert sorted(row["status"].value for row in rows) == (
            ["accepted"] * taken + ["pending"] * (MANY - taken)
        )
        given_back = [row for row in rows if row["status"] is S.PENDING]
        assert {(row["attempts"], row["lease_until"]) for row in given_back} == {(0, None)}
        assert len(sending.house.rows(tables.attempts, verdict="not_begun")) == len(given_back)


def test_a_hint_is_not_used_up_while_the_database_is_away(
    postgresql_url: str, tmp_path: Any
) -> None:
    """A backlog of hints gone through in seconds would have to be told all over again."""
    with open_sending(postgresql_url, tmp_path, make=True) as sending:
        house = sending.house
        house.serve(rules=[catch_all("d-mobile")])
        ids = house.have_message()
        with house.store.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE attempts RENAME TO away")
        working = threading.Thread(target=sending.deliver, args=(SMS, ids))
        with capture_logs() as told:
            working.start()
            eventually(lambda: "delivering_waits" in {e["event"] for e in told}, "it waits")

        with house.store.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO attempts")
        working.join()

        assert house.standing() == [("d-mobile", "accepted", "provider_accepted")]


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "rolled back"])
def test_a_claim_whose_commit_was_not_answered_is_given_back_by_the_journal(
    embedded: Sending,
    committed: bool,
) -> None:
    """The worker lives, but whether it holds the claim nobody told it: nothing of it has left."""
    embedded.house.have_message()
    engine = embedded.house.store.engine

    def unanswered(connection: Connection) -> None:
        event.remove(engine, "commit", unanswered)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("COMMIT" if committed else "ROLLBACK")
        raise OperationalError("COMMIT", {}, ConnectionResetError())

    event.listen(engine, "commit", unanswered)

    embedded.deliver(SMS)
    embedded.dispatch._replaying.look()

    assert embedded.house.standing(channel=SMS) == [("d-mobile", "pending", "planned")]
    embedded.deliver(SMS)
    assert len(embedded.accepted()) == 1


def test_what_was_sent_is_recorded_once_the_database_is_back(
    postgresql_url: str, tmp_path: Any
) -> None:
    """The provider has it; the record waits for the database as long as the claim holds."""
    with open_sending(postgresql_url, tmp_path, make=True) as sending:
        house = sending.house
        house.serve(rules=[catch_all("d-mobile")])
        house.have_message()
        with house.store.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ledger RENAME TO away")
        working = threading.Thread(target=sending.deliver, args=(SMS,))
        with capture_logs() as told:
            working.start()
            eventually(lambda: "delivering_waits" in {e["event"] for e in told}, "it waits")
        sent = len(sending.accepted())

        with house.store.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO ledger")
        working.join()

        assert house.standing() == [("d-mobile", "accepted", "provider_accepted")]
        assert [e["outcome"] for e in house.entries()] == ["accepted"]
        assert sent == 1
