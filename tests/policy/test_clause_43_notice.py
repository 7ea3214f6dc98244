"""Clause 43: each client is told of a major change a month before it, and whom not is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.vocabulary import Answer, Channel, ErrorCode, Purpose
from store import tables
from store.evidence.bounced import BouncePolicy
from store.reading import notices_told
from store.reading.notices_told import NOT_REACHED, REACHED, UNDER_WAY, Notice, Told
from tests.building import House, preferences
from tests.dispatch.sending import Sending
from tests.factories import Sample, catch_all, envelope
from workers.receipts.bounces import Bounce, apply_bounce
from workers.receipts.delivery_report import Action, Report
from workers.upkeep.notices import plan_newcomers, plan_notices

MANY = 500
BOUNCES = "C-0250"


def _change(house: House, days: int = 45, **more: Any) -> Sample:
    """A major change of the policy, published now and in force so many days later."""
    now = house.clock.now.replace(microsecond=0)
    return envelope(
        "policy.changed",
        published_at=now.isoformat(),
        effective_at=(now + timedelta(days=days)).isoformat(),
        **more,
    )


def _announce(house: House, days: int = 45) -> None:
    house.tell(_change(house, days))
    while plan_notices(house.store, house.policies):
        pass


def _clients(house: House, count: int) -> list[str]:
    """So many clients who can be told at one place alone."""
    refs = [f"C-{number:04d}" for number in range(count)]
    for first in range(0, count, 100):
        house.tell_at_once(
            *(
                envelope(
                    "customer.registered",
                    subject=ref,
                    services=["phone_answering"],
                    addresses=...,
                    invoice_email=f"{ref.lower()}@example.com",
                )
                for ref in refs[first : first + 100]
            )
        )
    return refs


def _deliver_all(sending: Sending) -> None:
    rows = sending.house.deliveries(channel=Channel.EMAIL)
    waiting = [row["id"] for row in rows if row["status"].value == "pending"]
    for first in range(0, len(waiting), 100):
        sending.deliver(Channel.EMAIL, waiting[first : first + 100])


def _notice(house: House) -> Notice:
    with house.store.read() as tx:
        (one,) = notices_told.notices(tx, 10)
    return one


def _told(house: House, *, everyone: bool = False) -> dict[str, Told]:
    (task,) = house.rows(tables.planning_tasks)
    with house.store.read() as tx:
        found = notices_told.told(tx, task["event_id"], 1_000, everyone=everyone)
    return {one.customer_ref: one for one in found}


def _bounces(house: House, ref: str) -> None:
    """The mail of one of them comes back."""
    (row,) = house.deliveries(customer_ref=ref)
    report = Bounce(row["id"], row["fence"], Report(Action.FAILED, "5.1.1", ""))
    with house.store.write() as tx:
        apply_bounce(tx, report, house.readings, house.policies.lanes, BouncePolicy(3, 7))


def test_clause_43_of_five_hundred_the_one_whose_notice_comes_back_is_known(
    embedded: Sending,
) -> None:
    """The change is not notified for that one; for each other there is an entry that proves it."""
    house = embedded.house
    refs = _clients(house, MANY)
    _announce(house)
    _deliver_all(embedded)
    assert _notice(house).reached == MANY

    _bounces(house, BOUNCES)

    notice = _notice(house)
    assert (notice.customers, notice.reached, notice.not_reached) == (MANY, MANY - 1, 1)
    (missing,) = _told(house).values()
    assert (missing.customer_ref, missing.state) == (BOUNCES, NOT_REACHED)
    proofs = _told(house, everyone=True)
    assert proofs.keys() == set(refs)
    assert all(one.entry for ref, one in proofs.items() if ref != BOUNCES)


def test_clause_43_who_is_not_reached_is_told_at_another_place_that_they_named(
    sending: Sending,
) -> None:
    """By email, and then by text; then they are told, and it is known how."""
    house = sending.house
    house.register("C-1", invoice_email="gone@harbourlane.example")
    _announce(house)
    _deliver_all(sending)

    _bounces(house, "C-1")
    assert _told(house)["C-1"].state == UNDER_WAY
    sending.deliver(Channel.EMAIL)

    told = _told(house, everyone=True)["C-1"]
    assert (told.state, told.channel) == (REACHED, Channel.EMAIL)
    assert [one.to for one in sending.accepted()] == [
        "gone@harbourlane.example",
        "jo@harbourlane.example",
    ]


def test_clause_43_who_joins_before_it_takes_effect_is_told_too(sending: Sending) -> None:
    """Once; and who joins after has agreed to the policy as it then is."""
    house = sending.house
    house.register("C-1")
    _announce(house)
    house.clock.advance(days=10)
    house.register("C-joins")
    plan_newcomers(house.store, house.policies)
    plan_newcomers(house.store, house.policies)
    house.clock.advance(days=40)
    house.register("C-later")
    plan_newcomers(house.store, house.policies)

    assert [row["customer_ref"] for row in house.deliveries()] == ["C-1", "C-joins"]
    assert _notice(house).newcomers == 1


@pytest.mark.parametrize(("days", "answer"), [(27, Answer.REJECTED), (31, Answer.ACCEPTED)])
def test_clause_43_a_major_change_sooner_than_a_month_is_refused(
    house: House, days: int, answer: Answer
) -> None:
    """The answer names the field: nobody could be told in time."""
    found = house.hand_in_one(_change(house, days))

    assert found.answer is answer
    if answer is Answer.REJECTED:
        assert [(one.path, one.code) for one in found.problems] == [
            ("data.effective_at", ErrorCode.INVALID)
        ]


@pytest.mark.parametrize(
    ("effective", "last_in_time"),
    [
        ("2027-03-31T00:00:00+00:00", "2027-03-01T00:00:00"),  # there is no 31 February
        ("2027-03-15T00:00:00+00:00", "2027-02-15T00:00:00"),
        ("2028-03-31T00:00:00+00:00", "2028-03-01T00:00:00"),
    ],
)
@pytest.mark.parametrize("seconds", [0, 1])
def test_clause_43_who_is_told_a_second_too_late_is_counted_as_late(
    embedded: Sending, effective: str, last_in_time: str, seconds: int
) -> None:
    """A month is promised to each, by the calendar."""
    house = embedded.house
    in_time = datetime.fromisoformat(last_in_time).replace(tzinfo=UTC)
    house.clock.now = in_time - timedelta(days=10)
    house.register("C-1")
    published = house.clock.now.isoformat()
    house.tell(envelope("policy.changed", published_at=published, effective_at=effective))
    while plan_notices(house.store, house.policies):
        pass
    house.clock.now = in_time + timedelta(seconds=seconds)
    (row,) = house.deliveries()
    with house.store.write() as tx:  # it was held up until then
        tx.connection.execute(
            tables.deliveries.update().values(deadline_at=in_time + timedelta(days=3))
        )

    embedded.deliver(Channel.EMAIL, [row["id"]])

    assert _notice(house).late == seconds


def test_clause_43_nobody_can_mute_a_notice(house: House) -> None:
    """A rule that sends nothing, and offers that are not wanted, take nothing from it."""
    house.register("C-1")
    silent = catch_all(rule_id="silent", timing="none", steps=[])
    house.tell(preferences("C-1", silent))

    _announce(house)

    (row,) = house.deliveries()
    assert (row["purpose"], row["destination_id"]) == (Purpose.POLICY_NOTICE, "@invoice")
