"""Does each verb check, act and put itself on record, in one transaction?"""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason, Refusal, Verb
from store import audit, providers, tables
from store.audit import By
from store.customers.changes import suppress
from store.customers.suppressed import suppressed
from store.deliveries.recording import Result, record
from store.providers import Known
from tests.building import MOBILE, House, first_of, place, preferences, verified
from tests.factories import catch_all, envelope
from tests.operations.recorded import KIM, S, failed, parked, settled
from workers.following_up import follow_up
from workers.operations import NotSent, Operations, Performed, Sent


@pytest.fixture
def operations(house: House) -> Operations:
    """Give the verbs of a house with C-1042 served, by text and email."""
    house.serve()
    return Operations(house.store, house.policies.lanes)


def why(performed: Performed) -> list[Refusal | None]:
    """Give why each was refused."""
    return [one.refusal for one in performed.refused]


def test_what_failed_goes_back_to_work_with_all_its_tries(
    house: House, operations: Operations
) -> None:
    """Its deadline begins anew, or upkeep would expire it the next second."""
    ids = failed(house)
    house.clock.advance(days=2)

    done = operations.replay(ids, KIM)

    rows = house.deliveries()
    assert len(done.done) == 2
    assert {(r["status"], r["reason"], r["attempts"], r["marked"]) for r in rows} == {
        (S.PENDING, Reason.OPERATOR, 0, False)
    }
    assert {r["due_at"] for r in rows} == {house.clock.now}
    assert {r["deadline_at"] for r in rows} == {house.clock.now + timedelta(days=1)}
    assert len(house.claim(*ids)) == 2


@pytest.mark.parametrize("to", [S.PARKED, S.UNDELIVERED])
def test_what_may_have_been_sent_is_marked_when_it_goes_again(
    house: House, operations: Operations, to: DeliveryStatus
) -> None:
    """No delivery is accepted twice without a mark."""
    ids = settled(house, to, "accepted" if to is S.UNDELIVERED else "unknown")

    operations.replay(ids, KIM)

    assert [row["marked"] for row in house.deliveries()] == [True, True]


def test_what_once_had_no_answer_is_marked_though_it_was_refused_later(
    house: House, operations: Operations
) -> None:
    """The first of its attempts may have reached the customer."""
    (sms, mail) = settled(house, S.PENDING, "unknown", due_at=house.clock.now)
    again = house.claim(sms, mail)
    with house.store.write() as tx:
        record(
            tx,
            [
                Result(claimed=one, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED)
                for one in again
            ],
        )

    operations.replay([sms], KIM)

    assert [row["marked"] for row in house.deliveries()] == [True, False]


def test_a_replay_goes_where_the_destination_now_is(house: House, operations: Operations) -> None:
    """Mending a wrong number and sending again is what replay is for most often."""
    ids = failed(house)
    house.tell(
        place("C-1042", "d-mobile", "mobile", "07700 900456"), verified("C-1042", "d-mobile")
    )

    operations.replay(ids, KIM)

    assert "+447700900456" in {one.destination for one in house.claim(*ids)}


def test_nothing_of_a_withdrawn_event_is_replayed(house: House, operations: Operations) -> None:
    """Its publisher took it back."""
    ids = failed(house)
    (event,) = house.rows(tables.events, type="call.message_taken")
    house.tell(withdrawal(event["source"], event["event_id"]))

    done = operations.replay(ids, KIM)

    assert why(done) == [Refusal.WITHDRAWN] * 2
    assert {row["status"] for row in house.deliveries()} == {S.FAILED}


def withdrawal(source: str, event_id: str) -> dict[str, object]:
    """Take an event back."""
    data = {"source": source, "id": event_id, "reason": "Taken for the wrong customer."}
    return envelope("event.withdrawn", data=data)


def test_nothing_goes_to_a_customer_who_has_left(house: House, operations: Operations) -> None:
    """Only what they owe is told them after that."""
    ids = failed(house)
    house.tell(
        envelope("service.terminated", terminated_at="2026-11-20T10:00:00Z", reason="Moved.")
    )
    house.clock.advance(hours=1)

    assert why(operations.replay(ids, KIM)) == [Refusal.SERVICE_TERMINATED] * 2


def test_nothing_goes_to_a_place_that_is_closed(house: House, operations: Operations) -> None:
    """Removed or suppressed since: the claim would find it impossible, and say so to nobody."""
    ids = failed(house)
    house.tell(envelope("destination.removed", destination_id="d-mobile"))
    with house.store.write() as tx:
        (mail,) = house.rows(tables.destinations, destination_id="d-mail")
        suppress(tx, mail["value_index"], Purpose.MESSAGES, Reason.OPTED_OUT)

    done = operations.replay(ids, KIM)

    assert set(why(done)) == {Refusal.DESTINATION_REMOVED, Refusal.OPTED_OUT}


def test_nothing_goes_to_a_place_nobody_has_verified(house: House, operations: Operations) -> None:
    """A changed number is the customer's only once it is shown to be."""
    ids = failed(house)
    house.tell(place("C-1042", "d-mobile", "mobile", "07700 900456"))

    assert why(operations.replay(ids[:1], KIM)) == [Refusal.DESTINATION_UNVERIFIED]


