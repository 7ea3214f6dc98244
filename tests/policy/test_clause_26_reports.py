"""Clause 26: internal reports aggregate; nobody is known by a figure, and each can be recounted."""

import csv
import io
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason, Service
from store.deliveries.recording import Result, record
from store.reading.reports import Cell
from store.record import ledger
from store.record.ledger import Entry, Where
from tests.building import BOTH, START, House
from tests.factories import catch_all, envelope
from tests.operations.desk import Desk
from workers.reporting import By, Line, lines, month_of, report

FORWARDED = "+442079460321"
LONDON = ZoneInfo("Europe/London")
CANARIES = ("C-1042", "C-7", "d-mobile", "7700900123", "harbourlane", "Ann Reed", "SM01")
VIEWS = [list(each) for size in (1, 2, 3) for each in combinations(By, size)]


def _entry(customer: str, **changes: Any) -> tuple[Entry, Where]:
    given: dict[str, Any] = {
        "customer_ref": customer,
        "event_id": uuid4(),
        "purpose": Purpose.MESSAGES,
        "service": Service.PHONE_ANSWERING,
        "channel": Channel.SMS,
        "destination_id": "d-mobile",
        "outcome": "accepted",
        "reason": Reason.PROVIDER_ACCEPTED,
        "reference": "SM01",
        "policy_version": "2020-04",
        "settled_at": START,
    }
    return Entry(**(given | changes)), Where("+447700900123", "+44•••0123")


def _keep(house: House, *entries: tuple[Entry, Where]) -> None:
    with house.store.write() as tx:
        ledger.append(tx, entries)


def _some(house: House, count: int) -> None:
    chance = random.Random(26)
    made = []
    for _ in range(count):
        service = chance.choice([Service.PHONE_ANSWERING, Service.MAIL_FORWARDING, None])
        channel = chance.choice([Channel.SMS, Channel.EMAIL, None])
        made.append(
            _entry(
                f"C-{chance.randrange(12)}",
                service=service,
                channel=channel,
                outcome=chance.choice(["accepted", "delivered"]) if channel else "not_sent",
                settled_at=START - timedelta(days=chance.randrange(120)),
            )
        )
    _keep(house, *made)


def _values(row: Any, by: list[By]) -> tuple[str | None, ...]:
    names = {By.SERVICE: "service", By.CHANNEL: "channel", By.OUTCOME: "outcome"}
    return tuple(None if row[names[b]] is None else str(row[names[b]]) for b in by)


@pytest.mark.parametrize("by", VIEWS, ids=",".join)
def test_clause_26_every_figure_is_what_a_recount_of_the_record_gives(
    house: House, by: list[By]
) -> None:
    """Whoever doubts a report counts the entries one by one, and comes to the same."""
    _some(house, 400)
    recounted = Counter(
        (f"{row['settled_at'].astimezone(LONDON):%Y-%m}", _values(row, by))
        for row in house.entries()
    )

    found = report(house.store, LONDON, by, least=1)

    assert {(line.month, line.values): line.entries for line in found} == recounted
    assert len({line.month for line in found}) == 5


def test_clause_26_each_entry_is_of_the_service_that_its_event_was_reported_for(
    house: House,
) -> None:
    """A bill is for all of them; a caller, for what the number that they dialled is for."""
    house.serve(services=list(Service), rules=[catch_all("d-mobile")])
    house.tell(
        envelope("number.assigned", number=FORWARDED, service="telephone_forwarding"),
        envelope("call.message_taken", call_id="1", dialled_number=...),
        envelope("call.message_taken", subject=None, call_id="2", dialled_number=FORWARDED),
        envelope("call.message_taken", call_id="3", dialled_number=FORWARDED),
        envelope("post.received", item_id="i-1", sender={"class": "official"}),
        envelope("post.received", item_id="i-2", sender={"class": "business"}),
        envelope("invoice.issued"),
    )
    _send(house)

    assert _by_service(house) == {
        "phone_answering": 1,
        "telephone_forwarding": 2,
        "registered_office": 1,
        "mail_forwarding": 1,
        None: 2,  # the invoice by email, and a text that tells of it
    }


def test_clause_26_what_is_told_together_is_each_of_its_own_service(house: House) -> None:
    """One text of a caller and of a letter is an entry of either."""
    daily = {"digest": {"every": "day", "at": "18:00"}}
    house.serve(services=BOTH, rules=[catch_all("d-mobile", timing=daily)])
    house.tell(envelope("call.message_taken", urgency="routine"), envelope("post.received"))
    house.clock.advance(hours=9)
    _send(house)

    assert _by_service(house) == {"phone_answering": 1, "mail_forwarding": 1}


def test_clause_26_what_waited_for_its_customer_is_of_their_service(house: House) -> None:
    """Whose it is, and for what, is known when it is taken up."""
    house.hand_in(envelope("call.message_taken", subject=None, dialled_number=FORWARDED))
    house.serve(services=["telephone_forwarding"], rules=[catch_all("d-mobile")])
    house.tell(envelope("number.assigned", number=FORWARDED, service="telephone_forwarding"))
    _send(house)

    assert _by_service(house) == {"telephone_forwarding": 1}


def _send(house: House) -> None:
    accepted = [
        Result(
            claimed=claimed,
            verdict="accepted",
            to=DeliveryStatus.ACCEPTED,
            reason=Reason.PROVIDER_ACCEPTED,
        )
        for claimed in house.claim()
    ]
    with house.store.write() as tx:
        record(tx, accepted)


