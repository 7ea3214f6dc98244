"""Is what nobody knows settled by policy, within bounds, and marked each time?"""

import threading
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Inquiry, Reason, Said
from store import tables
from store.customers.changes import verify_destination
from store.deliveries import due, ending, settling
from store.deliveries.claiming import Claimed
from store.deliveries.receiving import Word, receive
from store.deliveries.recording import Result, record
from store.evidence import inquiries
from store.evidence.inquiries import Answer
from tests.building import House, first_of, place, waits_for_a_lock
from tests.factories import catch_all, envelope
from tests.waiting import eventually

S = DeliveryStatus
EMAIL, SMS = Channel.EMAIL, Channel.SMS
MOST = 3


def _unknown(house: House, delivery_id: UUID) -> Claimed:
    """Send, and hear nothing."""
    (claimed,) = house.claim(delivery_id)
    result = Result(
        claimed=claimed,
        verdict="unknown",
        to=S.UNCERTAIN,
        reason=Reason.NO_ANSWER,
        due_at=house.clock.now,
    )
    with house.store.write() as tx:
        record(tx, [result])
    return claimed


def _settle(house: House, *channels: Channel) -> list[tuple[UUID, S]]:
    with house.store.write() as tx:
        return settling.settle_uncertain(tx, frozenset(channels), MOST)


def _look(house: House, times: int) -> None:
    """Have the provider's list looked into, and nothing found."""
    for _ in range(times):
        house.clock.advance(seconds=1)
        with house.store.write() as tx:
            taken = inquiries.take(tx, Inquiry.LISTING, SMS, [0.0] * 9, limit=10).askings
            inquiries.note(tx, [Answer(one, Said.NOTHING) for one in taken])


def _come(house: House, claimed: Claimed, to: S) -> None:
    """Let the provider's word come after all."""
    word = Word(claimed.delivery_id, claimed.fence, to, Reason.RECEIPT, reference="ref-1")
    with house.store.write() as tx:
        receive(tx, [word])


@pytest.fixture
def mail(house: House) -> UUID:
    """Have one email that is due."""
    house.serve(rules=[catch_all("d-mail")])
    (only,) = house.have_message()
    return only


@pytest.fixture
def text(house: House) -> UUID:
    """Have one text that is due."""
    house.serve(rules=[catch_all("d-mobile")])
    (only,) = house.have_message()
    return only


def test_an_email_is_resent_so_often_and_then_parked(house: House, mail: UUID) -> None:
    """A relay that always loses its reply must not send the same mail all day."""
    settled = []
    for _ in range(MOST + 1):
        _unknown(house, mail)
        settled += _settle(house, EMAIL)

    assert [status for _, status in settled] == [S.PENDING] * MOST + [S.PARKED]
    assert house.delivery()["detail"] == f"resent {MOST} times"
    marks = [attempt["marked"] for attempt in house.rows(tables.attempts)]
    assert marks == [False, True, True, True]


def _accepted(house: House, claimed: Claimed) -> None:
    """Put on record, late, that the relay had it."""
    house.clock.advance(seconds=1)
    result = Result(
        claimed=claimed,
        verdict="accepted",
        to=S.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        provider="smtp",
        reference="MQ1",
    )
    with house.store.write() as tx:
        record(tx, [result])


def _resent(house: House, mail: UUID) -> tuple[Claimed, Claimed]:
    """Send, hear nothing, send again by policy; give both claims."""
    first = _unknown(house, mail)
    _settle(house, EMAIL)
    (second,) = house.claim(mail)
    return first, second


def test_what_came_out_to_be_taken_is_not_sent_a_third_time(house: House, mail: UUID) -> None:
    """The journal of a dead worker was read only while its email was on its way once more."""
    first, second = _resent(house, mail)
    _accepted(house, first)

    result = Result(claimed=second, verdict="unknown", to=S.UNCERTAIN, reason=Reason.NO_ANSWER)
    with house.store.write() as tx:
        record(tx, [result])

    row = house.delivery()
    assert (row["status"], row["detail"], row["reference"]) == (S.ACCEPTED, "attempt 1", "MQ1")
    verdicts = [attempt["verdict"] for attempt in house.rows(tables.attempts)]
    assert verdicts == ["accepted", "unknown"]


def test_a_dead_resend_of_what_came_out_to_be_taken_is_settled_by_it(
    house: House, mail: UUID
) -> None:
    """Its lease ran out before anybody could say anything of it."""
    first, _ = _resent(house, mail)
    _accepted(house, first)
    house.clock.advance(seconds=200)
    with house.store.write() as tx:
        due.rescue(tx, dict.fromkeys(Channel, 0.0))

    settled = _settle(house, EMAIL)

    assert settled == [(mail, S.ACCEPTED)]
    assert house.delivery()["reference"] == "MQ1"


