"""Clause 11: what is sent on is on record, before it leaves and after, wherever a process dies."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Channel, Custody, Lane
from store import publishers, tables
from store.deliveries import due
from store.publishers import Publisher
from tests.building import POST, House, open_house
from tests.dispatch.processes import Dispatching, dispatching
from tests.dispatch.sending import Sending, open_sending
from tests.door.opened import Opened
from tests.factories import Sample, catch_all, envelope
from tests.ops.processes import Watched, running, settings
from tests.service_answers import free_port
from tests.waiting import eventually
from workers.running.failpoints import POINTS

EACH = 3
# Every step of a send, in its order; at each of them a process of its own dies.
STEPS = [name for name in POINTS if name.startswith(("dispatch.", "provider."))]
# Every step between a report of the mailroom and our answer.
DOOR_STEPS = ["door.received", "intake.before_commit", "door.committed", "door.hinted"]
SENT = {"accepted", "delivered"}


@pytest.fixture
def sending(empty_postgresql_url: str, broker_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give a house whose texts real processes are to send."""
    with open_sending(empty_postgresql_url, tmp_path, broker_url) as opened:
        opened.house.serve(rules=[catch_all("d-mobile")])
        yield opened


def _tell(sending: Sending, step: str) -> None:
    """Have some messages come in, each known by its words; all that is due is hinted at."""
    sending.house.clock.now = datetime.now(UTC)  # the processes go by the real one
    sending.house.tell_at_once(
        *(
            envelope("call.message_taken", call_id=f"{step}-{n}", text=f"Of {step} number {n}.")
            for n in range(EACH)
        )
    )
    _hint(sending)


def _hint(sending: Sending) -> None:
    """Do as upkeep does: hint at what is due and nobody was told of."""
    sending.house.clock.now = datetime.now(UTC) + timedelta(seconds=120)
    with sending.house.store.write() as tx:
        found = due.unhinted(tx, list(Lane), tx.now, 1_000)
    sending.house.clock.now = datetime.now(UTC)
    sending.parts.hints(found)


def _texts(sending: Sending) -> list[dict[str, Any]]:
    return sending.house.deliveries(channel=Channel.SMS)


def _is_settled(sending: Sending) -> bool:
    return not {row["status"].value for row in _texts(sending)} - {"accepted", "uncertain"}


def _agree(sending: Sending) -> None:
    """Hold the provider's own record against ours: the one is in the other, both ways."""
    house = sending.house
    went_out = Counter(one.reference for one in sending.accepted())
    rows = _texts(sending)
    attempts = Counter(row["delivery_id"] for row in house.rows(tables.attempts))
    entries = {
        (entry["delivery_id"], entry["reference"])
        for entry in house.entries(outcome="accepted", channel=Channel.SMS)
    }
    recorded = {row["reference"] for row in rows if row["status"].value == "accepted"}
    unknown = [row for row in rows if row["status"].value == "uncertain"]

    assert all(count == 1 for count in went_out.values())
    # No send without a record: what the provider took and we do not know of is on record as begun.
    assert len(went_out.keys() - recorded) <= len(unknown)
    assert all(attempts[row["id"]] >= 1 for row in rows)
    # Nothing is called accepted that the provider has not taken, and each has its entry.
    assert recorded <= went_out.keys()
    assert {reference for _, reference in entries} == recorded
    assert len(entries) == len(recorded)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_clause_11b_no_send_is_without_a_record_nor_a_record_without_a_send(
    sending: Sending, tmp_path: Path
) -> None:
    """One process dies at each step, the next finds what it left; and dies a step further on."""
    assert len(STEPS) >= 11
    for step in STEPS:
        _tell(sending, step)  # before: what the last one left may end the next as it starts
        with dispatching(
            sending, tmp_path, failpoints=f"{step}=kill", twilio_connections="1"
        ) as doomed:
            assert doomed.until_it_dies() == -9, step
    with dispatching(sending, tmp_path) as last:
        last.until_it_says("dispatch_started")
        _finish(sending, last)

    found = Counter(row["status"].value for row in _texts(sending))
    assert found["accepted"] + found["uncertain"] == EACH * len(STEPS)
    # One in flight at each death at the most; and there was one where the mark is the last word.
    assert 2 <= found["uncertain"] <= len(STEPS) - STEPS.index("provider.marked")
    _agree(sending)


def _finish(sending: Sending, last: Dispatching) -> None:
    eventually(
        lambda: "sending" not in {row["status"].value for row in _texts(sending)},
        "nothing is claimed by the dead",
        60,
    )
    _hint(sending)
    eventually(lambda: _is_settled(sending), "all is settled", 60)
    assert last.terminate() == 0


