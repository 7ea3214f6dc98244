"""Do the queues' figures say what waits, and stay cheap when much does?"""

import re

from sqlalchemy import event

from contracts.vocabulary import Channel, Lane
from store.reading.queues import QueueFigures, queue_figures
from tests.building import House, place, preferences, verified
from tests.factories import catch_all, envelope
from tests.operations.recorded import S, settled


def seen(house: House) -> dict[tuple[Lane, Channel], QueueFigures]:
    """Give the figures of every lane and channel."""
    with house.store.read() as tx:
        return {(one.lane, one.channel): one for one in queue_figures(tx)}


def test_each_lane_of_each_channel_says_how_much_is_due_and_since_when(house: House) -> None:
    """In an outage the backlog is here and not in the broker."""
    house.serve()
    house.have_message()
    house.clock.advance(seconds=90)
    house.have_message(urgency="urgent", call_id="call-2")

    found = seen(house)

    routine, urgent = found[Lane.ROUTINE, Channel.SMS], found[Lane.URGENT, Channel.SMS]
    assert (routine.due, urgent.due) == (1, 1)
    assert (routine.oldest_seconds(house.clock.now) or 0) > 90
    assert [lane for lane, _ in found] == [Lane.URGENT] * 2 + [Lane.ROUTINE] * 2


def test_what_waits_for_its_time_or_for_somebody_is_told_apart(house: House) -> None:
    """A window that opens at one o'clock is no backlog."""
    house.serve()
    window = {"from": "13:00", "to": "18:00"}
    house.tell(preferences("C-1042", catch_all("d-mail", timing="next_window", window=window)))
    house.have_message()
    mail = (Lane.ROUTINE, Channel.EMAIL)

    early = seen(house)[mail]
    house.tell(place("C-1042", "d-mail", "email", "kim@harbourlane.example"))
    changed = seen(house)[mail]
    house.tell(verified("C-1042", "d-mail"))
    again = seen(house)[mail]

    assert [(one.due, one.later, one.held) for one in (early, changed, again)] == [
        (0, 1, 0),
        (0, 0, 1),
        (0, 1, 0),
    ]


def test_what_is_under_way_and_what_was_sent_in_the_last_minute_are_counted(house: House) -> None:
    """Whether anything moves at all is the first question in an outage."""
    house.serve()
    settled(house, S.ACCEPTED, "accepted", reference="SM1")
    settled(house, S.UNCERTAIN, "unknown", due_at=house.clock.now)
    house.claim(*house.have_message())

    sms = seen(house)[Lane.ROUTINE, Channel.SMS]
    house.clock.advance(seconds=61)
    later = seen(house)[Lane.ROUTINE, Channel.SMS]

    assert (sms.sending, sms.uncertain, sms.sent) == (1, 1, 1)
    assert later.sent == 0


OF_WHAT_IS_OPEN = re.compile(r"ix_deliveries_(due|unclaimed|leased|uncertain|unsettled)|pk_ledger")


def test_a_backlog_is_counted_from_indexes_that_hold_what_is_open(server_house: House) -> None:
    """With millions settled and 200,000 pending, a look each second must cost little."""
    house = server_house
    house.serve()
    for number in range(20):
        house.tell(envelope("call.message_taken", call_id=f"call-{number}"))
    asked: list[tuple[str, object]] = []
    engine = house.store.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_c: object, _k: object, statement: str, given: object, _x: object, _m: object) -> None:
        asked.append((statement, given))

    seen(house)
    event.remove(engine, "before_cursor_execute", note)

    for statement, given in asked:
        if "deliveries" not in statement:
            continue
        with house.store.read() as tx:
            plan = tx.connection.exec_driver_sql(f"EXPLAIN {statement}", given)  # type: ignore[arg-type]
            told = "\n".join(row[0] for row in plan)
        assert "Seq Scan" not in told
        assert OF_WHAT_IS_OPEN.search(told), told
