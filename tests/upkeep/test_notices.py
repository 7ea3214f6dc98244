"""Does a notice reach everyone whom it must, once, and is it known whom it has not reached?"""

from typing import Any

import pytest
from sqlalchemy import update

from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason
from store import tables
from store.deliveries import ending
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result, record
from store.deliveries.transitions import Move, move
from store.evidence.bounced import BouncePolicy
from store.reading import notices_told
from store.reading.notices_told import Notice, Told
from store.types import SealedBytes
from tests.building import House, place, sandbox_policies, verified
from tests.factories import Sample, envelope
from workers.following_up import advances, follow_up
from workers.receipts.bounces import Bounce, apply_bounce
from workers.receipts.delivery_report import Action, Report
from workers.upkeep.notices import plan_newcomers, plan_notices

MAJOR = {"published_at": "2026-11-20T10:00:00Z", "effective_at": "2027-01-01T00:00:00Z"}


def _plan(house: House) -> None:
    while plan_notices(house.store, house.policies):
        pass


def _policy(house: House, **changes: Any) -> Sample:
    event = envelope("policy.changed", **(MAJOR | changes))
    house.tell(event)
    return event


def _agree(house: House, *refs: str) -> None:
    house.tell_at_once(*(envelope("consent.given", subject=ref) for ref in refs))


def _bounce(house: House, **where: Any) -> None:
    """Have a delivery sent, and its mail come back."""
    row = house.delivery(**where)
    house.claim(row["id"])
    fence = house.delivery(id=row["id"])["fence"]
    report = Bounce(row["id"], fence, Report(Action.FAILED, "5.1.1", ""))
    with house.store.write() as tx:
        apply_bounce(tx, report, house.readings, house.policies.lanes, BouncePolicy(3, 7))


def _accepted(claimed: Claimed) -> Result:
    return Result(
        claimed=claimed,
        verdict="accepted",
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        reference="ref-1",
    )


def _notices(house: House) -> list[Notice]:
    with house.store.read() as tx:
        return notices_told.notices(tx, 100)


def _told(house: House, *, everyone: bool = False) -> list[Told]:
    (task,) = house.rows(tables.planning_tasks)
    with house.store.read() as tx:
        return notices_told.told(tx, task["event_id"], 100, everyone=everyone)


def test_a_notice_that_comes_back_goes_on_to_the_customers_other_places(house: House) -> None:
    """To every verified one in turn, each once; to one that nobody has verified never."""
    house.register("C-1")
    house.tell(place("C-1", "d-unverified", "email", "who@example.com"))
    _policy(house)
    _plan(house)

    _bounce(house, destination_id="@invoice")
    _bounce(house, destination_id="d-mail")

    rows = house.deliveries()
    assert [(r["destination_id"], r["channel"], r["step"]) for r in rows] == [
        ("@invoice", Channel.EMAIL, 0),
        ("d-mail", Channel.EMAIL, 1),
        ("d-mobile", Channel.SMS, 2),
    ]
    assert {r["purpose"] for r in rows} == {Purpose.POLICY_NOTICE}
    assert rows[2]["status"] is DeliveryStatus.PENDING


def test_a_bounce_of_one_customer_sends_nothing_anew_to_another(house: House) -> None:
    """All of them share the notice's event."""
    house.register("C-1")
    house.register("C-2")
    _policy(house)
    _plan(house)

    _bounce(house, customer_ref="C-1")

    assert [row["customer_ref"] for row in house.deliveries()] == ["C-1", "C-2", "C-1"]


def test_a_notice_that_no_relay_took_in_time_goes_by_text(house: House) -> None:
    """An outage of days must not leave a customer untold."""
    house.register("C-1", invoice_email="accounts@example.com")
    house.tell(envelope("destination.removed", subject="C-1", destination_id="d-mail"))
    _policy(house)
    _plan(house)
    house.clock.advance(days=4)

    row = house.delivery()
    assert row["deadline_at"] < house.clock.now
    with house.store.write() as tx:
        gone = ending.expire(tx, [row["id"]], Reason.DEADLINE)
        follow_up(tx, house.readings, house.policies.lanes, [one for one in gone if advances(one)])

    assert house.standing() == [
        ("@invoice", "expired", "deadline"),
        ("d-mobile", "pending", "next_step"),
    ]