def test_what_was_known_to_be_taken_when_it_was_sent_again_settles_nothing(
    house: House, mail: UUID
) -> None:
    """An operator sent it once more, knowing that: the customer had lost it."""
    (first,) = house.claim(mail)
    _accepted(house, first)
    _replay(house, mail)
    _unknown(house, mail)

    settled = _settle(house, EMAIL)

    assert settled == [(mail, S.PENDING)]


def test_settling_twice_resends_once(house: House, mail: UUID) -> None:
    """Two leaders, or one that is told to hurry."""
    _unknown(house, mail)

    first, second = _settle(house, EMAIL), _settle(house, EMAIL)

    assert (len(first), second) == (1, [])


def test_what_would_come_too_late_is_not_resent(house: House, mail: UUID) -> None:
    """Its deadline has passed; whether it was sent, a person must find out."""
    _unknown(house, mail)
    house.clock.advance(days=2)

    _settle(house, EMAIL)

    assert (house.status(mail), house.delivery()["detail"]) == (S.PARKED, "past its deadline")


def test_an_attempt_that_evidence_settled_does_not_count_as_resent(
    house: House, mail: UUID
) -> None:
    """An operator replays what bounced: its fate is known, and its resends begin anew."""
    for _ in range(MOST):
        claimed = _unknown(house, mail)
        _come(house, claimed, S.UNDELIVERED)
        _replay(house, mail)
    _unknown(house, mail)

    _settle(house, EMAIL)

    assert house.status(mail) is S.PENDING


def _replay(house: House, delivery_id: UUID) -> None:
    with house.store.write() as tx:
        tx.connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.id == delivery_id)
            .values(status=S.PENDING, due_at=tx.now)
        )


@pytest.mark.parametrize(("looks", "wanted"), [(0, S.PARKED), (2, S.PARKED), (3, S.PENDING)])
def test_a_text_is_resent_only_after_looking_for_it(
    house: House, text: UUID, looks: int, wanted: S
) -> None:
    """Where the policy is to resend: an empty listing is no proof, three are a reason."""
    _unknown(house, text)
    _look(house, looks)

    _settle(house, SMS)

    row = house.delivery()
    assert (row["status"], row["marked"]) == (wanted, wanted is S.PENDING)


def test_a_parked_text_says_what_the_list_said(house: House, text: UUID) -> None:
    """Who decides about it sees it at once."""
    _unknown(house, text)
    _look(house, 2)

    _settle(house)

    assert house.delivery()["detail"] == "listing: nothing, looks answered: 2"
    assert house.entries()[-1]["detail"] == "listing: nothing, looks answered: 2"
    with house.store.read() as tx:
        (line,) = inquiries.lines_of(tx, [text])[text]
    assert (line.times, line.said) == (2, Said.NOTHING)


def test_no_answer_leaves_what_was_said_before(house: House, text: UUID) -> None:
    """The provider fell silent after it had said that there is nothing."""
    _unknown(house, text)
    _look(house, 1)
    house.clock.advance(seconds=1)
    with house.store.write() as tx:
        taken = inquiries.take(tx, Inquiry.LISTING, SMS, [0.0] * 9, limit=10).askings
        inquiries.note(tx, [Answer(one, Said.UNANSWERED, "timeout") for one in taken])

    with house.store.read() as tx:
        (line,) = inquiries.lines_of(tx, [text])[text]
    assert (line.times, line.answered, line.said, line.detail) == (2, 1, Said.NOTHING, "timeout")


def test_a_next_step_is_not_sent_where_the_first_turns_out_to_have_gone(house: House) -> None:
    """Planned while nobody knew; the receipt came before it was claimed (hazard 6)."""
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    house.have_message(urgency="urgent")
    claimed = _unknown(house, house.delivery()["id"])
    house.clock.advance(seconds=121)
    house.go_on()
    _come(house, claimed, S.ACCEPTED)

    taken = house.claim(house.delivery(channel=EMAIL)["id"])

    assert taken == []
    assert house.standing() == [
        ("d-mobile", "accepted", "receipt"),
        ("d-mail", "cancelled", "sibling_reached"),
    ]


def test_a_next_step_goes_where_the_first_did_not_arrive(house: House) -> None:
    """Accepted and then undelivered is not reached."""
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    house.have_message(urgency="urgent")
    claimed = _unknown(house, house.delivery()["id"])
    house.clock.advance(seconds=121)
    house.go_on()
    _come(house, claimed, S.UNDELIVERED)

    taken = house.claim(house.delivery(channel=EMAIL)["id"])

    assert [(one.channel, one.marked) for one in taken] == [(EMAIL, True)]