@pytest.mark.parametrize("step", ["provider.marked", "provider.answered"])
@pytest.mark.slow
def test_clause_11b_between_the_call_and_its_answer_it_is_unknown_and_never_sent(
    sending: Sending, tmp_path: Path, step: str
) -> None:
    """The intention was on record before; only evidence may call it sent."""
    with dispatching(sending, tmp_path, failpoints=f"{step}=kill", twilio_connections="1") as one:
        one.until_it_says("dispatch_started")
        _tell(sending, step)
        one.until_it_dies()
    before = len(sending.house.rows(tables.attempts))
    with dispatching(sending, tmp_path) as last:
        last.until_it_says("dispatch_started")
        _finish(sending, last)

    (unknown,) = [row for row in _texts(sending) if row["status"].value == "uncertain"]
    words = [entry["outcome"] for entry in sending.house.entries(delivery_id=unknown["id"])]
    assert before >= 1
    assert SENT.isdisjoint(words)
    _agree(sending)


class Mailroom:
    """What a clerk's computer does: it reports to our door, and again where it got no answer."""

    def __init__(self, url: str, house: House, folder: Path) -> None:
        self.url, self.house, self._folder = url, house, folder
        with house.store.write() as tx:
            self._key = publishers.add(tx, Publisher("mailroom", ("*",), ("*",)))

    @contextmanager
    def door(self, step: str | None = None) -> Iterator[tuple[Opened, Watched]]:
        """Open a door in a process of its own, which dies at a step where one is named."""
        port = free_port()
        more = {"door_port": str(port), "database_url": self.url}
        if step is not None:
            more["failpoints"] = f"{step}=kill"
        with running(self._folder, settings(self._folder, **more), "web") as process:
            door = Opened(port, self._key)
            eventually(lambda: _is_open(door), "the door is open", 60)
            yield door, process

    def reports(self, event: Sample, dies_at: str | None = None) -> int | None:
        """Report once; give the answer's status, and none where the process died instead."""
        with self.door(dies_at) as (door, process):
            try:
                return door.publish(event).status
            except (OSError, HTTPException):
                assert process.process.wait(60) == -9, dies_at
                return None


def _is_open(door: Opened) -> bool:
    try:
        return door.ask("GET", "/healthz").status == 200
    except OSError:
        return False


def _handed_over(number: int, *items: str) -> Sample:
    return envelope(
        "post.dispatched",
        subject=None,
        source="/mailroom/westport",
        dispatch_id=f"van-{number}",
        items=[*items],
        tracking_reference=f"QX{number}GB",
        handed_over_at=f"2026-11-20T1{number}:30:00Z",
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_clause_11a_each_letter_that_left_has_one_record_with_its_items_and_time(
    empty_postgresql_url: str, tmp_path: Path
) -> None:
    """A process dies at each step of taking the report in; the mailroom reports until answered."""
    with open_house(empty_postgresql_url) as house:
        post = {"do": "forward", "postal_destination": "d-postal"}
        house.serve(services=POST, rules=[catch_all("d-mail", post=post)])
        left = {}
        for number, step in enumerate(DOOR_STEPS):
            items = [f"{step}-{n}" for n in range(number + 1)]
            house.tell(*(envelope("post.received", item_id=item) for item in items))
            left[step] = _handed_over(number, *items)
        mailroom = Mailroom(empty_postgresql_url, house, tmp_path)

        unanswered = [step for step in DOOR_STEPS if mailroom.reports(left[step], step) is None]
        with mailroom.door() as (door, _):
            answers = [door.publish(left[step]).status for step in unanswered for _ in range(2)]

        assert unanswered == DOOR_STEPS
        assert set(answers) == {202}
        _is_on_record(house, [event["data"] for event in left.values()])


def _is_on_record(house: House, left: list[Sample]) -> None:
    """Hold the mailroom's own list of what left against our record of it."""
    truth = {
        (item, one["tracking_reference"], datetime.fromisoformat(one["handed_over_at"]))
        for one in left
        for item in one["items"]
    }
    custody = house.rows(tables.custody, what=Custody.HANDED_OVER)
    assert {(row["item_id"], row["at"]) for row in custody} == {(i, at) for i, _, at in truth}
    assert len(custody) == len(truth)
    letters = house.entries(outcome="accepted", channel=Channel.POST)
    assert Counter((e["reference"], e["attempted_at"]) for e in letters) == Counter(
        (reference, at) for _, reference, at in truth
    )
    deliveries = house.deliveries(channel=Channel.POST)
    assert {row["status"].value for row in deliveries} == {"accepted"}
    assert len(deliveries) == len(letters) == len(truth)
    assert house.rows(tables.contradictions) == []
