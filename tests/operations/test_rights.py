"""Can an officer answer people's rights from the command line, and prove what was sent?"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from config import new_key
from store.record.sealing import seal_next
from tests.factories import envelope
from tests.operations.desk import Desk

OPEN = ("rights", "open", "C-1042", "--kind", "access")
BY = ("--reason", "they rang us", "--as", "privacy")


def rows(desk: Desk, *words: str) -> list[dict[str, Any]]:
    """What a command lists, as JSON."""
    found = desk.ask(*words)
    assert isinstance(found, list)
    return found


def test_a_request_by_telephone_is_opened_stopped_run_on_and_closed(desk: Desk) -> None:
    """Each step says where it stands, and by when it must be answered."""
    (opened,) = rows(desk, *OPEN, "--received-at", "2026-11-20T10:00:00Z")
    (listed,) = rows(desk, "rights", "list")
    assert listed["id"] == opened["id"]
    assert (listed["kind"], listed["due_on"]) == ("access", "2026-12-21")

    desk.type("rights", "stop", listed["request_id"], *BY)
    again = desk.type("rights", "stop", listed["request_id"], *BY, fails=True)
    run = desk.type("rights", "run", listed["id"], *BY)
    desk.type("rights", "close", listed["id"], *BY)

    assert "does not wait" in again
    assert "due on 2026-12-21" in run
    assert rows(desk, "rights", "list") == []
    (closed,) = rows(desk, "rights", "list", "--closed")
    assert (closed["status"], closed["answer"]) == ("done", "they rang us")


def test_a_request_goes_by_one_id_wherever_it_is_shown(desk: Desk) -> None:
    """Whoever opened it copies its id from there, and whoever takes it up from the list."""
    (opened,) = rows(desk, *OPEN)

    table = desk.type("rights", "list")
    closed = desk.type("rights", "close", opened["id"], *BY)

    assert opened["id"] in table
    assert "closed: done" in closed


def test_what_is_done_about_rights_is_listed_by_what_it_is_for(desk: Desk) -> None:
    """Twenty commands in one list are found by nobody."""
    said = desk.type("rights", "--help")

    panels = ["Requests", "Copies", "Restrictions", "Erasure", "Corrections"]
    places = [said.index(one) for one in panels]
    assert places == sorted(places)
    assert places[2] < said.index("unhold") < places[3]


def test_a_copy_is_written_once_and_says_whom_it_leaves_out(desk: Desk) -> None:
    """A file that is there is not written over."""
    desk.house.tell(envelope("call.message_taken"))

    first = desk.type("rights", "copy", "C-1042", "--to", "copy.zip", *BY)
    second = desk.type("rights", "copy", "C-1042", "--to", "copy.zip", *BY, fails=True)
    nobody = desk.type("rights", "copy", "C-9", "--to", "other.zip", *BY, fails=True)

    assert "another person" in first
    assert "is there already" in second
    assert "nothing is held about C-9" in nobody
    with zipfile.ZipFile("copy.zip") as archive:
        assert "read-me-first.html" in archive.namelist()


def test_erasing_wants_a_yes_and_says_what_must_be_kept(desk: Desk) -> None:
    """There is no way back; of somebody served it cites the ground."""
    desk.house.tell(envelope("customer.enquired", subject="C-7"))

    unsure = desk.type("rights", "erase", "C-7", *BY, fails=True)
    gone = desk.type("rights", "erase", "C-7", "--yes", *BY)
    served = desk.type("rights", "erase", "C-1042", "--yes", *BY)
    nobody = desk.type("rights", "erase", "C-7", "--yes", *BY, fails=True)
    again = desk.type("restore-check")

    assert "--yes" in unsure
    assert "are erased" in gone
    assert "billing: the law" in served
    assert "have been erased" in nobody
    assert "none" in again


def test_a_hold_is_put_and_lifted_once(desk: Desk) -> None:
    """And each act is on record."""
    desk.type("rights", "hold", "C-1042", *BY)
    again = desk.type("rights", "hold", "C-1042", *BY, fails=True)
    desk.type("rights", "unhold", "C-1042", *BY)
    nobody = desk.type("rights", "hold", "C-9", *BY, fails=True)

    assert "it is so already" in again
    assert "nothing is known" in nobody
    assert rows(desk, "rights", "destroyed") == []
    acts = rows(desk, "audit")
    assert {one["verb"] for one in acts} == {"hold", "lift_hold"}


def test_the_register_is_printed_and_exported(desk: Desk) -> None:
    """For eyes, and as the record of processing."""
    table = desk.type("register")
    record = json.loads(desk.type("register", "--article-30"))

    assert "destinations.value" in table
    assert "5 years after the services end" in table
    held = {one["held_in"]: one for one in record["activities"]}
    assert held["ledger"]["retention_class"] == "sends"
    assert record["controller"]["email"]


def test_the_master_key_is_changed_by_two_commands(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored opens with the new key; the old one opens nothing any more."""
    file = tmp_path / "new.key"
    assert new_key.main([str(file)]) == 0
    desk.type("keys", "add", str(file), *BY)
    old = next(one for one in rows(desk, "keys", "list") if one["ours"])
    refused = desk.type("keys", "take-away", old["master"], *BY, fails=True)
    monkeypatch.delenv("ONWARD_MASTER_KEY")
    monkeypatch.setenv("ONWARD_MASTER_KEY_FILE", str(file))
    desk.type("keys", "take-away", old["master"], *BY)

    assert "was given itself" in refused
    (left,) = rows(desk, "keys", "list")
    assert left["ours"]
    acts = [(act["verb"], act["targets"][0]["target"]) for act in rows(desk, "audit")]
    assert acts == [("take_key_away", old["master"]), ("add_key", left["master"])]
    desk.type("rights", "copy", "C-1042", "--to", "c.zip", *BY)
    with zipfile.ZipFile("c.zip") as archive:
        assert "jo@harbourlane.example" in archive.read("records.json").decode()


def test_a_send_is_proved_by_a_program_that_runs_alone(desk: Desk, tmp_path: Path) -> None:
    """From the delivery's id as `onward sends` shows it, to the root that was published."""
    desk.house.tell(envelope("call.message_taken"))
    delivery = str(desk.house.deliveries()[0]["id"])
    none = desk.type("prove", delivery, fails=True)
    desk.type("cancel", delivery, *BY)
    early = desk.type("prove", delivery, fails=True)
    with desk.house.store.write() as tx:
        seal_next(tx)
    desk.type("checkpoints")
    (shown,) = rows(desk, "sends", "--customer", "C-1042")
    script = tmp_path / "proof.py"
    script.write_text(desk.type("prove", shown["delivery"]), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], capture_output=True, text=True, check=False
    )

    assert "nothing on the ledger" in none
    assert "not sealed yet" in early
    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds by checkpoint 1" in done.stdout
    for words in (["verify"], ["verify", "--from-checkpoint", "last"]):
        (found,) = rows(desk, *words)
        assert (found["holds"], found["checkpoints"]) == (True, 1)