def test_a_next_step_planned_while_its_destination_is_being_verified_is_not_held(
    server_house: House,
) -> None:
    """Each has not seen the other, and no later verification would release it (as hazard 10)."""
    house = server_house
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    house.have_message(urgency="urgent")
    _unknown(house, house.delivery()["id"])
    house.tell(place("C-1042", "d-mail", "email", "jo@second.example"))
    house.clock.advance(seconds=121)
    going_on = threading.Thread(target=house.go_on)

    with house.store.write() as tx:
        verify_destination(tx, "C-1042", "d-mail", "code", house.clock.now)
        ending.release(tx, "C-1042", "d-mail", 2)
        going_on.start()
        eventually(lambda: waits_for_a_lock(house) or not going_on.is_alive(), "both at once")
    going_on.join()

    following = house.delivery(channel=EMAIL)
    assert following["due_at"] is not None
    assert [one.delivery_id for one in house.claim(following["id"])] == [following["id"]]


def test_one_that_cannot_be_followed_up_holds_up_no_other(house: House) -> None:
    """All of a batch, or of what expired together, would stay unrecorded for it."""
    house.serve(rules=[first_of("d-mobile", "d-mail")])
    odd, sound = [house.have_message(urgency="urgent")[0] for _ in range(2)]
    event = house.delivery(id=odd)["event_id"]
    with house.store.write() as tx:
        spoilt = tables.events.update().where(tables.events.c.id == event)
        tx.connection.execute(spoilt.values(type="number.assigned"))
    for delivery_id in (odd, sound):
        _unknown(house, delivery_id)
    house.clock.advance(seconds=121)

    house.go_on()

    followed = [row["event_id"] for row in house.deliveries(channel=EMAIL)]
    assert followed == [house.delivery(id=sound)["event_id"]]


def _uncertain_call(house: House) -> Claimed:
    house.serve(rules=[catch_all("d-mobile")])
    house.tell(envelope("call.waiting", not_after="2026-11-20T10:00:20Z"))
    return _unknown(house, house.delivery(channel=Channel.CALL)["id"])


def test_a_call_that_is_uncertain_when_its_time_is_over_is_told_of_as_a_message(
    house: House,
) -> None:
    """At once: the caller has gone, and no wait of a lane helps (hazard 6)."""
    _uncertain_call(house)
    house.clock.now = house.delivery(channel=Channel.CALL)["deadline_at"]

    house.go_on()

    message = house.delivery(channel=SMS)
    assert (message["purpose"].value, message["marked"]) == ("messages", True)
    assert house.delivery(channel=Channel.CALL)["status"] is S.UNCERTAIN


def test_why_nothing_more_goes_out_is_on_record_once(house: House) -> None:
    """Upkeep asks every second for ten minutes, and an entry of the record is for years."""
    _uncertain_call(house)
    house.clock.now = house.delivery(channel=Channel.CALL)["deadline_at"]
    for _ in range(3):
        house.go_on()

    reasons = [entry["reason"] for entry in house.entries(outcome="not_sent")]

    assert reasons == [Reason.LATE_CALL]


def test_the_message_of_a_call_that_was_answered_after_all_is_not_sent(house: House) -> None:
    """The customer has spoken to the caller."""
    claimed = _uncertain_call(house)
    house.clock.advance(seconds=10)
    house.go_on()
    message = house.delivery(channel=SMS)["id"]
    _come(house, claimed, S.DELIVERED)

    taken = house.claim(message)

    assert taken == []
    assert house.delivery(channel=SMS)["reason"] is Reason.SIBLING_REACHED


def test_a_call_that_was_only_put_through_is_told_of_all_the_same(house: House) -> None:
    """That it was dialled does not mean that anybody picked up."""
    claimed = _uncertain_call(house)
    house.clock.advance(seconds=10)
    house.go_on()
    message = house.delivery(channel=SMS)["id"]
    _come(house, claimed, S.ACCEPTED)

    taken = house.claim(message)

    assert [one.delivery_id for one in taken] == [message]


def test_what_a_dead_worker_had_waits_no_longer_than_its_lane_can(house: House) -> None:
    """Its lease has run for a minute before anybody could call it uncertain."""
    from store.deliveries import due  # noqa: PLC0415 - beside its one use

    house.serve(rules=[first_of("d-mobile", "d-mail")])
    house.have_message(urgency="urgent")
    (_claimed,) = house.claim(lease_seconds=110)
    house.clock.advance(seconds=111)
    with house.store.write() as tx:
        due.rescue(tx, dict.fromkeys(Channel, 300.0))
    house.clock.advance(seconds=10)

    house.go_on()

    assert len(house.deliveries(channel=EMAIL)) == 1
