"""Clause L3: a breach lists exactly the sends that it concerns, and its 72 hours are shown."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Refusal, Telling
from store import tables
from store.audit import By
from store.rights import incidents
from store.rights.affected import Sent, Wrong, affected
from tests.building import MAIL, START, House, place, verified
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office
from workers.rights.incidents import HOURS

STRANGER = "stranger@elsewhere.example"
PEOPLE = (Telling.NOT_TOLD_ICO, Telling.TOLD_PEOPLE)


@pytest.fixture
def sending(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a house that sends, on each kind of store."""
    with open_sending(empty_url, tmp_path) as opened:
        for ref in ("C-1042", "C-7"):
            opened.house.serve(ref, rules=[catch_all("d-mail")])
        yield opened


def _send(sending: Sending, ref: str, source: str = "/callcentre/doncaster") -> UUID:
    """Have a message sent; give its delivery."""
    call = envelope("call.message_taken", subject=ref, source=source)
    sending.house.tell(call)
    event_id = sending.house.event(call["id"])["id"]
    (row,) = sending.house.deliveries(event_id=event_id)
    sending.deliver(Channel.EMAIL, [row["id"]])
    assert sending.house.status(row["id"]) is DeliveryStatus.ACCEPTED
    sending.house.clock.advance(minutes=10)
    return UUID(str(row["id"]))


def _move(house: House, value: str) -> None:
    house.tell(place("C-1042", "d-mail", "email", value), verified("C-1042", "d-mail"))


def _found(house: House, wrong: Wrong) -> list[Sent]:
    with house.store.read() as tx:
        return affected(tx, wrong)


def _ids(found: list[Sent]) -> list[UUID | None]:
    return [one.delivery_id for one in found]


def test_clause_l3_a_misroute_yields_the_exact_list(sending: Sending) -> None:
    """A destination had a stranger's address for a while: what went there, and nothing else."""
    house = sending.house
    _send(sending, "C-1042")
    _move(house, STRANGER)
    wrong = [_send(sending, "C-1042"), _send(sending, "C-1042")]
    _send(sending, "C-7")
    _move(house, MAIL)
    _send(sending, "C-1042")
    office = Office(house, Path())

    made = office.incidents.open("a wrong address was typed", Wrong(value=STRANGER), None, OFFICER)

    known = office.incidents.known(made)
    assert known is not None
    assert _ids(list(known.sends)) == wrong
    assert {(one.customer_ref, one.masked) for one in known.sends} == {
        ("C-1042", "s•••@elsewhere.example")
    }
    said_to = [one.to for one in sending.accepted()]
    assert said_to.count(STRANGER) == len(wrong)  # by the other side's own record


def test_clause_l3_every_criterion_narrows_the_list(sending: Sending) -> None:
    """By destination, period, template and source, each alone and all together."""
    house = sending.house
    first = _send(sending, "C-1042")
    later = house.clock.now
    second = _send(sending, "C-1042", "/callcentre/leeds")
    third = _send(sending, "C-7", "/callcentre/leeds")
    template = _found(house, Wrong(customer="C-7"))[0].template_version or ""

    lists: dict[str, Any] = {
        "destination": _ids(_found(house, Wrong(customer="C-1042", destination="d-mail"))),
        "since": _ids(_found(house, Wrong(since=later))),
        "until": _ids(_found(house, Wrong(until=later))),
        "source": _ids(_found(house, Wrong(source="/callcentre/leeds"))),
        "template": _ids(_found(house, Wrong(template=template))),
        "another template": _ids(_found(house, Wrong(template="no such"))),
        "channel": _ids(_found(house, Wrong(channel=Channel.SMS))),
        "together": _ids(
            _found(house, Wrong(customer="C-1042", source="/callcentre/leeds", since=later))
        ),
    }

    assert lists == {
        "destination": [first, second],
        "since": [second, third],
        "until": [first],
        "source": [second, third],
        "template": [first, second, third],
        "another template": [],
        "channel": [],
        "together": [second],
    }


def test_clause_l3_what_never_left_is_not_on_the_list(sending: Sending) -> None:
    """Planned, held or cancelled is no breach; a later word of a send is not a second one."""
    house = sending.house
    sent = _send(sending, "C-1042")
    house.tell(envelope("call.message_taken"))

    found = _found(house, Wrong(customer="C-1042"))

    assert _ids(found) == [sent]
    assert len(house.deliveries(customer_ref="C-1042")) == 2


