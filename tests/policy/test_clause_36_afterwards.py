"""Clause 36c: a copy can be had after the end, and then says what was held and is destroyed."""

import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.vocabulary import Retention
from store import tables
from tests.building import BOTH
from tests.factories import catch_all, envelope
from tests.policy.desk import OFFICER, Office, texts
from workers.rights.retention import Retaining

ENDED = datetime(2026, 12, 1, 9, tzinfo=UTC)
SAID = "kept for the copy"


@pytest.fixture
def left(office: Office) -> Office:
    """Give an office with a customer whose services have ended."""
    house = office.house
    post = {"do": "forward", "postal_destination": "d-postal"}
    house.serve(services=BOTH, rules=[catch_all("d-mobile", "d-mail", post=post)])
    house.tell(
        envelope("call.message_taken", text=SAID),
        envelope("post.received"),
        envelope("invoice.issued"),
        envelope("note.recorded", amends=...),
    )
    house.clock.now = ENDED
    house.tell(envelope("service.terminated", terminated_at=ENDED.isoformat()))
    return office


def _copy_in(office: Office, year: int) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """What is copied on the day so many years on; and the page of it."""
    office.house.clock.now = ENDED.replace(year=year)
    sweeper = Retaining(office.house.store, office.house.policies, lambda: office.files)
    while sweeper.run():
        pass
    to = office.folder / f"copy-{year}.zip"
    assert office.copies.copy("C-1042", to, OFFICER, release_all=True) is not None
    with zipfile.ZipFile(to) as archive:
        records = json.loads(archive.read("records.json"))
        return records, archive.read("read-me-first.html").decode()


def test_clause_36c_four_years_after_the_end_it_is_whole(left: Office) -> None:
    """As on the last day."""
    records, page = _copy_in(left, 2030)

    events = left.house.rows(tables.events, customer_ref="C-1042")
    assert len(records["events"]) == len(events) > 10
    assert SAID in texts(records["events"])
    assert SAID in page
    assert "+447700900123" in texts(records["destinations"])
    assert len(records["ledger"]) == len(left.house.entries())
    assert records["destructions"] == []


def test_clause_36c_six_years_after_the_end_it_says_what_was_destroyed(left: Office) -> None:
    """Each class with its day and how much; nothing of it can be read any more."""
    before, _ = _copy_in(left, 2030)

    records, page = _copy_in(left, 2032)

    gone = {row["retention"]: row for row in records["destructions"]}
    assert gone.keys() == {one.value for one in Retention}
    assert all(row["ended_at"].startswith("2026-12-01") for row in gone.values())
    assert all(row["destroyed_at"] for row in gone.values())
    assert sum(row["rows"] for row in gone.values()) >= len(before["events"])
    assert records["events"] == []
    assert records["destinations"] == []
    assert SAID not in texts(records)
    assert "content" in page


def test_clause_36c_between_the_two_invoices_alone_are_left(left: Office) -> None:
    """They are kept for a sixth year; what else there was is told by its certificate."""
    records, _ = _copy_in(left, 2031)

    assert {row["type"] for row in records["events"]} == {"invoice.issued"}
    assert {row["retention"] for row in records["destructions"]} == {
        one.value for one in Retention if one is not Retention.BILLING
    }