def test_a_caller_who_has_gone_is_not_dialled(house: House, operations: Operations) -> None:
    """A second ring hours later is worse than none."""
    house.tell(
        place("C-1042", "d-voice", "voice", "01632 960300"),
        verified("C-1042", "d-voice"),
        preferences("C-1042", catch_all("d-voice", "d-mail")),
    )
    house.tell(envelope("call.waiting"))
    (call,) = house.deliveries(channel="call")
    (claimed,) = house.claim(call["id"])
    refused = Result(claimed=claimed, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED)
    with house.store.write() as tx:
        record(tx, [refused])
    house.clock.advance(minutes=5)

    assert why(operations.replay([call["id"]], KIM)) == [Refusal.LATE_CALL]


def test_an_erased_customers_deliveries_are_left_alone(
    house: House, operations: Operations
) -> None:
    """Nothing can be opened any more, and nothing may be."""
    ids = failed(house)
    with house.store.write() as tx:
        tx.connection.execute(tables.data_keys.delete().where(tables.data_keys.c.owner == "C-1042"))

    assert why(operations.replay(ids, KIM)) == [Refusal.ERASED] * 2
    assert why(operations.cancel(ids, KIM)) == [Refusal.ERASED] * 2


def test_what_does_not_wait_for_anybody_is_not_replayed(
    house: House, operations: Operations
) -> None:
    """Accepted, or on its way: sending it again would be a second text."""
    ids = house.have_message()
    house.claim(*ids)

    done = operations.replay([*ids, UUID(int=7)], KIM)

    assert why(done) == [Refusal.UNKNOWN, Refusal.NOT_WAITING, Refusal.NOT_WAITING]


def test_a_dry_run_changes_nothing_and_leaves_no_trace(
    house: House, operations: Operations
) -> None:
    """It says what would be done, and why not."""
    ids = parked(house)
    before = house.deliveries()

    done = operations.replay(ids, KIM, dry_run=True)

    assert [one.detail for one in done.done] == ["marked", "marked"]
    assert done.act is None
    assert house.deliveries() == before
    assert house.rows(tables.acts) == []


def test_what_is_no_longer_wanted_is_closed_and_told(house: House, operations: Operations) -> None:
    """Its record and its publisher learn that an operator did it."""
    ids = parked(house)

    done = operations.cancel(ids, KIM)

    assert len(done.done) == 2
    assert house.standing() == [
        ("d-mobile", "cancelled", "operator"),
        ("d-mail", "cancelled", "operator"),
    ]
    assert [e["reason"] for e in house.entries(outcome="cancelled")] == [Reason.OPERATOR] * 2
    assert len(house.outcomes("delivery.cancelled")) == 2


def test_what_is_being_sent_is_not_cancelled(house: House, operations: Operations) -> None:
    """It may have left; wait for its answer, and resolve it if none comes."""
    ids = house.have_message()
    house.claim(*ids)

    assert why(operations.cancel(ids, KIM)) == [Refusal.NOT_STOPPABLE] * 2


def test_the_call_centre_learns_that_a_waiting_call_was_cancelled(
    house: House, operations: Operations
) -> None:
    """The caller is on the line, and somebody must go back to them."""
    house.tell(
        place("C-1042", "d-voice", "voice", "01632 960300"),
        verified("C-1042", "d-voice"),
        preferences("C-1042", catch_all("d-voice", "d-mail")),
    )
    house.tell(envelope("call.waiting"))
    (call,) = house.deliveries(channel="call")

    operations.cancel([call["id"]], KIM)

    assert [told["outcome"] for told in house.outcomes("call.forwarded")] == ["failed"]


def test_an_operators_evidence_of_sending_is_on_the_record_as_such(
    house: House, operations: Operations
) -> None:
    """A person's word is not a provider's."""
    sms, _ = parked(house)

    operations.resolve(sms, Sent("SM123"), KIM)

    row = house.delivery(id=sms)
    assert (row["status"], row["reference"]) == (S.ACCEPTED, "SM123")
    (entry,) = house.entries(delivery_id=sms, outcome="accepted")
    assert (entry["reason"], entry["reference"]) == (Reason.OPERATOR, "SM123")
    (attempt,) = house.rows(tables.attempts, delivery_id=sms)
    assert (attempt["verdict"], attempt["reference"]) == ("said_sent", "SM123")


def test_what_a_person_knows_never_left_goes_again_unmarked(
    house: House, operations: Operations
) -> None:
    """Then the next send is the first."""
    sms, _ = parked(house)

    operations.resolve(sms, NotSent(), KIM)

    row = house.delivery(id=sms)
    assert (row["status"], row["marked"]) == (S.PENDING, False)
    assert [one.delivery_id for one in house.claim(sms)] == [sms]


def test_only_what_is_unsettled_is_resolved(house: House, operations: Operations) -> None:
    """What was refused for good needs nobody's evidence."""
    ids = failed(house)

    assert why(operations.resolve(ids[0], NotSent(), KIM)) == [Refusal.NOT_UNSETTLED]