def _by_service(house: House) -> dict[str | None, int | None]:
    found = report(house.store, LONDON, [By.SERVICE], least=1)
    return {line.values[0]: line.entries for line in found if line.values is not None}


def test_clause_26_with_what_is_withheld_a_month_adds_up(house: House) -> None:
    """Small figures are not left out of the whole: their sum is told, where it may be."""
    _some(house, 400)
    recounted = Counter(f"{r['settled_at'].astimezone(LONDON):%Y-%m}" for r in house.entries())

    for by in VIEWS:
        added: Counter[str] = Counter()
        for line in report(house.store, LONDON, by, least=9):
            assert line.entries is not None
            added[line.month] += line.entries

        assert added == recounted


def _cell(entries: int, customers: int, **changes: Any) -> Cell:
    given = {"month": "2026-10", "service": Service.PHONE_ANSWERING, "channel": Channel.SMS}
    return Cell(**{**given, "outcome": "accepted", **changes}, entries=entries, customers=customers)


def test_clause_26_what_stands_for_few_is_withheld_and_the_smallest_other_with_it() -> None:
    """From a total and all figures but one, that one is known: so two are missing."""
    cells = [
        _cell(90, 30),
        _cell(40, 20, outcome="delivered"),
        _cell(70, 20, channel=Channel.EMAIL),
        _cell(60, 4, channel=Channel.POST),
    ]

    found = list(lines(cells, {"2026-10": 40}, [By.CHANNEL, By.OUTCOME], least=5))

    assert found == [
        Line("2026-10", ("sms", "accepted"), 90),
        Line("2026-10", ("email", "accepted"), 70),
        Line("2026-10", None, 100),
    ]


@pytest.mark.parametrize(("behind", "told"), [(4, None), (5, 51)])
def test_clause_26_where_all_stands_for_few_there_is_no_figure_but_the_months(
    behind: int, told: int | None
) -> None:
    """And not even that, where the whole month stands for few."""
    cells = [_cell(50, 4), _cell(1, 1, outcome="failed")]

    found = list(lines(cells, {"2026-10": behind}, [By.CHANNEL], least=5))

    assert found == [Line("2026-10", None, told)]


def test_clause_26_no_two_reports_together_tell_what_one_withholds() -> None:
    """Two records that differ in withheld figures alone give the same reports, whatever by."""
    shown = [_cell(90, 30), _cell(70, 20, channel=Channel.EMAIL)]
    one = [_cell(3, 2, channel=Channel.POST), _cell(8, 6, service=Service.MAIL_FORWARDING)]
    other = [_cell(1, 1, channel=Channel.POST), _cell(10, 5, service=Service.MAIL_FORWARDING)]

    behind = {"2026-10": 40}

    for by in VIEWS:
        found = [list(lines([*shown, *few], behind, by, 5)) for few in (one, other)]
        assert found[0] == found[1]


def test_clause_26_a_month_is_one_of_the_offices_clock(house: House) -> None:
    """Half past eleven at night in UTC is another month already, in summer in London."""
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    _keep(
        house, _entry("C-1", settled_at=late), _entry("C-1", settled_at=late - timedelta(hours=1))
    )

    found = report(house.store, LONDON, [By.CHANNEL], least=1)

    assert [(line.month, line.entries) for line in found] == [("2026-06", 1), ("2026-07", 1)]
    december = month_of("2026-12", LONDON)
    assert december.end == datetime(2027, 1, 1, tzinfo=UTC)
    assert report(house.store, LONDON, [By.CHANNEL], 1, month="2026-07") == found[1:]


def test_clause_26_what_a_send_cost_is_not_one_more_send(house: House) -> None:
    """The provider's word of a price comes days later, as an entry of its own."""
    _keep(house, _entry("C-1"), _entry("C-1", reason=Reason.PRICED, price="0.04", currency="GBP"))

    found = report(house.store, LONDON, [By.OUTCOME], least=1)

    assert [(line.values, line.entries) for line in found] == [(("accepted",), 1)]


def test_clause_26_nothing_is_reported_of_an_empty_record(house: House) -> None:
    """On its first day, too."""
    assert report(house.store, LONDON, [By.OUTCOME], least=1) == []


def test_clause_26_no_identifier_is_in_a_report(desk: Desk) -> None:
    """In none of its forms; a report goes where records do not."""
    desk.house.serve("C-7")
    _keep(desk.house, *(_entry(f"C-{number}") for number in (1042, 7, 1, 2, 3, 4)))
    _keep(desk.house, *(_entry("C-7", channel=Channel.EMAIL) for _ in range(9)))
    _keep(desk.house, *(_entry(f"C-{n}", channel=None, outcome="not_sent") for n in range(8)))

    table, as_csv = desk.type("report"), desk.type("report", "--csv", "--by", "channel")
    as_json = desk.type("report", "--json", "--month", "2026-11")

    assert [canary for canary in CANARIES if canary in table + as_csv + as_json] == []
    assert {"month", "service", "channel", "outcome", "entries"} == set(json.loads(as_json)[0])
    rows = list(csv.DictReader(io.StringIO(as_csv.partition("withheld:")[0])))
    assert {"month": "2026-11", "channel": "withheld", "entries": "15"} in rows
    assert "fewer than 5 customers" in table


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--month", "October"], "2026-10"), (["--by", "customer"], "service,channel,outcome")],
)
def test_clause_26_nothing_else_can_be_asked_for(desk: Desk, words: list[str], said: str) -> None:
    """Least of all by customer; what can be is said."""
    assert said in desk.type("report", *words, fails=True)