def test_who_has_no_address_for_invoices_is_told_elsewhere(house: House) -> None:
    """Any place that the customer has named and shown to be theirs will do."""
    house.register("C-1", contact=..., invoice_email=...)
    house.tell(envelope("destination.removed", subject="C-1", destination_id="d-mail"))

    _policy(house)
    _plan(house)

    assert house.standing() == [("d-mobile", "pending", "planned")]


def test_who_becomes_a_customer_before_a_change_takes_effect_is_told_of_it(house: House) -> None:
    """Once, whatever is begun again; and nobody who comes after."""
    house.register("C-1")
    _policy(house)
    _plan(house)
    house.clock.advance(days=7)
    house.register("C-0")
    house.tell(envelope("customer.enquired", subject="C-prospect"))

    for _ in range(2):
        plan_newcomers(house.store, house.policies)
    house.clock.advance(days=60)
    house.register("C-2")
    plan_newcomers(house.store, house.policies)

    assert [row["customer_ref"] for row in house.deliveries()] == ["C-1", "C-0"]
    (notice,) = _notices(house)
    assert (notice.customers, notice.newcomers) == (2, 1)


def test_a_newcomer_whom_the_planning_has_still_to_reach_is_told_once(house: House) -> None:
    """Both ways of planning may come to the same customer."""
    for n in range(3):
        house.register(f"C-{n}")
    _policy(house)
    plan_notices(house.store, house.policies, chunk=1)

    plan_newcomers(house.store, house.policies)
    _plan(house)

    assert sorted(row["customer_ref"] for row in house.deliveries()) == ["C-0", "C-1", "C-2"]
    assert len(house.rows(tables.notice_recipients)) == 3


def test_offers_are_not_kept_for_who_comes_later(house: House) -> None:
    """They agreed to news, not to old news."""
    house.tell(envelope("offer.published", services=...))
    _plan(house)
    house.register("C-1")
    _agree(house, "C-1")

    plan_newcomers(house.store, house.policies)

    assert house.deliveries() == []


@pytest.mark.parametrize("spoilt", ["sealed otherwise", "withdrawn"])
def test_a_notice_that_cannot_be_planned_stops_no_other(house: House, spoilt: str) -> None:
    """One bad event in front must not silence the company."""
    house.register("C-1")
    first = _policy(house, version="first")
    if spoilt == "withdrawn":
        house.tell(
            envelope(
                "event.withdrawn",
                source=first["source"],
                subject="C-1",
                data={"source": first["source"], "id": first["id"], "reason": "Too early."},
            )
        )
    else:
        with house.store.write() as tx:
            tx.connection.execute(
                update(tables.events).values(content=SealedBytes(b"\x02" + b"x" * 100))
            )
    second = _policy(house, version="second")

    _plan(house)

    (row,) = house.deliveries()
    assert row["event_id"] == house.event(second["id"])["id"]
    trouble = {one.event_id: one.planning for one in _notices(house)}
    expected = "done" if spoilt == "withdrawn" else "unopenable"
    assert trouble[house.event(first["id"])["id"]] == expected


def test_a_notice_with_trouble_is_tried_again(house: House) -> None:
    """The key that was missing may be back."""
    house.register("C-1")
    event = _policy(house)
    content = house.event(event["id"])["content"]
    with house.store.write() as tx:
        tx.connection.execute(
            update(tables.events).values(content=SealedBytes(b"\x02" + b"x" * 100))
        )
    _plan(house)
    with house.store.write() as tx:
        tx.connection.execute(update(tables.events).values(content=content))

    house.clock.advance(seconds=30)
    _plan(house)
    before = len(house.deliveries())
    house.clock.advance(seconds=31)
    _plan(house)

    assert (before, len(house.deliveries())) == (0, 1)
    assert _notices(house)[0].planning == "done"