def test_every_act_names_its_actor_and_its_targets(house: House, operations: Operations) -> None:
    """Refused ones too: who tried what, and why, can be asked later."""
    ids = failed(house)
    operations.cancel(ids[:1], By("jo", "Not wanted."))
    operations.replay(ids, KIM)

    with house.store.read() as tx:
        last, first = audit.last_acts(tx, 10)
        about = audit.acts_on(tx, [str(ids[0])])

    assert (first.actor, first.verb, first.done, first.refused) == ("jo", Verb.CANCEL, 1, 0)
    assert (last.actor, last.verb, last.done, last.refused) == ("kim", Verb.REPLAY, 1, 1)
    assert last.reason == KIM.reason
    assert [one.refusal for act in about for one in act.targets] == [None, Refusal.NOT_WAITING]


def test_an_acts_reason_goes_with_its_customers_key(house: House, operations: Operations) -> None:
    """A reason is a person's own words, and may name the customer."""
    operations.cancel(failed(house), KIM)
    with house.store.write() as tx:
        tx.connection.execute(tables.data_keys.delete())
    house.store.known_keys.clear()
    house.store.keys_by_id.clear()

    with house.store.read() as tx:
        (act,) = audit.last_acts(tx, 1)

    assert act.reason is None


def test_a_replayed_step_goes_on_to_the_rules_next_as_ever(
    house: House, operations: Operations
) -> None:
    """Nothing of a delivery's life is lost by having gone through an operator's hands."""
    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    (sms,) = house.have_message()
    (claimed,) = house.claim(sms)
    with house.store.write() as tx:
        record(
            tx, [Result(claimed=claimed, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED)]
        )

    operations.replay([sms], KIM)

    (again,) = house.claim(sms)
    assert (again.fence, again.tries, again.destination) == (2, 1, MOBILE)


def test_a_step_is_not_replayed_once_an_earlier_one_has_reached(
    house: House, operations: Operations
) -> None:
    """It was sent only because the first was in doubt; its claim would cancel it."""
    house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
    (sms,) = house.have_message()
    first = house.claim(sms)[0]
    with house.store.write() as tx:
        refused = Result(claimed=first, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED)
        rows = record(tx, [refused])
        follow_up(tx, house.readings, house.policies.lanes, rows)
    (mail,) = [row["id"] for row in house.deliveries() if row["id"] != sms]
    second = house.claim(mail)[0]
    with house.store.write() as tx:
        record(tx, [Result(claimed=second, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED)])
    operations.replay([sms], KIM)
    (again,) = house.claim(sms)
    with house.store.write() as tx:
        record(
            tx,
            [
                Result(
                    claimed=again,
                    verdict="accepted",
                    to=S.ACCEPTED,
                    reference="SM1",
                    reason=Reason.PROVIDER_ACCEPTED,
                )
            ],
        )

    assert why(operations.replay([mail], KIM)) == [Refusal.SIBLING_REACHED]


def test_a_provider_is_paused_and_resumed_by_name(house: House, operations: Operations) -> None:
    """The reason stands sealed beside the act, and not in plain text at the provider's row."""
    with house.store.write() as tx:
        providers.know(tx, [Known("relay", Channel.EMAIL, 0)])

    paused = operations.pause("relay", KIM)
    again = operations.pause("relay", KIM)
    with house.store.read() as tx:
        (between,) = providers.states(tx)
    resumed = operations.resume("relay", KIM)
    with house.store.read() as tx:
        (after,) = providers.states(tx)

    assert (between.paused, between.paused_by, after.paused) == (True, "kim", False)
    assert KIM.reason not in (between.pause_reason or "")
    assert (len(paused.done), why(again), len(resumed.done)) == (1, [Refusal.NO_CHANGE], 1)
    assert why(operations.pause("nobody", KIM)) == [Refusal.UNKNOWN]


def test_a_lifted_suppression_lets_a_destination_be_used_again(
    house: House, operations: Operations
) -> None:
    """What was suppressed is not sent after all; what comes next is."""
    with house.store.write() as tx:
        (place_,) = house.rows(tables.destinations, destination_id="d-mobile")
        suppress(tx, place_["value_index"], Purpose.MESSAGES, Reason.OPTED_OUT)
    with house.store.read() as tx:
        (shown,) = suppressed(tx, "C-1042", 10)

    lifted = operations.lift("C-1042", "d-mobile", Purpose.MESSAGES, KIM)

    assert (shown.destination_id, shown.purpose) == ("d-mobile", Purpose.MESSAGES)
    assert MOBILE not in shown.masked
    with house.store.read() as tx:
        assert suppressed(tx, None, 10) == []
    assert [one.detail for one in lifted.done] == ["messages"]
    assert why(operations.lift("C-1042", "d-mobile", None, KIM)) == [Refusal.NO_CHANGE]
    assert why(operations.lift("C-1042", "d-none", None, KIM)) == [Refusal.UNKNOWN]
    assert len(house.claim(*house.have_message())) == 2