def test_clause_l3_the_list_stands_as_it_was_found(sending: Sending) -> None:
    """What is sent afterwards is not of this breach."""
    before = _send(sending, "C-1042")
    office = Office(sending.house, Path())
    made = office.incidents.open("a template", Wrong(customer="C-1042"), None, OFFICER)
    _send(sending, "C-1042")

    known = office.incidents.known(made)

    assert known is not None
    assert _ids(list(known.sends)) == [before]


def test_clause_l3_the_clock_runs_from_when_we_knew(office: Office) -> None:
    """72 hours from becoming aware of it, not from entering it; and never from the future."""
    earlier = START - timedelta(hours=20)
    late = office.incidents.open("found", Wrong(customer="C-1042"), earlier, OFFICER)
    ahead = office.incidents.open("found", Wrong(customer="C-7"), START + HOUR, OFFICER)

    with office.house.store.read() as tx:
        first, second = incidents.listed(tx)

    assert (first.id, second.id) == (late, ahead)
    assert first.due_at == earlier + timedelta(hours=HOURS)
    assert second.aware_at == START


HOUR = timedelta(hours=1)


def test_clause_l3_it_closes_once_it_is_decided_whom_we_tell(office: Office) -> None:
    """The ICO and the people, each told or not, for a reason; a silent close is none."""
    made = office.incidents.open("found", Wrong(customer="C-1042"), None, OFFICER)
    answers = [office.incidents.close(made, OFFICER)]
    for decided in PEOPLE:
        answers += [
            office.incidents.decide(made, decided, By("kim", "unlikely to be a risk")),
            office.incidents.close(made, OFFICER),
        ]
    answers += [
        office.incidents.close(made, OFFICER),
        office.incidents.decide(made, Telling.TOLD_ICO, OFFICER),
    ]

    undecided = Refusal.UNDECIDED_WHOM_TO_TELL
    assert answers == [undecided, None, undecided, None, None, Refusal.CLOSED, Refusal.CLOSED]
    known = office.incidents.known(made)
    assert known is not None
    assert [(one.decided, one.actor) for one in known.decided] == [(d, "kim") for d in PEOPLE]
    assert office.incidents.close(UUID(int=0), OFFICER) is Refusal.UNKNOWN


def test_clause_l3_what_happened_lies_sealed(office: Office) -> None:
    """It may name anybody."""
    wrong = Wrong(value=STRANGER, since=START, channel=Channel.EMAIL)
    made = office.incidents.open("Jo Marsh got it", wrong, None, OFFICER)

    (row,) = office.house.rows(tables.incidents)

    assert b"Marsh" not in row["content"]
    assert STRANGER.encode() not in row["content"]
    with office.house.store.write() as tx:
        found = incidents.find(tx, made)
        assert found is not None
        assert (found.what, found.wrong) == ("Jo Marsh got it", wrong)
        assert incidents.forget(tx, START) == 0


@pytest.mark.parametrize(
    ("wrong", "says_nothing"),
    [
        (Wrong(), True),
        (Wrong(since=START), True),
        (Wrong(since=START, until=START + HOUR), False),
        (Wrong(customer="C-1042"), False),
        (replace(Wrong(), channel=Channel.SMS), False),
    ],
)
def test_clause_l3_all_that_was_ever_sent_is_no_list(wrong: Wrong, says_nothing: bool) -> None:
    """Somebody who gives no criterion has made a mistake."""
    assert wrong.says_nothing is says_nothing


def test_clause_l3_the_hours_that_are_left_are_shown_until_it_is_decided(office: Office) -> None:
    """Who watches what waits for them should not have to think of a list of breaches."""
    made = office.incidents.open("found", Wrong(customer="C-1042"), None, OFFICER)
    shown = [office.clocks]
    for hours in (40, 40):
        office.house.clock.advance(hours=hours)
        shown.append(office.clocks)
    office.incidents.decide(made, Telling.TOLD_PEOPLE, OFFICER)
    shown.append(office.clocks)
    office.incidents.decide(made, Telling.NOT_TOLD_ICO, OFFICER)

    assert shown == [
        {},
        {"clock/incident/soon/-": 1},
        {"clock/incident/overdue/-": 1},
        {"clock/incident/overdue/-": 1},
    ]
    assert office.clocks == {}