def test_a_customer_gets_only_so_many_offers_in_so_many_days(house: House) -> None:
    """What exceeds is not sent, and on record; an offer that was never sent does not count."""
    house.policies = sandbox_policies(offers_most=2, offers_days=30)
    house.register("C-1")
    _agree(house, "C-1")

    def offer() -> None:
        house.tell(envelope("offer.published", services=..., valid_until=...))
        _plan(house)

    offer()
    withdrawn = house.delivery()
    offer()
    offer()
    capped = [entry["reason"].value for entry in house.entries(outcome="not_sent")]
    house.clock.advance(days=31)
    offer()

    assert withdrawn["rule_id"] == "@offers"
    assert capped == ["offers_capped"]
    assert len(house.deliveries()) == 3
    assert [
        row["reason"] and row["reason"].value for row in house.rows(tables.notice_recipients)
    ].count("offers_capped") == 1


def test_it_is_known_whom_a_notice_has_reached_and_whom_not(house: House) -> None:
    """With the proof for each who was told, and the reason for each who was not."""
    house.register("C-1")
    house.register("C-2", contact=..., invoice_email=...)
    house.tell(
        *(
            envelope("destination.removed", subject="C-2", destination_id=d)
            for d in ("d-mail", "d-mobile")
        )
    )
    house.register("C-3")
    _policy(house)
    _plan(house)
    _accept(house, "C-1")

    (notice,) = _notices(house)
    missing = _told(house)
    everyone = _told(house, everyone=True)

    counts = (notice.customers, notice.reached, notice.under_way, notice.not_reached, notice.late)
    assert counts == (3, 1, 1, 1, 0)
    assert [(t.customer_ref, t.state, t.reason and t.reason.value) for t in missing] == [
        ("C-2", "not_reached", "no_address"),
        ("C-3", "under_way", "planned"),
    ]
    (reached,) = [t for t in everyone if t.state == "reached"]
    (entry,) = house.entries(customer_ref="C-1")
    assert (reached.reference, reached.entry) == ("queued as 1", entry["id"])


def test_who_is_told_too_late_is_counted(house: House) -> None:
    """A month is promised to each client, not to the average of them."""
    house.register("C-1")
    _policy(house, effective_at="2026-12-21T00:00:00Z")
    _plan(house)
    house.clock.advance(days=2)

    _accept(house, "C-1")

    assert _notices(house)[0].late == 1


def _accept(house: House, ref: str) -> None:
    row = house.delivery(customer_ref=ref)
    accepted = Move(
        delivery_id=row["id"],
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        reference="queued as 1",
    )
    with house.store.write() as tx:
        move(tx, [accepted], [DeliveryStatus.PENDING])


def test_intake_waits_for_nothing_while_a_chunk_is_planned(server_house: House) -> None:
    """A hundred thousand customers are planned for, and a caller's message comes in between."""
    house = server_house
    house.serve("C-1")
    _agree(house, "C-1")
    house.tell(envelope("offer.published", services=..., valid_until=...))
    before_commit = []

    def meanwhile(_: object) -> None:
        before_commit.append(
            house.tell(
                envelope("call.message_taken", subject="C-1"),
                envelope("consent.withdrawn", subject="C-1"),
                envelope("customer.corrected", subject="C-1"),
                verified("C-1", "d-mail"),
                envelope("policy.changed"),
            )
        )

    planned = plan_notices(house.store.under(meanwhile), house.policies)

    assert planned == 1
    assert len(before_commit) == 1


def test_a_notice_that_is_taken_back_goes_to_nobody_more(house: House) -> None:
    """It names no customer; whom it had reached is in the answer, and nobody is planned for."""
    for ref in ("C-1", "C-2", "C-3"):
        house.register(ref)
    notice = _policy(house)
    plan_notices(house.store, house.policies, chunk=2)
    first, second = (row["id"] for row in house.deliveries())
    taken = house.claim(first)
    with house.store.write() as tx:
        record(tx, [_accepted(claimed) for claimed in taken])

    about = {"source": notice["source"], "id": notice["id"], "reason": "the wrong text"}
    house.tell(envelope("event.withdrawn", subject=None, data=about))
    _plan(house)

    (told,) = [facts for facts in house.outcomes("event.routed") if "already_sent" in facts]
    assert told["already_sent"] == [{"delivery_id": str(first), "status": "accepted"}]
    assert house.claim(second) == []
    assert house.status(second) is DeliveryStatus.CANCELLED
    assert len(house.deliveries()) == 2
